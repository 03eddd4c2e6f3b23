//! Recurring work: tokens renewed ahead of their end, history kept in bounds, data of channels that left deleted, a daily copy of the
//! queue.
//!
//! Driven by a cron scheduler; the due queue is not: that is the table's. Each job may fail or be late without harm, and says so in
//! the log.

use super::{Engine, sql};
use crate::media;
use crate::problem::{Outcome, Problem};
use crate::store::account::{self, AccountState};
use crate::store::{Cancel, app, attempt};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;
use tokio_cron_scheduler::{Job, JobScheduler};

/// How long the history of ended posts is kept.
const HISTORY: SignedDuration = SignedDuration::from_hours(24 * 90);
/// How long a file is remembered that was looked at and never posted.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(24 * 7);
/// A picture that is younger may belong to a media that is only just being written down.
const BEING_WRITTEN: Duration = Duration::from_secs(5);
/// Channels with something due this soon get their token looked at, so that a lost sign-in is seen before the post needs it.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

pub(super) struct Maintenance {
    scheduler: JobScheduler,
}

impl Maintenance {
    pub(super) async fn stop(mut self) {
        if self.scheduler.shutdown().await.is_err() {
            tracing::debug!("the recurring work was stopped already");
        }
    }
}

/// Starts all recurring work. Without it the queue still runs, so a scheduler that won't start is a warning.
pub(super) async fn start(engine: &Engine) -> Option<Maintenance> {
    match begin(engine).await {
        Ok(maintenance) => Some(maintenance),
        Err(error) => {
            tracing::warn!(%error, "recurring work could not be started");
            None
        }
    }
}

async fn begin(engine: &Engine) -> anyhow::Result<Maintenance> {
    let scheduler = JobScheduler::new().await?;
    for (every, work) in [
        // Seconds are odd, so that the jobs do not all begin at the full minute, when posts are due.
        ("17 */10 * * * *", Work::Tokens),
        ("29 11 * * * *", Work::Tidy),
    ] {
        let engine = engine.clone();
        let job = Job::new_async(every, move |_, _| {
            let engine = engine.clone();
            Box::pin(async move {
                if let Err(problem) = engine.maintain(work).await {
                    tracing::warn!(?work, code = %problem.code.as_str(), "recurring work failed; it is tried again");
                }
            })
        })?;
        scheduler.add(job).await?;
    }
    scheduler.start().await?;
    Ok(Maintenance { scheduler })
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Tokens,
    Tidy,
    /// At the end of a run: forgotten files, and a copy of what changed, both only as far as a stop may wait.
    LastCopy,
}

/// How long a stop may wait for its copy. What takes longer is copied while the queue runs.
const STOP_WAITS: Duration = Duration::from_millis(1500);

impl Engine {
    pub(crate) async fn maintain(&self, work: Work) -> Outcome<()> {
        match work {
            Work::Tokens => self.look_at_tokens().await,
            Work::Tidy => self.tidy().await,
            Work::LastCopy => self.copy_before_the_end().await,
        }
    }

