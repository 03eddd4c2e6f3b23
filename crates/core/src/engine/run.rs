//! The loop: what may begin now is claimed and worked on; then sleep until the earliest thing to do, or a nudge.
//!
//! The row is the truth and a timer only a hint (C11): the table is asked at start, on every nudge, on wake, on a clock jump, on a
//! change of zone data, on network return, when another process wrote, and at least every twenty seconds.

use super::maintenance::Work;
use super::restored::AfterRestore;
use super::{Engine, settle};
use crate::clock::Reading;
use crate::clock::net::NetNotice;
use crate::clock::watch::{self, ClockNotice};
use crate::platform::GoesOut;
use crate::problem::{Code, Outcome, Problem};
use crate::queue::{self, Lane, Minute, Ticket};
use crate::settings::Settings;
use crate::store::account::{self, AccountState};
use crate::store::hold::{self, Hold};
use crate::store::setting;
use crate::wire::Gauge;
use crate::worker;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Longest sleep between two looks at the table.
const LOOK: Duration = Duration::from_secs(20);
/// Small requests under way at once.
const MOST_LIGHT: usize = 64;
/// After-steps, edits and retractions among them: their files may wait for the bandwidth limit, and a minute must not wait for them.
const MOST_ERRANDS: usize = 32;
/// Uploads beyond the slots while their minute presses: what holds the slots may be slow for hours.
const RESERVE: usize = 3;

/// When a run ends.
#[derive(Clone, Debug)]
pub enum Until {
    Stopped(CancellationToken),
    /// When nothing is left that this computer must be awake for, or when stopped.
    Idle(CancellationToken),
}

impl Until {
    fn token(&self) -> &CancellationToken {
        match self {
            Until::Stopped(token) | Until::Idle(token) => token,
        }
    }
}

/// One piece of work under way in this process.
struct Running {
    account: i64,
    delivery: i64,
    heavy: bool,
    errand: bool,
    /// When its minute presses, if it has one.
    minute: Option<Minute>,
    /// It began after the user asked to cancel: it is the cancelling itself.
    cancels: bool,
    gauge: Arc<Gauge>,
}

struct Runner {
    engine: Engine,
    boot: i64,
    running: HashMap<u64, Running>,
    tasks: JoinSet<u64>,
    next_key: u64,
    /// Since when posts go out: the start, the end of a suspend or of a pause.
    awake_since: Timestamp,
    /// The same for channels whose sign-in came back since.
    back_since: HashMap<i64, Timestamp>,
    looked: Reading,
    /// `Clock::changes` that were acted upon.
    clock_seen: Option<u64>,
    lanes: Vec<Lane>,
    blocked: Vec<i64>,
    /// Channels that are disconnected, or wait for a new sign-in: nothing of theirs is done.
    signed_out: Vec<i64>,
    holds_end: Option<Timestamp>,
    settings: Settings,
    window_ends: Option<Timestamp>,
    after_restore: AfterRestore,
}

