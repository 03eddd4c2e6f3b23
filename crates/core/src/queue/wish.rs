//! What the user asks of a delivery: schedule, pause, cancel, retry, decide, another time.

use super::{cancelled, catch_up, forget_draft, go, is_taken_back, not_found};
use crate::event::What;
use crate::platform::{Errand, GoesOut, Remote};
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::store::attempt::{self, Attempt};
use crate::store::delivery::{self, Delivery, MustAsk, bare, text};
use crate::store::{Tx, errand, problem, restored};
use jiff::Timestamp;
use rusqlite::params;

fn row(tx: &Tx, id: i64) -> Outcome<Delivery> {
    delivery::get(tx, id).map_err(problem)?.ok_or_else(|| not_found(id))
}

/// From now on the engine does it by itself: begins at `start`, public at `due`.
pub fn schedule(tx: &mut Tx, id: i64, due: Timestamp, start: Timestamp, goes_out: GoesOut) -> Outcome<()> {
    // Only a draft: whatever else is Due-able was begun, and is tried again or decided, never scheduled over.
    let state = row(tx, id)?.state;
    if state != State::Draft {
        let message =
            format!("Only a draft can be scheduled; this post is {}.", state.as_str().replace('_', " "));
        return Err(Problem::block(Code::NotNow, message));
    }
    go(tx, id, State::Due)?;
    set_times(tx, id, due, start, goes_out)?;
    forgiven(tx, id)
}

/// It goes its way again: nothing is wrong with it, but that its platform may have to be asked first.
fn forgiven(tx: &mut Tx, id: i64) -> Outcome<()> {
    tx.execute(
        "UPDATE delivery SET problem = CASE WHEN must_ask = 2 THEN ?2 END, failures = 0 WHERE id = ?1",
        params![id, text(&restored::asking())],
    )
    .map_err(problem)?;
    Ok(())
}

/// Another time, in whatever state it is; what the platform already holds gets an edit of its own.
pub fn re_time(
    tx: &mut Tx,
    id: i64,
    due: Timestamp,
    start: Timestamp,
    goes_out: GoesOut,
    now: Timestamp,
) -> Outcome<()> {
    let row = row(tx, id)?;
    match row.state {
        State::Published | State::Cancelled => Err(Problem::block(
            Code::NotNow,
            format!("This post is already {}; its time can't be changed.", row.state.as_str()),
        )),
        // It has the old time with it; the row has the new one, and the difference is brought to the platform afterwards.
        State::Working => {
            tx.execute("UPDATE delivery SET due_at = ?2 WHERE id = ?1", params![id, due.as_millisecond()])
                .map_err(problem)?;
            tx.say(What::Delivery { id });
            Ok(())
        }
        State::Draft => {
            tx.execute(
                "UPDATE delivery SET due_at = ?2, goes_out = ?3 WHERE id = ?1",
                params![id, due.as_millisecond(), bare(&goes_out)],
            )
            .map_err(problem)?;
            tx.say(What::Delivery { id });
            Ok(())
        }
        // Its protocol looks now: at another time the platform may keep the minute itself, so that this computer may sleep. What has no
        // id there is woken by the edit (`catch_up`).
        State::Ready => set_times(tx, id, due, if row.remote.is_some() { now } else { due }, row.goes_out),
        State::HandedOver => {
            set_times(tx, id, due, due, row.goes_out)?;
            catch_up(tx, id, now)
        }
        State::ToFinish => Err(Problem::block(
            Code::NotNow,
            "This post waits at the platform as a draft; when it goes public is decided there.",
        )),
        // Another time is the answer to "its minute was missed".
        State::Stuck if row.problem.as_ref().is_some_and(|problem| problem.code == Code::Missed) => {
            go(tx, id, State::Due)?;
            set_times(tx, id, due, start, goes_out)?;
            forgiven(tx, id)
        }
        State::Due | State::Parked | State::Stuck => set_times(tx, id, due, start, goes_out),
    }
}

/// A draft that has no time any more.
pub fn un_time(tx: &mut Tx, id: i64, goes_out: GoesOut) -> Outcome<()> {
    tx.execute(
        "UPDATE delivery SET due_at = NULL, goes_out = ?2 WHERE id = ?1 AND state = 'draft'",
        params![id, bare(&goes_out)],
    )
    .map_err(problem)?;
    tx.say(What::Delivery { id });
    Ok(())
}

