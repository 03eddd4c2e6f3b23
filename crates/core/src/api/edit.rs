//! Changing a post in whatever state it is: words, time, options. What a platform holds already is brought in line afterwards.

use super::Host;
use super::posts::{app_of, begin_at, when_problem};
use crate::check::{self, Terms};
use crate::engine::{Engine, sql};
use crate::platform::{AnyPlatform, Errand, Extra, GoesOut, Options, Words};
use crate::post::State;
use crate::problem::{Code, Outcome, Problem};
use crate::queue;
use crate::schedule::WallTime;
use crate::schedule::when::parse_when;
use crate::settings::Settings;
use crate::store::account::Account;
use crate::store::delivery::{self, Delivery};
use crate::store::{Tx, account, media, post, setting};
use crate::view::DeliveryView;
use crate::worker::job;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Changes one delivery, or the whole post. What is `None` stays; what the platform holds already follows (C38).
///
/// Words and time of one delivery become its own: its siblings neither send nor hold anything else afterwards.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct EditPost {
    /// The delivery that is changed.
    pub id: i64,
    /// Further deliveries of the same post that get the same words and the same time.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub also: Vec<i64>,
    /// Words and time of the post itself: every delivery follows that has none of its own.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub whole: bool,
    /// With `whole`: deliveries with words or a time of their own follow, too.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub own_too: bool,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub caption: Option<String>,
    #[serde(default)]
    pub at: Option<String>,
    /// As soon as possible, in place of a time.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub asap: bool,
    /// Options of this delivery's platform; null takes one back.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub options: Options,
}

/// What becomes of a post and its deliveries. Pure.
#[derive(Debug, Default, PartialEq)]
struct Wishes {
    /// New words of the post itself.
    words: Option<Words>,
    /// A new plan of the post itself.
    wall: Option<Option<WallTime>>,
    rows: Vec<RowWishes>,
}

#[derive(Debug, PartialEq)]
struct RowWishes {
    id: i64,
    /// Its own words and its own plan afterwards.
    words: Option<Words>,
    wall: Option<Option<WallTime>>,
    /// Does it send or hold anything else than before, options aside?
    other_words: bool,
    re_timed: bool,
}

impl EditPost {
    /// `moved`: the new plan, where there is to be one.
    fn wishes(&self, post: &post::Post, rows: &[Delivery], moved: Option<&Option<WallTime>>) -> Wishes {
        let named = |row: &Delivery| row.id == self.id || self.also.contains(&row.id);
        let all = rows.iter().all(named);
        let speaks = self.title.is_some() || self.caption.is_some();
        let spoken = |before: &Words| Words {
            title: self.title.clone().unwrap_or_else(|| before.title.clone()),
            caption: self.caption.clone().unwrap_or_else(|| before.caption.clone()),
        };
        // What goes to every channel is the post's: the next edit of the whole finds it there.
        let to_post = speaks && (self.whole || (all && rows.iter().all(|row| row.words.is_none())));
        let plan_to_post = moved.is_some() && (self.whole || all);
        let mut wishes = Wishes {
            words: to_post.then(|| spoken(&post.words)),
            wall: moved.filter(|_| plan_to_post).cloned(),
            rows: Vec::new(),
        };
        let shared = wishes.words.as_ref().unwrap_or(&post.words);
        for row in rows {
            let before = row.spoken(post);
            let words = match &row.words {
                own if !speaks => own.clone(),
                Some(own) if self.whole => Some(if self.own_too { spoken(own) } else { own.clone() }),
                None if to_post => None,
                own if named(row) && spoken(before) != *before => {
                    Some(own.as_ref().map_or_else(|| spoken(before), &spoken))
                }
                own => own.clone(),
            };
            // A part that names deliveries is meant for each of them; the whole leaves alone what can't be moved any more.
            let follows = match self.whole {
                true => !is_at_its_end(row) && (row.wall.is_none() || self.own_too),
                false => named(row),
            };
            let (wall, re_timed) = match moved {
                Some(_) if follows && plan_to_post => (None, true),
                Some(plan) if follows => (Some(plan.clone()), true),
                Some(_) if plan_to_post => (Some(row.plan(post).cloned()), false),
                _ => (row.wall.clone(), false),
            };
            let other_words = words.as_ref().unwrap_or(shared) != before;
            wishes.rows.push(RowWishes { id: row.id, words, wall, other_words, re_timed });
        }
        wishes
    }
}

/// When it goes public is not for an edit of the whole post to say any more.
fn is_at_its_end(row: &Delivery) -> bool {
    row.state.is_final() || row.state == State::ToFinish
}

/// One delivery that is changed, looked at from all sides.
struct Change {
    row: Delivery,
    wishes: RowWishes,
    options: Options,
    start: Timestamp,
    goes_out: GoesOut,
    extras: Vec<Extra>,
}

