//! What a claim needs on the desk before work: its rows, its platform, the job as the platform sees it, and the open files.

use crate::engine::Engine;
use crate::media::MediaFault;
use crate::media::fault::{Difference, ReadTrouble};
use crate::media::fingerprint::{Fingerprint, fingerprint};
use crate::media::original::{Original, Stamp};
use crate::platform::{AnyPlatform, Cost, Errand, Job, JobMedia, OptionKind, Pace, SideFile};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue::{Charge, Ticket, not_found};
use crate::schedule::WallTime;
use crate::settings::Settings;
use crate::store::{account, app, delivery, is_as_written, media, post, setting};
use crate::wire::Files;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

pub(crate) struct Desk {
    pub(crate) account: account::Account,
    pub(crate) app: app::App,
    /// The wall time the delivery is planned for; `None`: as soon as possible.
    pub(crate) plan: Option<WallTime>,
    pub(crate) media: media::Media,
    pub(crate) platform: Arc<dyn AnyPlatform>,
    pub(crate) job: Job,
}

impl Desk {
    pub(super) fn open(engine: &Engine, ticket: &Ticket) -> Outcome<Desk> {
        let row = &ticket.delivery;
        if !engine.read(|sql| is_as_written(sql, row.id))? {
            let damaged = Problem::block(
                Code::DatabaseCorrupt,
                "What the queue's file says about this post is not what was written: the file is damaged. Nothing of it is sent. Put a backup in place.",
            )
            .fix(Fix::RestoreBackup);
            engine.inner.store.note(&damaged);
            return Err(damaged);
        }
        let (account, post) =
            engine.read(|sql| Ok((account::get(sql, row.account)?, post::get(sql, row.post)?)))?;
        let (Some(account), Some(post)) = (account, post) else { return Err(not_found(row.id)) };
        let (app, media) =
            engine.read(|sql| Ok((app::get(sql, account.app)?, media::get(sql, post.media)?)))?;
        let (Some(app), Some(media)) = (app, media) else { return Err(not_found(row.id)) };
        let platform = engine.platform(&account.platform)?.clone();
        let mut job = job(engine, &platform, row, &account, &app, &post, &media, ticket.task())?;
        job.cancelled_at = engine.read(|sql| crate::queue::cancelled_at(sql, row.id))?;
        let plan = row.plan(&post).cloned();
        Ok(Desk { account, app, plan, media, platform, job })
    }

    /// The name a memo is sealed for: it opens for no other row.
    pub(super) fn row_name(&self, ticket: &Ticket) -> String {
        match &ticket.errand {
            Some(errand) => format!("errand/{}", errand.id),
            None => format!("delivery/{}", ticket.delivery.id),
        }
    }

    /// Opens the original, and the files its options name, and makes sure they are what was added.
    pub(super) async fn open_files(&mut self, engine: &Engine, ticket: &Ticket) -> Outcome<Files> {
        let mut files = Files::default();
        // A cancel sends nothing of it, so it may be gone.
        let wants_media =
            ticket.errand.is_none() && ticket.delivery.remote.is_none() && !ticket.delivery.cancelling;
        if wants_media {
            let media = self.media.clone();
            let opened =
                blocking(move || Original::open(&media.path, &media.stamp, &media.fingerprint)).await;
            let original = opened.map_err(|fault| media_problem(&fault, &self.media.path))?;
            if original.stamp_moved() {
                let (id, stamp) = (self.media.id, *original.stamp());
                engine.inner.store.write(move |tx| media::set_stamp(tx, id, &stamp)).await?;
            }
            files.media = Some(Arc::new(original));
            files.more = self.open_further(engine, ticket.delivery.id).await?;
        }
        let wanted: Vec<String> = match ticket.task() {
            Errand::Extra(_) => self.job.sides.keys().cloned().collect(),
            _ => Vec::new(),
        };
        for key in wanted {
            let Some(path) = self.job.options.get(&key).and_then(|value| value.as_str()) else { continue };
            let path = std::path::PathBuf::from(path);
            let original = open_side(&path).await.map_err(|fault| media_problem(&fault, &path))?;
            files.sides.insert(key, Arc::new(original));
        }
        Ok(files)
    }

    /// The further videos of the post. What each of them was at the first time is kept with the delivery: parts of it may be at the
    /// platform already, and another file in its place is a change as it is for the first one, whatever its size.
    async fn open_further(&self, engine: &Engine, id: i64) -> Outcome<Vec<Arc<Original>>> {
        let paths = more_paths(&self.platform, &self.job.options);
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let known = engine.read(|sql| delivery::further(sql, id))?;
        let (mut originals, mut now, mut moved) = (Vec::new(), Vec::new(), false);
        for path in paths {
            let before = known.iter().find(|one| one.path == path).cloned();
            let opened = open_further(path.clone(), before.clone()).await;
            let (original, print) = opened.map_err(|fault| media_problem(&fault, &path))?;
            moved |= before.is_none() || original.stamp_moved();
            now.push(delivery::Further { path, stamp: *original.stamp(), fingerprint: print });
            originals.push(Arc::new(original));
        }
        // One that is no longer named is forgotten.
        if moved || known.len() != now.len() {
            engine.inner.store.write(move |tx| delivery::set_further(tx, id, &now)).await?;
        }
        Ok(originals)
    }

