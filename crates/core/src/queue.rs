//! The only writer of a delivery's and an errand's state: claims, memos before acts, what an act led to.
//!
//! Every function runs inside one write of the store; `go` holds each move against the table of legal ones. Not here: when to claim
//! (`engine`), what to do with a claim (`worker`), what the user asks for (`queue/wish.rs`).

mod after;
mod anew;
mod asked;
mod claim;
mod doubt;
mod pressing;
mod taken_back;
mod turn;
mod wish;

use after::look_if_moved;
pub(crate) use after::{add_extras, catch_up};
pub use anew::{begin_anew, made_anew, nothing_came};
pub use asked::{Asked, answered, ask_the_list, begins_a_stage, seen_there, takes_the_minute};
pub use claim::{
    Lane, claim_errands, claim_heavy, claim_light, next_errand, next_heavy, next_light, next_wake,
    release_dead,
};
pub(crate) use doubt::{Doubt, doubt_of, is_anothers, keep_doubt};
pub use pressing::{Minute, claim_pressing, minute_of, pressing};
pub(crate) use taken_back::{cancelled_at, is_cancelling};
use taken_back::{cancelled_but, forget_draft, hurry_a_cancel, is_taken_back, not_cancelled};
pub use taken_back::{done, nothing_there};
pub use turn::reorder;
pub use wish::{Cancelled, cancel, decide, finish, pause, re_time, retry, retry_errands, schedule, un_time};

use crate::event::{NoticeKind, What};
use crate::platform::{Errand, Extra, Published, Remote, Stage};
use crate::post::{FINISH_REMINDER, State, legal};
use crate::problem::{Code, Outcome, Problem};
use crate::store::attempt::{self, Attempt};
use crate::store::delivery::{Delivery, bare, text};
use crate::store::errand::ErrandRow;
use crate::store::{Tx, app, problem};
use jiff::Timestamp;
use rusqlite::params;

/// One claimed piece of work: a delivery's own publishing, or one errand beside it.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub delivery: Delivery,
    pub errand: Option<ErrandRow>,
    /// The delivery's state before the claim.
    pub from: State,
    /// The boot that claimed it. A claim that was taken away (a disconnect) writes nothing more, but what it learned.
    pub boot: i64,
}

impl Ticket {
    pub fn task(&self) -> Errand {
        self.errand.as_ref().map_or(Errand::Publish, |errand| errand.task.clone())
    }

    pub fn memo(&self) -> Option<&[u8]> {
        match &self.errand {
            Some(errand) => errand.memo.as_deref(),
            None => self.delivery.memo.as_deref(),
        }
    }

    /// Table and id of the row that holds the memo.
    fn row(&self) -> (&'static str, i64) {
        match &self.errand {
            Some(errand) => ("errand", errand.id),
            None => ("delivery", self.delivery.id),
        }
    }

    fn errand_id(&self) -> Option<i64> {
        self.errand.as_ref().map(|errand| errand.id)
    }
}

/// Is the claim still this ticket's? If not, all that is kept is what the platform calls the post, which must never be lost (C4).
fn ours(tx: &mut Tx, ticket: &Ticket, remote: Option<&Remote>) -> Outcome<bool> {
    let (table, id) = ticket.row();
    let claim: Option<i64> = tx
        .prepare_cached(&format!("SELECT claim FROM {table} WHERE id = ?1"))
        .and_then(|mut get| get.query_row([id], |row| row.get(0)))
        .map_err(problem)?;
    if claim == Some(ticket.boot) {
        return Ok(true);
    }
    if let Some(remote) = remote {
        tx.execute(
            "UPDATE delivery SET remote_id = coalesce(remote_id, ?2), remote_url = coalesce(remote_url, ?3) WHERE id = ?1 AND state <> 'cancelled'",
            params![ticket.delivery.id, remote.id, remote.url],
        )
        .map_err(problem)?;
    }
    Ok(false)
}