/// Where the queue was put back, what is there is looked at first, at once: the platform may keep an earlier minute than the new one.
fn set_times(tx: &mut Tx, id: i64, due: Timestamp, next: Timestamp, goes_out: GoesOut) -> Outcome<()> {
    tx.execute(
        "UPDATE delivery SET due_at = ?2, goes_out = ?4, next_at = CASE WHEN state IN ('stuck', 'parked') THEN next_at \
           WHEN must_ask = 1 THEN coalesce(next_at, 0) ELSE ?3 END WHERE id = ?1",
        params![id, due.as_millisecond(), next.as_millisecond(), bare(&goes_out)],
    )
    .map_err(problem)?;
    tx.say(What::Delivery { id });
    Ok(())
}

/// Holds one delivery, or lets it go on.
pub fn pause(tx: &mut Tx, id: i64, paused: bool) -> Outcome<()> {
    let row = row(tx, id)?;
    if row.state.is_final() {
        return Err(Problem::block(Code::NotNow, format!("This post is already {}.", row.state.as_str())));
    }
    if paused && matches!(row.state, State::HandedOver | State::ToFinish) {
        return Err(Problem::block(
            Code::NotNow,
            "The platform already has this post and publishes it by itself. Cancel it, or give it another time.",
        ));
    }
    tx.execute("UPDATE delivery SET paused = ?2 WHERE id = ?1", params![id, paused]).map_err(problem)?;
    tx.say(What::Delivery { id });
    Ok(())
}

/// What became of the wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancelled {
    /// Nothing was at the platform.
    Done,
    /// It is being looked for, or taken back, at the platform.
    UnderWay,
}

/// Takes a delivery back. Where something may be at the platform it is looked for and deleted first; what is already public stays.
pub fn cancel(tx: &mut Tx, id: i64, now: Timestamp) -> Outcome<Cancelled> {
    let row = row(tx, id)?;
    match row.state {
        State::Cancelled => return Ok(Cancelled::Done),
        State::Published => {
            return Err(Problem::block(
                Code::AlreadyPublic,
                "This post is already public. Delete it at the platform if it has to go.",
            ));
        }
        State::ToFinish if row.claimed.is_none() => {
            forget_draft(tx, id)?;
            return Ok(Cancelled::Done);
        }
        _ => {}
    }
    let claimed = row.claimed.is_some();
    // Where the queue was put back, that nothing is known of it does not mean that nothing is there.
    let asks = row.must_ask != MustAsk::Nothing && !matches!(row.state, State::Draft | State::Stuck);
    let known = row.memo.is_some() || row.remote.is_some();
    if let Some(why) = row.problem.as_ref().filter(|why| why.code == Code::Unsure && !known && !claimed) {
        // Nothing names it there, so no program can look for it. Cancelled once more, a person has looked.
        let message = "You cancelled this post, so it is not sent again; it may be at the platform. Look there and delete it there, then say whether it is there, or cancel it once more.";
        let told = Problem {
            detail: why.detail.clone(),
            ..Problem::block(Code::NotCancelled, message).fix(Fix::Decide)
        };
        tx.execute("UPDATE delivery SET problem = ?2 WHERE id = ?1", params![id, text(&told)])
            .map_err(problem)?;
        tx.say(What::Delivery { id });
        return Ok(Cancelled::UnderWay);
    }
    if !claimed && !known && !asks {
        cancelled(tx, id)?;
        return Ok(Cancelled::Done);
    }
    let account: String = tx
        .query_row("SELECT state FROM account WHERE id = ?1", [row.account], |row| row.get(0))
        .map_err(problem)?;
    if account != "ok" {
        return Err(Problem::block(
            Code::SignInNeeded,
            "Something of this post may be at the platform, and taking it back needs its channel's sign-in. Sign in again, or delete it there.",
        )
        .fix(Fix::SignIn { account: row.account }));
    }
    // What becomes public by a call under way is taken back as well: the person was not told that it was public. Of a queue that was
    // put back: what a person looked at and gives up is not asked about once more.
    tx.execute(
        "UPDATE delivery SET cancelling = 1, paused = 0, must_ask = CASE WHEN state = 'stuck' THEN 0 ELSE must_ask END, \
         cancel_at = coalesce(cancel_at, CASE WHEN claim IS NULL THEN ?2 ELSE claimed_at END, ?2) WHERE id = ?1",
        params![id, now.as_millisecond()],
    )
    .map_err(problem)?;
    if asks && !claimed && row.memo.is_none() && row.remote.is_none() {
        tx.say(What::Delivery { id });
        return Ok(Cancelled::UnderWay);
    }
    if row.remote.is_some() && !claimed {
        errand::insert(tx, id, &Errand::Retract, 0, now, now)?;
        // Nothing else happens to it meanwhile: not even at its minute.
        tx.execute("UPDATE delivery SET next_at = NULL WHERE id = ?1", [id]).map_err(problem)?;
    } else if !claimed {
        if row.state == State::Stuck {
            go(tx, id, State::Due)?;
        }
        tx.execute("UPDATE delivery SET next_at = ?2 WHERE id = ?1", params![id, now.as_millisecond()])
            .map_err(problem)?;
    }
    tx.say(What::Delivery { id });
    Ok(Cancelled::UnderWay)
}

