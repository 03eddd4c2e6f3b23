//! Posts: check, add, list, show, edit, schedule, cancel, retry, decide.

use super::{Host, Id};
use crate::api::accounts::find_account;
use crate::check::{self, Terms};
use crate::engine::{Engine, sql};
use crate::facts::Facts;
use crate::media::MediaFault;
use crate::media::fingerprint::{Fingerprint, fingerprint};
use crate::media::original::Stamp;
use crate::media::{Probe, probe_file};
use crate::platform::{Errand, GoesOut, Options, Remote, Words, later};
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue;
use crate::schedule::lead::start_at;
use crate::schedule::when::{WhenFault, parse_when};
use crate::schedule::{Kind, WallTime, resolve};
use crate::settings::Settings;
use crate::store::account::Account;
use crate::store::delivery::{self, Delivery, NewDelivery, PLAN};
use crate::store::{Tx, media, post, setting};
use crate::view::{Count, DayView, Days, DeliveryDetail, DeliveryView, Filter};
use crate::worker::job;
use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A post as it is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct AddPost {
    pub path: PathBuf,
    /// Channels: number, handle, name, or the platform when it has one channel.
    pub to: Vec<String>,
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub words: Words,
    /// Platform → words of its own; the others get the common ones.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub words_for: BTreeMap<String, Words>,
    /// Platform → option → value.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub options: BTreeMap<String, Options>,
    /// When, as written (see `schedule::when`). Nothing: as soon as possible.
    #[serde(default)]
    pub at: Option<String>,
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub draft: bool,
    /// Post although this exact file is already on the channel (C7).
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub again: bool,
    /// The draft of the composer that this was made of; gone once this is kept.
    #[serde(default)]
    pub composing: Option<i64>,
}

/// What stands against a post, before anything is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Checked {
    pub ok: bool,
    pub media: Probe,
    pub due: Option<Timestamp>,
    pub channels: Vec<CheckedChannel>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CheckedChannel {
    pub account: i64,
    pub name: String,
    pub platform: String,
    pub goes_out: GoesOut,
    pub problems: Vec<Problem>,
}

/// What was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Added {
    pub post: i64,
    pub deliveries: Vec<DeliveryView>,
    /// Worth knowing; nothing that stops it.
    pub warnings: Vec<Problem>,
}

/// A post that was looked at from all sides and not yet stored.
pub(super) struct Draft {
    path: String,
    stamp: Stamp,
    print: Fingerprint,
    probe: Probe,
    words: Words,
    wall: Option<WallTime>,
    due: Timestamp,
    pub(super) channels: Vec<Channel>,
}

pub(super) struct Channel {
    account: Account,
    words: Option<Words>,
    options: Options,
    goes_out: GoesOut,
    start: Timestamp,
    pub(super) problems: Vec<Problem>,
}

pub(super) async fn check(engine: &Engine, _: &dyn Host, given: AddPost) -> Outcome<Checked> {
    let draft = look_at(engine, &given).await?;
    let ok = draft.channels.iter().all(|channel| !channel.problems.iter().any(Problem::blocks));
    let due = draft.wall.is_some().then_some(draft.due);
    Ok(Checked {
        ok,
        media: draft.probe,
        due,
        channels: draft
            .channels
            .into_iter()
            .map(|channel| CheckedChannel {
                account: channel.account.id,
                name: channel.account.name,
                platform: channel.account.platform,
                goes_out: channel.goes_out,
                problems: channel.problems,
            })
            .collect(),
    })
}

