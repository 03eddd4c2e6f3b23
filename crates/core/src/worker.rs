//! One claim, from its memo to its end: open the file, begin or resume, write down, send, read, and again.
//!
//! The order is the whole point: memo and count are on disk before a call leaves, and what came back decides the next memo. Not here:
//! what to do about a fault (`engine/settle.rs`), and what to send (`platform`).

mod bearer;
pub(crate) mod job;
mod minute;
mod missed;
mod moving;
mod owner;
mod pace;

use crate::engine::Engine;
use crate::platform::{Act, Auth, Call, Fault, Reply, Stage, Step, Until, Whose, later};
use crate::post::{FINISH_GRACE, HAND_OVER_GRACE, State};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue::{self, Begun, Leave, Ticket};
use crate::secrets::{open_memo, seal_memo, told};
use crate::store::Tx;
use crate::store::attempt::Attempt;
use crate::wire::{Gauge, Sent, request_id};
pub(crate) use bearer::BearerTrouble;
use bearer::{NoBearer, bearer};
use futures_util::FutureExt;
use jiff::Timestamp;
pub(crate) use job::Desk;
use missed::{answers_before_it_commits, answers_for_its_minute};
use moving::Moving;
pub(crate) use owner::{Owners, mended_by_sign_in};
pub(crate) use pace::LastBytes;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// Works on one claim until it rests again. Never fails and never panics: what breaks here sticks this delivery, not the app.
pub(crate) async fn work(engine: Engine, ticket: Ticket, gauge: Arc<Gauge>, awake_since: Timestamp) {
    let driven = AssertUnwindSafe(drive(&engine, &ticket, &gauge, awake_since)).catch_unwind().await;
    let problem = match driven {
        Ok(Ok(())) => return,
        Ok(Err(problem)) => problem,
        Err(_) => Problem::block(
            Code::Internal,
            "Slipway broke while it was at this post. The others go on; look before you retry.",
        ),
    };
    // The claim must come to rest even while the disk is full: try until the queue can be written again.
    loop {
        let (ticket, problem, now) = (ticket.clone(), problem.clone(), engine.clock().now());
        let rested = engine.write(move |tx| crate::engine::broken(tx, &ticket, &problem, now)).await;
        match rested {
            Ok(()) => return,
            Err(_) if gauge.is_stopped() => return,
            Err(_) => tokio::time::sleep(Duration::from_secs(2)).await,
        }
    }
}

