//! Lists of deliveries: which, and in what order.

use super::{DeliveryView, JOINS, LINE, LINE_WIDTH, line};
use crate::engine::Engine;
use crate::post::State;
use crate::problem::Outcome;
use crate::store::{delivery, hold};
use jiff::Timestamp;
use serde::Deserialize;

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
    pub limit: Option<u32>,
}

impl Engine {
    pub(crate) fn delivery_views(&self, filter: &Filter) -> Outcome<Vec<DeliveryView>> {
        let now = self.clock().now();
        let state = filter.state.map(State::as_str);
        let waits = matches!(filter.state, Some(State::Due | State::Parked));
        let (from, to) =
            (filter.from.map(Timestamp::as_millisecond), filter.to.map(Timestamp::as_millisecond));
        // Only the conditions that are asked for, so that each query can use its index.
        let mut conditions = vec!["1 = 1"];
        for (given, condition) in [
            (from.is_some(), "delivery.due_at >= ?1"),
            (to.is_some(), "delivery.due_at < ?2"),
            (state.is_some(), "delivery.state = ?3"),
            (filter.account.is_some(), "delivery.account_id = ?4"),
            (waits, "delivery.state IN ('due', 'parked')"),
        ] {
            if given {
                conditions.push(condition);
            }
        }
        // What waits to send bytes is listed in the order it is taken, but in a calendar.
        let order = if waits { "coalesce(delivery.turn_at, delivery.due_at)" } else { "delivery.due_at" };
        let rows: Vec<(DeliveryView, Option<i64>)> = self.read(|sql| {
            let holds = hold::all(sql)?;
            let query = format!(
                "SELECT {}, {LINE}, delivery.turn_at FROM delivery {JOINS} WHERE {} AND ?1 IS ?1 AND ?2 IS ?2 AND ?3 IS ?3 AND ?4 IS ?4 \
                 ORDER BY {order}, delivery.id LIMIT ?5",
                delivery::columns_of_a_list(),
                conditions.join(" AND ")
            );
            let limit = filter.limit.map_or(-1, i64::from);
            sql.prepare_cached(&query)?
                .query_map(rusqlite::params![from, to, state, filter.account, limit], |row| {
                    let view = line(row, &holds, now)?;
                    Ok((self.with_progress(view), row.get(delivery::WIDTH + LINE_WIDTH)?))
                })?
                .collect()
        })?;
        let calendar = filter.from.is_some() || filter.to.is_some();
        Ok(if waits || calendar { rows.into_iter().map(|(view, _)| view).collect() } else { in_turn(rows) })
    }
}

/// By minute, but the places of what waits in one state are taken by its order.
fn in_turn(rows: Vec<(DeliveryView, Option<i64>)>) -> Vec<DeliveryView> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for state in [State::Due, State::Parked] {
        let places: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].0.state == state).collect();
        let mut sorted = places.clone();
        let key = |at: &usize| {
            let (view, turn) = &rows[*at];
            (turn.or(view.due.map(Timestamp::as_millisecond)).unwrap_or_default(), view.id)
        };
        sorted.sort_by_key(key);
        for (place, at) in places.into_iter().zip(sorted) {
            order[place] = at;
        }
    }
    let mut rows: Vec<Option<DeliveryView>> = rows.into_iter().map(|(view, _)| Some(view)).collect();
    order.into_iter().filter_map(|at| rows[at].take()).collect()
}