pub(super) async fn add(engine: &Engine, _: &dyn Host, given: AddPost) -> Outcome<Added> {
    let draft = look_at(engine, &given).await?;
    let all: Vec<&Problem> = draft.channels.iter().flat_map(|channel| &channel.problems).collect();
    let blocks: Vec<&Problem> = all.iter().copied().filter(|problem| problem.blocks()).collect();
    if let (Some(first), false) = (blocks.first(), given.draft) {
        let also: Vec<Problem> = blocks.iter().skip(1).map(|problem| (*problem).clone()).collect();
        return Err(Problem { also, ..(*first).clone() });
    }
    let warnings = all
        .iter()
        .filter(|problem| !problem.blocks() || given.draft)
        .map(|problem| (*problem).clone())
        .collect();
    let (now, is_draft, composing) = (engine.clock().now(), given.draft, given.composing);
    let once = !given.again && !given.draft;
    let (post, ids) = engine
        .write(move |tx| {
            // Looked at again where nobody can come between: another process may have posted the same file since.
            for channel in draft.channels.iter().filter(|_| once) {
                if let Some(problem) = sql(already_there(tx, &draft.print, &channel.account))? {
                    return Err(problem);
                }
            }
            let media = media::add(tx, &draft.path, &draft.stamp, &draft.print, &draft.probe, now)?;
            let post = post::insert(tx, media, &draft.words, draft.wall.as_ref(), now)?;
            let mut ids = Vec::new();
            for channel in &draft.channels {
                let state = if is_draft { State::Draft } else { State::Due };
                let new = NewDelivery {
                    post,
                    account: channel.account.id,
                    state,
                    options: channel.options.clone(),
                    words: channel.words.clone(),
                    goes_out: channel.goes_out,
                    due: (!is_draft || draft.wall.is_some()).then_some(draft.due),
                    next: (!is_draft).then_some(channel.start),
                };
                let id = delivery::insert(tx, &new, now)?;
                tx.say(crate::event::What::Delivery { id });
                ids.push(id);
            }
            if let Some(composing) = composing {
                super::composing::take(tx, composing)?;
            }
            Ok((post, ids))
        })
        .await?;
    let deliveries = ids.into_iter().map(|id| engine.delivery_view(id)).collect::<Outcome<_>>()?;
    Ok(Added { post, deliveries, warnings })
}

/// Everything that can be known before storing: file, time, channels, options, and what speaks against it.
pub(super) async fn look_at(engine: &Engine, given: &AddPost) -> Outcome<Draft> {
    let now = engine.clock().now();
    let settings: Settings = engine.read(|sql| setting::get(sql, Settings::KEY))?;
    if given.to.is_empty() {
        return Err(Problem::block(Code::AccountUnknown, "Say which channel it goes to."));
    }
    let mut accounts = Vec::new();
    for name in &given.to {
        let account = find_account(engine, name)?;
        if !accounts.iter().any(|known: &Account| known.id == account.id) {
            accounts.push(account);
        }
    }
    let known: Vec<&str> = accounts.iter().map(|account| account.platform.as_str()).collect();
    if let Some(stray) = given.options.keys().find(|platform| !known.contains(&platform.as_str())) {
        engine.platform(stray)?;
        return Err(Problem::block(
            Code::OptionUnknown,
            format!("There are options for {stray}, but the post does not go there."),
        ));
    }
    let (wall, due) = match &given.at {
        Some(text) => {
            let when = parse_when(text, &settings.zone, now).map_err(|fault| when_problem(&fault))?;
            (Some(when.wall), when.resolved.at)
        }
        None => (None, now),
    };
    let path = std::path::absolute(&given.path).unwrap_or_else(|_| given.path.clone());
    let (stamp, print, probe) = read_file(&path).await?;
    let stored_path = storable(&path)?;
    let mut channels = Vec::new();
    for account in accounts {
        let platform = engine.platform(&account.platform)?.clone();
        let empty = Options::new();
        let raw = given.options.get(&account.platform).unwrap_or(&empty);
        let options = check::read_options(platform.facts(), raw, now)?;
        let words = given.words_for.get(&account.platform).cloned();
        let row = Delivery {
            words: words.clone(),
            ..row_to_be(account.id, &options, wall.as_ref().map(|_| due), now)
        };
        let media = media::Media {
            id: 0,
            path: path.clone(),
            stamp,
            size: probe.size,
            fingerprint: print.clone(),
            full_hash: None,
            probe: probe.clone(),
            added_at: now,
        };
        let post = post::Post {
            id: 0,
            media: 0,
            words: given.words.clone(),
            wall: wall.clone(),
            revision: 1,
            created_at: now,
        };
        let app = app_of(engine, &account)?;
        let job = job::job(engine, &platform, &row, &account, &app, &post, &media, Errand::Publish)?;
        let mut problems = check::check(platform.facts(), &job, Terms { sign_in_ends: account.sign_in_ends });
        problems.extend(platform.check(&job));
        if let Some(wall) = &wall {
            problems.extend(odd_time(wall));
        }
        if !given.again {
            problems.extend(engine.read(|sql| already_there(sql, &print, &account))?);
        }
        problems.sort_by_key(|problem| !problem.blocks());
        let goes_out = platform.goes_out(&job);
        let start = begin_at(goes_out, due, &job, platform.facts(), &settings, now);
        channels.push(Channel { account, words, options, goes_out, start, problems });
    }
    Ok(Draft { path: stored_path, stamp, print, probe, words: given.words.clone(), wall, due, channels })
}

