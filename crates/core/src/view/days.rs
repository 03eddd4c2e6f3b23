//! A calendar from afar: of each day how many posts, and the first of them, whatever the size of the queue.

use super::{DeliveryView, JOINS, LINE, line};
use crate::engine::Engine;
use crate::post::State;
use crate::problem::{Code, Outcome, Problem};
use crate::store::{delivery, hold};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// More days than any view shows at once.
const MOST_DAYS: u16 = 400;

/// Which days, and what of them.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Days {
    /// The first day, in `zone`.
    pub from: Date,
    /// How many, 1 to 400.
    pub days: u16,
    /// IANA name; a post belongs to the day it has there.
    pub zone: String,
    /// Posts listed of each day; the others are counted.
    pub most: u32,
    pub account: Option<i64>,
    pub state: Option<State>,
    /// Only posts whose title holds this, in any case of letters; their caption where they have no title.
    pub text: Option<String>,
}

/// A day that has posts.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DayView {
    pub date: Date,
    /// Posts of the day, listed or not.
    pub posts: u32,
    /// Every delivery, that fits what was asked, of the day's first posts, by minute.
    pub rows: Vec<DeliveryView>,
}

impl Engine {
    /// Days without a post are left out. Unknown zones are `zone_unknown`, spans beyond 400 days `bad_request`.
    pub(crate) fn day_views(&self, given: &Days) -> Outcome<Vec<DayView>> {
        let ends = midnights(given)?;
        let (Some(from), Some(to)) = (ends.first().copied(), ends.last().copied()) else {
            return Ok(Vec::new());
        };
        let text = given.text.as_deref().map(str::to_lowercase).filter(|text| !text.is_empty());
        let now = self.clock().now();
        self.read(|sql| {
            // One walk over the days' index for the counts, which has all that is asked for; only what is shown is then read whole.
            let title = match text {
                Some(_) => {
                    "coalesce(nullif(json_extract(coalesce(delivery.words, post.words), '$.title'), ''), \
                     json_extract(coalesce(delivery.words, post.words), '$.caption'), '')"
                }
                None => "''",
            };
            let join = if text.is_some() { "JOIN post ON post.id = delivery.post_id" } else { "" };
            let mut conditions = String::new();
            if given.state.is_some() {
                conditions.push_str(" AND delivery.state = ?3");
            }
            if given.account.is_some() {
                conditions.push_str(" AND delivery.account_id = ?4");
            }
            let query = format!(
                "SELECT delivery.id, delivery.post_id, delivery.due_at, {title} FROM delivery INDEXED BY delivery_calendar {join} \
                 WHERE delivery.due_at >= ?1 AND delivery.due_at < ?2{conditions} AND ?3 IS ?3 AND ?4 IS ?4 \
                 ORDER BY delivery.due_at, delivery.id"
            );
            let state = given.state.map(State::as_str);
            let mut days: Vec<(u32, Vec<i64>, Vec<i64>)> = vec![Default::default(); usize::from(given.days)];
            let mut seen = std::collections::HashSet::new();
            let mut asked = sql.prepare_cached(&query)?;
            let mut rows = asked.query(rusqlite::params![from, to, state, given.account])?;
            let mut day = 0;
            while let Some(row) = rows.next()? {
                let (id, post, due): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                if let Some(text) = &text
                    && !row.get::<_, String>(3)?.to_lowercase().contains(text)
                {
                    continue;
                }
                while ends.get(day + 1).is_some_and(|end| due >= *end) {
                    day += 1;
                }
                let Some((posts, shown, ids)) = days.get_mut(day) else { break };
                // A post belongs to the day of its first minute.
                if seen.insert(post) {
                    *posts += 1;
                    if shown.len() < given.most as usize {
                        shown.push(post);
                    }
                }
                if shown.contains(&post) {
                    ids.push(id);
                }
            }
            let holds = hold::all(sql)?;
            let query = format!(
                "SELECT {}, {LINE} FROM delivery {JOINS} WHERE delivery.id = ?1",
                delivery::columns_of_a_list()
            );
            let mut asked = sql.prepare_cached(&query)?;
            let mut views = Vec::new();
            for (at, (posts, _, ids)) in days.into_iter().enumerate().filter(|(_, (posts, ..))| *posts > 0) {
                let mut rows = Vec::with_capacity(ids.len());
                for id in ids {
                    rows.extend(asked.query_map([id], |row| line(row, &holds, now))?.next().transpose()?);
                }
                let rows = rows.into_iter().map(|view| self.with_progress(view)).collect();
                let date = given.from.saturating_add(i64::try_from(at).unwrap_or_default().days());
                views.push(DayView { date, posts, rows });
            }
            Ok(views)
        })
    }
}

/// Milliseconds at which the days begin, and at which the last one ends.
fn midnights(given: &Days) -> Outcome<Vec<i64>> {
    if given.days == 0 || given.days > MOST_DAYS {
        return Err(Problem::block(Code::BadRequest, "Between 1 and 400 days can be asked for.").edit("days"));
    }
    let zone = jiff::tz::TimeZone::get(&given.zone).map_err(|_| {
        Problem::block(Code::ZoneUnknown, format!("There is no time zone \"{}\".", given.zone)).edit("zone")
    })?;
    (0..=i64::from(given.days))
        .map(|n| {
            let day = given.from.checked_add(n.days())?;
            Ok(day.to_zoned(zone.clone())?.timestamp().as_millisecond())
        })
        .collect::<Result<_, jiff::Error>>()
        .map_err(|_| Problem::block(Code::BadRequest, "No calendar goes that far.").edit("from"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn given(from: &str, days: u16, zone: &str) -> Days {
        let from = from.parse().unwrap_or_default();
        Days { from, days, zone: zone.into(), most: 3, account: None, state: None, text: None }
    }

    #[test]
    fn days_begin_at_midnight_there_though_the_clocks_change_c36() {
        let ends = midnights(&given("2026-10-24", 3, "Europe/Amsterdam")).unwrap_or_default();
        let hours: Vec<i64> = ends.windows(2).map(|pair| (pair[1] - pair[0]) / 3_600_000).collect();
        assert_eq!(hours, [24, 25, 24]);
        assert_eq!(Timestamp::from_millisecond(ends[0]).ok(), "2026-10-23T22:00:00Z".parse().ok());
    }

    #[test]
    fn senseless_spans_are_refused() {
        for (from, days, zone) in [
            ("2026-10-24", 0, "UTC"),
            ("2026-10-24", 401, "UTC"),
            ("9999-12-30", 9, "UTC"),
            ("2026-10-24", 7, "Mars/Base"),
        ] {
            assert!(midnights(&given(from, days, zone)).is_err(), "{from} {days} {zone}");
        }
    }
}
