//! The contract between the engine and a platform: a platform is a pure protocol.
//!
//! It says what to send next and reads what came back. It never waits, sends, stores, or asks the time. The engine stores the
//! memo *before* it does the act, so resume and crash safety are a property of the engine, once.
//! Not here: HTTP (`wire`), secrets (`vault`), state (`queue`), and any platform's name.

use crate::problem::Problem;
use crate::sensitive::Sensitive;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

mod call;

pub use crate::facts::*;
pub use call::*;

// ---------------------------------------------------------------------------------------------------------------- the trait

/// A platform as its author writes it. `Memo` is an enum with a variant for each step, so that a half-done step cannot be misread.
pub trait Platform: Send + Sync + 'static {
    /// Where the platform stands with one job. Stored sealed before each act; opaque to the engine. Only ever add variants
    /// and defaulted fields: an upload under way outlives an update of the app (C30).
    type Memo: Serialize + DeserializeOwned + Send;

    fn facts(&self) -> &'static Facts;

    /// How this job will reach the public: decides when the engine begins and whether the computer may sleep.
    fn goes_out(&self, job: &Job) -> GoesOut;

    /// Rules that Facts cannot say (tags that count together, options that exclude each other). Pure; before anything is sent.
    fn check(&self, job: &Job) -> Vec<Problem>;

    /// Nothing was sent yet, or what was written down about it is gone. A job that has a remote id is looked at and never sent
    /// again (C4).
    fn begin(&self, job: &Job) -> Result<Step<Self::Memo>, Fault>;

    /// An act was begun and we never heard, or a wait is over: ask, repeat if harmless, or `Unsure`. Must be right whether the
    /// act happened or not.
    fn resume(&self, job: &Job, memo: Self::Memo) -> Result<Step<Self::Memo>, Fault>;

    /// A reply came: any status but those the engine cures itself (one 401, then 5xx and broken connections).
    fn after(&self, job: &Job, memo: Self::Memo, reply: &Reply) -> Result<Step<Self::Memo>, Fault>;

    /// The person cancelled the post, and no id is known for it. Asks until it is certain whether something is there or can still come
    /// of what was sent, and ends what is open there. A step with a remote id: it is there. `Act::Nothing`, `Fault::Lost` or
    /// `Fault::Failed`: nothing is there, and nothing will be. Called anew after every wait, with the memo of the last step.
    ///
    /// The default asks as `resume` does. That suffices where a post exists only by a call that `resume` never repeats unasked.
    fn withdraw(&self, job: &Job, memo: Self::Memo, left: Left) -> Result<Step<Self::Memo>, Fault> {
        match left {
            Left::Unheard => self.resume(job, memo),
            Left::Nothing | Left::Part => Ok(Step::new(Stage::Removing, memo, Act::Nothing)),
        }
    }

    /// What is to be done beside the post once the platform holds it: thumbnail, playlist, first comment. Each becomes a row of
    /// its own and cannot fail the post (C8, C9).
    fn extras(&self, job: &Job) -> Vec<Extra>;

    /// A question that changes nothing: who am I, what are the terms.
    fn ask(&self, question: &Question, account: &JobAccount) -> Call;
    fn answer(&self, question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault>;

    /// Asks what came to this account since then, its planned and private posts included: what a queue that was put back from an
    /// earlier state may have posted already. `cursor`: what the answer before named as next. `None`: this platform can't be asked.
    fn recent(&self, _account: &JobAccount, _since: Timestamp, _cursor: Option<&str>) -> Option<Call> {
        None
    }

    /// What the answer says. A list whose end was not reached although it goes on is a fault (`Unsure`), never a short list.
    fn recently(
        &self,
        _account: &JobAccount,
        _since: Timestamp,
        _cursor: Option<&str>,
        _reply: &Reply,
    ) -> Result<Recent, Fault> {
        Err(Fault::Unsure { detail: "this platform does not list posts".into() })
    }

    /// Does this reply say that the token is dead, so that a fresh one may cure it? The engine then renews it. It repeats the call once
    /// if that changes nothing there (a GET, an opening); otherwise it goes through `resume`, since the call may have had its effect.
    fn token_died(&self, reply: &Reply) -> bool {
        reply.status == 401
    }

    /// The channel that a reply says it is about (`Identity::remote_id`), where it says so. Another one than the account's stops the
    /// post.
    fn owner_in(&self, _reply: &Reply) -> Option<String> {
        None
    }

    /// A limit that any reply warns of before it bites: nothing new is opened until then.
    fn nears_limit(&self, _reply: &Reply) -> Option<NearLimit> {
        None
    }
}