pub(super) async fn edit(engine: &Engine, _: &dyn Host, given: EditPost) -> Outcome<Vec<DeliveryView>> {
    let now = engine.clock().now();
    let settings: Settings = engine.read(|sql| setting::get(sql, Settings::KEY))?;
    let row = engine.read(|sql| delivery::get(sql, given.id))?.ok_or_else(|| queue::not_found(given.id))?;
    let (old, rows) =
        engine.read(|sql| Ok((post::get(sql, row.post)?, delivery::of_post(sql, row.post)?)))?;
    let old = old.ok_or_else(|| queue::not_found(given.id))?;
    let media = engine.read(|sql| media::get(sql, old.media))?.ok_or_else(|| queue::not_found(given.id))?;
    if let Some(stray) = given.also.iter().find(|id| !rows.iter().any(|row| row.id == **id)) {
        let message = format!("Number {stray} does not belong to this post.");
        return Err(Problem::block(Code::BadRequest, message).edit("also"));
    }
    let (plan, due) = match (&given.at, given.asap) {
        (Some(_), true) => {
            return Err(
                Problem::block(Code::BadRequest, "Say a time, or as soon as possible, not both.").edit("at")
            );
        }
        (Some(text), false) => {
            let when = parse_when(text, &settings.zone, now).map_err(|fault| when_problem(&fault))?;
            (Some(Some(when.wall)), when.resolved.at)
        }
        (None, asap) => (asap.then_some(None), now),
    };
    let wishes = given.wishes(&old, &rows, plan.as_ref());
    let new = post::Post { words: wishes.words.clone().unwrap_or_else(|| old.words.clone()), ..old.clone() };
    let new = post::Post { wall: wishes.wall.clone().unwrap_or_else(|| old.wall.clone()), ..new };
    let (mut changes, mut kept) = (Vec::new(), Vec::new());
    for (row, wish) in rows.into_iter().zip(wishes.rows) {
        if wish.re_timed && is_at_its_end(&row) {
            return Err(no_new_time(&row));
        }
        let options = match row.id == given.id && !given.options.is_empty() {
            true => {
                let account = account_of(engine, &row)?;
                let platform = engine.platform(&account.platform)?.clone();
                merge_options(&platform, &row, &given.options, now)?
            }
            false => row.options.clone(),
        };
        if !(wish.re_timed || wish.other_words || options != row.options) {
            // It goes on as it is; only where its plan is written changes.
            if wish.wall != row.wall {
                kept.extend(wish.wall.map(|wall| (row.id, wall)));
            }
            continue;
        }
        let due_then = if wish.re_timed { Some(due) } else { row.due };
        let changed = Delivery {
            words: wish.words.clone(),
            wall: wish.wall.clone(),
            options: options.clone(),
            due: due_then,
            ..row.clone()
        };
        let account = account_of(engine, &row)?;
        let platform = engine.platform(&account.platform)?.clone();
        let app = app_of(engine, &account)?;
        // What the platform keeps the minute of is moved there: whether it takes the new one is known before.
        let moves_there = row.state == State::HandedOver && due_then != row.due && plan != Some(None);
        let errand = if moves_there { Errand::Amend } else { Errand::Publish };
        let job = job::job(engine, &platform, &changed, &account, &app, &new, &media, errand)?;
        let mut problems = check::check(platform.facts(), &job, Terms::default());
        problems.extend(platform.check(&job));
        if let Some(first) = problems
            .into_iter()
            .find(|problem| problem.blocks() && row.state != State::Draft && !row.state.is_final())
        {
            return Err(first);
        }
        let goes_out = platform.goes_out(&job);
        let start = begin_at(goes_out, due_then.unwrap_or(now), &job, platform.facts(), &settings, now);
        let extras = platform.extras(&job);
        changes.push(Change { row, wishes: wish, options, start, goes_out, extras });
    }
    let mut ids = vec![given.id];
    ids.extend(changes.iter().map(|change| change.row.id).filter(|id| *id != given.id));
    let (words, wall) = (wishes.words.filter(|words| *words != old.words), wishes.wall);
    engine
        .write(move |tx| {
            if words.is_some() || wall.is_some() {
                let words = words.as_ref().unwrap_or(&old.words);
                post::edit(tx, old.id, words, wall.as_ref().unwrap_or(&old.wall).as_ref())?;
            }
            kept.iter().try_for_each(|(id, wall)| delivery::keep_plan(tx, *id, wall))?;
            changes.iter().try_for_each(|change| change.write(tx, due, plan == Some(None), now))
        })
        .await?;
    ids.into_iter().map(|id| engine.delivery_view(id)).collect()
}

impl Change {
    fn write(&self, tx: &mut Tx, due: Timestamp, asap: bool, now: Timestamp) -> Outcome<()> {
        let Change { row, wishes, .. } = self;
        delivery::set_wishes(tx, row.id, wishes.words.as_ref(), wishes.wall.as_ref(), &self.options)?;
        if wishes.re_timed && asap && row.state == State::Draft {
            queue::un_time(tx, row.id, self.goes_out)?;
        } else if wishes.re_timed {
            queue::re_time(tx, row.id, due, self.start, self.goes_out, now)?;
        } else if !row.state.is_final() && row.state.is_ours() && row.memo.is_none() {
            sql(tx.execute(
                "UPDATE delivery SET goes_out = ?2 WHERE id = ?1",
                rusqlite::params![row.id, delivery::bare(&self.goes_out)],
            ))?;
        }
        if matches!(row.state, State::HandedOver | State::Ready | State::Published) {
            queue::catch_up(tx, row.id, now)?;
            if row.state != State::Ready {
                queue::add_extras(tx, row.id, &self.extras, now)?;
            }
        }
        tx.say(crate::event::What::Delivery { id: row.id });
        Ok(())
    }
}

fn account_of(engine: &Engine, row: &Delivery) -> Outcome<Account> {
    engine.read(|sql| account::get(sql, row.account))?.ok_or_else(|| queue::not_found(row.id))
}

fn no_new_time(row: &Delivery) -> Problem {
    let message = match row.state {
        State::ToFinish => {
            "This post waits at the platform as a draft; when it goes public is decided there.".to_string()
        }
        state => format!("This post is already {}; its time can't be changed.", state.as_str()),
    };
    Problem::block(Code::NotNow, message)
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

#[cfg(test)]
mod tests;
