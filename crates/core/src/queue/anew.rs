//! Beginning anew: where the platform has nothing that could be taken for the post, and only there (C4).

use super::{Ticket, count, errand_rests, go, note, ours, park, rests, stick};
use crate::post::State;
use crate::problem::{Fix, Outcome, Problem};
use crate::store::attempt::Attempt;
use crate::store::{Tx, problem};
use jiff::Timestamp;
use rusqlite::params;

/// The line in the history of a post of which nothing came.
const MADE_ANEW: &str = "made anew";

/// The session is gone and nothing was made of it: the next claim begins anew. Never after a remote id is known (C4).
pub fn begin_anew(tx: &mut Tx, ticket: &Ticket, at: Timestamp, why: &Problem) -> Outcome<()> {
    if !ours(tx, ticket, None)? {
        return Ok(());
    }
    count(tx, ticket, true)?;
    let (table, id) = ticket.row();
    tx.execute(&format!("UPDATE {table} SET memo = NULL WHERE id = ?1"), [id]).map_err(problem)?;
    match &ticket.errand {
        Some(errand) => errand_rests(tx, errand.id, "waiting", Some(at), Some(why)),
        None => {
            tx.execute("UPDATE delivery SET confirmed = 0 WHERE id = ?1", [id]).map_err(problem)?;
            go(tx, id, State::Parked)?;
            rests(tx, id, Some(at), Some(why))
        }
    }
}

/// The platform says itself that nothing came of it: what it called the post is forgotten, and it is made anew at `at`, or by a person.
/// The one exception to C4, and only while the platform is at work on it: what was handed over or waits there has to be looked at.
pub fn nothing_came(
    tx: &mut Tx,
    ticket: &Ticket,
    at: Option<Timestamp>,
    why: &Problem,
    now: Timestamp,
) -> Outcome<()> {
    if ticket.errand.is_some() || ticket.delivery.state != State::Working {
        return stick(tx, ticket, &Problem { fix: Fix::Decide, ..why.clone() });
    }
    if !ours(tx, ticket, None)? {
        return Ok(());
    }
    let detail = why.detail.clone().or_else(|| Some(why.message.clone()));
    let (step, outcome) = (MADE_ANEW.into(), "moved".into());
    note(tx, ticket, Attempt { at: now, step, outcome, detail, ..Attempt::default() })?;
    tx.execute(
        "UPDATE delivery SET memo = NULL, remote_id = NULL, remote_url = NULL, stage = NULL, confirmed = 0 WHERE id = ?1",
        [ticket.delivery.id],
    )
    .map_err(problem)?;
    match at {
        Some(at) => park(tx, ticket, at, why, true),
        None => stick(tx, ticket, why),
    }
}

/// How often that was so.
pub fn made_anew(sql: &rusqlite::Connection, ticket: &Ticket) -> rusqlite::Result<u32> {
    sql.prepare_cached("SELECT count(*) FROM attempt WHERE delivery_id = ?1 AND step = ?2")?
        .query_row(params![ticket.delivery.id, MADE_ANEW], |row| row.get(0))
}
