//! After a queue was put back (`store/restored.rs`): the platforms are asked what came since, before anything is sent.
//!
//! What has an id or a memo is looked at under it (`worker`). The rest waits until its channel's list of new posts was read: once for a
//! channel, however many posts wait. Only a list that reaches back and holds nothing that could be the post lets it go out. Also here:
//! the counter in the vault, which recognises a whole folder that was put back.

use super::{Engine, sql};
use crate::platform::{Act, later};
use crate::platform::{Fault, Found, Job, Recent, Stage, Step};
use crate::problem::{Code, Outcome, Problem};
use crate::queue::{self, Asked, Ticket};
use crate::store::account::{self, Account, AccountState};
use crate::store::attempt::Attempt;
use crate::store::delivery::MustAsk;
use crate::store::{app, delivery, generation, media, post, restored};
use crate::worker::Desk;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A list may lag behind: what was posted in the moment before the queue was put back is given this long to show.
const LAG: Duration = Duration::from_secs(20);
/// Between two words to the vault about the queue's counter, while things are sent.
const TELL_THE_VAULT: Duration = Duration::from_secs(30);
/// How long a stop waits for the vault.
const VAULT_WAITS: Duration = Duration::from_secs(2);
/// The counter's name in the vault.
const GENERATION: &str = "generation";
/// Until a platform that could not be asked is asked again.
const AGAIN: Duration = Duration::from_secs(60);
/// Our clock and theirs may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// So many answers of one list; a list that goes on is not read to its end.
const PAGES: usize = 20;
/// Lengths are told in seconds, and measured by two programs.
const LENGTH_MS: u64 = 2_000;

impl Engine {
    /// Holds the database against the vault's counter, and raises it for this run. A vault that can't be asked now (locked, absent, or
    /// none that outlives the folder) says nothing: the file beside the database has been compared already.
    pub(super) async fn begin_generation(&self, now: Timestamp) -> Outcome<u64> {
        let kept = self.vaults_generation().await.unwrap_or(0);
        let raised = self
            .inner
            .store
            .write(move |tx| {
                let mine = sql(generation::of_database(tx))?;
                if kept > mine {
                    tracing::warn!("the data folder is older than its counter in the keychain; posts are asked about first");
                    sql(restored::mark(tx, restored::PutBack::RolledBack, kept.saturating_add(1)))?;
                }
                generation::raise(tx, now)
            })
            .await?;
        self.inner.store.keep_generation(raised).await?;
        Ok(raised)
    }

    /// The vault file lies in the folder and is put back with it, so it is no witness.
    fn has_witness(&self) -> bool {
        self.inner.secrets.vault().kind() != crate::vault::VaultKind::File
    }

    async fn vaults_generation(&self) -> Option<u64> {
        let vault = self.inner.secrets.vault();
        if !self.has_witness() || vault.check().await.is_err() {
            return None;
        }
        let bytes = self.inner.secrets.value(GENERATION).await.ok()??;
        std::str::from_utf8(bytes.expose()).ok()?.parse().ok()
    }

    /// Writes the counter to the vault, unless that can't be asked now: then the next time does.
    pub(super) async fn witness(&self, generation: u64) {
        let vault = self.inner.secrets.vault();
        if !self.has_witness() || vault.check().await.is_err() {
            return;
        }
        if let Err(fault) = self.inner.secrets.keep_value(GENERATION, generation.to_string().as_bytes()).await
        {
            tracing::debug!(code = fault.code(), "the keychain did not take the queue's counter");
        }
    }

