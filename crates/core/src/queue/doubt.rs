//! Refusals that are not believed yet. A platform (or a machine on the way) may carry out a call and answer it with a refusal. The refusal
//! is kept here until the platform was asked; it is told only if the platform does not show what the call was to do.

use super::Ticket;
use crate::platform::Fault;
use crate::problem::{Outcome, Problem};
use crate::store::delivery::text;
use crate::store::{Tx, problem};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// The faults among `Fault` that claim a call had no effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "was")]
pub(crate) enum Doubt {
    Refused { problem: Problem },
    Permission { scope: Option<String>, detail: String },
    Strange { detail: String },
}

impl Doubt {
    pub(crate) fn of(fault: &Fault) -> Option<Doubt> {
        Some(match fault.clone() {
            Fault::Refused(problem) => Doubt::Refused { problem },
            Fault::Permission { scope, detail } => Doubt::Permission { scope, detail },
            Fault::Strange { detail } => Doubt::Strange { detail },
            _ => return None,
        })
    }

    pub(crate) fn fault(self) -> Fault {
        match self {
            Doubt::Refused { problem } => Fault::Refused(problem),
            Doubt::Permission { scope, detail } => Fault::Permission { scope, detail },
            Doubt::Strange { detail } => Fault::Strange { detail },
        }
    }
}

/// The doubt of an earlier claim, while the answer of the platform is still waited for.
pub(crate) fn doubt_of(sql: &Connection, ticket: &Ticket) -> rusqlite::Result<Option<Doubt>> {
    let (table, id) = ticket.row();
    let kept: Option<Option<String>> = sql
        .prepare_cached(&format!("SELECT doubt FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(kept.flatten().and_then(|text| serde_json::from_str(&text).ok()))
}

pub(crate) fn keep_doubt(tx: &mut Tx, ticket: &Ticket, doubt: Option<&Doubt>) -> Outcome<()> {
    let (table, id) = ticket.row();
    tx.prepare_cached(&format!("UPDATE {table} SET doubt = ?2 WHERE id = ?1"))
        .and_then(|mut set| set.execute(params![id, doubt.map(text)]))
        .map_err(problem)?;
    Ok(())
}

/// Does another delivery of the account have this id at the platform? Then it is not this one's, whatever an answer says.
pub(crate) fn is_anothers(sql: &Connection, ticket: &Ticket, remote: &str) -> rusqlite::Result<bool> {
    sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE account_id = ?1 AND id <> ?2 AND remote_id = ?3)",
    )?
    .query_row(params![ticket.delivery.account, ticket.delivery.id, remote], |row| row.get(0))
}