/// A path as it is kept.
pub(super) fn storable(path: &Path) -> Outcome<String> {
    path.to_str().map(String::from).ok_or_else(|| {
        Problem::block(
            Code::FileUnreadable,
            "The file's name has characters Slipway can't store. Rename it, please.",
        )
        .fix(Fix::ChooseFile)
    })
}

/// Opens, recognises and reads the file once; nothing is copied.
pub(super) async fn read_file(path: &Path) -> Outcome<(Stamp, Fingerprint, Probe)> {
    let owned = path.to_path_buf();
    let read = tokio::task::spawn_blocking(move || {
        let stamp = Stamp::of_path(&owned)?;
        let file = std::fs::File::open(&owned)?;
        let probe = probe_file(&file)?;
        let print = fingerprint(&file)?;
        // A file that is still being written would be half of one and half of another.
        match stamp.difference(&crate::media::original::stamp(&file)?) {
            None => Ok((stamp, print, probe)),
            Some(what) => Err(MediaFault::Changed { what }),
        }
    });
    match read.await {
        Ok(read) => read.map_err(|fault| job::media_problem(&fault, path)),
        Err(_) => Err(Problem::block(Code::FileUnreadable, "Reading the file broke.").fix(Fix::ChooseFile)),
    }
}

/// A delivery that has no row yet.
pub(super) fn row_to_be(account: i64, options: &Options, due: Option<Timestamp>, now: Timestamp) -> Delivery {
    Delivery {
        id: 0,
        post: 0,
        account,
        state: State::Draft,
        stage: None,
        options: options.clone(),
        words: None,
        goes_out: GoesOut::Now,
        due,
        next: None,
        paused: false,
        cancelling: false,
        claimed: None,
        in_flight: None,
        tries: 0,
        failures: 0,
        failed_ever: 0,
        memo: None,
        confirmed: 0,
        remote: None,
        privacy: None,
        problem: None,
        public_at: None,
        began_at: None,
        wall: None,
        revision: 1,
        sent_revision: None,
        created_at: now,
        must_ask: crate::store::delivery::MustAsk::Nothing,
    }
}

/// The first of the three clocks: what may go ahead begins as soon as the platform keeps it that long, so that the computer may
/// sleep; what may not begins early enough to be public at its minute.
pub(super) fn begin_at(
    goes_out: GoesOut,
    due: Timestamp,
    job: &crate::platform::Job,
    facts: &Facts,
    settings: &Settings,
    now: Timestamp,
) -> Timestamp {
    let early = || {
        let minutes = job.media.duration_ms.unwrap_or_default().div_ceil(60_000);
        let processing = Duration::from_secs(minutes * u64::from(facts.processing_s_per_min));
        let size = job.more.iter().fold(job.media.size, |sum, video| sum.saturating_add(video.size));
        start_at(due, size, settings.measured, processing)
    };
    match (goes_out, facts.ahead_s) {
        (GoesOut::Now, _) | (GoesOut::HandedOver | GoesOut::Staged, None) => now,
        (GoesOut::HandedOver | GoesOut::Staged, Some(ahead)) => {
            let opens = due.checked_sub(Duration::from_secs(ahead)).unwrap_or(Timestamp::MIN);
            opens.max(now)
        }
        // What is opened earlier than it lives would end before its minute.
        (GoesOut::AtTheMinute, _) => {
            let lives = due.checked_sub(Duration::from_secs(facts.session_s)).unwrap_or(Timestamp::MIN);
            early().max(lives).max(now)
        }
    }
}

/// The developer app a channel speaks through.
pub(super) fn app_of(engine: &Engine, account: &Account) -> Outcome<crate::store::app::App> {
    engine.read(|sql| crate::store::app::get(sql, account.app))?.ok_or_else(|| {
        Problem::block(Code::AppMissing, "The developer app of this channel is gone. Connect it again.")
            .fix(Fix::SignIn { account: account.id })
    })
}

