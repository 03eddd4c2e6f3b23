//! Lists of deliveries: which, in what order, and in pages.
//!
//! A page names the last delivery of the one before. A list of any length is read page by page, each in a snapshot of its own, so
//! that neither memory nor the file's log grows with it.

use super::{DeliveryView, JOINS, LINE, line};
use crate::engine::Engine;
use crate::post::State;
use crate::problem::Outcome;
use crate::store::{delivery, hold};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Which deliveries to list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default)]
pub struct Filter {
    /// Due at or after.
    pub from: Option<Timestamp>,
    /// Due before.
    pub to: Option<Timestamp>,
    pub state: Option<State>,
    pub account: Option<i64>,
    /// At most this many.
    pub limit: Option<u32>,
    /// Only what comes after this delivery in the list's order: the last one of the page before.
    pub after: Option<i64>,
    /// Only what is not over, and what ended with a minute of the last seven days.
    pub current: Option<bool>,
    /// Only what waits for a person: stuck, or of a channel that has to be signed in again.
    pub needs_you: Option<bool>,
}

/// How many deliveries a filter lets through, whatever its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Count {
    pub posts: u64,
}

/// Deliveries in a page of a long list.
const PAGE: u32 = 500;
/// How long what is over stays current.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Those that wait for a person: also what was changed here and not at its platform. Each part is read from an index.
const NEEDS_YOU: &str = "delivery.id IN (SELECT id FROM delivery WHERE state = 'stuck' \
     UNION SELECT waits.id FROM account CROSS JOIN delivery AS waits INDEXED BY delivery_lane ON waits.account_id = account.id \
       WHERE account.state = 'sign_in' AND waits.state IN ('due', 'parked') AND waits.claim IS NULL AND waits.paused = 0 \
     UNION SELECT id FROM delivery WHERE state IN ('working', 'ready') AND account_id IN (SELECT id FROM account WHERE state = 'sign_in') \
     UNION SELECT changed.id FROM not_through CROSS JOIN delivery AS changed ON changed.id = not_through.delivery_id \
       WHERE changed.state NOT IN ('published', 'cancelled'))";

/// One query: its index, conditions and order.
struct Query {
    index: &'static str,
    conditions: Vec<&'static str>,
    order: &'static str,
}

impl Query {
    /// Only the conditions that are asked for, so that each query can use its index.
    fn of(filter: &Filter) -> Query {
        let waits = matches!(filter.state, Some(State::Due | State::Parked));
        let calendar = filter.from.is_some() || filter.to.is_some();
        let needs_you = filter.needs_you == Some(true);
        let mut conditions = vec!["1 = 1"];
        for (given, condition) in [
            (filter.from.is_some(), "delivery.due_at >= :from"),
            (filter.to.is_some(), "delivery.due_at < :to"),
            (filter.state.is_some(), "delivery.state = :state"),
            (filter.account.is_some(), "delivery.account_id = :account"),
            (waits, "delivery.state IN ('due', 'parked')"),
            (needs_you, NEEDS_YOU),
        ] {
            if given {
                conditions.push(condition);
            }
        }
        // What waits to send bytes is listed in the order it is taken, but in a calendar. A turn that was given to a post is the
        // instant of another one, so among all posts it takes that one's place.
        let all = filter.state.is_none() && !calendar && !needs_you;
        Query {
            index: if all { "INDEXED BY delivery_listed" } else { "" },
            conditions,
            order: if waits || all {
                "coalesce(delivery.turn_at, delivery.due_at)"
            } else {
                "delivery.due_at"
            },
        }
    }
}

impl Engine {
    pub(crate) fn delivery_views(&self, filter: &Filter) -> Outcome<Vec<DeliveryView>> {
        let now = self.clock().now();
        if let Some(id) = filter.after {
            self.read(|sql| delivery::get(sql, id))?.ok_or_else(|| crate::queue::not_found(id))?;
        }
        let views: Vec<DeliveryView> = self.read(|sql| {
            if filter.current == Some(true) { current(sql, filter, now) } else { page(sql, filter, now) }
        })?;
        Ok(views.into_iter().map(|view| self.with_progress(view)).collect())
    }