/// Tries a stuck or parked delivery again, or its stuck errands. What was begun is asked about first, as always.
pub fn retry(tx: &mut Tx, id: i64, now: Timestamp) -> Outcome<()> {
    let row = row(tx, id)?;
    let at = now.as_millisecond();
    let errands = tx
        .execute(
            "UPDATE errand SET state = 'waiting', next_at = ?2, failures = 0, problem = NULL WHERE delivery_id = ?1 AND claim IS NULL AND state IN ('waiting', 'stuck')",
            params![id, at],
        )
        .map_err(problem)?;
    if row.state != State::Stuck && !row.state.is_final() && is_taken_back(tx, id).map_err(problem)? {
        // What is tried again is the cancel: until its end nothing else is looked at or told.
        tx.execute(
            "UPDATE delivery SET cancelling = 1, problem = NULL, cancel_at = coalesce(cancel_at, ?2), next_at = CASE WHEN claim IS NULL THEN NULL ELSE next_at END \
             WHERE id = ?1",
            params![id, at],
        )
        .map_err(problem)?;
        tx.say(What::Delivery { id });
        return Ok(());
    }
    match row.state {
        State::Stuck | State::Parked => {
            let code = row.problem.as_ref().map(|problem| problem.code);
            if code == Some(Code::NotCancelled) {
                return Err(Problem::block(
                    Code::NotCancelled,
                    "You cancelled this post, and it may be at the platform. Look there, then say whether it is there, or cancel it once more.",
                )
                .fix(Fix::Decide));
            }
            if code == Some(Code::Unsure) {
                return Err(Problem::block(
                    Code::Unsure,
                    "This post may already be at the platform. Look there, then say \"it is there\" or \"post again\".",
                )
                .fix(Fix::Decide));
            }
            go(tx, id, State::Due)?;
            // Asked for by a person: the minute is now, if it was missed.
            tx.execute(
                "UPDATE delivery SET next_at = ?2, due_at = max(coalesce(due_at, 0), CASE WHEN ?3 THEN ?2 ELSE coalesce(due_at, 0) END), failed_ever = 0 WHERE id = ?1",
                params![id, at, row.problem.as_ref().is_some_and(|problem| problem.code == Code::Missed)],
            )
            .map_err(problem)?;
            forgiven(tx, id)?;
        }
        State::Due => {
            tx.execute(
                "UPDATE delivery SET next_at = min(coalesce(next_at, ?2), ?2) WHERE id = ?1",
                params![id, at],
            )
            .map_err(problem)?;
        }
        State::HandedOver | State::ToFinish | State::Working if row.claimed.is_none() => {
            tx.execute("UPDATE delivery SET next_at = ?2 WHERE id = ?1", params![id, at]).map_err(problem)?;
        }
        _ if errands > 0 => {}
        state => {
            return Err(Problem::block(
                Code::NotNow,
                format!("There is nothing to retry: the post is {}.", state.as_str().replace('_', " ")),
            ));
        }
    }
    tx.say(What::Delivery { id });
    Ok(())
}

