//! The one door: every command there is, for window, command line and agents alike.
//!
//! A command is a line in `commands!` and a short function; what it may be given and what it answers are plain data. Adding a
//! command here gives it to all three. Not here: how anything is done.

mod accounts;
#[cfg(test)]
mod bindings;
mod composing;
mod connect;
mod disconnect;
mod edit;
mod health;
mod look;
mod posts;
mod practice;
mod purge;
mod refile;
mod vault;

pub use accounts::{AddApp, RedirectPage, Rules, find_account, way_of};
pub use composing::{Composing, Draft, SaveComposing};
pub(crate) use connect::Choosing;
pub use connect::{Choosable, Choose, Chosen, Connect, Connection};
pub use disconnect::{AccessEnd, Disconnect, Disconnected, LinkedChannel, Siblings};
pub use edit::{EditPost, Reorder};
pub use health::{AskLive, Tested};
pub(crate) use health::{fault_problem, heard};
pub use look::{
    BackupView, FreeSlot, History, KeepPoster, Look, Looked, Media, PauseAll, Poster, Range, ReadTime,
    Report, TimeRead, backup_views,
};
pub(crate) use posts::re_derive;
pub use posts::{AddPost, Added, Checked, Decide, Finish, Schedule, Which};
pub use purge::{GoneView, Purged, find_disconnected};
pub use refile::Refile;
pub use vault::{
    FolderPlace, VaultEntry, VaultFolder, VaultView, Wipe, Wiped, chosen as chosen_entries, vault_view,
    vault_wipe,
};

use crate::engine::Engine;
use crate::facts::Facts;
use crate::platform::Choice;
use crate::problem::{Code, Outcome, Problem};
use crate::queue::{self};
use crate::settings::Settings;
use crate::store::{media, setting};
use crate::view::{
    AccountView, AppView, Count, DayView, Days, DeliveryDetail, DeliveryView, Filter, Glance, Happening,
    HouseView, Searched,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use crate::queue::Cancelled;

/// What only the host of the engine can do: open the system's browser.
pub trait Host: Send + Sync {
    /// Shows the consent page. The address holds no secret, but belongs to this sign-in alone.
    fn open(&self, address: &Url);
    /// Ends a sign-in under way.
    fn cancelled(&self) -> CancellationToken {
        CancellationToken::new()
    }
}

/// Names one delivery.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Id {
    pub id: i64,
}

/// Nothing to say.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "Record<string, never>"))]
pub struct Nothing {}

macro_rules! commands {
    ($($name:literal => $function:path, $given:ty => $answer:ty;)*) => {
        /// Tells what each command is given and answers, for the window's types.
        #[cfg(test)]
        fn shapes(told: &mut bindings::Shapes) {
            $(told.command::<$given, $answer>($name);)*
        }

        /// The name of every command.
        pub const COMMANDS: &[&str] = &[$($name),*];

        /// Calls a command by name with JSON. Unknown names and fields of the wrong kind are `bad_request`.
        pub async fn call(engine: &Engine, host: &dyn Host, name: &str, given: Value) -> Outcome<Value> {
            match name {
                $($name => {
                    let answer: $answer = $function(engine, host, read::<$given>(name, given)?).await?;
                    written(serde_json::to_value(answer))
                })*
                _ => Err(unknown(name)),
            }
        }

        /// The same, answered as JSON text without a tree in between: for a window or a pipe, and for long lists.
        pub async fn call_text(engine: &Engine, host: &dyn Host, name: &str, given: Value) -> Outcome<String> {
            match name {
                $($name => {
                    let answer: $answer = $function(engine, host, read::<$given>(name, given)?).await?;
                    written(serde_json::to_string(&answer))
                })*
                _ => Err(unknown(name)),
            }
        }
    };
}

fn read<T: serde::de::DeserializeOwned>(name: &str, given: Value) -> Outcome<T> {
    let given = if given.is_null() { Value::Object(Default::default()) } else { given };
    serde_json::from_value(given)
        .map_err(|error| Problem::block(Code::BadRequest, format!("{name}: {error}.")))
}

fn written<T>(answer: serde_json::Result<T>) -> Outcome<T> {
    answer.map_err(|error| Problem::internal(&anyhow::Error::new(error).context("writing an answer")))
}

fn unknown(name: &str) -> Problem {
    Problem::block(Code::BadRequest, format!("There is no command \"{name}\"."))
}