    /// Does something wait for a list?
    pub(super) fn has_to_ask(&self) -> Outcome<bool> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM delivery INDEXED BY delivery_asked WHERE {WAITS})"
            ))?
            .query_row([], |row| row.get(0))
        })
    }

    /// Asks every channel of which something waits, once. Returns when to try again what could not be asked.
    pub(super) async fn ask_what_came(&self) -> Outcome<Option<Timestamp>> {
        let rows: Vec<(i64, i64)> = self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT account_id, id FROM delivery INDEXED BY delivery_asked WHERE {WAITS} ORDER BY account_id, due_at, id"
            ))?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
        })?;
        let mut by_account: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (account, id) in rows {
            by_account.entry(account).or_default().push(id);
        }
        let mut again = None;
        for (account, ids) in by_account {
            let Some(account) = self.read(|sql| account::get(sql, account))? else { continue };
            match self.ask_one(&account, &ids).await {
                Ok(true) => {}
                Ok(false) => again = Some(later(self.clock().now(), AGAIN)),
                Err(problem) => return Err(problem),
            }
        }
        Ok(again)
    }

    /// Asks one channel about these deliveries. False: it could not be asked now.
    async fn ask_one(&self, account: &Account, ids: &[i64]) -> Outcome<bool> {
        let platform = self.platform(&account.platform)?.clone();
        let Some(app) = self.read(|sql| app::get(sql, account.app))? else { return Ok(false) };
        let known = account.for_job(app.for_job(platform.facts()));
        let name = platform.facts().name;
        let mut since = self.read(restored::since)?.unwrap_or_default();
        for id in ids {
            let began = self.read(|sql| delivery::get(sql, *id))?.and_then(|row| row.began_at);
            since = began.map_or(since, |began| began.min(since));
        }
        let since = since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let heard = if platform.recent(&known, since, None).is_none() {
            Err(format!("{name} can't be asked which posts a channel has."))
        } else if account.state != AccountState::Ok {
            // After the next sign-in.
            return Ok(account.state == AccountState::Gone);
        } else {
            match self.whats_new(account, &platform, since).await {
                Ok(found) => Ok(found),
                Err(problem) if passes(problem.code) => return Ok(false),
                Err(problem) => Err(problem.detail.unwrap_or(problem.message)),
            }
        };
        for id in ids {
            let asked = match &heard {
                Ok(found) => self.held_against(*id, found)?,
                Err(why) => Asked::Unclear(why.clone()),
            };
            let (id, now) = (*id, self.clock().now());
            self.write(move |tx| queue::answered(tx, id, &asked, now)).await?;
        }
        Ok(true)
    }

    /// All that came to the channel since then and is no post that this queue knows.
    async fn whats_new(
        &self,
        account: &Account,
        platform: &std::sync::Arc<dyn crate::platform::AnyPlatform>,
        since: Timestamp,
    ) -> Outcome<Vec<Found>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let place = cursor.clone();
            let reply = crate::api::heard(self, account, platform, &|known| {
                platform.recent(known, since, place.as_deref())
            })
            .await?;
            let Recent { found, next } = platform
                .recently(&account.for_job(Default::default()), since, cursor.as_deref(), &reply)
                .map_err(|fault| crate::api::fault_problem(fault, account, platform))?;
            for one in found {
                // Another list of the same account may say more of it.
                match all.iter_mut().find(|known: &&mut Found| known.remote.id == one.remote.id) {
                    Some(known) => {
                        known.size = known.size.or(one.size);
                        known.duration_ms = known.duration_ms.or(one.duration_ms);
                    }
                    None => all.push(one),
                }
            }
            match next {
                Some(next) => cursor = Some(next),
                None => {
                    let ids = account.id;
                    let known: Vec<String> = self.read(|sql| {
                        sql.prepare_cached(
                            "SELECT remote_id FROM delivery WHERE account_id = ?1 AND remote_id IS NOT NULL",
                        )?
                        .query_map([ids], |row| row.get(0))?
                        .collect()
                    })?;
                    all.retain(|one| !known.contains(&one.remote.id));
                    return Ok(all);
                }
            }
        }
        Err(Problem::block(Code::Unsure, "More posts came since than can be read."))
    }

    fn held_against(&self, id: i64, found: &[Found]) -> Outcome<Asked> {
        let Some((row, post, media)) = self.read(|sql| {
            let Some(row) = delivery::get(sql, id)? else { return Ok(None) };
            let Some(post) = post::get(sql, row.post)? else { return Ok(None) };
            Ok(media::get(sql, post.media)?.map(|media| (row, post, media)))
        })?
        else {
            return Ok(Asked::Unclear("its post is not there".into()));
        };
        let words = row.words.clone().unwrap_or(post.words);
        let mine = Mine { size: media.probe.size, duration_ms: media.probe.duration_ms, words };
        let may_be: Vec<&str> =
            found.iter().filter(|one| mine.may_be(one)).map(|one| one.remote.url.as_str()).take(5).collect();
        Ok(match may_be.as_slice() {
            [] => Asked::NotThere,
            some => Asked::Unclear(format!("This may be it: {}", some.join(" "))),
        })
    }

    /// A fault of a look under an id or a memo, where beginning anew could make a second post. Returns whether it was dealt with.
    pub(super) async fn looked_in_vain(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        fault: &Fault,
        line: &mut Option<Attempt>,
    ) -> Outcome<bool> {
        let looks = ticket.errand.is_none() && ticket.delivery.must_ask == MustAsk::Look;
        let anew = matches!(fault, Fault::Lost { .. } | Fault::Failed(_));
        if !looks || !anew || desk.job.remote.is_some() {
            return Ok(false);
        }
        let (again, line, now) = (ticket.clone(), line.take(), self.clock().now());
        self.write(move |tx| queue::ask_the_list(tx, &again, line, now)).await?;
        Ok(true)
    }
}

