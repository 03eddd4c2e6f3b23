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
mod rests;
mod wishes;

use crate::engine::{Engine, sends_more};
use crate::platform::{Act, Auth, Call, Errand, Fault, Left, Reply, Stage, Until, Whose};
use crate::post::State;
use crate::problem::{Code, Outcome, Problem};
use crate::queue::{self, Begun, Doubt, Leave, Ticket};
use crate::secrets::{open_memo, seal_memo, told};
use crate::store::Tx;
use crate::store::attempt::Attempt;
use crate::store::delivery::MustAsk;
use crate::store::generation;
use crate::wire::{Files, Gauge, Sent, request_id};
pub(crate) use bearer::BearerTrouble;
use bearer::{NoBearer, bearer};
use futures_util::FutureExt;
use jiff::Timestamp;
pub(crate) use job::Desk;
use missed::{answers_before_it_commits, answers_for_its_minute};
use moving::Moving;
pub(crate) use owner::{Owners, mended_by_sign_in};
pub(crate) use pace::LastBytes;
use rests::{Rest, rests, takes_its_minute};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use wishes::{Heeded, Wish, heed, nothing_there, says_nothing_there, wishes};

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
    // Where the queue was put back, its minute is asked about once it is known what is there.
    let only_looks = ticket.errand.is_none() && ticket.delivery.must_ask == MustAsk::Look;
    if !only_looks && !answers_for_its_minute(engine, ticket, &desk, awake_since).await? {
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
    let mut no_file = None;
    let files = match desk.open_files(engine, ticket).await {
        Ok(files) => files,
        // The machine's trouble, not the file's: it waits and goes on.
        Err(problem) if problem.code == Code::TooManyFiles => return Err(problem),
        // What was begun may need no byte any more: its file is missed where one is to be sent.
        Err(problem) if ticket.errand.is_none() && ticket.memo().is_some() => {
            no_file = Some(problem);
            Files::default()
        }
        Err(problem) => return engine.stick(ticket, problem, None).await,
    };
    let platform = desk.platform.clone();
    let row = desk.row_name(ticket);
    // Cancelled, and what was begun may be there under no id: the platform is asked, and nothing is sent.
    let mut withdrawing = ticket.errand.is_none()
        && ticket.delivery.cancelling
        && ticket.delivery.memo.is_some()
        && desk.job.remote.is_none();
    let mut doubt = match ticket.memo() {
        Some(_) => engine.read(|sql| queue::doubt_of(sql, ticket))?,
        None => None,
    };
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
            Some(memo) if withdrawing => platform.withdraw(&desk.job, memo.expose(), Left::Unheard),
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
            // Where the queue was put back, its memo may be older than what was sent: `settle` has the list asked.
            Err(fault)
                if withdrawing && !only_looks && desk.job.remote.is_none() && says_nothing_there(&fault) =>
            {
                return nothing_there(engine, ticket, line.take()).await;
            }
            // Cancelled before anything was sent: what keeps it from being begun does not matter any more.
            Err(_)
                if ticket.memo().is_none()
                    && last.is_none()
                    && desk.job.remote.is_none()
                    && wishes(engine, ticket)? == Some(Wish::Cancel) =>
            {
                return nothing_there(engine, ticket, line.take()).await;
            }
            Err(fault) => return engine.settle(ticket, &desk, fault, line.take(), last).await,
        };
        let known_before = ticket.errand.is_none() && desk.job.remote.is_some();
        if ticket.errand.is_none()
            && !known_before
            && let Some(found) = &next.remote
            && engine.read(|sql| queue::is_anothers(sql, ticket, &found.id))?
        {
            let detail = "the id that was answered belongs to another post of this channel".into();
            return engine.settle(ticket, &desk, Fault::Unsure { detail }, line.take(), last).await;
        }
        if next.remote.is_some() {
            desk.job.remote = next.remote.clone();
        }
        if only_looks && sends_more(&next, &desk.job) {
            let (again, written, now) = (ticket.clone(), line.take(), engine.clock().now());
            return engine.write(move |tx| queue::ask_the_list(tx, &again, written, now)).await;
        }
        let sealed = seal_memo(&memo_key, &row, &next.memo);
        if let Some(asked) = wishes(engine, ticket)? {
            match heed(engine, ticket, &desk, &next, &sealed, asked, &mut line).await? {
                Heeded::GoOn => {}
                Heeded::Over => return Ok(()),
                Heeded::Withdraw(left) => {
                    step = platform.withdraw(&desk.job, &next.memo, left);
                    // Asked what a cancel needs, a platform never answers with what a cancel forbids.
                    if std::mem::replace(&mut withdrawing, true)
                        && matches!(&step, Ok(again) if sends(&again.act, again.stage))
                    {
                        let detail = "its protocol would send after a cancel".into();
                        step = Err(Fault::Unsure { detail });
                    }
                    continue;
                }
            }
        }
        if let Act::Send(call) = &next.act
            && let Some(kept) = doubt.take()
        {
            if may_change(call, next.stage, ticket) || next.stage == Stage::Opening {
                // Asked, the platform shows nothing of the refused call: it is what it said.
                let (again, fault) = (ticket.clone(), kept.fault());
                engine.write(move |tx| queue::keep_doubt(tx, &again, None)).await?;
                return engine.settle(ticket, &desk, fault, line.take(), last).await;
            }
            doubt = Some(kept);
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
            Act::Send(call) if no_file.is_some() && (call.is_upload() || next.stage == Stage::Opening) => {
                let (again, written) = (ticket.clone(), line.take());
                return match no_file.take() {
                    Some(problem) => engine.stick(&again, problem, written).await,
                    None => Ok(()),
                };
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
                let (stage, changes) = (next.stage, may_change(&call, next.stage, ticket));
                let kept =
                    Kept { memo: next.memo, sealed, stage, remote: next.remote, confirmed: next.confirmed };
                match send(engine, ticket, &desk, &files, gauge, *call, kept, &mut line).await? {
                    Sending::Reply(memo, reply) => {
                        step = platform.after(&desk.job, &memo, &reply);
                        let Err(fault) = &step else { continue };
                        // It may have been carried out all the same: the platform is asked before this is believed.
                        let kept = Doubt::of(fault);
                        if changes && doubt.is_none() && (kept.is_some() || says_nothing_there(fault)) {
                            if let Some(kept) = kept {
                                let (again, kept) = (ticket.clone(), doubt.insert(kept).clone());
                                engine.write(move |tx| queue::keep_doubt(tx, &again, Some(&kept))).await?;
                            }
                            step = platform.resume(&desk.job, &memo);
                        }
                    }
                    Sending::BrokenOff(memo)
                        if desk.job.remote.is_none() && wishes(engine, ticket)? == Some(Wish::Cancel) =>
                    {
                        withdrawing = true;
                        step = platform.withdraw(&desk.job, &memo, Left::Part);
                    }
                    Sending::BrokenOff(_) => return lay_down(engine, ticket, line.take()).await,
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
                if only_looks
                    && let Some(at) = next.planned
                    && takes_its_minute(engine, ticket, &desk, at, &rest, &mut line).await?
                {
                    return Ok(());
                }
                // A wait goes on doubting; every other rest was read from the platform.
                if doubt.is_some() && !matches!(act, Act::Wait(_)) {
                    let again = ticket.clone();
                    engine.write(move |tx| queue::keep_doubt(tx, &again, None)).await?;
                }
                let seen = only_looks && !matches!(act, Act::Wait(_));
                rests(engine, ticket, &desk, act, rest, line.take()).await?;
                if seen {
                    let again = ticket.clone();
                    engine.write(move |tx| queue::seen_there(tx, &again)).await?;
                }
                return Ok(());
            }
        }
    }
}