commands! {
    "platforms.list" => platforms, Nothing => Vec<&'static Facts>;
    "apps.add" => accounts::add_app, AddApp => AppView;
    "apps.list" => accounts::list_apps, Nothing => Vec<AppView>;
    "apps.remove" => accounts::remove_app, Id => Nothing;
    "apps.page" => accounts::redirect_page, Nothing => RedirectPage;
    "accounts.connect" => connect::connect, Connect => Connection;
    "accounts.choose" => connect::choose, Chosen => Vec<AccountView>;
    "accounts.list" => accounts::list, Nothing => Vec<AccountView>;
    "accounts.siblings" => disconnect::siblings, Id => Vec<LinkedChannel>;
    "accounts.disconnect" => disconnect::disconnect, Disconnect => Disconnected;
    "accounts.disconnected" => purge::list, Nothing => Vec<GoneView>;
    "accounts.purge" => purge::purge_now, Id => Purged;
    "accounts.rules" => accounts::set_rules, Rules => AccountView;
    "posts.check" => posts::check, AddPost => Checked;
    "posts.add" => posts::add, AddPost => Added;
    "posts.list" => posts::list, Filter => Vec<DeliveryView>;
    "posts.count" => posts::count, Filter => Count;
    "posts.days" => posts::days, Days => Vec<DayView>;
    "posts.show" => posts::show, Id => DeliveryDetail;
    "posts.edit" => edit::edit, EditPost => Vec<DeliveryView>;
    "posts.refile" => refile::refile, Refile => Vec<DeliveryView>;
    "posts.reorder" => edit::reorder, Reorder => Vec<DeliveryView>;
    "posts.schedule" => posts::schedule, Schedule => DeliveryView;
    "posts.cancel" => posts::cancel, Id => DeliveryView;
    "posts.retry" => posts::retry, Which => Vec<DeliveryView>;
    "posts.decide" => posts::decide, Decide => DeliveryView;
    "posts.finish" => posts::finish, Finish => DeliveryView;
    "posts.pause" => pause, Pause => DeliveryView;
    "settings.get" => get_settings, Nothing => Settings;
    "settings.set" => set_settings, Settings => Settings;
    "settings.pause" => look::pause_all, PauseAll => Settings;
    "media.hash" => hash_one, Nothing => Hashed;
    "media.look" => look::look, Look => Looked;
    "media.poster" => look::poster, Media => Poster;
    "media.keep_poster" => look::keep_poster, KeepPoster => Poster;
    "composing.list" => composing::list, Nothing => Vec<Composing>;
    "composing.save" => composing::save, SaveComposing => Composing;
    "composing.remove" => composing::remove, Id => Nothing;
    "posts.glance" => look::glance, Nothing => Glance;
    "posts.diagnose" => look::diagnose, Id => Report;
    "time.read" => look::read_time, ReadTime => TimeRead;
    "slots.free" => look::free_slots, Range => Vec<FreeSlot>;
    "activity.list" => look::activity, History => Vec<Happening>;
    "activity.search" => look::search, History => Searched;
    "house.show" => look::house, Nothing => HouseView;
    "practice.forget" => practice::forget, Nothing => practice::Forgotten;
    "backups.list" => look::list_backups, Nothing => Vec<BackupView>;
    "backups.make" => look::make_backup, Nothing => BackupView;
    "vault.list" => vault::list, Nothing => VaultView;
    "vault.wipe" => vault::wipe, Wipe => Wiped;
    "platforms.live" => health::live, AskLive => Vec<Choice>;
    "apps.test" => health::test_app, Id => Tested;
    "accounts.health" => health::health, Id => AccountView;
    "accounts.terms" => health::terms, Id => AccountView;
}

/// `posts.list` for a list of any length: `take` gets it in pages, in order, until it has enough.
pub fn list_in_pages(
    engine: &Engine,
    given: Value,
    take: &mut dyn FnMut(Vec<DeliveryView>) -> std::ops::ControlFlow<()>,
) -> Outcome<()> {
    engine.each_page(&read::<Filter>("posts.list", given)?, take)
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pause {
    pub id: i64,
    pub paused: bool,
}

/// What a round of background hashing did.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Hashed {
    pub media: Option<i64>,
}

async fn platforms(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Vec<&'static Facts>> {
    Ok(engine.platforms().iter().map(|platform| platform.facts()).collect())
}

async fn pause(engine: &Engine, _: &dyn Host, given: Pause) -> Outcome<DeliveryView> {
    engine.write(move |tx| queue::pause(tx, given.id, given.paused)).await?;
    engine.delivery_view(given.id)
}

async fn get_settings(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Settings> {
    engine.read(|sql| setting::get(sql, Settings::KEY))
}

async fn set_settings(engine: &Engine, _: &dyn Host, given: Settings) -> Outcome<Settings> {
    if given.parallel_uploads == 0 || given.parallel_uploads > 16 {
        return Err(Problem::block(Code::BadRequest, "Between 1 and 16 uploads can run at once.")
            .edit("parallel_uploads"));
    }
    if let Some(field) = given.window.wrong() {
        return Err(Problem::block(Code::BadRequest, "The window has no such setting.").edit(field));
    }
    let now = engine.clock().now();
    // Not known and not chosen yet; times without a zone are refused until it is.
    if !given.zone.is_empty() {
        crate::schedule::WallTime::reading(now, &given.zone).map_err(|fault| posts::when_problem(&fault))?;
    }
    crate::throttle::rule::limit_at(&given.bandwidth, now).map_err(|fault| posts::when_problem(&fault))?;
    let kept = given.clone();
    engine
        .write(move |tx| {
            tx.say(crate::event::What::Settings);
            kept.keep(tx)
        })
        .await?;
    Ok(given)
}

/// Reckons the full hash of one media that has none yet; the fingerprint has served until now.
async fn hash_one(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Hashed> {
    hash_media(engine).await
}

pub(crate) async fn hash_media(engine: &Engine) -> Outcome<Hashed> {
    let Some(next) = engine.read(media::without_hash)? else { return Ok(Hashed::default()) };
    let (path, id) = (next.path.clone(), next.id);
    let hashed = tokio::task::spawn_blocking(move || {
        crate::media::fingerprint::full_hash(&path, &mut |_| std::ops::ControlFlow::Continue(()))
    })
    .await;
    let text = match hashed {
        Ok(Ok(Some(hash))) => hash.as_str().to_string(),
        // Gone or changed: said when it is needed; here only not asked again.
        _ => String::new(),
    };
    engine.inner.store.write(move |tx| media::set_full_hash(tx, id, &text)).await?;
    Ok(Hashed { media: Some(id) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_one_name() {
        let mut names = COMMANDS.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len());
        assert!(COMMANDS.iter().all(|name| name.split('.').count() == 2), "noun.verb");
    }
}