    /// Renews the tokens of channels that will need one soon.
    async fn look_at_tokens(&self) -> Outcome<()> {
        let now = self.clock().now();
        let soon = now.checked_add(AHEAD).unwrap_or(now).as_millisecond();
        let wanted: Vec<i64> = self.read(|sql| {
            sql.prepare_cached(
                "SELECT DISTINCT account_id FROM delivery WHERE due_at <= ?1 AND state IN ('due', 'working', 'ready', 'handed_over', 'to_finish', 'parked')",
            )?
            .query_map([soon], |row| row.get(0))?
            .collect()
        })?;
        for id in wanted {
            let Some(account) =
                self.read(|sql| account::get(sql, id))?.filter(|account| account.state == AccountState::Ok)
            else {
                continue;
            };
            let Some(app) = self.read(|sql| app::get(sql, account.app))? else { continue };
            let platform = self.platform(&account.platform)?.clone();
            let fetched = self.bearer(&account, &app, &platform).await;
            let over = match fetched {
                Err(crate::worker::BearerTrouble::Refresh(crate::sign_in::RefreshFault::SignInAgain {
                    ..
                })) => true,
                Err(crate::worker::BearerTrouble::Vault(problem)) => {
                    crate::worker::mended_by_sign_in(&problem)
                }
                _ => false,
            };
            if over {
                self.write(move |tx| {
                    account::set_state(tx, id, AccountState::SignIn)?;
                    tx.say(crate::event::What::Account { id });
                    Ok(())
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn tidy(&self) -> Outcome<()> {
        let now = self.clock().now();
        let before = now.checked_sub(HISTORY).unwrap_or(now);
        let gone = self.write(move |tx| attempt::forget_before(tx, before)).await?;
        if gone > 0 {
            tracing::info!(gone, "old history was dropped");
        }
        self.forget_media(now).await?;
        // Before the day's copy, so that what goes today is not in it.
        self.purge_due().await?;
        self.copy_of_today(&Cancel::default()).await
    }

    async fn copy_of_today(&self, cancel: &Cancel) -> Outcome<()> {
        let day = self.clock().now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let (store, cancel) = (self.inner.store.clone(), cancel.clone());
        let copied = tokio::task::spawn_blocking(move || store.back_up_unless(&day, &cancel)).await;
        // A copier that broke is tried again in an hour.
        copied.unwrap_or(Ok(None)).map(|_| ())
    }

    async fn copy_before_the_end(&self) -> Outcome<()> {
        // A run that is shorter than an hour sweeps, too, as far as a stop may wait.
        let swept = tokio::time::timeout(STOP_WAITS, self.forget_media(self.clock().now())).await;
        if !matches!(swept, Ok(Ok(()))) {
            tracing::warn!("files that no post uses could not be forgotten yet");
        }
        if self.inner.store.is_backed_up() {
            return Ok(());
        }
        let cancel = Cancel::default();
        let copying = self.copy_of_today(&cancel);
        tokio::pin!(copying);
        match tokio::time::timeout(STOP_WAITS, &mut copying).await {
            Ok(copied) => copied,
            Err(_) => {
                cancel.cancel();
                copying.await
            }
        }
    }

    /// Files that were only looked at are forgotten, and pictures go with the media they show.
    pub(crate) async fn forget_media(&self, now: Timestamp) -> Outcome<()> {
        let before = now.checked_sub(LOOKED_AT).unwrap_or(now).as_millisecond();
        let gone = self
            .write(move |tx| {
                sql(tx.execute(
                    "DELETE FROM media WHERE added_at < ?1 AND id NOT IN (SELECT media_id FROM post) AND path NOT IN \
                     (SELECT json_extract(draft, '$.path') FROM composing WHERE json_extract(draft, '$.path') IS NOT NULL)",
                    [before],
                ))
            })
            .await?;
        if gone > 0 {
            tracing::info!(gone, "files that no post uses were forgotten");
        }
        let prints: Vec<String> = self.read(|sql| {
            sql.prepare("SELECT fingerprint FROM media")?.query_map([], |row| row.get(0))?.collect()
        })?;
        let kept: HashSet<String> = prints.iter().map(|print| media::poster_name(print)).collect();
        let folder = self.folder().join("posters");
        let swept = tokio::task::spawn_blocking(move || sweep(&folder, &kept)).await;
        swept.map_err(|error| Problem::internal(&error.into()))
    }
}

/// Takes away pictures of no media. What lies there for less than a while may be just being written.
fn sweep(folder: &Path, kept: &HashSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let of_media = entry.file_name().to_str().is_some_and(|name| kept.contains(name));
        let old = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
        if !of_media && old.is_some_and(|old| old > BEING_WRITTEN) {
            // One that can't be deleted now is met again in an hour.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