impl Engine {
    /// Runs the queue until told to stop, or until idle. Takes the instance lock for as long.
    pub async fn run(&self, until: Until) -> Outcome<()> {
        let _lock = self.lock().await?;
        if let Some(problem) = self.inner.store.trouble().filter(ends_the_run) {
            return Err(problem);
        }
        let now = self.inner.clock.now();
        let boot = new_boot();
        crate::store::sweep_halves(self.inner.store.path());
        let backed_up = self.inner.store.is_backed_up();
        let generation = self.begin_generation(now).await?;
        let released = self.write(move |tx| queue::release_dead(tx, boot, now)).await?;
        if released > 0 {
            tracing::info!(released, "went on with what an earlier run had begun");
        } else if backed_up {
            // The bookkeeping of a start is nothing that a copy would be made for.
            self.inner.store.counts_as_backed_up();
        }
        self.reckon_instants_anew().await?;
        self.undo_an_earlier_clock().await?;
        // A queue that runs for a minute a day must come to this, too. What fails here is tried again every hour.
        if let Err(problem) = self.purge_due().await {
            tracing::warn!(code = %problem.code.as_str(), "the data of disconnected channels could not be deleted yet");
        }
        let maintenance = super::maintenance::start(self).await;
        let mut runner = Runner {
            engine: self.clone(),
            boot,
            running: HashMap::new(),
            tasks: JoinSet::new(),
            next_key: 0,
            awake_since: now,
            back_since: HashMap::new(),
            looked: self.inner.clock.reading(),
            clock_seen: None,
            lanes: Vec::new(),
            blocked: Vec::new(),
            signed_out: Vec::new(),
            holds_end: None,
            settings: Settings::default(),
            window_ends: None,
            after_restore: AfterRestore::new(self, generation, now),
        };
        let ended = runner.run(&until).await;
        runner.wind_down().await;
        if let Some(maintenance) = maintenance {
            maintenance.stop().await;
        }
        ended
    }

    /// Wall times are the plan and instants are derived: when zone data changed since last time, derive them again (C36).
    async fn reckon_instants_anew(&self) -> Outcome<()> {
        let broke = |_| Problem::block(Code::Internal, "Reading the zone data broke.");
        let (known, stamped) =
            self.read(|sql| Ok((setting::meta(sql, "zone_data")?, setting::meta(sql, "zone_files")?)))?;
        // All zones are read only when a file of theirs changed: at every start that cost more than all else of it.
        let stamp = tokio::task::spawn_blocking(crate::schedule::zone_data_stamp).await.map_err(broke)?;
        let seen = |version: &str| stamp.as_ref().map(|stamp| format!("{stamp} {version}"));
        if stamped.is_some() && stamped == known.as_deref().and_then(seen) {
            return Ok(());
        }
        let version = tokio::task::spawn_blocking(crate::schedule::zone_data_version).await.map_err(broke)?;
        let is_same = known.as_deref() == Some(version.as_str());
        if is_same && stamp.is_none() {
            return Ok(());
        }
        let (now, first, seen) = (self.inner.clock.now(), known.is_none(), seen(&version));
        self.write(move |tx| {
            // The first run has nothing older than itself to correct.
            let moved = if first || is_same { 0 } else { crate::api::re_derive(tx, now)? };
            if moved > 0 {
                tracing::info!(moved, "zone data changed; planned times were derived again");
            }
            if let Some(seen) = seen {
                setting::set_meta(tx, "zone_files", &seen)?;
            }
            setting::set_meta(tx, "zone_data", &version)
        })
        .await
    }
}

impl Runner {
    async fn run(&mut self, until: &Until) -> Outcome<()> {
        let engine = self.engine.clone();
        let clock = engine.inner.clock.clone();
        let mut clock_notices = crate::clock::watch::watch(clock.clone());
        let mut net_notices = crate::clock::net::watch_net(clock.clone());
        loop {
            if until.token().is_cancelled() {
                return Ok(());
            }
            let wake = match self.look().await {
                Ok(wake) => wake,
                // A full disk or a busy file: nothing was begun; look again soon.
                Err(problem) => {
                    if ends_the_run(&problem) {
                        return Err(problem);
                    }
                    tracing::warn!(code = %problem.code.as_str(), "the queue could not be read or written");
                    later_by(clock.now(), Duration::from_secs(2))
                }
            };
            if matches!(until, Until::Idle(_)) && self.running.is_empty() && self.is_idle()? {
                return Ok(());
            }
            tokio::select! {
                () = until.token().cancelled() => return Ok(()),
                () = engine.inner.nudge.notified() => {}
                () = clock.sleep_until(wake) => {}
                () = clock.changed() => {}
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => self.finished(done),
                () = engine.inner.store.elsewhere() => {}
                notice = clock_notices.recv() => self.clock_said(notice).await,
                notice = net_notices.recv() => self.net_said(notice).await,
            }
            while let Some(done) = self.tasks.try_join_next() {
                self.finished(done);
            }
        }
    }

