//! Changing a post in whatever state it is: words, time, options. What a platform holds already is brought in line afterwards.

use super::Host;
use super::posts::{app_of, begin_at, when_problem};
use crate::check::{self, Terms};
use crate::engine::{Engine, sql};
use crate::platform::{AnyPlatform, Errand, Options, Words};
use crate::post::State;
use crate::problem::{Code, Outcome, Problem};
use crate::queue;
use crate::schedule::when::parse_when;
use crate::settings::Settings;
use crate::store::delivery::{self, Delivery};
use crate::store::{media, post, setting};
use crate::view::DeliveryView;
use crate::worker::job;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Changes a post. What is `None` stays; all its channels follow, also those where the platform already holds it (C38).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct EditPost {
    /// Any delivery of the post.
    pub id: i64,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub caption: Option<String>,
    #[serde(default)]
    pub at: Option<String>,
    /// Options of this delivery's platform; null takes one back.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub options: Options,
}

pub(super) async fn edit(engine: &Engine, _: &dyn Host, given: EditPost) -> Outcome<Vec<DeliveryView>> {
    let now = engine.clock().now();
    let settings: Settings = engine.read(|sql| setting::get(sql, Settings::KEY))?;
    let row = engine.read(|sql| delivery::get(sql, given.id))?.ok_or_else(|| queue::not_found(given.id))?;
    if row.state.is_final() && given.at.is_some() {
        let message = format!("This post is already {}; its time can't be changed.", row.state.as_str());
        return Err(Problem::block(Code::NotNow, message));
    }
    let (old, rows) =
        engine.read(|sql| Ok((post::get(sql, row.post)?, delivery::of_post(sql, row.post)?)))?;
    let old = old.ok_or_else(|| queue::not_found(given.id))?;
    let media = engine.read(|sql| media::get(sql, old.media))?.ok_or_else(|| queue::not_found(given.id))?;
    let words = Words {
        title: given.title.clone().unwrap_or_else(|| old.words.title.clone()),
        caption: given.caption.clone().unwrap_or_else(|| old.words.caption.clone()),
    };
    let moved = match &given.at {
        Some(text) => Some(parse_when(text, &settings.zone, now).map_err(|fault| when_problem(&fault))?),
        None => None,
    };
    let wall = moved.as_ref().map(|when| when.wall.clone()).or_else(|| old.wall.clone());
    let new = post::Post { words: words.clone(), wall: wall.clone(), ..old.clone() };
    let mut plans = Vec::new();
    for row in rows {
        let account = engine
            .read(|sql| crate::store::account::get(sql, row.account))?
            .ok_or_else(|| queue::not_found(row.id))?;
        let platform = engine.platform(&account.platform)?.clone();
        let mut changed = row.clone();
        if row.id == given.id {
            changed.options = merge_options(&platform, &row, &given.options, now)?;
        }
        if let Some(when) = &moved {
            changed.due = Some(when.resolved.at);
        }
        let app = app_of(engine, &account)?;
        let job = job::job(engine, &platform, &changed, &account, &app, &new, &media, Errand::Publish)?;
        let mut problems = check::check(platform.facts(), &job, Terms::default());
        problems.extend(platform.check(&job));
        if let Some(first) = problems
            .into_iter()
            .find(|problem| problem.blocks() && row.state != State::Draft && !row.state.is_final())
        {
            return Err(first);
        }
        let goes_out = platform.goes_out(&job);
        let due = changed.due.unwrap_or(now);
        let start = begin_at(goes_out, due, &job, platform.facts(), &settings, now);
        let mut after = job.clone();
        after.options = changed.options.clone();
        let extras = platform.extras(&after);
        plans.push((row, changed.options, due, start, goes_out, extras));
    }
    let post_id = old.id;
    let ids: Vec<i64> = plans.iter().map(|plan| plan.0.id).collect();
    let re_timed = moved.is_some();
    engine
        .write(move |tx| {
            post::edit(tx, post_id, &words, wall.as_ref())?;
            for (row, options, due, start, goes_out, extras) in plans {
                sql(tx.execute(
                    "UPDATE delivery SET options = ?2 WHERE id = ?1",
                    rusqlite::params![row.id, delivery::text(&options)],
                ))?;
                if re_timed && !row.state.is_final() {
                    queue::re_time(tx, row.id, due, start, goes_out, now)?;
                } else if !row.state.is_final() && row.state.is_ours() && row.memo.is_none() {
                    sql(tx.execute(
                        "UPDATE delivery SET goes_out = ?2 WHERE id = ?1",
                        rusqlite::params![row.id, delivery::bare(&goes_out)],
                    ))?;
                }
                if matches!(row.state, State::HandedOver | State::Ready | State::Published) {
                    queue::catch_up(tx, row.id, now)?;
                    if row.state != State::Ready {
                        queue::add_extras(tx, row.id, &extras, now)?;
                    }
                }
                tx.say(crate::event::What::Delivery { id: row.id });
            }
            Ok(())
        })
        .await?;
    ids.into_iter().map(|id| engine.delivery_view(id)).collect()
}

/// Another place among the deliveries of its state that wait to send bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reorder {
    pub id: i64,
    /// The delivery that comes after it; `null`: it becomes the last.
    pub before: Option<i64>,
}

/// Answers with those that changed their place, in the new order.
pub(super) async fn reorder(engine: &Engine, _: &dyn Host, given: Reorder) -> Outcome<Vec<DeliveryView>> {
    let moved = engine.write(move |tx| queue::reorder(tx, given.id, given.before)).await?;
    moved.into_iter().map(|id| engine.delivery_view(id)).collect()
}

/// New options over the old. What the platform can't change any more is refused once it has the post.
fn merge_options(
    platform: &Arc<dyn AnyPlatform>,
    row: &Delivery,
    given: &Options,
    now: Timestamp,
) -> Outcome<Options> {
    let facts = platform.facts();
    let read = check::read_options(facts, given, now)?;
    let taken = matches!(
        row.state,
        State::HandedOver | State::ToFinish | State::Ready | State::Published | State::Working
    ) || row.remote.is_some();
    for key in given.keys() {
        if taken && facts.option(key).is_some_and(|option| !option.amendable) {
            let message = format!("{} can't be changed any more: {} has the post already.", key, facts.name);
            return Err(Problem::block(Code::OptionInvalid, message).edit(key.as_str()));
        }
    }
    let mut merged = row.options.clone();
    for key in given.keys() {
        if !read.contains_key(key) {
            // Taken back: null, and of a declaration also "no".
            merged.remove(key);
        }
    }
    merged.extend(read);
    Ok(merged)
}