/// Moves a delivery, if the table allows it. All moves in Slipway pass here.
pub(crate) fn go(tx: &mut Tx, id: i64, to: State) -> Outcome<State> {
    let from = tx
        .prepare_cached("SELECT state FROM delivery WHERE id = ?1")
        .and_then(|mut get| get.query_row([id], |row| row.get::<_, String>(0)))
        .map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => not_found(id),
            other => problem(other),
        })?;
    let from = State::parse(&from).ok_or_else(|| {
        Problem::block(Code::Internal, "A delivery is in a state this version does not know.")
    })?;
    if from != to {
        if !legal(from, to) {
            return Err(Problem::block(
                Code::NotNow,
                format!("That is not possible while the post is {}.", from.as_str().replace('_', " ")),
            ));
        }
        tx.prepare_cached("UPDATE delivery SET state = ?2 WHERE id = ?1")
            .and_then(|mut set| set.execute(params![id, to.as_str()]))
            .map_err(problem)?;
    }
    tx.say(What::Delivery { id });
    Ok(from)
}

pub(crate) fn not_found(id: i64) -> Problem {
    Problem::block(Code::NotFound, format!("There is no delivery {id}."))
}

/// What a step is to leave on disk before its act.
pub struct Begun<'a> {
    /// Sealed.
    pub memo: &'a [u8],
    pub stage: Stage,
    pub remote: Option<&'a Remote>,
    pub confirmed: Option<u64>,
}

/// One cost against a ledger.
pub struct Charge {
    pub app: i64,
    pub bucket: &'static str,
    pub day: String,
    pub units: u32,
    /// Units a day.
    pub limit: u32,
}

