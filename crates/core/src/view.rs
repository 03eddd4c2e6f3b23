//! What the window, the command line and agents are shown: plain data, made from rows in one place.
//!
//! No secret is here, and none can be: views are made from rows, and rows have none. Every delivery says what happens next and when
//! (C12).

mod days;
mod list;
mod next;
mod overview;
mod siblings;

pub use days::{DayView, Days};
pub use list::{Count, Filter};
pub use overview::{Glance, Happening, HouseView, Searched};
pub use siblings::Sibling;

use self::next::{held, held_whole, next};
use crate::engine::Engine;
use crate::platform::{Errand, GoesOut, Options, Remote, Stage, Words};
use crate::post::State;
use crate::problem::{Code, Outcome, Problem};
use crate::schedule::WallTime;
use crate::schedule::lead::MissedRule;
use crate::schedule::slots::Slot;
use crate::store::account::{Account, AccountState};
use crate::store::attempt::Attempt;
use crate::store::delivery::{self, json, maybe_json};
use crate::store::errand::{ErrandRow, ErrandState};
use crate::store::hold::Hold;
use crate::store::{account, app, attempt, errand, hold, media, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AppView {
    pub id: i64,
    pub platform: String,
    pub client_id: String,
    /// Which of the platform's ways to sign in it is for.
    pub way: String,
    /// What its owner says about it, defaults filled in.
    pub flags: std::collections::BTreeMap<String, bool>,
    /// The address registered for sign-ins, where it is not a loopback port of any number.
    pub redirect: Option<String>,
    /// Its set of permissions at the platform, in the place of scopes.
    pub config: Option<String>,
    /// What is left today, by bucket.
    pub quotas: Vec<QuotaView>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct QuotaView {
    pub bucket: String,
    pub label: String,
    pub used: u32,
    pub per_day: u32,
    pub resets_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AccountView {
    pub id: i64,
    pub platform: String,
    pub platform_name: String,
    pub app: i64,
    /// Which of the platform's ways it signed in by.
    pub way: String,
    /// The shortest time it took lately from last byte to "public", in milliseconds; `None` while unmeasured.
    pub pace_ms: Option<u64>,
    pub remote_id: String,
    pub name: String,
    pub handle: Option<String>,
    pub url: Option<String>,
    pub state: AccountState,
    pub scopes: Vec<String>,
    pub sign_in_ends: Option<Timestamp>,
    pub connected_at: Timestamp,
    /// Why its lane waits, if it does.
    pub waits: Option<WaitView>,
    pub missed: MissedRule,
    pub slots: Vec<Slot>,
    /// Capabilities as last read at the platform.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub live: serde_json::Value,
    /// Its next planned minute.
    pub next_due: Option<Timestamp>,
    /// Posts that go their way: not at their end, and not stuck.
    pub waiting: i64,
    /// The sign-in ends before a post that is planned (C31).
    pub ends_before_due: bool,
    /// What will really apply to what is posted here, where the platform limits it (C32).
    pub privacy_note: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WaitView {
    pub until: Timestamp,
    pub problem: Problem,
}

/// One line of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeliveryView {
    pub id: i64,
    pub post: i64,
    pub account: i64,
    pub account_name: String,
    pub platform: String,
    /// Its title, or the first line of its caption where it has none.
    pub title: String,
    pub file: String,
    pub state: State,
    pub stage: Option<Stage>,
    pub goes_out: GoesOut,
    /// The plan: wall time and zone; the instant is derived.
    pub wall: Option<WallTime>,
    pub due: Option<Timestamp>,
    pub next: Option<Next>,
    pub paused: bool,
    pub cancelling: bool,
    /// Bytes the platform says it holds, of `size`.
    pub confirmed: u64,
    pub size: u64,
    pub remote: Option<Remote>,
    pub privacy: Option<String>,
    pub public_at: Option<Timestamp>,
    /// How late it became public, in milliseconds; negative is early.
    pub late_ms: Option<i64>,
    pub problem: Option<Problem>,
    pub media: i64,
    /// Milliseconds; `None` when the file does not say.
    pub duration_ms: Option<u64>,
    /// Bytes of the running call, when this process runs the queue.
    pub moving: Option<Moving>,
}

/// How far a running upload is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Moving {
    pub sent: u64,
    pub total: u64,
    /// Zero until it was measured; events tell it as it goes.
    pub bytes_per_s: u64,
}

impl DeliveryView {
    /// Its title, or its file where it has none.
    pub fn label(&self) -> &str {
        match (self.title.as_str(), self.file.as_str()) {
            // The data of its channel was deleted.
            ("", "") => "(data deleted)",
            ("", file) => file,
            (title, _) => title,
        }
    }
}

/// What happens next and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Next {
    pub at: Option<Timestamp>,
    pub then: NextStep,
    /// In words.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    Begin,
    Publish,
    Look,
    Ask,
    /// A person has to do something.
    You,
}

/// Everything about one delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeliveryDetail {
    #[serde(flatten)]
    pub line: DeliveryView,
    pub words: Words,
    /// Words of the post, which every channel has that has none of its own.
    pub shared: Words,
    pub own_words: bool,
    pub own_time: bool,
    pub options: Options,
    /// The other deliveries of its post.
    pub siblings: Vec<Sibling>,
    pub path: String,
    pub fingerprint: String,
    pub tries: u32,
    pub began_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub extras: Vec<ErrandView>,
    pub attempts: Vec<Attempt>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrandView {
    pub id: i64,
    /// `amend`, `retract`, or the platform's name of the after-step.
    pub step: String,
    pub state: ErrandState,
    pub next: Option<Timestamp>,
    pub problem: Option<Problem>,
    pub done_at: Option<Timestamp>,
}

impl From<&ErrandRow> for ErrandView {
    fn from(row: &ErrandRow) -> Self {
        let step = match &row.task {
            Errand::Publish => "publish".into(),
            Errand::Amend => "amend".into(),
            Errand::Retract => "retract".into(),
            Errand::Extra(extra) => extra.step.clone(),
        };
        ErrandView {
            id: row.id,
            step,
            state: row.state,
            next: row.next,
            problem: row.problem.clone(),
            done_at: row.done_at,
        }
    }
}

const LINE: &str = "post.words, CASE WHEN delivery.wall IS NULL THEN post.wall ELSE nullif(delivery.wall, 'null') END, media.path, media.size, account.name, account.platform, account.state, account.app_id, \
     post.media_id, json_extract(media.probe, '$.duration_ms'), \
     (SELECT problem FROM not_through WHERE delivery_id = delivery.id ORDER BY id DESC LIMIT 1)";
const JOINS: &str = "JOIN post ON post.id = delivery.post_id JOIN media ON media.id = post.media_id \
     JOIN account ON account.id = delivery.account_id";

impl Engine {
    pub(crate) fn app_views(&self) -> Outcome<Vec<AppView>> {
        let now = self.clock().now();
        let apps = self.read(app::all)?;
        apps.iter().map(|app| self.app_view(app, now)).collect()
    }

    fn app_view(&self, app: &app::App, now: Timestamp) -> Outcome<AppView> {
        let mut quotas = Vec::new();
        // An app of a platform this version does not have keeps its row.
        if let Ok(platform) = self.platform(&app.platform) {
            for quota in platform.facts().quotas {
                let day = crate::worker::job::quota_day(quota.resets_in, now)?;
                quotas.push(QuotaView {
                    bucket: quota.bucket.into(),
                    label: quota.label.into(),
                    used: self.read(|sql| app::spent(sql, app.id, quota.bucket, &day))?,
                    per_day: app.quotas.get(quota.bucket).copied().unwrap_or(quota.per_day),
                    resets_at: crate::schedule::next_midnight(quota.resets_in, now).ok(),
                });
            }
        }
        let known = self.platform(&app.platform).map(|platform| app.for_job(platform.facts()));
        Ok(AppView {
            id: app.id,
            platform: app.platform.clone(),
            client_id: app.client_id.clone(),
            way: app.way.clone(),
            flags: known.map_or_else(|_| app.flags.clone(), |known| known.flags),
            redirect: app.redirect.clone(),
            config: app.config.clone(),
            quotas,
        })
    }

    pub(crate) fn account_views(&self) -> Outcome<Vec<AccountView>> {
        self.read(|sql| {
            let holds = hold::all(sql)?;
            let accounts = account::all(sql)?;
            accounts
                .iter()
                .map(|account| Ok(self.account_view(account, &holds, planned(sql, account.id)?)))
                .collect()
        })
    }

    fn account_view(&self, account: &Account, holds: &[Hold], planned: Planned) -> AccountView {
        let now = self.clock().now();
        AccountView {
            id: account.id,
            platform: account.platform.clone(),
            platform_name: self
                .platform(&account.platform)
                .map_or(account.platform.clone(), |p| p.facts().name.into()),
            app: account.app,
            way: account.way.clone(),
            pace_ms: account.usual_pace_ms(),
            remote_id: account.remote_id.clone(),
            name: account.name.clone(),
            handle: account.handle.clone(),
            url: account.url.clone(),
            state: account.state,
            scopes: account.scopes.clone(),
            sign_in_ends: account.sign_in_ends,
            connected_at: account.connected_at,
            waits: held(holds, account.id, account.app, now)
                .map(|hold| WaitView { until: hold.until, problem: hold.problem.clone() }),
            missed: account.missed_rule,
            slots: account.slots.clone(),
            live: account.live.clone(),
            next_due: planned.first,
            waiting: planned.open,
            ends_before_due: account.sign_in_ends.zip(planned.last).is_some_and(|(ends, last)| ends < last),
            privacy_note: self
                .platform(&account.platform)
                .ok()
                .and_then(|platform| platform.facts().privacy_note)
                .map(String::from),
        }
    }

    pub(crate) fn delivery_view(&self, id: i64) -> Outcome<DeliveryView> {
        let now = self.clock().now();
        self.read(|sql| self.one_line(sql, id, now))?.ok_or_else(|| crate::queue::not_found(id))
    }

    pub(crate) fn delivery_detail(&self, id: i64) -> Outcome<DeliveryDetail> {
        let now = self.clock().now();
        // All of it in one snapshot: its state, its history and its errands belong together.
        let found = self.read(|sql| {
            let (Some(line), Some(row)) = (self.one_line(sql, id, now)?, delivery::get(sql, id)?) else {
                return Ok(None);
            };
            let Some(post) = post::get(sql, line.post)? else { return Ok(None) };
            let Some(media) = media::get(sql, post.media)? else { return Ok(None) };
            Ok(Some(DeliveryDetail {
                line,
                own_words: row.words.is_some(),
                own_time: row.wall.is_some(),
                words: row.words.unwrap_or_else(|| post.words.clone()),
                shared: post.words,
                options: row.options,
                siblings: siblings::of(sql, row.post, id)?,
                path: media.path.to_string_lossy().into_owned(),
                fingerprint: media.fingerprint.as_str().to_string(),
                tries: row.tries,
                began_at: row.began_at,
                created_at: row.created_at,
                extras: errand::of_delivery(sql, id)?.iter().map(ErrandView::from).collect(),
                attempts: attempt::of_delivery(sql, id)?,
            }))
        })?;
        found.ok_or_else(|| crate::queue::not_found(id))
    }
}

impl Engine {
    fn one_line(
        &self,
        sql: &rusqlite::Connection,
        id: i64,
        now: Timestamp,
    ) -> rusqlite::Result<Option<DeliveryView>> {
        let holds = hold::all(sql)?;
        let query =
            format!("SELECT {}, {LINE} FROM delivery {JOINS} WHERE delivery.id = ?1", delivery::COLUMNS);
        let found =
            sql.prepare_cached(&query)?.query_map([id], |row| line(row, &holds, now))?.next().transpose()?;
        Ok(found.map(|view| self.with_progress(view)))
    }

    fn with_progress(&self, view: DeliveryView) -> DeliveryView {
        if view.state != State::Working {
            return view;
        }
        let sent = self.moving(view.id).map(|sent| Moving { sent, total: view.size, bytes_per_s: 0 });
        DeliveryView { moving: sent, ..view }
    }
}

/// What an account still has before it.
struct Planned {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    open: i64,
}

fn planned(sql: &rusqlite::Connection, account: i64) -> rusqlite::Result<Planned> {
    sql.prepare_cached(
        "SELECT min(due_at), max(due_at), count(*) FROM delivery \
         WHERE account_id = ?1 AND state IN ('due', 'working', 'ready', 'handed_over', 'parked')",
    )?
    .query_row([account], |row| {
        let instant = |at: Option<i64>| at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        Ok(Planned { first: instant(row.get(0)?), last: instant(row.get(1)?), open: row.get(2)? })
    })
}

fn line(row: &rusqlite::Row, holds: &[Hold], now: Timestamp) -> rusqlite::Result<DeliveryView> {
    let delivery = delivery::from_row(row)?;
    let after = delivery::WIDTH;
    let words: Words = json(row, after)?;
    let wall: Option<WallTime> = maybe_json(row, after + 1)?;
    let path: String = row.get(after + 2)?;
    let size: i64 = row.get(after + 3)?;
    let account_state: String = row.get(after + 6)?;
    let app: i64 = row.get(after + 7)?;
    let hold = match delivery.memo {
        None => held(holds, delivery.account, app, now),
        Some(_) => held_whole(holds, delivery.account, app, now),
    };
    // A change or a cancel that did not get through: until a person mends it, what stands here is not what stands there.
    let not_there: Option<Problem> = maybe_json(row, after + 10)?;
    let problem = match delivery.state {
        State::Cancelled => delivery.problem.clone(),
        _ => delivery.problem.clone().or(not_there.clone()),
    };
    let mut next = next(&delivery, &account_state, hold, now);
    if not_there.is_some() && delivery.state == State::HandedOver {
        // Its own minute may be another one there.
        let text =
            "Your change did not get through. Try it again, or change the post at the platform.".into();
        next = Some(Next { at: None, then: NextStep::You, text });
    }
    // "As soon as possible" has no minute to be late for.
    let late_ms = match (delivery.public_at, delivery.due.filter(|_| wall.is_some())) {
        (Some(public), Some(due)) => Some(public.as_millisecond() - due.as_millisecond()),
        _ => None,
    };
    Ok(DeliveryView {
        id: delivery.id,
        post: delivery.post,
        account: delivery.account,
        account_name: row.get(after + 4)?,
        platform: row.get(after + 5)?,
        title: delivery.words.as_ref().unwrap_or(&words).called().to_string(),
        file: crate::worker::job::file_name(std::path::Path::new(&path)),
        state: delivery.state,
        stage: delivery.stage,
        goes_out: delivery.goes_out,
        wall,
        due: delivery.due,
        next,
        paused: delivery.paused,
        cancelling: delivery.cancelling,
        confirmed: delivery.confirmed,
        size: size.max(0) as u64,
        remote: delivery.remote,
        privacy: delivery.privacy,
        public_at: delivery.public_at,
        late_ms,
        problem,
        media: row.get(after + 8)?,
        duration_ms: row.get::<_, Option<i64>>(after + 9)?.map(|ms| ms.max(0) as u64),
        moving: None,
    })
}

/// A problem for something that is not there.
pub(crate) fn unknown_account(given: &str) -> Problem {
    Problem::block(
        Code::AccountUnknown,
        format!("There is no connected channel \"{given}\". `slipway accounts` lists them."),
    )
}