async fn drive(engine: &Engine, ticket: &Ticket, gauge: &Arc<Gauge>, awake_since: Timestamp) -> Outcome<()> {
    let mut desk = Desk::open(engine, ticket)?;
    if ticket.from == State::Parked {
        engine.inner.last_bytes.forget(ticket.delivery.id);
    }
    // A minute that has passed decides much: is it this late?
    if desk.job.due.is_some_and(|due| due <= desk.job.now)
        && !minute::time_is_known(engine, ticket, &mut desk, &mut None).await?
    {
        return Ok(());
    }
    if !answers_for_its_minute(engine, ticket, &desk, awake_since).await? {
        return Ok(());
    }
    let memo_key = match told(engine.inner.secrets.memo_key(desk.account.id).await) {
        Ok(Some(key)) => key,
        Ok(None) => {
            return engine
                .settle(ticket, &desk, Fault::SignIn { detail: "nothing in the keychain".into() }, None, None)
                .await;
        }
        Err(problem) => return engine.vault_waits(ticket, &desk, problem).await,
    };
    let files = match desk.open_files(engine, ticket).await {
        Ok(files) => files,
        // The machine's trouble, not the file's: it waits and goes on.
        Err(problem) if problem.code == Code::TooManyFiles => return Err(problem),
        Err(problem) => return engine.stick(ticket, problem, None).await,
    };
    let platform = desk.platform.clone();
    let row = desk.row_name(ticket);
    let mut step = match ticket.memo() {
        None => {
            let (again, revision) = (ticket.clone(), ticket.delivery.revision);
            // Where it has an id at the platform already (a channel that was disconnected and is back), `begin` looks there (C4).
            if ticket.errand.is_none() && ticket.delivery.remote.is_none() {
                engine.inner.store.write(move |tx| queue::begins(tx, &again, revision)).await?;
            }
            platform.begin(&desk.job)
        }
        Some(sealed) => match open_memo(&memo_key, &row, sealed) {
            Some(memo) => platform.resume(&desk.job, memo.expose()),
            None => Err(Fault::Unsure {
                detail: "what was written down about it can't be opened any more".into(),
            }),
        },
    };
    // The line about the last call is written together with the next memo: one flush for both.
    let mut line: Option<Attempt> = None;
    let mut renewed = 0;
    let mut last: Option<(Stage, Option<&'static str>)> = None;
    loop {
        let decided_at = std::mem::replace(&mut desk.job.now, engine.clock().now());
        let next = match step {
            Ok(next) => next,
            Err(fault) => return engine.settle(ticket, &desk, fault, line.take(), last).await,
        };
        let known_before = ticket.errand.is_none() && desk.job.remote.is_some();
        if next.remote.is_some() {
            desk.job.remote = next.remote.clone();
        }
        let sealed = seal_memo(&memo_key, &row, &next.memo);
        if let Some(asked) = wishes(engine, ticket)?
            && finish_wish(engine, ticket, &desk, &next, &sealed, asked, &mut line).await?
        {
            return Ok(());
        }
        let commits = minute::commits(ticket, &next);
        if commits
            && minute::is_held(engine, ticket, &mut desk, &next, &sealed, decided_at, &mut line).await?
        {
            return Ok(());
        }
        match next.act {
            // It has an id at the platform: whatever the protocol says, nothing new is opened for it (C4).
            Act::Send(call) if known_before && (call.is_upload() || next.stage == Stage::Opening) => {
                let detail = "it has an id there already".into();
                return engine.settle(ticket, &desk, Fault::Unsure { detail }, line.take(), last).await;
            }
            Act::Send(call) => {
                // Begun before its minute and taken up again long after it: late is a thing to be asked about, not to happen (C17).
                if commits
                    && ticket.memo().is_some()
                    && ticket.from != State::Ready
                    && !answers_before_it_commits(engine, ticket, &desk, awake_since).await?
                {
                    let (again, written) = (ticket.clone(), line.take());
                    return engine.write(move |tx| flush(tx, &again, written)).await;
                }
                let bucket = call.costs.first().map(|cost| cost.bucket);
                last = Some((next.stage, bucket));
                let stage = next.stage;
                let kept =
                    Kept { memo: next.memo, sealed, stage, remote: next.remote, confirmed: next.confirmed };
                match send(engine, ticket, &desk, &files, gauge, *call, kept, &mut line).await? {
                    Sending::Reply(memo, reply) => step = platform.after(&desk.job, &memo, &reply),
                    Sending::Resume(memo) if renewed < 2 => {
                        renewed += 1;
                        step = platform.resume(&desk.job, &memo);
                    }
                    Sending::Resume(_) => {
                        let detail = "the platform refuses the renewed sign-in".into();
                        return engine
                            .settle(ticket, &desk, Fault::SignIn { detail }, line.take(), last)
                            .await;
                    }
                    Sending::Fault(fault) => {
                        return engine.settle(ticket, &desk, fault, line.take(), last).await;
                    }
                    Sending::Over => return Ok(()),
                }
            }
            act => {
                let rest =
                    Rest { memo: sealed, stage: next.stage, remote: next.remote, confirmed: next.confirmed };
                return rests(engine, ticket, &desk, act, rest, line.take()).await;
            }
        }
    }
}

/// A step about to be sent.
struct Kept {
    memo: Vec<u8>,
    sealed: Vec<u8>,
    stage: Stage,
    remote: Option<crate::platform::Remote>,
    confirmed: Option<u64>,
}

/// What a step leaves behind when nothing is sent now.
struct Rest {
    memo: Vec<u8>,
    stage: Stage,
    remote: Option<crate::platform::Remote>,
    confirmed: Option<u64>,
}

impl Rest {
    fn begun(&self) -> Begun<'_> {
        Begun { memo: &self.memo, stage: self.stage, remote: self.remote.as_ref(), confirmed: self.confirmed }
    }
}

enum Sending {
    /// The memo the call was sent under, and what came back.
    Reply(Vec<u8>, Reply),
    /// The sign-in was renewed half-way through a body: ask how much arrived.
    Resume(Vec<u8>),
    Fault(Fault),
    Over,
}