    /// One look at the table: begins what may begin, and says when to look again.
    async fn look(&mut self) -> Outcome<Timestamp> {
        let reading = self.engine.inner.clock.reading();
        let now = reading.wall;
        // A sleep until a minute that passed in suspend ends at the same moment as the suspend; the notice of it may come later.
        let before = std::mem::replace(&mut self.looked, reading);
        self.heed_time(watch::compare(before, reading), now);
        let moved = watch::trusted_moved(before, reading);
        let changes = self.engine.clock().changes();
        if self.clock_seen != Some(changes) || moved.abs() >= watch::JUMP {
            self.engine.time_changed(moved).await?;
            self.clock_seen = Some(changes);
        }
        // A file that is gone, was replaced or is damaged is no ground to send anything on.
        if let Some(problem) = self.engine.inner.store.trouble().filter(ends_the_run) {
            return Err(problem);
        }
        self.read_the_house(now)?;
        self.heed_wishes()?;
        self.mark_pressing(now);
        let asks = self.after_restore.look(self.settings.paused, now).await?;
        if !self.settings.paused {
            self.begin_light(now).await?;
            self.begin_heavy(now).await?;
        }
        let next = if self.settings.paused {
            None
        } else {
            let pressing = self.begin_pressing(now).await?;
            // A lane without a slot is looked at again when a slot is free, and so is small work.
            let lanes = if self.slots() == 0 { Vec::new() } else { self.free_lanes() };
            let (light, errands) = self.small_room();
            let next = self.engine.read(|sql| {
                let light = if light > 0 { queue::next_light(sql, &self.blocked)? } else { None };
                let errand = if errands > 0 { queue::next_errand(sql, &self.blocked)? } else { None };
                Ok([queue::next_heavy(sql, &lanes)?, light, errand])
            })?;
            next.into_iter().flatten().chain(pressing).min()
        };
        let ends = [next, asks, self.holds_end, self.window_ends, Some(later_by(now, LOOK))];
        // Never a busy loop, whatever the table says.
        Ok(ends.into_iter().flatten().min().unwrap_or(now).max(later_by(now, Duration::from_millis(1))))
    }

    /// What was due while we slept was missed, and is asked about by each account's rule (C17). A clock that was set is no sleep; where
    /// another time is trusted, what is due by it was missed, and nothing that is still to come.
    fn heed_time(&mut self, notice: Option<ClockNotice>, now: Timestamp) {
        match notice {
            Some(ClockNotice::Suspended { .. }) => self.awake_since = now,
            Some(ClockNotice::Corrected { by }) if !by.is_negative() => self.awake_since = now,
            Some(ClockNotice::Corrected { .. }) => {
                self.awake_since = self.awake_since.min(now);
                self.back_since.values_mut().for_each(|since| *since = (*since).min(now));
            }
            Some(ClockNotice::Jumped { .. } | ClockNotice::ZonesChanged) | None => {}
        }
    }

