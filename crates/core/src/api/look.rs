//! What the window shows beside posts: files, pictures, what is next, free slots, what happened, where the data lies.

use super::{Host, Id, Nothing};
use crate::engine::{Engine, database_path, sql};
use crate::event::What;
use crate::media::Probe;
use crate::problem::{Code, Outcome, Problem};
use crate::schedule::{Kind, WallTime};
use crate::settings::Settings;
use crate::store::{account, delivery, media, setting};
use crate::view::{Glance, Happening, HouseView, Searched};
use base64::Engine as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A file on this computer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Look {
    pub path: PathBuf,
}

/// What a file is. It stays where it is; only its description is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Looked {
    pub media: i64,
    pub path: String,
    /// Its name, without its folder.
    pub file: String,
    pub probe: Probe,
    pub fingerprint: String,
}

pub(super) async fn look(engine: &Engine, _: &dyn Host, given: Look) -> Outcome<Looked> {
    let path = std::path::absolute(&given.path).unwrap_or(given.path);
    let (stamp, print, probe) = super::posts::read_file(&path).await?;
    let stored = super::posts::storable(&path)?;
    let (now, file) = (engine.clock().now(), crate::worker::job::file_name(&path));
    let looked = Looked {
        media: 0,
        path: stored.clone(),
        file,
        probe: probe.clone(),
        fingerprint: print.as_str().into(),
    };
    let media = engine
        .inner
        .store
        .write(move |tx| {
            let id = media::add(tx, &stored, &stamp, &print, &probe, now)?;
            tx.say(What::Media { id });
            Ok(id)
        })
        .await?;
    Ok(Looked { media, ..looked })
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Media {
    pub media: i64,
}

/// Where a small picture of a media is kept, if one is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Poster {
    pub path: Option<PathBuf>,
}

pub(super) async fn poster(engine: &Engine, _: &dyn Host, given: Media) -> Outcome<Poster> {
    let path = poster_path(engine, given.media)?;
    Ok(Poster { path: path.is_file().then_some(path) })
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct KeepPoster {
    pub media: i64,
    pub jpeg_base64: String,
}

/// A picture of this size fills a card twice over; more is not a small picture.
const LARGEST_POSTER: usize = 200_000;

pub(super) async fn keep_poster(engine: &Engine, _: &dyn Host, given: KeepPoster) -> Outcome<Poster> {
    let path = poster_path(engine, given.media)?;
    let bytes = jpeg(&given.jpeg_base64)?;
    if let Some(folder) = path.parent() {
        crate::home::make_private_folder(folder)?;
    }
    let to = path.clone();
    let kept = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        let half = to.with_extension(format!("{}.half", std::process::id()));
        std::fs::write(&half, bytes)?;
        std::fs::rename(half, to)
    });
    match kept.await {
        Ok(Ok(())) => Ok(Poster { path: Some(path) }),
        Ok(Err(error)) => Err(Problem::block(Code::ReadOnly, "The picture could not be kept.").detail(error)),
        Err(error) => Err(Problem::block(Code::Internal, "Keeping the picture broke.").detail(error)),
    }
}

fn jpeg(text: &str) -> Outcome<Vec<u8>> {
    let refused = || Problem::block(Code::BadRequest, "That is not a small JPEG picture.");
    if text.len() > LARGEST_POSTER * 4 / 3 + 4 {
        return Err(refused());
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| refused())?;
    // Start and end of an image, as ITU T.81 marks them.
    let whole = bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9]);
    if whole { Ok(bytes) } else { Err(refused()) }
}

fn poster_path(engine: &Engine, media: i64) -> Outcome<PathBuf> {
    let found = engine.read(|sql| media::get(sql, media))?.ok_or_else(no_media)?;
    let name = crate::media::poster_name(found.fingerprint.as_str());
    Ok(engine.folder().join("posters").join(name))
}

fn no_media() -> Problem {
    Problem::block(Code::NotFound, "Slipway does not know this file any more.")
}

impl Engine {
    /// Where the bytes of a media lie, and what kind they are. For a host that shows them to the person.
    pub fn media_file(&self, id: i64) -> Outcome<(PathBuf, String)> {
        let found = self.read(|sql| media::get(sql, id))?.ok_or_else(no_media)?;
        Ok((found.path, found.probe.mime))
    }

    /// What the user set.
    pub fn settings(&self) -> Outcome<Settings> {
        self.read(|sql| setting::get(sql, Settings::KEY))
    }
}