/// Writes down, sends, and cures one 401. Everything that is not an answer becomes a fault with the memo kept.
#[allow(clippy::too_many_arguments)]
async fn send(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    files: &crate::wire::Files,
    gauge: &Arc<Gauge>,
    call: Call,
    kept: Kept,
    line: &mut Option<Attempt>,
) -> Outcome<Sending> {
    if let Some(wait) =
        engine.inner.rates.wait(desk.platform.facts(), desk.account.id, call.name, engine.clock())
    {
        let name = desk.platform.facts().name;
        let problem = Problem::block(
            Code::RateLimited,
            format!("{name} takes this call only so many times a minute. It goes on by itself."),
        );
        return Ok(Sending::Fault(Fault::Limit { whose: Whose::Delivery, until: Until::For(wait), problem }));
    }
    let mut bearer = match bearer(engine, desk).await {
        Ok(bearer) => bearer,
        Err(NoBearer::Fault(fault)) => return Ok(Sending::Fault(fault)),
        Err(NoBearer::Vault(problem)) => {
            engine.vault_waits(ticket, desk, problem).await?;
            return Ok(Sending::Over);
        }
    };
    let charges = desk.charges(&call.costs, engine.clock().now())?;
    let (again, name, written) = (ticket.clone(), call.name, line.take());
    let (sealed, stage, remote, confirmed) =
        (kept.sealed.clone(), kept.stage, kept.remote.clone(), kept.confirmed);
    let leave = engine
        .inner
        .store
        .write(move |tx| {
            flush(tx, &again, written)?;
            let begun = Begun { memo: &sealed, stage, remote: remote.as_ref(), confirmed };
            queue::act_begins(tx, &again, &begun, name, &charges)
        })
        .await?;
    match leave {
        Leave::Go => {}
        Leave::Spent(bucket) => {
            engine.quota_is_spent(ticket, desk, bucket).await?;
            return Ok(Sending::Over);
        }
        Leave::Gone => return Ok(Sending::Over),
        Leave::Asked => {
            lay_down(engine, ticket, desk, None).await?;
            return Ok(Sending::Over);
        }
    }
    let facts = desk.platform.facts();
    engine.inner.rates.count(facts, desk.account.id, call.name, engine.clock());
    let began = std::time::Instant::now();
    let moving = call.is_upload().then(|| Moving::start(engine, desk, ticket.delivery.id, gauge, &call));
    let mut sent = engine.inner.wire.send(facts.hosts, call.clone(), bearer.as_ref(), files, gauge).await;
    if let (Sent::Reply(reply), Some(known)) = (&sent, bearer.as_ref().filter(|_| call.auth != Auth::None))
        && desk.platform.token_died(reply)
    {
        engine.inner.tokens.spoil(desk.account.id, &known.token);
        match self::bearer::bearer(engine, desk).await {
            Ok(fresh) => {
                bearer = fresh;
                if call.is_upload() {
                    // The platform says how much it kept; a body is never sent again from where we think it broke (C23).
                    *line = Some(history_line(
                        engine,
                        call.name,
                        &call,
                        &sent,
                        began.elapsed(),
                        gauge,
                        kept.confirmed,
                    ));
                    return Ok(Sending::Resume(kept.memo));
                }
                sent = engine.inner.wire.send(facts.hosts, call.clone(), bearer.as_ref(), files, gauge).await;
            }
            Err(NoBearer::Fault(fault)) => return Ok(Sending::Fault(fault)),
            Err(NoBearer::Vault(problem)) => {
                engine.vault_waits(ticket, desk, problem).await?;
                return Ok(Sending::Over);
            }
        }
    }
    let took = began.elapsed();
    if let Some(moving) = moving {
        moving.end(took, &sent).await;
        if matches!(sent, Sent::Reply(_)) {
            engine.inner.last_bytes.answered(ticket.delivery.id, engine.clock());
        }
    }
    *line = Some(history_line(engine, call.name, &call, &sent, took, gauge, kept.confirmed));
    Ok(match sent {
        Sent::Reply(reply) if (500..600).contains(&reply.status) => Sending::Fault(Fault::Again {
            after: reply.retry_after(),
            detail: format!("{} answered {}", call.name, reply.status),
        }),
        Sent::Reply(reply) => {
            engine.heard_well(desk).await?;
            let owner = desk.platform.owner_in(&reply);
            if let Some(other) = owner.filter(|owner| *owner != desk.account.remote_id) {
                engine.answered_for_another(ticket, desk, &other, line.take()).await?;
                return Ok(Sending::Over);
            }
            if let Some(near) = desk.platform.nears_limit(&reply) {
                engine.nears_limit(desk, near).await?;
            }
            Sending::Reply(kept.memo, reply)
        }
        Sent::Offline { detail } => {
            engine.is_offline(ticket, desk, detail, line.take()).await?;
            Sending::Over
        }
        Sent::Cut { detail } => Sending::Fault(Fault::Again { after: None, detail }),
        Sent::File(fault) => {
            let problem = job::media_problem(&fault, &desk.media.path);
            engine.stick(ticket, problem, line.take()).await?;
            Sending::Over
        }
        Sent::Stopped => {
            lay_down(engine, ticket, desk, line.take()).await?;
            Sending::Over
        }
        Sent::Forbidden { host } => {
            let problem = Problem::block(
                Code::HostUnknown,
                format!("Slipway does not speak to {host} for this platform."),
            );
            engine.stick(ticket, problem, line.take()).await?;
            Sending::Over
        }
    })
}