    /// Every delivery the filter lets through, in pages, until `take` has enough.
    pub(crate) fn each_page(
        &self,
        filter: &Filter,
        take: &mut dyn FnMut(Vec<DeliveryView>) -> ControlFlow<()>,
    ) -> Outcome<()> {
        let (mut after, mut left) = (filter.after, filter.limit.unwrap_or(u32::MAX));
        while left > 0 {
            let limit = left.min(PAGE);
            let asked = Filter { after, limit: Some(limit), ..filter.clone() };
            let rows = self.delivery_views(&asked)?;
            let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            after = rows.last().map(|row| row.id);
            left = left.saturating_sub(found);
            if take(rows).is_break() || found < limit || filter.current == Some(true) {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn delivery_count(&self, filter: &Filter) -> Outcome<Count> {
        let query = Query::of(filter);
        let posts: i64 = self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT count(*) FROM delivery WHERE {} AND :from IS :from AND :to IS :to AND :state IS :state AND :account IS :account",
                query.conditions.join(" AND ")
            ))?
            .query_row(
                named_params! {
                    ":from": filter.from.map(Timestamp::as_millisecond),
                    ":to": filter.to.map(Timestamp::as_millisecond),
                    ":state": filter.state.map(State::as_str),
                    ":account": filter.account,
                },
                |row| row.get(0),
            )
        })?;
        Ok(Count { posts: posts.max(0) as u64 })
    }
}

fn page(sql: &Connection, filter: &Filter, now: Timestamp) -> rusqlite::Result<Vec<DeliveryView>> {
    let Query { index, mut conditions, order } = Query::of(filter);
    let after = match filter.after {
        None => None,
        Some(id) => sql
            .prepare_cached(&format!("SELECT {order} FROM delivery WHERE id = ?1"))?
            .query_row([id], |row| row.get::<_, Option<i64>>(0))
            .optional()?,
    };
    // Rows without a time come first. The first condition of each is what the index is entered by.
    let beyond = match after {
        None => None,
        Some(Some(_)) => Some(format!("{order} >= :key AND ({order} > :key OR delivery.id > :after)")),
        Some(None) => Some(format!("({order} IS NOT NULL OR delivery.id > :after)")),
    };
    conditions.extend(beyond.as_deref());
    let holds = hold::all(sql)?;
    let query = format!(
        "SELECT {}, {LINE} FROM delivery {index} {JOINS} WHERE {} AND :from IS :from AND :to IS :to AND :state IS :state AND :account IS :account \
         AND :key IS :key AND :after IS :after ORDER BY {order}, delivery.id LIMIT :limit",
        delivery::columns_of_a_list(),
        conditions.join(" AND ")
    );
    sql.prepare_cached(&query)?
        .query_map(
            named_params! {
                ":from": filter.from.map(Timestamp::as_millisecond),
                ":to": filter.to.map(Timestamp::as_millisecond),
                ":state": filter.state.map(State::as_str),
                ":account": filter.account,
                ":key": after.flatten(),
                ":after": filter.after,
                ":limit": filter.limit.map_or(-1, i64::from),
            },
            |row| line(row, &holds, now),
        )?
        .collect()
}

/// What is not over, state by state, and what ended lately; the nearest first.
fn current(sql: &Connection, filter: &Filter, now: Timestamp) -> rusqlite::Result<Vec<DeliveryView>> {
    let mut rows = Vec::new();
    for state in State::ALL {
        let since = now.checked_sub(RECENT).unwrap_or(now);
        let from = if state.is_final() {
            Some(filter.from.map_or(since, |from| from.max(since)))
        } else {
            filter.from
        };
        let asked = Filter { from, state: Some(state), current: None, after: None, ..filter.clone() };
        rows.extend(page(sql, &asked, now)?);
    }
    rows.sort_by_key(|row| (row.due, row.id));
    rows.truncate(filter.limit.map_or(usize::MAX, |limit| limit as usize));
    Ok(rows)
}