/// The errands of an account that waited for its sign-in go on.
pub fn retry_errands(tx: &mut Tx, account: i64, now: Timestamp) -> Outcome<()> {
    tx.execute(
        "UPDATE errand SET state = 'waiting', next_at = ?2, problem = NULL WHERE state = 'stuck' \
         AND json_extract(problem, '$.code') IN ('sign_in_needed', 'permission_missing', 'wrong_channel', 'secret_damaged') \
         AND delivery_id IN (SELECT id FROM delivery WHERE account_id = ?1)",
        params![account, now.as_millisecond()],
    )
    .map_err(problem)?;
    Ok(())
}

/// The creator says that the draft was posted at the platform (C15): under this address, or wherever the channel is.
pub fn finish(tx: &mut Tx, id: i64, there: Option<&Remote>, now: Timestamp) -> Outcome<()> {
    let row = row(tx, id)?;
    if row.state != State::ToFinish {
        return Err(Problem::block(
            Code::NotNow,
            "Only a draft that waits at the platform can be called done.",
        ));
    }
    let channel: Option<String> = tx
        .query_row("SELECT url FROM account WHERE id = ?1", [row.account], |row| row.get(0))
        .map_err(problem)?;
    let remote = there
        .cloned()
        .or_else(|| row.remote.clone())
        .or_else(|| channel.map(|url| Remote { id: format!("finished-by-hand-{id}"), url }));
    let Some(remote) = remote else {
        return Err(Problem::block(Code::BadRequest, "Say under which address it is.").edit("url"));
    };
    go(tx, id, State::Published)?;
    tx.execute(
        "UPDATE delivery SET remote_id = ?2, remote_url = ?3, memo = NULL, stage = NULL, problem = NULL, next_at = NULL, claim = NULL, \
         public_at = ?4 WHERE id = ?1",
        params![id, remote.id, remote.url, now.as_millisecond()],
    )
    .map_err(problem)?;
    attempt::insert(
        tx,
        &Attempt {
            delivery: id,
            at: now,
            step: "decision".into(),
            outcome: "moved".into(),
            detail: Some("said to be posted".into()),
            ..Attempt::default()
        },
    )
}

/// A person looked at an unsure delivery. `there`: its id or address at the platform, or nothing for "post again".
pub fn decide(tx: &mut Tx, id: i64, there: Option<&Remote>, now: Timestamp) -> Outcome<()> {
    let row = row(tx, id)?;
    // Of any other it is known that it is not there, and what helps is another thing.
    let unknown = row.problem.as_ref().is_some_and(|problem| problem.fix == Fix::Decide);
    if row.state != State::Stuck || !unknown {
        return Err(Problem::block(
            Code::NotNow,
            "Only a post of which nobody knows whether it is there can be decided. What helps this one stands with it.",
        ));
    }
    let said = match there {
        Some(remote) => {
            go(tx, id, State::Published)?;
            tx.execute(
                "UPDATE delivery SET remote_id = ?2, remote_url = ?3, memo = NULL, stage = NULL, problem = NULL, must_ask = 0, public_at = coalesce(due_at, ?4) WHERE id = ?1",
                params![id, remote.id, remote.url, now.as_millisecond()],
            )
            .map_err(problem)?;
            "said to be there"
        }
        // A person cancelled it, looked, and did not find it.
        None if row.problem.as_ref().is_some_and(|problem| problem.code == Code::NotCancelled) => {
            cancelled(tx, id)?;
            "said not to be there"
        }
        None => {
            go(tx, id, State::Due)?;
            tx.execute(
                "UPDATE delivery SET memo = NULL, remote_id = NULL, remote_url = NULL, confirmed = 0, failures = 0, failed_ever = 0, problem = NULL, cancel_at = NULL, must_ask = 0, next_at = ?2, \
                 due_at = max(coalesce(due_at, 0), ?2) WHERE id = ?1",
                params![id, now.as_millisecond()],
            )
            .map_err(problem)?;
            "told to post again"
        }
    };
    attempt::insert(
        tx,
        &Attempt {
            delivery: id,
            at: now,
            step: "decision".into(),
            outcome: "moved".into(),
            detail: Some(said.into()),
            ..Attempt::default()
        },
    )
}