    /// What a call's costs mean for the app's ledger today.
    pub(super) fn charges(&self, costs: &[Cost], now: Timestamp) -> Outcome<Vec<Charge>> {
        let facts = self.platform.facts();
        costs
            .iter()
            .filter_map(|cost| facts.quota(cost.bucket).map(|quota| (cost, quota)))
            .map(|(cost, quota)| {
                Ok(Charge {
                    app: self.app.id,
                    bucket: quota.bucket,
                    day: quota_day(quota.resets_in, now)?,
                    units: cost.units,
                    limit: self.app.quotas.get(quota.bucket).copied().unwrap_or(quota.per_day),
                })
            })
            .collect()
    }

    /// The account's next free slot, in the zone the post was planned in.
    pub(super) fn next_slot(&self, engine: &Engine, now: Timestamp) -> Outcome<Option<Timestamp>> {
        if self.account.slots.is_empty() {
            return Ok(None);
        }
        let id = self.account.id;
        let taken: Vec<Timestamp> = engine.read(|sql| {
            sql.prepare_cached(
                "SELECT due_at FROM delivery WHERE account_id = ?1 AND due_at > ?2 AND state NOT IN ('cancelled', 'draft')",
            )?
            .query_map([id, now.as_millisecond()], |row| row.get::<_, i64>(0))?
            .map(|ms| ms.map(|ms| Timestamp::from_millisecond(ms).unwrap_or_default()))
            .collect()
        })?;
        let zone = self.zone(engine)?;
        let found = crate::schedule::slots::next_free_slot(&self.account.slots, &zone, &taken, now);
        Ok(found.ok().flatten().map(|(_, at)| at))
    }

    /// A plan for this instant, as read in the zone it was planned in.
    pub(super) fn plan_at(&self, engine: &Engine, at: Timestamp) -> Outcome<Option<WallTime>> {
        Ok(WallTime::reading(at, &self.zone(engine)?).ok())
    }

    /// The zone it is planned in.
    fn zone(&self, engine: &Engine) -> Outcome<String> {
        Ok(match &self.plan {
            Some(wall) => wall.zone.clone(),
            None => engine.read(|sql| setting::get::<Settings>(sql, Settings::KEY))?.zone,
        })
    }

    /// Is another missed post of this account, with an earlier minute, being sent at this moment? It goes first (C5).
    pub(super) fn earlier_missed_at_work(
        &self,
        engine: &Engine,
        ticket: &Ticket,
        now: Timestamp,
    ) -> Outcome<bool> {
        let row = &ticket.delivery;
        let (id, due) = (row.id, row.due.unwrap_or(now).as_millisecond());
        engine.read(|sql| {
            sql.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM delivery WHERE account_id = ?1 AND state = 'working' \
                 AND (due_at < ?2 OR (due_at = ?2 AND id < ?3)))",
            )?
            .query_row(rusqlite::params![row.account, due, id], |row| row.get(0))
        })
    }

    /// When this account last became public with something.
    pub(super) fn last_public(&self, engine: &Engine) -> Outcome<Option<Timestamp>> {
        let id = self.account.id;
        let ms: Option<i64> = engine.read(|sql| {
            sql.prepare_cached(
                "SELECT max(public_at) FROM delivery WHERE account_id = ?1 AND state = 'published'",
            )?
            .query_row([id], |row| row.get(0))
        })?;
        Ok(ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }
}

/// The date a quota's bucket counts under: the calendar day in the zone at whose midnight it starts anew.
pub(crate) fn quota_day(zone: &str, now: Timestamp) -> Outcome<String> {
    let wall = crate::schedule::WallTime::reading(now, zone).map_err(|fault| {
        Problem::block(Code::Internal, "A platform's quota names a zone we do not know.").detail(fault)
    })?;
    Ok(wall.local.date().to_string())
}

/// A further video: as it was before, or whatever lies there the first time.
async fn open_further(
    path: std::path::PathBuf,
    before: Option<delivery::Further>,
) -> Result<(Original, Fingerprint), MediaFault> {
    blocking(move || {
        let (stamp, print) = match before {
            Some(before) => (before.stamp, before.fingerprint),
            None => (Stamp::of_path(&path)?, fingerprint(&std::fs::File::open(&path)?)?),
        };
        Ok((Original::open(&path, &stamp, &print)?, print))
    })
    .await
}

/// A file that an option names, as it is now.
async fn open_side(path: &Path) -> Result<Original, MediaFault> {
    let path = path.to_path_buf();
    blocking(move || {
        let stamp = Stamp::of_path(&path)?;
        let print = fingerprint(&std::fs::File::open(&path)?)?;
        Original::open(&path, &stamp, &print)
    })
    .await
}