    /// Settings, accounts and holds as they are now.
    fn read_the_house(&mut self, now: Timestamp) -> Outcome<()> {
        let (settings, accounts, holds) = self.engine.read(|sql| {
            Ok((setting::get::<Settings>(sql, Settings::KEY)?, account::all(sql)?, hold::all(sql)?))
        })?;
        let signed_out = self.engine.read(account::signed_out)?;
        self.back_since
            .extend(self.signed_out.iter().filter(|id| !signed_out.contains(id)).map(|id| (*id, now)));
        self.signed_out = signed_out;
        match crate::throttle::rule::limit_at(&settings.bandwidth, now) {
            Ok(in_force) => {
                self.engine.inner.throttle.set_limit(in_force.limit.for_throttle());
                self.window_ends = Some(in_force.until);
            }
            Err(_) => self.window_ends = None,
        }
        // What became due while everything was paused was missed as if this computer had been off (C17).
        if self.settings.paused && !settings.paused {
            self.awake_since = now;
        }
        self.settings = settings;
        let active: Vec<Hold> = holds.into_iter().filter(|hold| hold.until > now).collect();
        self.holds_end = active.iter().map(|hold| hold.until).min();
        (self.lanes, self.blocked) = (Vec::new(), self.signed_out.clone());
        for account in accounts {
            let mut of_it = active.iter().filter(|hold| hold.is_of(account.id, account.app)).peekable();
            let may_open = of_it.peek().is_none();
            if account.state != AccountState::Ok {
                continue;
            }
            if of_it.any(Hold::is_whole) {
                self.blocked.push(account.id);
            } else {
                let facts = self.engine.platform(&account.platform).map(|platform| platform.facts());
                let processing_s_per_min = facts.map_or(0, |facts| facts.processing_s_per_min);
                self.lanes.push(Lane { account: account.id, may_open, processing_s_per_min });
            }
        }
        Ok(())
    }

    /// Pause and cancel, asked for here or in another process, reach what is under way.
    fn heed_wishes(&self) -> Outcome<()> {
        if self.running.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = self.running.values().map(|running| running.delivery).collect();
        let asked: Vec<i64> = self.engine.read(|sql| {
            sql.prepare_cached(
                "SELECT id FROM delivery WHERE id IN (SELECT value FROM json_each(?1)) AND (paused = 1 OR cancelling = 1)",
            )?
            .query_map([crate::store::delivery::text(&ids)], |row| row.get(0))?
            .collect()
        })?;
        for running in self.running.values() {
            let asked = asked.contains(&running.delivery) && !running.cancels;
            let signed_out = self.signed_out.contains(&running.account);
            if self.settings.paused && running.heavy || asked || signed_out {
                running.gauge.stop();
            }
        }
        Ok(())
    }

    fn slots(&self) -> usize {
        usize::from(self.settings.parallel_uploads.max(1)).saturating_sub(self.uploads())
    }

    fn uploads(&self) -> usize {
        self.running.values().filter(|running| running.heavy).count()
    }

    /// Whose minute presses goes first on the line.
    fn mark_pressing(&self, now: Timestamp) {
        for running in self.running.values() {
            running.gauge.set_pressing(running.minute.is_some_and(|minute| minute.presses(now)));
        }
    }

    fn free_lanes(&self) -> Vec<Lane> {
        let busy =
            |account: i64| self.running.values().any(|running| running.heavy && running.account == account);
        self.lanes.iter().copied().filter(|lane| !busy(lane.account)).collect()
    }

    /// How many small requests and how many errands may begin.
    fn small_room(&self) -> (usize, usize) {
        let errands = self.running.values().filter(|running| running.errand).count();
        let light = self.running.values().filter(|running| !running.heavy && !running.errand).count();
        (MOST_LIGHT.saturating_sub(light), MOST_ERRANDS.saturating_sub(errands))
    }

    async fn begin_light(&mut self, now: Timestamp) -> Outcome<()> {
        let (light, errands) = self.small_room();
        // A read before the write: most looks find nothing, and a reader disturbs nobody.
        let next = self.engine.read(|sql| {
            let light = if light > 0 { queue::next_light(sql, &self.blocked)? } else { None };
            Ok([light, if errands > 0 { queue::next_errand(sql, &self.blocked)? } else { None }])
        })?;
        if next.into_iter().flatten().all(|next| next > now) {
            return Ok(());
        }
        let (blocked, boot) = (self.blocked.clone(), self.boot);
        let tickets = self
            .engine
            .inner
            .store
            .write(move |tx| {
                let mut tickets = queue::claim_light(tx, &blocked, now, boot, light)?;
                tickets.extend(queue::claim_errands(tx, &blocked, now, boot, errands)?);
                Ok(tickets)
            })
            .await?;
        for ticket in tickets {
            self.begin(ticket, false);
        }
        Ok(())
    }