/// A time that happens twice or never on that day is told, with what was made of it (C36).
fn odd_time(wall: &WallTime) -> Option<Problem> {
    match resolve(wall).ok()?.kind {
        Kind::Exact => None,
        Kind::Gap { .. } => Some(Problem::warn(
            Code::TimeShifted,
            "Clocks go forward then, so this time does not exist; the post goes out that much later.",
        )),
        Kind::Overlap { first, .. } => Some(Problem::warn(
            Code::TimeShifted,
            format!(
                "Clocks go back then, so this time happens twice; the post goes out at the {}.",
                if first { "first" } else { "second" }
            ),
        )),
    }
}

/// This exact file is on this channel already, or on its way (C7).
fn already_there(
    sql: &Connection,
    print: &Fingerprint,
    account: &Account,
) -> rusqlite::Result<Option<Problem>> {
    let found = delivery::already_there(sql, print.as_str(), account.id)?;
    Ok(found.map(|row| {
        let place = row
            .remote
            .as_ref()
            .map_or(format!("as number {}", row.id), |remote| format!("as {}", remote.url));
        let state = if row.state == State::Published { "is already on" } else { "is already on its way to" };
        Problem::block(
            Code::AlreadyThere,
            format!("This exact file {state} {} {place}. Say --again to post it once more.", account.name),
        )
        .fix(Fix::ChooseFile)
    }))
}

pub(super) async fn list(engine: &Engine, _: &dyn Host, given: Filter) -> Outcome<Vec<DeliveryView>> {
    engine.delivery_views(&given)
}

pub(super) async fn count(engine: &Engine, _: &dyn Host, given: Filter) -> Outcome<Count> {
    engine.delivery_count(&given)
}

pub(super) async fn days(engine: &Engine, _: &dyn Host, given: Days) -> Outcome<Vec<DayView>> {
    engine.day_views(&given)
}

pub(super) async fn show(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<DeliveryDetail> {
    engine.delivery_detail(given.id)
}

/// A draft to be scheduled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Schedule {
    pub id: i64,
    /// Although this exact file is already on the channel (C7).
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub again: bool,
}

/// Schedules a draft as it stands.
pub(super) async fn schedule(engine: &Engine, _: &dyn Host, given: Schedule) -> Outcome<DeliveryView> {
    let now = engine.clock().now();
    let settings: Settings = engine.read(|sql| setting::get(sql, Settings::KEY))?;
    let row = engine.read(|sql| delivery::get(sql, given.id))?.ok_or_else(|| queue::not_found(given.id))?;
    let (post, account) =
        engine.read(|sql| Ok((post::get(sql, row.post)?, crate::store::account::get(sql, row.account)?)))?;
    let (Some(post), Some(account)) = (post, account) else { return Err(queue::not_found(given.id)) };
    let media = engine.read(|sql| media::get(sql, post.media))?.ok_or_else(|| queue::not_found(given.id))?;
    let platform = engine.platform(&account.platform)?.clone();
    let due = match row.plan(&post) {
        Some(wall) => resolve(wall).map_err(|fault| when_problem(&fault))?.at,
        None => now,
    };
    if due < now {
        return Err(when_problem(&WhenFault::Past { by: now.duration_since(due) }));
    }
    let row = Delivery { due: Some(due), ..row };
    let app = app_of(engine, &account)?;
    let job = job::job(engine, &platform, &row, &account, &app, &post, &media, Errand::Publish)?;
    let mut problems = check::check(platform.facts(), &job, Terms { sign_in_ends: account.sign_in_ends });
    problems.extend(platform.check(&job));
    let mut blocks = problems.into_iter().filter(Problem::blocks);
    if let Some(first) = blocks.next() {
        return Err(Problem { also: blocks.collect(), ..first });
    }
    let goes_out = platform.goes_out(&job);
    let start = begin_at(goes_out, due, &job, platform.facts(), &settings, now);
    engine
        .write(move |tx| {
            // Looked at inside the write, so that two drafts of one file can't pass together.
            match sql(already_there(tx, &media.fingerprint, &account))? {
                Some(problem) if !given.again => Err(problem),
                _ => queue::schedule(tx, given.id, due, start, goes_out),
            }
        })
        .await?;
    engine.delivery_view(given.id)
}

pub(super) async fn cancel(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<DeliveryView> {
    let now = engine.clock().now();
    engine.write(move |tx| queue::cancel(tx, given.id, now)).await?;
    engine.delivery_view(given.id)
}

/// One delivery, or everything that is stuck ("re-check all", C16).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Which {
    #[serde(default)]
    pub id: Option<i64>,
}