/// What a run does about it: the questions, one round at a time, and the counter by which the next one will be recognised.
pub(super) struct AfterRestore {
    engine: Engine,
    asking: Option<JoinHandle<Outcome<Option<Timestamp>>>>,
    /// Not before this.
    ask_at: Timestamp,
    /// What the vault was last told, and when.
    told: (u64, Timestamp),
    telling: Option<JoinHandle<()>>,
}

impl AfterRestore {
    pub(super) fn new(engine: &Engine, generation: u64, now: Timestamp) -> AfterRestore {
        let ask_at = later(now, LAG);
        let mut new =
            AfterRestore { engine: engine.clone(), asking: None, ask_at, told: (0, now), telling: None };
        new.tell_the_vault(generation, now);
        new
    }

    /// Begins to ask what has to be asked, and says when to look again.
    pub(super) async fn look(&mut self, paused: bool, now: Timestamp) -> Outcome<Option<Timestamp>> {
        if now >= later(self.told.1, TELL_THE_VAULT) {
            let generation = self.engine.read(generation::of_database)?;
            self.tell_the_vault(generation, now);
        }
        if self.asking.as_ref().is_some_and(JoinHandle::is_finished)
            && let Some(asking) = self.asking.take()
        {
            self.ask_at = match asking.await {
                Ok(Ok(again)) => again.unwrap_or(now),
                Ok(Err(problem)) => {
                    tracing::warn!(code = %problem.code.as_str(), "the platforms could not be asked what came");
                    later(now, LAG)
                }
                Err(_) => later(now, LAG),
            };
        }
        if self.asking.is_some() || paused || !self.engine.has_to_ask()? {
            return Ok(None);
        }
        if now < self.ask_at {
            return Ok(Some(self.ask_at));
        }
        let engine = self.engine.clone();
        self.asking = Some(tokio::spawn(async move {
            let asked = engine.ask_what_came().await;
            engine.nudge();
            asked
        }));
        Ok(None)
    }

    fn tell_the_vault(&mut self, generation: u64, now: Timestamp) {
        if !self.telling.as_ref().is_none_or(JoinHandle::is_finished) {
            return;
        }
        let told = std::mem::replace(&mut self.told, (generation, now));
        if told.0 != generation {
            let engine = self.engine.clone();
            self.telling = Some(tokio::spawn(async move { engine.witness(generation).await }));
        }
    }