/// A limit that is near.
#[derive(Clone, Debug, PartialEq)]
pub struct NearLimit {
    pub whose: Whose,
    pub wait: Duration,
    pub problem: Problem,
}

/// What to do next. The memo is on disk before the act is done.
#[derive(Debug)]
pub struct Step<M> {
    pub memo: M,
    pub act: Act,
    pub stage: Stage,
    /// What the platform calls the post, as soon as it is known. Written in the same transaction as the memo; a delivery that
    /// has one refuses to begin again (C4).
    pub remote: Option<Remote>,
    /// Bytes of the media the server says it holds. The server's offset is the truth; ours is a guess.
    pub confirmed: Option<u64>,
    /// When the platform will publish it by itself, as it said just now.
    pub planned: Option<Timestamp>,
}

impl<M> Step<M> {
    pub fn new(stage: Stage, memo: M, act: Act) -> Self {
        Self { memo, act, stage, remote: None, confirmed: None, planned: None }
    }

    pub fn remote(mut self, remote: Remote) -> Self {
        self.remote = Some(remote);
        self
    }

    pub fn confirmed(mut self, bytes: u64) -> Self {
        self.confirmed = Some(bytes);
        self
    }

    pub fn planned(mut self, at: Option<Timestamp>) -> Self {
        self.planned = at;
        self
    }
}

/// How much of the act of a memo may have reached the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It was not begun.
    Nothing,
    /// Its body was broken off before its last byte.
    Part,
    /// It may have arrived whole; no answer was heard.
    Unheard,
}

#[derive(Debug)]
pub enum Act {
    /// Send this now.
    Send(Box<Call>),
    /// Come back with `resume` after this long. Waiting is not failing and costs no attempt.
    Wait(Duration),
    /// The bytes are there, or all but what makes it public; come back with `resume` so long before the minute, not earlier. Zero:
    /// at the minute.
    Ready { early: Duration },
    /// The platform will publish it by itself. Come back with `resume` after `look` (to see that it took) or at the minute,
    /// whichever is first.
    HandedOver { look: Duration },
    /// The platform has it as a draft, and the creator finishes it there (C15). Come back with `resume` after `look`, to see whether
    /// that was done. The problem says where to finish it.
    ToFinish { look: Duration, there: Problem },
    /// Nothing of the post is at the platform, and nothing will be. An answer to `withdraw` alone.
    Nothing,
    /// Done, with what was read back. For `Publish` the remote id and permalink are required (C10).
    Done(Published),
}

/// What the user sees of `Working`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Opening,
    Sending,
    Processing,
    Publishing,
    Checking,
    Editing,
    Removing,
}