/// A 401 half-way through a body leads to `resume`, which asks how much arrived; all else the engine cannot cure goes to `after`.
fn history_line(
    engine: &Engine,
    name: &str,
    call: &Call,
    sent: &Sent,
    took: Duration,
    gauge: &Gauge,
    confirmed: Option<u64>,
) -> Attempt {
    let (outcome, status, id, detail) = match sent {
        Sent::Reply(reply) => {
            let detail = (reply.status >= 400).then(|| reply.excerpt());
            ("answered", Some(reply.status), request_id(reply), detail)
        }
        Sent::Offline { detail } => ("offline", None, None, Some(detail.clone())),
        Sent::Cut { detail } => ("cut", None, None, Some(detail.clone())),
        Sent::File(fault) => ("file", None, None, Some(fault.to_string())),
        Sent::Stopped => ("stopped", None, None, None),
        Sent::Forbidden { host } => ("refused", None, None, Some(host.clone())),
    };
    Attempt {
        at: engine.clock().now(),
        step: name.into(),
        outcome: outcome.into(),
        status,
        request_id: id,
        sent: call.is_upload().then(|| gauge.sent()),
        confirmed,
        took_ms: Some(took.as_millis().min(u128::from(u64::MAX)) as u64),
        detail: detail.filter(|text| !text.is_empty()),
        ..Attempt::default()
    }
}

pub(crate) fn flush(tx: &mut Tx, ticket: &Ticket, line: Option<Attempt>) -> Outcome<()> {
    line.map_or(Ok(()), |line| queue::act_ended(tx, ticket, line))
}

/// The step asks for no call: where the delivery rests, and until when.
async fn rests(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    act: Act,
    rest: Rest,
    line: Option<Attempt>,
) -> Outcome<()> {
    let now = engine.clock().now();
    let again = ticket.clone();
    if matches!(act, Act::Ready { .. } | Act::HandedOver { .. } | Act::ToFinish { .. }) {
        engine.inner.last_bytes.forget(ticket.delivery.id);
    }
    match act {
        Act::Wait(lasting) => {
            if waits_too_long(ticket, now) {
                return engine.stick(ticket, not_public(desk), line).await;
            }
            let publishes = rest.stage == Stage::Publishing && desk.job.ahead().is_none();
            let until = later(now, lasting.clamp(Duration::from_millis(50), Duration::from_secs(3600)));
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::wait(tx, &again, &rest.begun(), until)?;
                // Its minute is here, and the platform may still keep another one: an edit made since is what it waits for.
                if publishes && again.errand.is_none() {
                    queue::catch_up(tx, again.delivery.id, now)?;
                }
                Ok(())
            };
            engine.write(write).await
        }
        Act::Ready { early } => {
            let due = desk.job.due.unwrap_or(now);
            let at = due.checked_sub(early).unwrap_or(due);
            let revision = ticket.delivery.revision;
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::ready(tx, &again, &rest.begun(), at, revision, now)
            };
            engine.write(write).await
        }
        Act::HandedOver { look } => {
            if waits_too_long(ticket, now) {
                return engine.stick(ticket, not_public(desk), line).await;
            }
            let soon = later(now, look.max(Duration::from_secs(1)));
            let look = desk.job.ahead().map_or(soon, |due| due.min(soon));
            let extras = desk.platform.extras(&desk.job);
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::handed_over(tx, &again, &rest.begun(), look, &extras, now)
            };
            engine.write(write).await
        }
        Act::ToFinish { look, there } => {
            let since = ticket.delivery.due.unwrap_or(ticket.delivery.created_at);
            if ticket.delivery.state == State::ToFinish
                && since.checked_add(FINISH_GRACE).is_ok_and(|end| now > end)
            {
                return engine.stick(ticket, never_finished(desk), line).await;
            }
            let look = later(now, look.max(Duration::from_secs(1)));
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::to_finish(tx, &again, &rest.begun(), look, &there, now)
            };
            engine.write(write).await
        }
        Act::Done(done) => {
            let took = pace::last_byte_to_public(engine, ticket, desk);
            let account = desk.account.id;
            let extras = if ticket.errand.is_none() { desk.platform.extras(&desk.job) } else { Vec::new() };
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                if let Some(took) = took {
                    crate::store::account::add_pace(tx, account, took)?;
                }
                match &again.errand {
                    None => queue::published(tx, &again, &done, &extras, now),
                    Some(_) => queue::errand_done(tx, &again, now),
                }
            };
            engine.write(write).await
        }
        // Handled by the caller, who has the connection for it.
        Act::Send(_) => Err(Problem::block(Code::Internal, "A call was laid aside unsent.")),
    }
}

