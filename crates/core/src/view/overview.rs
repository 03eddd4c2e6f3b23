//! What is shown around the lists: the strip and the tray, what happened, where the data lies.

use super::DeliveryView;
use crate::api::History;
use crate::engine::Engine;
use crate::post::State;
use crate::problem::{Outcome, Problem};
use crate::settings::Settings;
use crate::store::setting;
use crate::vault::VaultKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The bottom strip and the tray, in one question.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Glance {
    pub now: Timestamp,
    /// The computer's clock and the platforms' differ by more than a minute; how far ahead it is stands in seconds in the detail.
    pub clock: Option<Problem>,
    pub paused: bool,
    /// The next post that is not public yet.
    pub next: Option<DeliveryView>,
    /// What is under way.
    pub moving: Vec<DeliveryView>,
    /// How many wait for something that comes by itself.
    pub waiting: i64,
    /// How many wait for a person.
    pub needs_you: i64,
    /// The last that was published.
    pub last: Option<DeliveryView>,
}

/// One line of what happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Happening {
    pub id: i64,
    pub at: Timestamp,
    pub delivery: i64,
    pub account: i64,
    pub account_name: String,
    pub platform: String,
    pub title: String,
    pub step: String,
    pub outcome: String,
    pub status: Option<u16>,
    pub detail: Option<String>,
}

/// Where the data lies and how much it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HouseView {
    pub folder: String,
    pub sandbox: bool,
    /// Address of the sandbox's page; the host that runs it fills it in.
    pub sandbox_page: Option<String>,
    pub vault: VaultKind,
    /// Sign-ins that are kept.
    pub tokens: i64,
    pub version: String,
    pub database_bytes: u64,
    pub backups_bytes: u64,
    pub posters_bytes: u64,
    /// Copies of videos that were practised with in the sandbox.
    pub practised_bytes: u64,
    /// Does some process run the queue?
    pub queue_runs: bool,
    pub now: Timestamp,
    /// What is wrong with the queue's file or its disk just now.
    pub problem: Option<Problem>,
}

/// As many lines of history as one answer brings.
const MOST: u32 = 200;
/// As many lines as a search looks at in one go.
const LOOKED_AT: u32 = 20_000;

/// What a search through a piece of the history found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Searched {
    pub lines: Vec<Happening>,
    /// Where to go on: given as `before` it leads to the next piece. `None`: the whole history was looked at.
    pub before: Option<i64>,
    /// The history was looked at back to here.
    pub back_to: Option<Timestamp>,
}

impl Engine {
    /// One delivery as a line of a list. For a host that tells about it.
    pub fn row_view(&self, id: i64) -> Outcome<DeliveryView> {
        self.delivery_view(id)
    }

    pub fn glance(&self) -> Outcome<Glance> {
        let now = self.clock().now();
        self.read(|sql| {
            let settings: Settings = setting::get(sql, Settings::KEY)?;
            let one = |query: &str| -> rusqlite::Result<Option<DeliveryView>> {
                use rusqlite::OptionalExtension;
                let id: Option<i64> = sql.prepare_cached(query)?.query_row([], |row| row.get(0)).optional()?;
                Ok(id.map(|id| self.one_line(sql, id, now)).transpose()?.flatten())
            };
            let count = |states: &[State]| -> rusqlite::Result<i64> {
                let mut all = 0;
                for state in states {
                    let mut count = sql.prepare_cached("SELECT count(*) FROM delivery WHERE state = ?1")?;
                    all += count.query_row([state.as_str()], |row| row.get::<_, i64>(0))?;
                }
                Ok(all)
            };
            let not_there: i64 = sql
                .prepare_cached(
                    "SELECT count(DISTINCT delivery.id) FROM not_through CROSS JOIN delivery ON delivery.id = not_through.delivery_id \
                     WHERE delivery.state NOT IN ('stuck', 'to_finish', 'published', 'cancelled')",
                )?
                .query_row([], |row| row.get(0))?;
            let working: Vec<i64> = sql
                .prepare_cached("SELECT id FROM delivery WHERE state = 'working' ORDER BY due_at LIMIT 20")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut moving = Vec::new();
            for id in working {
                moving.extend(self.one_line(sql, id, now)?);
            }
            Ok(Glance {
                now,
                clock: self.clock_problem(),
                paused: settings.paused,
                next: one(
                    "SELECT id FROM delivery WHERE state IN ('due', 'parked', 'ready', 'handed_over') AND due_at IS NOT NULL \
                     ORDER BY due_at, id LIMIT 1",
                )?,
                moving,
                waiting: count(&[State::Due, State::Parked, State::Ready, State::Working])?,
                needs_you: count(&[State::Stuck, State::ToFinish])? + not_there,
                last: one("SELECT id FROM delivery WHERE state = 'published' ORDER BY due_at DESC, id DESC LIMIT 1")?,
            })
        })
    }