/// What one can *do* about what a platform said. Decided on parsed fields, never on sentences.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The token is dead or its owner gone: only a sign-in helps.
    SignIn { detail: String },
    /// A permission the user left out, or the platform took away.
    Permission { scope: Option<String>, detail: String },
    /// The platform will not have it as it is; the problem says what to edit.
    Refused(Problem),
    /// A limit: whose, until when. Costs no attempt. Sticks to the delivery alone, the account's lane, or every lane of the app.
    Limit { whose: Whose, until: Until, problem: Problem },
    /// Passing: try again, not before `after` if given.
    Again { after: Option<Duration>, detail: String },
    /// The upload session is gone and nothing was created: begin anew.
    Lost { detail: String },
    /// The platform says itself that nothing came of what it has under a known id, and that nothing of it is public: the id is
    /// forgotten and it is made anew, a few times. The problem is told if that does not help.
    Failed(Problem),
    /// It may have happened. Nothing is sent again until someone looked (C2).
    Unsure { detail: String },
    /// A reply we do not know, text kept (redacted). Retried a few times, then shown.
    Strange { detail: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    Delivery,
    Account,
    App,
}

/// When a limit lifts.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    For(Duration),
    /// The next midnight in this IANA zone.
    MidnightIn(&'static str),
}

// ---------------------------------------------------------------------------------------------------------------- what goes in

/// What is to be done with one delivery. Each kind is a row with a memo of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Errand {
    Publish,
    /// Bring what the platform holds in line with words, options and due time of the job (C38).
    Amend,
    /// Take back what the platform holds and has not published yet.
    Retract,
    Extra(Extra),
}

/// One after-step: `kind` and `input` are the platform's own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    pub step: String,
    pub input: Value,
}

/// Everything a platform may know about one job.
#[derive(Clone, Debug)]
pub struct Job {
    pub errand: Errand,
    /// Stable over all attempts of this delivery; for platforms that take an idempotency key.
    pub key: String,
    pub now: Timestamp,
    /// `None`: publish as soon as possible.
    pub due: Option<Timestamp>,
    /// When the person asked to cancel it, or when the work began that was under way then. What became public after that is taken back.
    pub cancelled_at: Option<Timestamp>,
    pub media: JobMedia,
    pub words: Words,
    pub options: Options,
    /// Files named by options, by option key; sizes as found now.
    pub sides: BTreeMap<String, SideFile>,
    /// The further videos of an `OptionKind::Videos`, in order (`FileRef::More`).
    pub more: Vec<SideFile>,
    pub account: JobAccount,
    pub pace: Pace,
    pub remote: Option<Remote>,
}

impl Job {
    /// Is the minute still ahead?
    pub fn ahead(&self) -> Option<Timestamp> {
        self.due.filter(|due| *due > self.now)
    }
}

/// The media as the platform may see it; never its path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobMedia {
    /// Bytes.
    pub size: u64,
    /// E.g. `video/mp4`.
    pub mime: String,
    /// Without its folder.
    pub file_name: String,
    pub duration_ms: Option<u64>,
    /// Pixels as displayed, after rotation.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub frame_rate: Option<f64>,
    /// Of the picture, as our probe calls it: `h264`, `hevc`, `vp9`, `av1`…
    pub codec: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Words {
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub caption: String,
}

impl Words {
    /// What a post is called where it is listed: its title, or the first line of its caption; empty where it has neither.
    pub fn called(&self) -> &str {
        let lines = [self.title.as_str()].into_iter().chain(self.caption.lines());
        lines.map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    }
}

/// Options by key, values as Facts say.
pub type Options = Map<String, Value>;

#[derive(Clone, Debug, PartialEq)]
pub struct SideFile {
    pub file_name: String,
    /// Bytes.
    pub size: u64,
    pub mime: String,
    /// Of further videos: as their probe says.
    pub duration_ms: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobAccount {
    /// Empty while nobody knows yet whose sign-in it is.
    pub remote_id: String,
    pub name: String,
    /// Without the `@`.
    pub handle: Option<String>,
    /// What `Question::Identify` last answered: capabilities; under `terms` what `Question::Terms` did.
    pub live: Value,
    /// `SignInFacts::way` it signed in by.
    pub way: String,
    pub app: JobApp,
}

/// The developer app an account speaks through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobApp {
    pub client_id: String,
    /// `AppFlagFact`s as the user said, defaults filled in.
    pub flags: BTreeMap<String, bool>,
}