pub(super) async fn glance(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Glance> {
    engine.glance()
}

/// A time as it is being written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default)]
pub struct ReadTime {
    pub at: String,
    pub zone: Option<String>,
    /// In an hour that happens twice: the second one.
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub fold: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TimeRead {
    pub due: Timestamp,
    pub wall: WallTime,
    /// `exact`, `gap` (the clocks go forward over it) or `overlap` (it happens twice).
    #[cfg_attr(test, ts(type = "\"exact\" | \"gap\" | \"overlap\""))]
    pub kind: String,
}

pub(super) async fn read_time(engine: &Engine, _: &dyn Host, given: ReadTime) -> Outcome<TimeRead> {
    let zone = match given.zone {
        Some(zone) => zone,
        None => engine.settings()?.zone,
    };
    let problem = |fault: crate::schedule::when::WhenFault| super::posts::when_problem(&fault);
    let when = crate::schedule::when::parse_when(&given.at, &zone, engine.clock().now()).map_err(problem)?;
    let wall = WallTime { fold: given.fold || when.wall.fold, ..when.wall };
    let resolved = crate::schedule::resolve(&wall).map_err(problem)?;
    let kind = match resolved.kind {
        Kind::Exact => "exact",
        Kind::Gap { .. } => "gap",
        Kind::Overlap { .. } => "overlap",
    };
    Ok(TimeRead { due: resolved.at, wall, kind: kind.into() })
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
    #[serde(default)]
    pub account: Option<i64>,
}

/// A slot of a channel that nothing sits in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FreeSlot {
    pub account: i64,
    pub at: Timestamp,
    pub wall: WallTime,
}

/// Two months and some days: what a month's view shows.
const LONGEST_RANGE_S: i64 = 62 * 86_400;

pub(super) async fn free_slots(engine: &Engine, _: &dyn Host, given: Range) -> Outcome<Vec<FreeSlot>> {
    if given.to.duration_since(given.from).as_secs() > LONGEST_RANGE_S {
        return Err(
            Problem::block(Code::BadRequest, "Free slots are told for two months at most.").edit("to")
        );
    }
    let zone = engine.settings()?.zone;
    if zone.is_empty() {
        return Ok(Vec::new());
    }
    let accounts = engine.read(account::all)?;
    let from = given.from.max(engine.clock().now());
    let mut free = Vec::new();
    for account in
        accounts.iter().filter(|one| given.account.is_none_or(|id| id == one.id) && !one.slots.is_empty())
    {
        let mut taken: Vec<Timestamp> = engine.read(|sql| {
            sql.prepare_cached(
                "SELECT due_at FROM delivery WHERE account_id = ?1 AND due_at >= ?2 AND due_at < ?3 AND state <> 'cancelled'",
            )?
            .query_map(rusqlite::params![account.id, from.as_millisecond() - 60_000, given.to.as_millisecond()], |row| {
                Ok(Timestamp::from_millisecond(row.get(0)?).unwrap_or_default())
            })?
            .collect()
        })?;
        let mut after = from;
        loop {
            let next = crate::schedule::slots::next_free_slot(&account.slots, &zone, &taken, after)
                .map_err(|fault| super::posts::when_problem(&fault))?;
            let Some((wall, at)) = next.filter(|(_, at)| *at < given.to) else { break };
            taken.push(at);
            after = at;
            free.push(FreeSlot { account: account.id, at, wall });
        }
    }
    free.sort_by_key(|slot| slot.at);
    Ok(free)
}

/// Which part of the history.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default)]
pub struct History {
    /// Words that must be in a line's title, channel, step or detail.
    pub query: Option<String>,
    /// Only lines older than this one.
    pub before: Option<i64>,
    pub limit: Option<u32>,
    pub account: Option<i64>,
}

pub(super) async fn activity(engine: &Engine, _: &dyn Host, given: History) -> Outcome<Vec<Happening>> {
    engine.happenings(&given).await
}

/// A piece of the history, so that a window can show what was found so far and how far back that is.
pub(super) async fn search(engine: &Engine, _: &dyn Host, given: History) -> Outcome<Searched> {
    engine.search_happenings(&given)
}

pub(super) async fn house(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<HouseView> {
    let folder = engine.folder().to_path_buf();
    let database = database_path(&folder);
    let size = |path: &Path| std::fs::metadata(path).map(|meta| meta.len()).unwrap_or_default();
    let inside = |name: &str| {
        let entries = std::fs::read_dir(folder.join(name)).into_iter().flatten().filter_map(Result::ok);
        entries
            .filter_map(|entry| entry.metadata().ok())
            .filter(std::fs::Metadata::is_file)
            .map(|meta| meta.len())
            .sum()
    };
    // A file that can't be read is what this answer has to tell.
    let tokens: i64 = engine
        .read(|sql| sql.query_row("SELECT count(*) FROM account WHERE state = 'ok'", [], |row| row.get(0)))
        .unwrap_or(0);
    Ok(HouseView {
        folder: folder.to_string_lossy().into_owned(),
        sandbox: engine.is_sandbox(),
        sandbox_page: None,
        vault: engine.inner.secrets.vault().kind(),
        tokens,
        version: env!("CARGO_PKG_VERSION").into(),
        database_bytes: ["db", "db-wal", "db-shm"]
            .iter()
            .map(|end| size(&database.with_extension(end)))
            .sum(),
        backups_bytes: inside("backups"),
        posters_bytes: inside("posters"),
        practised_bytes: super::practice::size(engine),
        queue_runs: engine.is_running(),
        now: engine.clock().now(),
        problem: engine.inner.store.trouble(),
    })
}

/// One copy of the queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BackupView {
    /// Its file's name.
    pub name: String,
    pub at: Timestamp,
    pub bytes: u64,
    /// Posts in it that are not at their end, drafts not counted; nothing where it can't be read.
    pub scheduled: Option<i64>,
    pub published: Option<i64>,
    /// Why it can't be put in place.
    pub problem: Option<Problem>,
}

pub(super) async fn list_backups(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Vec<BackupView>> {
    let folder = engine.folder().to_path_buf();
    let listed = tokio::task::spawn_blocking(move || backup_views(&folder)).await;
    listed.map_err(|error| Problem::block(Code::Internal, "Looking at the copies broke.").detail(error))
}

/// The copies of a data folder's queue, newest first, each looked at. Works without an engine, which would not open a damaged queue.
pub fn backup_views(folder: &Path) -> Vec<BackupView> {
    let kept = crate::store::backups(&database_path(folder));
    kept.into_iter().rev().filter_map(|path| backup_view(&path)).collect()
}

pub(super) async fn make_backup(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<BackupView> {
    let label = engine.clock().now().strftime("%Y-%m-%d-%H%M%S").to_string();
    let store = engine.clone();
    let made = tokio::task::spawn_blocking(move || store.inner.store.back_up_for(&label)).await;
    let path =
        made.map_err(|error| Problem::block(Code::Internal, "Making the copy broke.").detail(error))??;
    let path = path.or_else(|| crate::store::backups(&database_path(engine.folder())).pop());
    path.as_deref()
        .and_then(backup_view)
        .ok_or_else(|| Problem::block(Code::Internal, "The copy is not there."))
}

fn backup_view(path: &Path) -> Option<BackupView> {
    let meta = std::fs::metadata(path).ok()?;
    let at = Timestamp::try_from(meta.modified().ok()?).ok()?;
    let looked = crate::store::look_at(path);
    Some(BackupView {
        name: path.file_name()?.to_str()?.into(),
        at,
        bytes: meta.len(),
        scheduled: looked.as_ref().ok().map(|holds| holds.scheduled),
        published: looked.as_ref().ok().map(|holds| holds.published),
        problem: looked.err(),
    })
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PauseAll {
    pub paused: bool,
}

/// One write: whatever else was set meanwhile stays.
pub(super) async fn pause_all(engine: &Engine, _: &dyn Host, given: PauseAll) -> Outcome<Settings> {
    engine
        .write(move |tx| {
            let mut settings: Settings = sql(setting::get(tx, Settings::KEY))?;
            settings.paused = given.paused;
            tx.say(What::Settings);
            settings.keep(tx)?;
            Ok(settings)
        })
        .await
}

/// A report about one post that can be shown to somebody: no secret, no folder, no words of the post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Report {
    pub text: String,
}

pub(super) async fn diagnose(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<Report> {
    use std::fmt::Write as _;
    let post = engine.delivery_detail(given.id)?;
    let facts = engine.platform(&post.line.platform)?.facts();
    let mut text = String::new();
    let version = env!("CARGO_PKG_VERSION");
    let world = if engine.is_sandbox() { "sandbox" } else { "real" };
    let _ = writeln!(text, "Slipway {version}, {}, {world}", std::env::consts::OS);
    let _ = writeln!(text, "{} facts of {}", facts.name, facts.as_of);
    let _ = writeln!(text, "post {} state {} tries {}", post.line.id, post.line.state.as_str(), post.tries);
    let _ = writeln!(
        text,
        "goes out {}, due {:?}",
        delivery::bare(&post.line.goes_out),
        post.line.due.map(|due| due.to_string())
    );
    let _ = writeln!(text, "confirmed {} of {} bytes", post.line.confirmed, post.line.size);
    if let Some(problem) = &post.line.problem {
        let _ = writeln!(
            text,
            "problem {}: {}",
            problem.code.as_str(),
            problem.detail.as_deref().map_or_else(String::new, |detail| crate::redact::excerpt(detail, 500))
        );
    }
    for one in &post.attempts {
        let status = one.status.map(|status| status.to_string()).unwrap_or_default();
        let _ = write!(text, "{} {} {} {status}", one.at, one.step, one.outcome);
        let id = one.request_id.as_deref().map(|id| format!(" request {id}")).unwrap_or_default();
        let (sent, confirmed) = (one.sent.unwrap_or_default(), one.confirmed.unwrap_or_default());
        let _ = writeln!(
            text,
            "{id} sent {sent} confirmed {confirmed} {}",
            one.detail.as_deref().map_or_else(String::new, |detail| crate::redact::excerpt(detail, 500))
        );
    }
    Ok(Report { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_small_whole_jpeg_is_kept_as_a_picture() {
        let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        assert!(jpeg(&encode(&[0xff, 0xd8, 0xff, 0xe0, 1, 2, 0xff, 0xd9])).is_ok());
        for bad in [
            "",
            "nonsense!",
            &encode(b"GIF89a"),
            &encode(&[0xff, 0xd8, 0xff, 0xe0]),
            &encode(&[0xff; LARGEST_POSTER + 10]),
        ] {
            assert!(jpeg(bad).is_err());
        }
    }
}