/// Whether a call may be made.
#[derive(Debug, PartialEq, Eq)]
pub enum Leave {
    Go,
    /// This bucket is spent for today; nothing was written but the memo.
    Spent(&'static str),
    /// The user asked to stop.
    Asked,
    /// The claim is no longer ours.
    Gone,
}

/// Writes down that a call is about to be made: memo, stage, what is known, the count, what it spends. Then, and only then, make it.
pub fn act_begins(
    tx: &mut Tx,
    ticket: &Ticket,
    begun: &Begun,
    call: &'static str,
    charges: &[Charge],
) -> Outcome<Leave> {
    if !ours(tx, ticket, begun.remote)? {
        return Ok(Leave::Gone);
    }
    keep(tx, ticket, begun)?;
    let (asked, cancelling): (bool, bool) = tx
        .prepare_cached("SELECT paused, cancelling FROM delivery WHERE id = ?1")
        .and_then(|mut get| get.query_row([ticket.delivery.id], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(problem)?;
    let commits =
        begun.stage == Stage::Publishing && begun.remote.is_none() && ticket.delivery.remote.is_none();
    if (asked || cancelling) && ticket.errand.is_none() && (begun.stage == Stage::Opening || commits) {
        return Ok(Leave::Asked);
    }
    for charge in charges {
        let spent = app::spent(tx, charge.app, charge.bucket, &charge.day).map_err(problem)?;
        if spent.saturating_add(charge.units) > charge.limit {
            return Ok(Leave::Spent(charge.bucket));
        }
    }
    for charge in charges {
        app::spend(tx, charge.app, charge.bucket, &charge.day, charge.units)?;
    }
    let (table, id) = ticket.row();
    tx.prepare_cached(&format!("UPDATE {table} SET in_flight = ?2, tries = tries + 1 WHERE id = ?1"))
        .and_then(|mut set| set.execute(params![id, call]))
        .map_err(problem)?;
    Ok(Leave::Go)
}

/// Memo and what is known, without an act behind it. A remote id, once known, stays (C4). Bytes that were confirmed and an id that
/// became known are progress; that the platform answered is none, or an upload of which no byte is taken would be tried for ever.
fn keep(tx: &mut Tx, ticket: &Ticket, begun: &Begun) -> Outcome<()> {
    let (table, id) = ticket.row();
    tx.prepare_cached(&format!("UPDATE {table} SET memo = ?2 WHERE id = ?1"))
        .and_then(|mut set| set.execute(params![id, begun.memo]))
        .map_err(problem)?;
    let errand = ticket.errand.is_some();
    tx.prepare_cached(
        "UPDATE delivery SET stage = CASE WHEN ?6 THEN stage ELSE ?2 END, remote_id = coalesce(?3, remote_id), \
         failures = CASE WHEN NOT ?6 AND (coalesce(?5, 0) > confirmed OR (?3 IS NOT NULL AND remote_id IS NULL)) THEN 0 ELSE failures END, \
         remote_url = coalesce(?4, remote_url), confirmed = CASE WHEN ?6 THEN confirmed ELSE coalesce(?5, confirmed) END WHERE id = ?1",
    )
    .and_then(|mut set| {
        set.execute(params![
            ticket.delivery.id,
            bare(&begun.stage),
            begun.remote.map(|remote| &remote.id),
            begun.remote.map(|remote| &remote.url),
            begun.confirmed.map(|bytes| bytes as i64),
            errand
        ])
    })
    .map_err(problem)?;
    tx.say(What::Delivery { id: ticket.delivery.id });
    Ok(())
}

/// The call ended in some way; the line in the history is written with it.
pub fn act_ended(tx: &mut Tx, ticket: &Ticket, attempt: Attempt) -> Outcome<()> {
    let (table, id) = ticket.row();
    tx.prepare_cached(&format!("UPDATE {table} SET in_flight = NULL WHERE id = ?1"))
        .and_then(|mut set| set.execute([id]))
        .map_err(problem)?;
    note(tx, ticket, attempt)
}

/// A line in the history.
pub fn note(tx: &mut Tx, ticket: &Ticket, attempt: Attempt) -> Outcome<()> {
    attempt::insert(tx, &Attempt { delivery: ticket.delivery.id, errand: ticket.errand_id(), ..attempt })
}

/// Which revision of words and time the platform is being given. Said at `begin`, so that an edit made meanwhile is seen later.
pub fn begins(tx: &mut Tx, ticket: &Ticket, revision: i64) -> Outcome<()> {
    tx.execute("UPDATE delivery SET sent_revision = ?2 WHERE id = ?1", params![ticket.delivery.id, revision])
        .map_err(problem)?;
    Ok(())
}

/// Comes back by itself at `until`; nobody is at it meanwhile. No failure.
pub fn wait(tx: &mut Tx, ticket: &Ticket, begun: &Begun, until: Timestamp) -> Outcome<()> {
    if !ours(tx, ticket, begun.remote)? {
        return Ok(());
    }
    keep(tx, ticket, begun)?;
    // Waiting for the platform's own work, or for a minute that it keeps, is where things stand well.
    if begun.stage == Stage::Processing
        || ticket.errand.is_none() && matches!(ticket.delivery.state, State::HandedOver | State::ToFinish)
    {
        went_well(tx, ticket)?;
    }
    match &ticket.errand {
        Some(errand) => errand_rests(tx, errand.id, "waiting", Some(until), None),
        None => {
            rests(tx, ticket.delivery.id, Some(until), None)?;
            // One that this claim began with knows how long it waits.
            if ticket.delivery.cancelling { Ok(()) } else { hurry_a_cancel(tx, ticket.delivery.id) }
        }
    }
}

/// The bytes are there; its minute is next. An edit made meanwhile is brought over before it: where the platform has an id for the post
/// by an edit there, else by waking its protocol, which holds what it prepared against the new wish. `revision` is the one it was held
/// against just now.
pub fn ready(
    tx: &mut Tx,
    ticket: &Ticket,
    begun: &Begun,
    at: Timestamp,
    revision: i64,
    now: Timestamp,
) -> Outcome<()> {
    if !ours(tx, ticket, begun.remote)? {
        return Ok(());
    }
    keep(tx, ticket, begun)?;
    go(tx, ticket.delivery.id, State::Ready)?;
    rests(tx, ticket.delivery.id, Some(at), None)?;
    tx.execute(
        "UPDATE delivery SET sent_revision = ?2 WHERE id = ?1 AND remote_id IS NULL",
        params![ticket.delivery.id, revision],
    )
    .map_err(problem)?;
    went_well(tx, ticket)?;
    look_if_moved(tx, ticket, now)?;
    catch_up(tx, ticket.delivery.id, now)?;
    hurry_a_cancel(tx, ticket.delivery.id)
}

/// The platform will publish it; we look at `look`. Its extras become rows, once.
pub fn handed_over(
    tx: &mut Tx,
    ticket: &Ticket,
    begun: &Begun,
    look: Timestamp,
    extras: &[Extra],
    now: Timestamp,
) -> Outcome<()> {
    if !ours(tx, ticket, begun.remote)? {
        return Ok(());
    }
    keep(tx, ticket, begun)?;
    go(tx, ticket.delivery.id, State::HandedOver)?;
    went_well(tx, ticket)?;
    add_extras(tx, ticket.delivery.id, extras, now)?;
    catch_up(tx, ticket.delivery.id, now)?;
    rests(tx, ticket.delivery.id, Some(look), None)?;
    look_if_moved(tx, ticket, now)?;
    hurry_a_cancel(tx, ticket.delivery.id)
}

/// The platform has it as a draft and its creator finishes it there; we look again at `look`. Told once when it gets there, and once
/// more before drafts are dropped.
pub fn to_finish(
    tx: &mut Tx,
    ticket: &Ticket,
    begun: &Begun,
    look: Timestamp,
    there: &Problem,
    now: Timestamp,
) -> Outcome<()> {
    if !ours(tx, ticket, begun.remote)? {
        return Ok(());
    }
    keep(tx, ticket, begun)?;
    let id = ticket.delivery.id;
    if is_cancelling(tx, id).map_err(problem)? {
        return forget_draft(tx, id);
    }
    let told = ticket.delivery.problem.as_ref().map(|problem| problem.code);
    let first = go(tx, id, State::ToFinish)? != State::ToFinish;
    went_well(tx, ticket)?;
    let since = ticket.delivery.due.unwrap_or(ticket.delivery.created_at);
    let late = since.checked_add(FINISH_REMINDER).is_ok_and(|at| now >= at);
    let code = if late { Code::FinishSoon } else { Code::FinishThere };
    rests(tx, id, Some(look), Some(&Problem { code, ..there.clone() }))?;
    if first || (late && told != Some(Code::FinishSoon)) {
        tx.say(What::Notice { delivery: id, kind: NoticeKind::FinishThere });
    }
    Ok(())
}

/// Public, and read back. The id and the state are one write (C4, C10).
fn published(
    tx: &mut Tx,
    ticket: &Ticket,
    done: &Published,
    extras: &[Extra],
    now: Timestamp,
) -> Outcome<()> {
    if !ours(tx, ticket, done.remote.as_ref())? {
        return Ok(());
    }
    let id = ticket.delivery.id;
    let Some(remote) = done.remote.as_ref().or(ticket.delivery.remote.as_ref()) else {
        return Err(Problem::block(
            Code::Internal,
            "A post without an id at the platform can't count as published.",
        ));
    };
    go(tx, id, State::Published)?;
    tx.prepare_cached(
        "UPDATE delivery SET remote_id = ?2, remote_url = ?3, privacy = ?4, public_at = ?5, problem = ?6, memo = NULL, \
         stage = NULL, in_flight = NULL, cancelling = 0, must_ask = 0 WHERE id = ?1",
    )
    .and_then(|mut set| {
        set.execute(params![
            id,
            remote.id,
            remote.url,
            done.privacy,
            done.public_at.unwrap_or(now).as_millisecond(),
            done.notes.first().map(text)
        ])
    })
    .map_err(problem)?;
    add_extras(tx, id, extras, now)?;
    catch_up(tx, id, now)?;
    rests(tx, id, None, done.notes.first())?;
    tx.say(What::Notice { delivery: id, kind: NoticeKind::Published });
    Ok(())
}

/// Waits until a known instant for a known reason. `failed` counts against the caps; a limit does not.
pub fn park(tx: &mut Tx, ticket: &Ticket, until: Timestamp, why: &Problem, failed: bool) -> Outcome<()> {
    if !ours(tx, ticket, None)? {
        return Ok(());
    }
    count(tx, ticket, failed)?;
    match &ticket.errand {
        Some(errand) => errand_rests(tx, errand.id, "waiting", Some(until), Some(why)),
        None => {
            // What the platform already has keeps its state: parked is for what we still have to bring.
            if !matches!(ticket.delivery.state, State::HandedOver | State::ToFinish) {
                go(tx, ticket.delivery.id, State::Parked)?;
            }
            rests(tx, ticket.delivery.id, Some(until), Some(why))
        }
    }
}

/// Needs a person.
pub fn stick(tx: &mut Tx, ticket: &Ticket, why: &Problem) -> Outcome<()> {
    if !ours(tx, ticket, None)? {
        return Ok(());
    }
    match &ticket.errand {
        Some(errand) => {
            if errand.task == Errand::Retract {
                // It stays after all: from its minute on it is looked after again.
                let told = if why.code == Code::AlreadyPublic {
                    why.clone()
                } else {
                    not_cancelled(tx, ticket, why)?
                };
                tx.execute(
                    "UPDATE delivery SET cancelling = 0, problem = ?2, next_at = CASE WHEN state IN ('handed_over', 'ready') THEN due_at WHEN state IN ('working', 'parked', 'due') THEN coalesce(next_at, due_at, 0) ELSE next_at END \
                     WHERE id = ?1",
                    params![ticket.delivery.id, text(&told)],
                )
                .map_err(problem)?;
            }
            errand_rests(tx, errand.id, "stuck", None, Some(why))?;
            if why.code == Code::AlreadyPublic {
                tx.execute("UPDATE delivery SET next_at = 0 WHERE id = ?1 AND state = 'handed_over' AND claim IS NULL", [ticket.delivery.id])
                    .map_err(problem)?;
            }
        }
        None => {
            go(tx, ticket.delivery.id, State::Stuck)?;
            // The person decides now; all else is tried again with the wish to cancel.
            if why.code == Code::NotCancelled {
                tx.execute("UPDATE delivery SET cancelling = 0 WHERE id = ?1", [ticket.delivery.id])
                    .map_err(problem)?;
            }
            rests(tx, ticket.delivery.id, None, Some(why))?;
        }
    }
    let kind = if why.code == Code::Missed { NoticeKind::Missed } else { NoticeKind::NeedsYou };
    tx.say(What::Notice { delivery: ticket.delivery.id, kind });
    Ok(())
}

/// Laid down with what the next step would have been; nothing of it was begun.
pub fn put_by(tx: &mut Tx, ticket: &Ticket, begun: &Begun, now: Timestamp) -> Outcome<()> {
    if ours(tx, ticket, begun.remote)? {
        keep(tx, ticket, begun)?;
    }
    lay_down(tx, ticket, now)
}

/// Back to the queue as it was (a pause, a shutdown): nothing is lost, nothing counted.
pub fn lay_down(tx: &mut Tx, ticket: &Ticket, now: Timestamp) -> Outcome<()> {
    if !ours(tx, ticket, None)? {
        return Ok(());
    }
    match &ticket.errand {
        Some(errand) => errand_rests(tx, errand.id, "waiting", Some(now), None),
        None => {
            if !matches!(ticket.delivery.state, State::HandedOver | State::ToFinish) {
                go(tx, ticket.delivery.id, State::Due)?;
            }
            rests(tx, ticket.delivery.id, Some(now), None)
        }
    }
}

/// Nothing is at the platform, and nothing will be.
pub fn cancelled(tx: &mut Tx, id: i64) -> Outcome<()> {
    go(tx, id, State::Cancelled)?;
    tx.execute(
        "UPDATE delivery SET memo = NULL, stage = NULL, in_flight = NULL, cancelling = 0, remote_id = NULL, remote_url = NULL WHERE id = ?1",
        [id],
    )
    .map_err(problem)?;
    tx.execute("UPDATE errand SET state = 'done', claim = NULL, next_at = NULL, memo = NULL WHERE delivery_id = ?1 AND state IN ('waiting', 'stuck')", [id])
        .map_err(problem)?;
    rests(tx, id, None, None)
}

/// An errand came to its end. A retraction takes its delivery along.
pub fn errand_done(tx: &mut Tx, ticket: &Ticket, notes: &[Problem], now: Timestamp) -> Outcome<()> {
    let Some(row) = &ticket.errand else { return Ok(()) };
    tx.execute(
        "UPDATE errand SET state = 'done', claim = NULL, claimed_at = NULL, in_flight = NULL, memo = NULL, next_at = NULL, problem = NULL, done_at = ?2 WHERE id = ?1",
        params![row.id, now.as_millisecond()],
    )
    .map_err(problem)?;
    match row.task {
        Errand::Retract => match notes.first() {
            Some(note) => cancelled_but(tx, ticket.delivery.id, note)?,
            None => cancelled(tx, ticket.delivery.id)?,
        },
        Errand::Amend => {
            // What an earlier edit could not bring is there now, or is not wanted any more.
            tx.execute(
                "UPDATE errand SET state = 'done', memo = NULL, next_at = NULL, problem = NULL, done_at = ?3 WHERE delivery_id = ?1 AND state = 'stuck' \
                 AND revision <= ?2 AND json_extract(task, '$.kind') = 'amend'",
                params![ticket.delivery.id, row.revision, now.as_millisecond()],
            )
            .map_err(problem)?;
            tx.execute(
                "UPDATE delivery SET sent_revision = max(coalesce(sent_revision, 0), ?2) WHERE id = ?1",
                params![ticket.delivery.id, row.revision],
            )
            .map_err(problem)?;
        }
        Errand::Publish | Errand::Extra(_) => {}
    }
    tx.say(What::Delivery { id: ticket.delivery.id });
    Ok(())
}

fn count(tx: &mut Tx, ticket: &Ticket, failed: bool) -> Outcome<()> {
    if failed {
        let (table, id) = ticket.row();
        tx.prepare_cached(&format!(
            "UPDATE {table} SET failures = failures + 1, failed_ever = failed_ever + 1 WHERE id = ?1"
        ))
        .and_then(|mut set| set.execute([id]))
        .map_err(problem)?;
    }
    Ok(())
}

/// It came to where it should be: the row of failures is over.
fn went_well(tx: &mut Tx, ticket: &Ticket) -> Outcome<()> {
    let (table, id) = ticket.row();
    tx.prepare_cached(&format!("UPDATE {table} SET failures = 0 WHERE id = ?1"))
        .and_then(|mut set| set.execute([id]))
        .map_err(problem)?;
    Ok(())
}

/// Failures in a row and ever, as they stand now: the ticket knows only what was at its claim.
pub fn failures(sql: &rusqlite::Connection, ticket: &Ticket) -> rusqlite::Result<(u32, u32)> {
    let (table, id) = ticket.row();
    sql.prepare_cached(&format!("SELECT failures, failed_ever FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Nobody is at it any more.
fn rests(tx: &mut Tx, id: i64, next: Option<Timestamp>, why: Option<&Problem>) -> Outcome<()> {
    tx.prepare_cached(
        "UPDATE delivery SET claim = NULL, claimed_at = NULL, in_flight = NULL, next_at = ?2, problem = ?3 WHERE id = ?1",
    )
    .and_then(|mut set| set.execute(params![id, next.map(Timestamp::as_millisecond), why.map(text)]))
    .map_err(problem)?;
    tx.say(What::Delivery { id });
    Ok(())
}

fn errand_rests(
    tx: &mut Tx,
    id: i64,
    state: &str,
    next: Option<Timestamp>,
    why: Option<&Problem>,
) -> Outcome<()> {
    tx.prepare_cached(
        "UPDATE errand SET state = ?2, claim = NULL, claimed_at = NULL, in_flight = NULL, next_at = ?3, problem = ?4 WHERE id = ?1",
    )
    .and_then(|mut set| set.execute(params![id, state, next.map(Timestamp::as_millisecond), why.map(text)]))
    .map_err(problem)?;
    let delivery: i64 = tx
        .query_row("SELECT delivery_id FROM errand WHERE id = ?1", [id], |row| row.get(0))
        .map_err(problem)?;
    tx.say(What::Delivery { id: delivery });
    Ok(())
}

#[cfg(test)]
mod tests;