/// What was measured of earlier uploads, for those who must begin early enough.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// Bytes a second this line sends; `None` while unmeasured.
    pub bytes_per_s: Option<u64>,
}

/// One part of an account's list of new posts, or of the details of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recent {
    pub found: Vec<Found>,
    /// There is more: ask `recent` with this.
    pub next: Option<String>,
}

/// A post that is on the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub remote: Remote,
    pub words: Words,
    /// Bytes of the file it was made of, where the platform says.
    pub size: Option<u64>,
    pub duration_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Which channels does this sign-in speak for? `after`: the rest of a long list.
    Identify { after: Option<String> },
    /// Live lists that an option needs, e.g. `playlists`, `categories`.
    Live { what: String },
    /// What holds for this account just now: choices, limits, what is left today (`Facts::terms`).
    Terms,
    /// The token this account acts under (`SignInFacts::account_tokens`); asked with the sign-in's own token.
    Token,
    /// Which channel does the token act for that calls go out with? Asked before the first of them.
    Owner,
    /// What was granted (`SignInFacts::asks_scopes`); asked with the sign-in's own token.
    Scopes,
    /// Who granted it (`Grantee::Asked`); asked with the sign-in's own token.
    Person,
}

impl Question {
    /// The question a new sign-in begins with.
    pub const WHO: Question = Question::Identify { after: None };
}

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// `next`: there are more, ask `Identify` after it.
    Identities {
        found: Vec<Identity>,
        next: Option<String>,
    },
    Live(Vec<Choice>),
    /// Kept as the account's `live.terms`.
    Terms(Value),
    Token(Sensitive<String>),
    /// The channel's id there (`Identity::remote_id`).
    Owner(String),
    Scopes(Vec<String>),
    /// The id of the person who granted the sign-in.
    Person(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    pub remote_id: String,
    pub name: String,
    pub handle: Option<String>,
    pub url: Option<String>,
    /// Capabilities, read once at connect (C9): e.g. `{"long_uploads": "allowed"}`.
    pub live: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// What the platform calls the post, and where a person finds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Remote {
    pub id: String,
    pub url: String,
}

/// What was read back after publishing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    pub remote: Option<Remote>,
    /// The privacy that really applies, in the platform's own word.
    pub privacy: Option<String>,
    /// When the platform says it became public.
    pub public_at: Option<Timestamp>,
    /// Things to tell: a privacy that differs, a claim, a warning.
    pub notes: Vec<Problem>,
}

/// How a job reaches the public (house words; the composer prints them).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum GoesOut {
    /// At once, on being told to.
    Now,
    /// Bytes go ahead; the platform publishes at the minute; this computer may sleep.
    HandedOver,
    /// Bytes go ahead; one small request at the minute; this computer must be awake.
    Staged,
    /// All of it at the minute, begun early enough for `lead`; this computer must be awake.
    AtTheMinute,
}

// ---------------------------------------------------------------------------------------------------------------- for the holder

