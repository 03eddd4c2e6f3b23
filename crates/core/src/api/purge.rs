//! Disconnected channels: until when their data is kept, and deleting it before.

use super::{Host, Id, Nothing};
use crate::engine::{Engine, sql};
use crate::event::What;
use crate::problem::{Code, Outcome, Problem};
use crate::store::delivery::instant;
use crate::store::purge::{self, Channel};
use crate::view::unknown_account;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A disconnected channel whose data is still here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GoneView {
    pub id: i64,
    pub platform: String,
    pub platform_name: String,
    pub name: String,
    pub handle: Option<String>,
    pub disconnected_at: Timestamp,
    /// When its data is deleted, unless it is connected again before.
    pub data_until: Timestamp,
    /// Posts that wait for it and are deleted then.
    pub waiting: i64,
}

/// What a deletion did.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Purged {
    /// Posts of the channel that had come to no end and are deleted.
    pub removed: usize,
    /// Posts of which ids, times and states stay.
    pub kept: usize,
    /// Backups and other copies of the queue that were cleaned or deleted.
    pub copies: usize,
}

pub(super) async fn list(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Vec<GoneView>> {
    disconnected(engine)
}

fn disconnected(engine: &Engine) -> Outcome<Vec<GoneView>> {
    engine.read(|sql| {
        sql.prepare(
            "SELECT id, platform, name, handle, gone_at, (SELECT count(*) FROM delivery WHERE account_id = account.id \
               AND state NOT IN ('published', 'cancelled')) \
             FROM account WHERE state = 'gone' AND purged_at IS NULL AND gone_at IS NOT NULL ORDER BY gone_at DESC, id DESC",
        )?
        .query_map([], |row| {
            let platform: String = row.get(1)?;
            let disconnected_at = instant(row, 4)?.unwrap_or_default();
            Ok(GoneView {
                id: row.get(0)?,
                platform_name: engine.platform(&platform).map_or(platform.clone(), |known| known.facts().name.into()),
                platform,
                name: row.get(2)?,
                handle: row.get(3)?,
                disconnected_at,
                data_until: purge::due_at(disconnected_at),
                waiting: row.get(5)?,
            })
        })?
        .collect()
    })
}

pub(super) async fn purge_now(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<Purged> {
    let id = given.id;
    if engine.read(|sql| purge::channel(sql, id))?.is_none() {
        let connected = engine.account_views()?.iter().any(|account| account.id == id);
        return Err(match connected {
            true => Problem::block(Code::NotNow, "This channel is connected. Disconnect it first."),
            false => unknown_account(&id.to_string()),
        });
    }
    engine.purge_channels(vec![id]).await
}

/// Finds a disconnected channel by its number, handle or name; or by the platform when just one of it is disconnected.
pub fn find_disconnected(engine: &Engine, given: &str) -> Outcome<GoneView> {
    let all = disconnected(engine)?;
    let bare = given.trim_start_matches('@');
    let fits = |one: &&GoneView| {
        one.id.to_string() == given
            || one.name.eq_ignore_ascii_case(given)
            || one
                .handle
                .as_deref()
                .is_some_and(|handle| handle.trim_start_matches('@').eq_ignore_ascii_case(bare))
    };
    let mut found: Vec<_> = all.iter().filter(fits).collect();
    if found.is_empty() {
        found = all.iter().filter(|one| one.platform == given).collect();
    }
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Problem::block(
            Code::AccountUnknown,
            format!("No disconnected channel is called \"{given}\"."),
        )),
        several => {
            let names: Vec<_> = several.iter().map(|one| format!("{} ({})", one.id, one.name)).collect();
            let message = format!("\"{given}\" could be several: {}. Say which by number.", names.join(", "));
            Err(Problem::block(Code::AccountUnknown, message))
        }
    }
}

impl Engine {
    /// Deletes the data of channels that were disconnected long enough ago.
    pub(crate) async fn purge_due(&self) -> Outcome<()> {
        let now = self.clock().now();
        let due = self.read(|sql| purge::due(sql, now))?;
        if due.is_empty() || !self.clock_may_be_trusted() {
            return Ok(());
        }
        let done = self.purge_channels(due).await?;
        tracing::info!(
            removed = done.removed,
            kept = done.kept,
            copies = done.copies,
            "the data of disconnected channels was deleted"
        );
        Ok(())
    }

    /// A clock that is known to be wrong deletes nothing by itself.
    fn clock_may_be_trusted(&self) -> bool {
        self.clock().off_by().is_none()
    }

    /// The copies first: after the queue's own file nothing says any more what to look for in them. And once more after it, for a
    /// copy that was made meanwhile.
    pub(super) async fn purge_channels(&self, ids: Vec<i64>) -> Outcome<Purged> {
        let now = self.clock().now();
        let wanted = ids.clone();
        let channels: Vec<Channel> =
            self.read(|sql| wanted.iter().filter_map(|id| purge::channel(sql, *id).transpose()).collect())?;
        let mut copies = self.purge_copies(channels.clone(), now).await?;
        let (removed, kept) = self
            .write(move |tx| {
                let (mut removed, mut kept) = (0, 0);
                for id in ids {
                    // One that was connected again meanwhile keeps everything.
                    let Some(channel) = sql(purge::channel(tx, id))? else { continue };
                    if let Some(done) = sql(purge::purge(tx, &channel, now))? {
                        removed += done.removed;
                        kept += done.kept;
                    }
                    tx.say(What::Account { id });
                }
                Ok((removed, kept))
            })
            .await?;
        let path = self.store().path().to_path_buf();
        let wiped = tokio::task::spawn_blocking(move || purge::wipe_free_space(&path)).await;
        wiped.map_err(|error| Problem::internal(&error.into()))??;
        copies += self.purge_copies(channels, now).await?;
        self.forget_media(now).await?;
        Ok(Purged { removed, kept, copies })
    }

    async fn purge_copies(&self, channels: Vec<Channel>, now: Timestamp) -> Outcome<usize> {
        let path = self.store().path().to_path_buf();
        let done = tokio::task::spawn_blocking(move || purge::purge_copies(&path, &channels, now)).await;
        done.map_err(|error| Problem::internal(&error.into()))?
    }
}