/// May this call have an effect that a second one would double, or that a person must hear of? An opening has none.
fn may_change(call: &Call, stage: Stage, ticket: &Ticket) -> bool {
    let commits = match ticket.errand.as_ref().map(|errand| &errand.task) {
        None | Some(Errand::Publish) => stage == Stage::Publishing,
        Some(_) => matches!(stage, Stage::Publishing | Stage::Sending | Stage::Editing | Stage::Removing),
    };
    !call.is_question() && (call.is_upload() || commits)
}

/// Would this step open, send or publish something?
fn sends(act: &Act, stage: Stage) -> bool {
    matches!(act, Act::Send(call) if call.is_upload() || matches!(stage, Stage::Opening | Stage::Publishing))
}

/// A step about to be sent.
struct Kept {
    memo: Vec<u8>,
    sealed: Vec<u8>,
    stage: Stage,
    remote: Option<crate::platform::Remote>,
    confirmed: Option<u64>,
}

enum Sending {
    /// The memo the call was sent under, and what came back.
    Reply(Vec<u8>, Reply),
    /// The sign-in was renewed, and the call may have had its effect: ask first.
    Resume(Vec<u8>),
    /// We were told to stop before the last byte of its body left.
    BrokenOff(Vec<u8>),
    Fault(Fault),
    Over,
}

/// Writes down, sends, and cures one 401. Everything that is not an answer becomes a fault with the memo kept.
#[allow(clippy::too_many_arguments)]
async fn send(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    files: &Files,
    gauge: &Arc<Gauge>,
    call: Call,
    kept: Kept,
    line: &mut Option<Attempt>,
) -> Outcome<Sending> {
    if gauge.is_ending() {
        let (stage, remote, confirmed) = (kept.stage, kept.remote, kept.confirmed);
        let rest = Rest { memo: kept.sealed, stage, remote, confirmed };
        wishes::put_by(engine, ticket, rest, line.take()).await?;
        return Ok(Sending::Over);
    }
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
    let now = engine.clock().now();
    let (leave, generation) = engine
        .inner
        .store
        .write(move |tx| {
            flush(tx, &again, written)?;
            let begun = Begun { memo: &sealed, stage, remote: remote.as_ref(), confirmed };
            let moves = queue::begins_a_stage(tx, &again, stage)?;
            let leave = queue::act_begins(tx, &again, &begun, name, &charges)?;
            let raised = if moves && leave == Leave::Go { Some(generation::raise(tx, now)?) } else { None };
            Ok((leave, raised))
        })
        .await?;
    if let Some(generation) = generation {
        // From here on a copy of the database from before is recognised as one.
        engine.inner.store.keep_generation(generation).await?;
    }
    match leave {
        Leave::Go => {}
        Leave::Spent(bucket) => {
            engine.quota_is_spent(ticket, desk, bucket).await?;
            return Ok(Sending::Over);
        }
        Leave::Gone => return Ok(Sending::Over),
        Leave::Asked => {
            lay_down(engine, ticket, None).await?;
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
                if !call.is_question() && kept.stage != Stage::Opening {
                    // A 401 does not prove that the call had no effect. The platform is asked what it did, and of a body how much it
                    // kept: a body is never sent again from where we think it broke (C23).
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
        Sent::Stopped if call.is_upload() => Sending::BrokenOff(kept.memo),
        Sent::Stopped => {
            lay_down(engine, ticket, line.take()).await?;
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

async fn lay_down(engine: &Engine, ticket: &Ticket, line: Option<Attempt>) -> Outcome<()> {
    let (again, now) = (ticket.clone(), engine.clock().now());
    engine
        .write(move |tx| {
            flush(tx, &again, line)?;
            queue::lay_down(tx, &again, now)
        })
        .await
}