/// The same trait for whoever holds many platforms: memos as sealed-to-be bytes.
pub trait AnyPlatform: Send + Sync {
    fn facts(&self) -> &'static Facts;
    fn goes_out(&self, job: &Job) -> GoesOut;
    fn check(&self, job: &Job) -> Vec<Problem>;
    fn begin(&self, job: &Job) -> Result<Step<Vec<u8>>, Fault>;
    fn resume(&self, job: &Job, memo: &[u8]) -> Result<Step<Vec<u8>>, Fault>;
    fn after(&self, job: &Job, memo: &[u8], reply: &Reply) -> Result<Step<Vec<u8>>, Fault>;
    fn withdraw(&self, job: &Job, memo: &[u8], left: Left) -> Result<Step<Vec<u8>>, Fault>;
    fn extras(&self, job: &Job) -> Vec<Extra>;
    fn ask(&self, question: &Question, account: &JobAccount) -> Call;
    fn answer(&self, question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault>;
    fn recent(&self, account: &JobAccount, since: Timestamp, cursor: Option<&str>) -> Option<Call>;
    fn recently(
        &self,
        account: &JobAccount,
        since: Timestamp,
        cursor: Option<&str>,
        reply: &Reply,
    ) -> Result<Recent, Fault>;
    fn token_died(&self, reply: &Reply) -> bool;
    fn owner_in(&self, reply: &Reply) -> Option<String>;
    fn nears_limit(&self, reply: &Reply) -> Option<NearLimit>;
}

impl<P: Platform> AnyPlatform for P {
    fn recent(&self, account: &JobAccount, since: Timestamp, cursor: Option<&str>) -> Option<Call> {
        Platform::recent(self, account, since, cursor)
    }
    fn recently(
        &self,
        account: &JobAccount,
        since: Timestamp,
        cursor: Option<&str>,
        reply: &Reply,
    ) -> Result<Recent, Fault> {
        Platform::recently(self, account, since, cursor, reply)
    }
    fn facts(&self) -> &'static Facts {
        Platform::facts(self)
    }
    fn goes_out(&self, job: &Job) -> GoesOut {
        Platform::goes_out(self, job)
    }
    fn check(&self, job: &Job) -> Vec<Problem> {
        Platform::check(self, job)
    }
    fn begin(&self, job: &Job) -> Result<Step<Vec<u8>>, Fault> {
        Platform::begin(self, job).and_then(pack::<P>)
    }
    fn resume(&self, job: &Job, memo: &[u8]) -> Result<Step<Vec<u8>>, Fault> {
        Platform::resume(self, job, unpack::<P>(memo)?).and_then(pack::<P>)
    }
    fn after(&self, job: &Job, memo: &[u8], reply: &Reply) -> Result<Step<Vec<u8>>, Fault> {
        Platform::after(self, job, unpack::<P>(memo)?, reply).and_then(pack::<P>)
    }
    fn withdraw(&self, job: &Job, memo: &[u8], left: Left) -> Result<Step<Vec<u8>>, Fault> {
        Platform::withdraw(self, job, unpack::<P>(memo)?, left).and_then(pack::<P>)
    }
    fn extras(&self, job: &Job) -> Vec<Extra> {
        Platform::extras(self, job)
    }
    fn ask(&self, question: &Question, account: &JobAccount) -> Call {
        Platform::ask(self, question, account)
    }
    fn answer(&self, question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault> {
        Platform::answer(self, question, account, reply)
    }
    fn token_died(&self, reply: &Reply) -> bool {
        Platform::token_died(self, reply)
    }
    fn owner_in(&self, reply: &Reply) -> Option<String> {
        Platform::owner_in(self, reply)
    }
    fn nears_limit(&self, reply: &Reply) -> Option<NearLimit> {
        Platform::nears_limit(self, reply)
    }
}

fn pack<P: Platform>(step: Step<P::Memo>) -> Result<Step<Vec<u8>>, Fault> {
    let memo = serde_json::to_vec(&step.memo)
        .map_err(|error| Fault::Strange { detail: format!("the memo could not be written: {error}") })?;
    Ok(Step {
        memo,
        act: step.act,
        stage: step.stage,
        remote: step.remote,
        confirmed: step.confirmed,
        planned: step.planned,
    })
}

/// A memo we cannot read is not a reason to begin again: something may have been sent under it.
fn unpack<P: Platform>(memo: &[u8]) -> Result<P::Memo, Fault> {
    serde_json::from_slice(memo).map_err(|error| Fault::Unsure {
        detail: format!("the stored memo could not be read: {:?}", error.classify()),
    })
}

/// Turns a wish for `SignedDuration` arithmetic into the next instant, saturating at the end of time.
pub fn later(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