    /// One piece of the history, newest first, until enough was found. Words are looked for in any case and any script, which
    /// SQLite's LIKE can't.
    pub(crate) fn search_happenings(&self, given: &History) -> Outcome<Searched> {
        let limit = given.limit.unwrap_or(50).clamp(1, MOST) as usize;
        let wanted = given.query.as_deref().map(str::trim).unwrap_or_default().to_lowercase();
        self.read(|sql| {
            let mut lines = sql.prepare_cached(
                "SELECT attempt.id, attempt.at, delivery.id, account.id, account.name, account.platform, \
                   coalesce(delivery.words, post.words), media.path, attempt.step, attempt.outcome, attempt.status, attempt.detail \
                 FROM attempt JOIN delivery ON delivery.id = attempt.delivery_id JOIN post ON post.id = delivery.post_id \
                 JOIN media ON media.id = post.media_id JOIN account ON account.id = delivery.account_id \
                 WHERE attempt.id < ?1 AND (?2 IS NULL OR account.id = ?2) ORDER BY attempt.id DESC LIMIT ?3",
            )?;
            let before = given.before.unwrap_or(i64::MAX);
            let rows = lines.query_map(rusqlite::params![before, given.account, LOOKED_AT], |row| {
                let words: crate::platform::Words = crate::store::delivery::json(row, 6)?;
                let path: String = row.get(7)?;
                let file = crate::worker::job::file_name(std::path::Path::new(&path));
                Ok(Happening {
                    id: row.get(0)?,
                    at: Timestamp::from_millisecond(row.get(1)?).unwrap_or_default(),
                    delivery: row.get(2)?,
                    account: row.get(3)?,
                    account_name: row.get(4)?,
                    platform: row.get(5)?,
                    title: if words.called().is_empty() { file } else { words.called().to_string() },
                    step: row.get(8)?,
                    outcome: row.get(9)?,
                    status: row.get(10)?,
                    detail: row.get(11)?,
                })
            })?;
            let mut searched = Searched { lines: Vec::new(), before: None, back_to: None };
            let mut looked_at = 0;
            for row in rows {
                let row = row?;
                looked_at += 1;
                (searched.before, searched.back_to) = (Some(row.id), Some(row.at));
                let says = |text: &str| text.to_lowercase().contains(&wanted);
                let detail = row.detail.as_deref().unwrap_or_default();
                if wanted.is_empty() || [&row.title, &row.account_name, &row.step, &row.outcome].iter().any(|text| says(text)) || says(detail) {
                    searched.lines.push(row);
                }
                if searched.lines.len() >= limit {
                    return Ok(searched);
                }
            }
            if looked_at < LOOKED_AT {
                searched.before = None;
            }
            Ok(searched)
        })
    }

    /// The history, newest first: all of it is looked at, piece by piece, unless enough was found before.
    pub(crate) async fn happenings(&self, given: &History) -> Outcome<Vec<Happening>> {
        let limit = given.limit.unwrap_or(50).clamp(1, MOST);
        let mut asked = given.clone();
        let mut found: Vec<Happening> = Vec::new();
        loop {
            asked.limit = Some(limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit)).max(1));
            let searched = self.search_happenings(&asked)?;
            found.extend(searched.lines);
            match searched.before {
                Some(before) if found.len() < limit as usize => asked.before = Some(before),
                _ => return Ok(found),
            }
            tokio::task::yield_now().await;
        }
    }
}