    async fn begin_heavy(&mut self, now: Timestamp) -> Outcome<()> {
        while self.slots() > 0 {
            let (lanes, boot) = (self.free_lanes(), self.boot);
            let next = self.engine.read(|sql| {
                lanes.iter().try_fold(false, |found, lane| {
                    Ok(found
                        || queue::next_wake(sql, std::slice::from_ref(lane), &[])?
                            .is_some_and(|next| next <= now))
                })
            })?;
            if !next {
                break;
            }
            let claimed =
                self.engine.inner.store.write(move |tx| queue::claim_heavy(tx, &lanes, now, boot)).await?;
            let Some(ticket) = claimed else { break };
            self.begin(ticket, true);
        }
        Ok(())
    }

    /// Begins what would miss its minute if it waited for its lane or for a slot; says when the next one will press.
    async fn begin_pressing(&mut self, now: Timestamp) -> Outcome<Option<Timestamp>> {
        let most = usize::from(self.settings.parallel_uploads.max(1)) + RESERVE;
        loop {
            // A lane that is free and has a slot was served already.
            let free = if self.slots() > 0 { self.free_lanes() } else { Vec::new() };
            let lanes: Vec<Lane> = self.lanes.iter().copied().filter(|lane| !free.contains(lane)).collect();
            if lanes.is_empty() || self.uploads() >= most {
                return Ok(None);
            }
            let found = self.engine.read(|sql| queue::pressing(sql, &lanes, now))?;
            if found.now.is_none() {
                return Ok(found.next);
            }
            let boot = self.boot;
            let claim = move |tx: &mut crate::store::Tx| queue::claim_pressing(tx, &lanes, now, boot);
            let Some(ticket) = self.engine.inner.store.write(claim).await? else { return Ok(found.next) };
            self.begin(ticket, true);
        }
    }

    /// When the minute of a delivery presses. Of small requests only those may bring bytes that are made at the minute.
    fn minute_of(&self, ticket: &Ticket, heavy: bool) -> Option<Minute> {
        if ticket.errand.is_some() || !(heavy || ticket.delivery.goes_out == GoesOut::AtTheMinute) {
            return None;
        }
        let lane = self.lanes.iter().find(|lane| lane.account == ticket.delivery.account);
        let processing = lane.map_or(0, |lane| lane.processing_s_per_min);
        // Without it the upload is sent all the same.
        self.engine.read(|sql| queue::minute_of(sql, ticket.delivery.id, processing)).ok().flatten()
    }

    fn begin(&mut self, ticket: Ticket, heavy: bool) {
        let key = self.next_key;
        self.next_key += 1;
        let gauge = Arc::new(Gauge::default());
        let (account, delivery, errand) =
            (ticket.delivery.account, ticket.delivery.id, ticket.errand.is_some());
        let minute = self.minute_of(&ticket, heavy);
        gauge.set_pressing(minute.is_some_and(|minute| minute.presses(self.engine.inner.clock.now())));
        if ticket.errand.is_none() {
            self.engine.gauges().insert(delivery, gauge.clone());
        }
        let cancels = ticket.delivery.cancelling;
        let running = Running { account, delivery, heavy, errand, minute, cancels, gauge: gauge.clone() };
        self.running.insert(key, running);
        let back = self.back_since.get(&account).copied().unwrap_or(self.awake_since);
        let (engine, awake_since) = (self.engine.clone(), self.awake_since.max(back));
        self.tasks.spawn(async move {
            worker::work(engine, ticket, gauge, awake_since).await;
            key
        });
    }