pub(super) async fn retry(engine: &Engine, _: &dyn Host, given: Which) -> Outcome<Vec<DeliveryView>> {
    let now = engine.clock().now();
    let ids: Vec<i64> = match given.id {
        Some(id) => vec![id],
        None => {
            let stuck = engine.delivery_views(&Filter { state: Some(State::Stuck), ..Filter::default() })?;
            stuck
                .into_iter()
                .filter(|row| row.problem.as_ref().is_none_or(|why| !why.is_undecided()))
                .map(|row| row.id)
                .collect()
        }
    };
    let wanted = ids.clone();
    engine.write(move |tx| wanted.iter().try_for_each(|id| queue::retry(tx, *id, now))).await?;
    ids.into_iter().map(|id| engine.delivery_view(id)).collect()
}

/// What a person saw at the platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Decide {
    pub id: i64,
    /// "It is there", under this address; or nothing: post again.
    #[serde(default)]
    pub there: Option<String>,
}

pub(super) async fn decide(engine: &Engine, _: &dyn Host, given: Decide) -> Outcome<DeliveryView> {
    let now = engine.clock().now();
    let there = given.there.map(|text| Remote { id: text.clone(), url: text });
    engine.write(move |tx| queue::decide(tx, given.id, there.as_ref(), now)).await?;
    engine.delivery_view(given.id)
}

/// The creator posted the draft at the platform (C15).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Finish {
    pub id: i64,
    /// Where it is; the channel's own page when not said.
    #[serde(default)]
    pub url: Option<String>,
}

pub(super) async fn finish(engine: &Engine, _: &dyn Host, given: Finish) -> Outcome<DeliveryView> {
    let now = engine.clock().now();
    let there = match given.url.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) if text.starts_with("https://") => Some(Remote { id: text.into(), url: text.into() }),
        Some(_) => {
            return Err(
                Problem::block(Code::BadRequest, "The address of a post begins with https://.").edit("url")
            );
        }
        None => None,
    };
    engine.write(move |tx| queue::finish(tx, given.id, there.as_ref(), now)).await?;
    engine.delivery_view(given.id)
}

/// Derives every planned instant again from its wall time. Returns how many moved.
pub(crate) fn re_derive(tx: &mut Tx, now: Timestamp) -> Outcome<usize> {
    let rows: Vec<(i64, Option<i64>, WallTime)> = sql(tx
        .prepare(&format!(
            "SELECT delivery.id, delivery.due_at, {PLAN} FROM delivery JOIN post ON post.id = delivery.post_id \
             WHERE {PLAN} IS NOT NULL AND delivery.state NOT IN ('published', 'cancelled', 'working')"
        ))
        .and_then(|mut get| {
            get.query_map([], |row| Ok((row.get(0)?, row.get(1)?, delivery::json(row, 2)?)))?.collect()
        }))?;
    let mut moved = 0;
    let mut known: Option<(WallTime, Timestamp)> = None;
    for (id, due, wall) in rows {
        let at = match known.as_ref().filter(|(known, _)| *known == wall) {
            Some((_, at)) => *at,
            None => {
                let Ok(resolved) = resolve(&wall) else { continue };
                resolved.at
            }
        };
        known = Some((wall, at));
        // A time that has passed is no plan any more: such a post was moved to a slot, retried, or waits for the user.
        if due == Some(at.as_millisecond()) || at <= now {
            continue;
        }
        let Some(row) = sql(delivery::get(tx, id))? else { continue };
        // Where an edit at the platform is needed the revision says so.
        if row.state == State::HandedOver {
            sql(tx.execute("UPDATE delivery SET revision = revision + 1 WHERE id = ?1", [id]))?;
        }
        let start = row.next.unwrap_or(now).min(later(now, Duration::ZERO));
        queue::re_time(tx, id, at, start, row.goes_out, now)?;
        moved += 1;
    }
    Ok(moved)
}

/// What a time that was not understood means to the user.
pub(crate) fn when_problem(fault: &WhenFault) -> Problem {
    let code = match fault {
        WhenFault::UnknownZone { .. } | WhenFault::NoZone => Code::ZoneUnknown,
        WhenFault::BadTime { .. } | WhenFault::TooFar => Code::TimeInvalid,
        WhenFault::Past { .. } => Code::TimePast,
    };
    let field = if *fault == WhenFault::NoZone { "zone" } else { "at" };
    Problem::block(code, fault.to_string()).edit(field)
}