/// A platform that has the post and does not publish it for hours needs a person's eyes.
fn waits_too_long(ticket: &Ticket, now: Timestamp) -> bool {
    let patience = ticket.delivery.due.and_then(|due| due.checked_add(HAND_OVER_GRACE).ok());
    ticket.errand.is_none()
        && ticket.delivery.state == State::HandedOver
        && patience.is_some_and(|end| now > end)
}

fn never_finished(desk: &Desk) -> Problem {
    let name = desk.platform.facts().name;
    Problem::block(
        Code::NotPublic,
        format!(
            "This post has waited in {name} as a draft for a week. Say that it is there, or post it again."
        ),
    )
    .fix(Fix::Decide)
}

fn not_public(desk: &Desk) -> Problem {
    let name = desk.platform.facts().name;
    Problem::block(Code::NotPublic, format!("{name} has this post but has not made it public, two hours after its minute. Look at it there, then decide."))
        .fix(Fix::Decide)
}

/// What the user asked for while it was being worked on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Pause,
    Cancel,
}

fn wishes(engine: &Engine, ticket: &Ticket) -> Outcome<Option<Wish>> {
    if ticket.errand.is_some() {
        return Ok(None);
    }
    let id = ticket.delivery.id;
    let (paused, cancelling): (bool, bool) = engine.read(|sql| {
        sql.prepare_cached("SELECT paused, cancelling FROM delivery WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
    })?;
    Ok(if cancelling { Some(Wish::Cancel) } else { paused.then_some(Wish::Pause) })
}

/// A pause lays the step down before it opens or sends anything. A cancel goes on asking until it knows: what is there is taken
/// back, and when the platform wants bytes, nothing is there. Returns whether the claim is over.
async fn finish_wish(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    next: &Step<Vec<u8>>,
    sealed: &[u8],
    wish: Wish,
    line: &mut Option<Attempt>,
) -> Outcome<bool> {
    let known = desk.job.remote.is_some();
    // What makes a post of bytes that are no post yet counts as opening: nothing is there before it, and everything after.
    let commits = !known && next.stage == Stage::Publishing;
    let opens =
        matches!(&next.act, Act::Send(call) if call.is_upload() || next.stage == Stage::Opening || commits);
    // Bytes that wait for their minute under no id become a post by nobody but us.
    let waits_unknown = !known && matches!(next.act, Act::Ready { .. });
    let now = engine.clock().now();
    let (again, id) = (ticket.clone(), ticket.delivery.id);
    let rest = Rest {
        memo: sealed.to_vec(),
        stage: next.stage,
        remote: next.remote.clone(),
        confirmed: next.confirmed,
    };
    match wish {
        Wish::Cancel if known && !matches!(next.act, Act::Done(_)) => {
            let written = line.take();
            engine
                .write(move |tx| {
                    flush(tx, &again, written)?;
                    queue::wait(tx, &again, &rest.begun(), now)?;
                    queue::cancel(tx, id, now).map(|_| ())
                })
                .await?;
            Ok(true)
        }
        Wish::Cancel if opens || waits_unknown => {
            let written = line.take();
            engine
                .write(move |tx| {
                    flush(tx, &again, written)?;
                    queue::cancelled(tx, id)
                })
                .await?;
            Ok(true)
        }
        Wish::Pause if opens => {
            let written = line.take();
            engine
                .write(move |tx| {
                    flush(tx, &again, written)?;
                    queue::put_by(tx, &again, &rest.begun(), now)
                })
                .await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

async fn lay_down(engine: &Engine, ticket: &Ticket, _desk: &Desk, line: Option<Attempt>) -> Outcome<()> {
    let (again, now) = (ticket.clone(), engine.clock().now());
    engine
        .write(move |tx| {
            flush(tx, &again, line)?;
            queue::lay_down(tx, &again, now)
        })
        .await
}