    /// The vault's counter follows what was sent, unless the vault has to be waited for.
    pub(super) async fn end(&mut self) {
        if let Some(telling) = self.telling.take() {
            let _ = tokio::time::timeout(VAULT_WAITS, telling).await;
        }
        if let Ok(generation) = self.engine.read(generation::of_database)
            && generation != self.told.0
        {
            let _ = tokio::time::timeout(VAULT_WAITS, self.engine.witness(generation)).await;
        }
    }
}

impl Drop for AfterRestore {
    fn drop(&mut self) {
        if let Some(asking) = self.asking.take() {
            asking.abort();
        }
    }
}

/// Which deliveries wait for a list; `must_ask <> 0` names the index.
const WAITS: &str = "must_ask <> 0 AND must_ask = 2 AND claim IS NULL AND state NOT IN ('draft', 'stuck', 'published', 'cancelled')";

/// Passes by itself: asked again.
fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::Offline
            | Code::PlatformDown
            | Code::SignInNeeded
            | Code::RateLimited
            | Code::QuotaSpent
            | Code::AccountLimit
            | Code::KeychainLocked
            | Code::KeychainAbsent
            | Code::KeychainBroken
            | Code::WrongVault
            | Code::DiskFull
            | Code::NotNow
    )
}

/// Would this step send something new, though nothing showed yet that it is not there?
pub(crate) fn sends_more(next: &Step<Vec<u8>>, job: &Job) -> bool {
    match &next.act {
        Act::Send(call) => call.is_upload() || matches!(next.stage, Stage::Opening | Stage::Publishing),
        // Bytes that wait here for their minute: whether they were released meanwhile was not asked.
        Act::Ready { .. } => true,
        Act::Wait(_) | Act::Nothing => false,
        Act::HandedOver { .. } | Act::ToFinish { .. } | Act::Done(_) => job.remote.is_none(),
    }
}

/// What a delivery would be at its platform.
struct Mine {
    size: u64,
    duration_ms: Option<u64>,
    words: crate::platform::Words,
}

impl Mine {
    /// Not proven to be another one. Words may have been changed since; only the video itself tells, where the platform says enough.
    fn may_be(&self, found: &Found) -> bool {
        let another = match (found.size, found.duration_ms, self.duration_ms) {
            (Some(size), _, _) => size != self.size,
            (None, Some(theirs), Some(ours)) => theirs.abs_diff(ours) > LENGTH_MS,
            _ => false,
        };
        if !another {
            return true;
        }
        // Another file under the same title (the file may have been replaced), or the same caption where there are no titles.
        let same = |one: &str, other: &str| {
            !one.trim().is_empty() && one.split_whitespace().eq(other.split_whitespace())
        };
        let titled = !found.words.title.trim().is_empty() && !self.words.title.trim().is_empty();
        match titled {
            true => same(&found.words.title, &self.words.title),
            false => same(&found.words.caption, &self.words.caption),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Remote, Words};

    fn found(title: &str, size: Option<u64>, duration_ms: Option<u64>) -> Found {
        Found {
            remote: Remote { id: "1".into(), url: "https://example.com/1".into() },
            words: Words { title: title.into(), caption: "as told".into() },
            size,
            duration_ms,
        }
    }

    #[test]
    fn only_proof_of_another_video_counts_as_not_there() {
        let mine = Mine {
            size: 1_000,
            duration_ms: Some(12_000),
            words: Words { title: "Bread".into(), caption: "as told".into() },
        };
        for (title, size, duration, may_be) in [
            ("Bread", None, None, true),
            ("Cake", None, None, true),
            ("Cake", Some(1_000), Some(30_000), true),
            ("Cake", Some(1_001), None, false),
            ("Cake", None, Some(13_000), true),
            ("Cake", None, Some(30_000), false),
            (" Bread ", Some(2_000), Some(30_000), true),
            ("", Some(2_000), None, true),
        ] {
            assert_eq!(mine.may_be(&found(title, size, duration)), may_be, "{title} {size:?} {duration:?}");
        }
    }
}