    fn finished(&mut self, done: Result<u64, tokio::task::JoinError>) {
        // `work` catches panics of its own; a join error is a runtime that is being torn down.
        let Ok(key) = done else { return };
        if let Some(running) = self.running.remove(&key) {
            let mut gauges = self.engine.gauges();
            if gauges.get(&running.delivery).is_some_and(|gauge| Arc::ptr_eq(gauge, &running.gauge)) {
                gauges.remove(&running.delivery);
            }
        }
    }

    async fn clock_said(&mut self, notice: Result<ClockNotice, RecvError>) {
        let Ok(notice) = notice else { return };
        tracing::info!(?notice, "the clock was looked at again");
        let now = self.engine.inner.clock.now();
        self.heed_time(Some(notice), now);
        if notice == ClockNotice::ZonesChanged
            && let Err(problem) = self.engine.reckon_instants_anew().await
        {
            tracing::warn!(code = %problem.code.as_str(), "planned times could not be derived again");
        }
    }

    async fn net_said(&mut self, notice: Result<NetNotice, RecvError>) {
        if !matches!(notice, Ok(NetNotice::Online)) {
            return;
        }
        let now = self.engine.inner.clock.now();
        let woken = self.engine.write(move |tx| settle::network_is_back(tx, now)).await;
        if let Err(problem) = woken {
            tracing::warn!(code = %problem.code.as_str(), "could not go on after the network came back");
        }
    }

    /// Nothing is left that this computer must be awake for: all is published, handed over with its minute still far, or waits for
    /// a person.
    fn is_idle(&self) -> Outcome<bool> {
        let soon = later_by(self.engine.inner.clock.now(), Duration::from_secs(600)).as_millisecond();
        self.engine.read(|sql| {
                let busy: bool = sql
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM delivery JOIN account ON account.id = delivery.account_id \
                           WHERE account.state = 'ok' AND delivery.paused = 0 AND (delivery.state IN ('due', 'working', 'ready', 'parked') \
                             OR (delivery.state = 'handed_over' AND (delivery.due_at <= ?1 OR delivery.must_ask <> 0)))) \
                         OR EXISTS (SELECT 1 FROM errand CROSS JOIN delivery ON delivery.id = errand.delivery_id JOIN account ON account.id = delivery.account_id \
                           WHERE account.state = 'ok' AND errand.state IN ('waiting', 'working') AND coalesce(errand.next_at, 0) <= ?1 \
                             AND (delivery.must_ask = 0 OR delivery.state <> 'stuck'))",
                    )?
                    .query_row([soon], |row| row.get(0))?;
                Ok(!busy)
        })
    }

    /// Stops what is under way and waits for it to lay itself down. What does not in time is released at the next start.
    async fn wind_down(&mut self) {
        for running in self.running.values() {
            running.gauge.end();
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(10), all).await.is_err() {
            self.tasks.abort_all();
        }
        self.engine.gauges().clear();
        if self.engine.inner.store.trouble().is_some_and(|problem| ends_the_run(&problem)) {
            return;
        }
        self.after_restore.end().await;
        // A run that is shorter than the hour in which the recurring work would come leaves a copy, too, where that is quick.
        if self.engine.maintain(Work::LastCopy).await.is_err() {
            tracing::warn!("the daily copy of the queue could not be made");
        }
    }
}

/// Nothing may be sent on the word of a file that is gone, was replaced, or is damaged.
fn ends_the_run(problem: &Problem) -> bool {
    matches!(problem.code, Code::DatabaseMissing | Code::DatabaseCorrupt)
}

fn later_by(now: Timestamp, by: Duration) -> Timestamp {
    crate::platform::later(now, by)
}

fn new_boot() -> i64 {
    let mut bytes = [0; 8];
    // Without randomness the process's number will do: it only has to differ from the last run's.
    if getrandom::fill(&mut bytes).is_err() {
        bytes = i64::from(std::process::id()).to_le_bytes();
    }
    (i64::from_le_bytes(bytes) & i64::MAX).max(1)
}