/// The job as the platform sees it.
#[allow(clippy::too_many_arguments)]
pub(crate) fn job(
    engine: &Engine,
    platform: &Arc<dyn AnyPlatform>,
    row: &delivery::Delivery,
    account: &account::Account,
    app: &app::App,
    post: &post::Post,
    media: &media::Media,
    errand: Errand,
) -> Outcome<Job> {
    let video = media.probe.video.as_ref();
    let words = row.spoken(post).clone();
    let mut job = Job {
        errand,
        key: format!("slipway-{}-{}", row.id, row.created_at.as_millisecond()),
        now: engine.clock().now(),
        due: row.plan(post).and(row.due),
        cancelled_at: None,
        media: JobMedia {
            size: media.size,
            mime: media.probe.mime.clone(),
            file_name: file_name(&media.path),
            duration_ms: media.probe.duration_ms,
            width: video.map(|video| video.width),
            height: video.map(|video| video.height),
            frame_rate: video.and_then(|video| video.frame_rate),
            codec: video.map(|video| video.codec.clone()),
        },
        words,
        options: row.options.clone(),
        sides: Default::default(),
        more: Vec::new(),
        account: account.for_job(app.for_job(platform.facts())),
        pace: Pace { bytes_per_s: line_speed(engine)? },
        remote: row.remote.clone(),
    };
    job.sides = sides(platform, &job.options);
    job.more = more_paths(platform, &job.options).iter().map(|path| further_video(path)).collect();
    Ok(job)
}

/// What this line was measured to send, in bytes a second.
fn line_speed(engine: &Engine) -> Outcome<Option<u64>> {
    let settings: Settings = engine.read(|sql| setting::get(sql, Settings::KEY))?;
    Ok(settings.measured)
}

/// The further videos that options name, in order.
pub(crate) fn more_paths(
    platform: &Arc<dyn AnyPlatform>,
    options: &crate::platform::Options,
) -> Vec<std::path::PathBuf> {
    let facts = platform.facts();
    let lists = facts.options.iter().filter(|option| matches!(option.kind, OptionKind::Videos { .. }));
    lists
        .filter_map(|option| options.get(option.key)?.as_array())
        .flatten()
        .filter_map(|path| path.as_str().map(std::path::PathBuf::from))
        .collect()
}

/// One of them as its own headers describe it; what can't be read is told by `check`.
fn further_video(path: &Path) -> SideFile {
    let probe = std::fs::File::open(path).ok().and_then(|file| crate::media::probe_file(&file).ok());
    let size = std::fs::metadata(path).map(|meta| meta.len()).unwrap_or_default();
    SideFile {
        file_name: file_name(path),
        size: probe.as_ref().map_or(size, |probe| probe.size),
        mime: probe.as_ref().map_or_else(|| side_mime(path).into(), |probe| probe.mime.clone()),
        duration_ms: probe.and_then(|probe| probe.duration_ms),
    }
}

/// The files that options name, as they are now; one that is missing is simply not there (`check` tells).
pub(crate) fn sides(
    platform: &Arc<dyn AnyPlatform>,
    options: &crate::platform::Options,
) -> std::collections::BTreeMap<String, SideFile> {
    let facts = platform.facts();
    let files = facts.options.iter().filter(|option| matches!(option.kind, OptionKind::File { .. }));
    files
        .filter_map(|option| {
            let path = Path::new(options.get(option.key)?.as_str()?);
            let size = std::fs::metadata(path).ok().filter(|meta| meta.is_file())?.len();
            Some((
                option.key.to_string(),
                SideFile {
                    file_name: file_name(path),
                    size,
                    mime: side_mime(path).into(),
                    duration_ms: None,
                },
            ))
        })
        .collect()
}

/// By ending: these are small files the user picked by hand; the platform looks inside.
pub(crate) fn side_mime(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("srt") => "application/x-subrip",
        Some("vtt") => "text/vtt",
        Some("sbv") => "text/plain",
        Some("ttml" | "dfxp") => "application/ttml+xml",
        _ => "application/octet-stream",
    }
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MediaFault> + Send + 'static,
) -> Result<T, MediaFault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(MediaFault::Unreadable { kind: ReadTrouble::Other }))
}

/// What a fault of the file means to the user.
pub(crate) fn media_problem(fault: &MediaFault, path: &Path) -> Problem {
    let code = match fault {
        MediaFault::Unreadable { kind: ReadTrouble::NoHandles } => return crate::handles::problem(),
        MediaFault::Missing | MediaFault::NotAFile => Code::FileMissing,
        MediaFault::Unreadable { .. } => Code::FileUnreadable,
        MediaFault::Empty => Code::FileEmpty,
        MediaFault::NotVideo { .. } => Code::FileNotVideo,
        MediaFault::Truncated { .. } | MediaFault::Damaged { .. } | MediaFault::NoMoov => Code::FileDamaged,
        MediaFault::ZeroLength => Code::FileZeroLength,
        MediaFault::Unsupported { .. } => Code::FileUnsupported,
        MediaFault::Changed {
            what: Difference::Length | Difference::Modified | Difference::Content | Difference::Identity,
        } => Code::FileChanged,
    };
    Problem::block(code, format!("{}: {fault}", file_name(path))).fix(Fix::ChooseFile)
}
