//! Developer apps and channels: add, list, disconnect. Not here: signing in (`connect`).

use super::{Host, Id, Nothing};
use crate::engine::{Engine, sql};
use crate::event::What;
use crate::facts::{Facts, RedirectKind, RevokeFact};
use crate::platform::Stage;
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue;
use crate::schedule::lead::MissedRule;
use crate::schedule::slots::Slot;
use crate::secrets::told;
use crate::sensitive::SecretString;
use crate::sign_in::{self, AppCredentials, Way};
use crate::store::account;
use crate::store::delivery::{self, Delivery};
use crate::store::{Tx, app};
use crate::view::{AccountView, AppView, unknown_account};
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A developer app of the user's own. The secret goes to the vault and nowhere else.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct AddApp {
    pub platform: String,
    pub client_id: String,
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Units a day, by bucket, where the platform granted more than its default.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub quotas: BTreeMap<String, u32>,
    /// Which of the platform's ways to sign in it is for; the usual one when not said.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub way: String,
    /// What its owner says about it (`AppFlagFact`).
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub flags: BTreeMap<String, bool>,
    /// The address registered for the answer of a sign-in, where that is not a loopback port of any number.
    #[serde(default)]
    pub redirect: Option<String>,
}

/// The ready page that sends a browser on to this computer, for platforms that answer to https alone.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RedirectPage {
    /// Of the file.
    pub name: &'static str,
    /// HTML, to be put anywhere as it is.
    pub text: &'static str,
}

pub(super) async fn redirect_page(_: &Engine, _: &dyn Host, _: Nothing) -> Outcome<RedirectPage> {
    let text = include_str!("../../../../docs/slipway-redirect.html");
    Ok(RedirectPage { name: "slipway-redirect.html", text })
}

pub(super) async fn add_app(engine: &Engine, _: &dyn Host, given: AddApp) -> Outcome<AppView> {
    let facts = engine.platform(&given.platform)?.facts();
    let way = way_of(facts, &given.way)?;
    let redirect = given.redirect.map(|text| text.trim().to_string()).filter(|text| !text.is_empty());
    if let Some(address) = &redirect {
        redirect_fits(way, address)?;
    }
    if let Some(unknown) =
        given.flags.keys().find(|key| !facts.app_flags.iter().any(|flag| flag.key == **key))
    {
        let message = format!("{} knows nothing called \"{unknown}\" of a developer app.", facts.name);
        return Err(Problem::block(Code::OptionUnknown, message));
    }
    let client_id = given.client_id.trim().to_string();
    let secret =
        given.client_secret.map(SecretString::from).filter(|secret| !secret.expose().trim().is_empty());
    if client_id.is_empty() {
        return Err(Problem::block(Code::BadRequest, "The client id is missing.").edit("client_id"));
    }
    if way.sign_in.secret && secret.is_none() {
        let message = format!("{} wants the app's client secret, too.", facts.name);
        return Err(Problem::block(Code::BadRequest, message).edit("client_secret"));
    }
    if let Some(unknown) = given.quotas.keys().find(|bucket| facts.quota(bucket).is_none()) {
        return Err(Problem::block(
            Code::OptionUnknown,
            format!("{} has no quota called \"{unknown}\".", facts.name),
        ));
    }
    let (now, quotas, flags) = (engine.clock().now(), given.quotas, given.flags);
    // The secret first: an app without its secret would look usable and not be.
    told(engine.inner.secrets.vault().check().await)?;
    let id = engine
        .write(move |tx| {
            let new = app::NewApp {
                platform: facts.id,
                client_id: &client_id,
                way: way.sign_in.way,
                quotas: &quotas,
                flags: &flags,
                redirect: redirect.as_deref(),
            };
            let id = app::upsert(tx, &new, now)?;
            tx.say(What::App { id });
            Ok(id)
        })
        .await?;
    if let Some(secret) = secret {
        told(engine.inner.secrets.keep_app(id, &secret).await)?;
    }
    engine.app_views()?.into_iter().find(|app| app.id == id).ok_or_else(gone)
}

/// One of the platform's ways to sign in, by its name; empty: the usual one.
pub fn way_of(facts: &'static Facts, way: &str) -> Outcome<Way> {
    Way::of(facts, way).ok_or_else(|| {
        let known: Vec<_> = facts.ways().map(|way| way.way).filter(|way| !way.is_empty()).collect();
        let known = if known.is_empty() { "only the usual one".into() } else { known.join(", ") };
        let message = format!("{} has no way to sign in called \"{way}\". Known: {known}.", facts.name);
        Problem::block(Code::BadRequest, message).edit("way")
    })
}

/// An address that the answer of a sign-in can come to: this computer, always at the same port, or a page that sends on to it.
fn redirect_fits(way: Way, address: &str) -> Outcome<()> {
    let wrong =
        |why: &str| Err(Problem::block(Code::BadRequest, format!("{address}: {why}")).edit("redirect"));
    let Ok(url) = url::Url::parse(address) else { return wrong("this is no address.") };
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return wrong("an address for sign-ins has no question mark, no # and no user name.");
    }
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    let kinds = way.sign_in.redirects;
    match (url.scheme(), loopback) {
        ("http", _) if way.sign_in.needs_a_page() => wrong(
            "this way of signing in answers to no address of this computer. Put Slipway's page (slipway-redirect.html) on a web space of your own, and say its https address.",
        ),
        ("http", true) if !kinds.contains(&RedirectKind::FixedPort) => {
            wrong("this platform takes any port of this computer; leave it out.")
        }
        ("http", true) if url.port().is_none_or(|port| port < 1024) => {
            wrong("it needs a port from 1024 to 65535.")
        }
        ("http", true) => Ok(()),
        ("https", false) if kinds.contains(&RedirectKind::HttpsPage) => Ok(()),
        ("https", _) => wrong("this platform does not need a page of your own."),
        _ => wrong("it is http on this computer with a port, or https elsewhere."),
    }
}

pub(super) async fn list_apps(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Vec<AppView>> {
    engine.app_views()
}

pub(super) async fn remove_app(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<Nothing> {
    let id = given.id;
    let used: Vec<String> = engine.read(|sql| {
        sql.prepare("SELECT name FROM account WHERE app_id = ?1 AND state <> 'gone'")?
            .query_map([id], |row| row.get(0))?
            .collect()
    })?;
    if !used.is_empty() {
        return Err(Problem::block(
            Code::NotNow,
            format!("These channels use this app: {}. Disconnect them first.", used.join(", ")),
        ));
    }
    let kept: bool = engine.read(|sql| {
        sql.query_row("SELECT EXISTS (SELECT 1 FROM account WHERE app_id = ?1)", [id], |row| row.get(0))
    })?;
    told(engine.inner.secrets.wipe_app(id).await)?;
    engine
        .write(move |tx| {
            tx.say(What::App { id });
            // Disconnected channels still name it in their history.
            if kept { Ok(()) } else { app::remove(tx, id) }
        })
        .await?;
    Ok(Nothing {})
}

pub(super) async fn list(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Vec<AccountView>> {
    engine.account_views()
}

pub(super) fn find(engine: &Engine, id: i64) -> Outcome<AccountView> {
    engine
        .account_views()?
        .into_iter()
        .find(|account| account.id == id)
        .ok_or_else(|| unknown_account(&id.to_string()))
}

/// What a disconnect did.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Disconnected {
    pub account: i64,
    /// False when the platform could not be told; the user can revoke in the platform's own settings.
    pub revoked: bool,
    /// Posts that now wait for a new sign-in.
    pub waiting: usize,
    /// Posts that the platform holds already and publishes by itself.
    pub handed_over: usize,
}

/// Revokes at the platform, then wipes: vault entry, access token, memos.
pub(super) async fn disconnect(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<Disconnected> {
    let id = given.id;
    let account = engine
        .read(|sql| account::get(sql, id))?
        .filter(|account| account.state != account::AccountState::Gone);
    let account = account.ok_or_else(|| unknown_account(&id.to_string()))?;
    let platform = engine.platform(&account.platform)?.clone();
    let app = engine.read(|sql| app::get(sql, account.app))?;
    // What is under way for it stops, and says how far it came, before its tokens die.
    engine
        .write(move |tx| {
            tx.say(What::Account { id });
            account::set_state(tx, id, account::AccountState::SignIn)
        })
        .await?;
    comes_to_rest(engine, id).await?;
    let name = account.name.clone();
    let (waiting, handed_over) = engine.write(move |tx| lay_aside(tx, id, &name)).await?;
    let revoked = match &app {
        Some(app) => give_back(engine, &account, app, &platform).await?,
        None => false,
    };
    let turn = engine.inner.tokens.hold(id).await;
    told(engine.inner.secrets.wipe_account(id).await)?;
    turn.forget();
    drop(turn);
    engine.inner.tokens.forget(id);
    engine
        .write(move |tx| {
            tx.say(What::Account { id });
            account::forget(tx, id)
        })
        .await?;
    Ok(Disconnected { account: id, revoked, waiting, handed_over })
}

/// Tells the platform to forget the sign-in. False: it could not be told. A sign-in that speaks for other channels, too, is left
/// to them.
async fn give_back(
    engine: &Engine,
    account: &account::Account,
    app: &app::App,
    platform: &std::sync::Arc<dyn crate::platform::AnyPlatform>,
) -> Outcome<bool> {
    let Some(way) = Way::of(platform.facts(), &account.way) else { return Ok(false) };
    let Some(fact) = &way.sign_in.revoke else { return Ok(true) };
    // Some platforms are shown the access token, which may have to be fetched first. Before the turn is taken: fetching takes it, too.
    let access = match fact {
        RevokeFact::AccessToken { .. } => {
            engine.bearer(account, app, platform).await.ok().map(|bearer| bearer.token)
        }
        _ => None,
    };
    let Some(mine) = told(engine.inner.secrets.usable(account.id).await)?.and_then(|stored| stored.refresh)
    else {
        return Ok(true);
    };
    for other in engine.read(account::all)? {
        if other.id != account.id && other.app == account.app && other.way == account.way {
            let theirs = told(engine.inner.secrets.usable(other.id).await)?.and_then(|stored| stored.refresh);
            if theirs.is_some_and(|theirs| theirs.expose() == mine.expose()) {
                return Ok(true);
            }
        }
    }
    let credentials = AppCredentials {
        client_id: app.client_id.clone(),
        client_secret: told(engine.inner.secrets.app(app.id).await)?,
        redirect: None,
    };
    let given = sign_in::Given { refresh: &mine, access: access.as_deref() };
    Ok(sign_in::revoke(&engine.inner.wire, way, &credentials, given).await.is_ok())
}

/// Waits until nobody works for this account, here or in the process that runs the queue; not for ever.
async fn comes_to_rest(engine: &Engine, id: i64) -> Outcome<()> {
    let patience = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let at_work: bool = engine.read(|sql| {
            sql.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM delivery WHERE account_id = ?1 AND claim IS NOT NULL) OR EXISTS (SELECT 1 FROM errand \
                 JOIN delivery ON delivery.id = errand.delivery_id WHERE delivery.account_id = ?1 AND errand.claim IS NOT NULL)",
            )?
            .query_row([id], |row| row.get(0))
        })?;
        // The claims of a process that died are nobody's.
        if !at_work || !engine.is_running() || tokio::time::Instant::now() > patience {
            return Ok(());
        }
        engine.nudge();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All that is not at its end waits for a new sign-in; how many the platform does not hold yet, and how many it does.
fn lay_aside(tx: &mut Tx, id: i64, name: &str) -> Outcome<(usize, usize)> {
    let rows: Vec<Delivery> = sql(tx
        .prepare("SELECT id FROM delivery WHERE account_id = ?1 AND state NOT IN ('published', 'cancelled', 'draft')")
        .and_then(|mut get| get.query_map([id], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<Vec<_>>>())
        .and_then(|ids| ids.into_iter().filter_map(|id| delivery::get(tx, id).transpose()).collect()))?;
    let (mut waiting, mut handed) = (0, 0);
    for row in rows {
        if row.state == State::HandedOver {
            handed += 1;
        } else {
            waiting += 1;
        }
        let decided = row.problem.as_ref().is_some_and(|why| why.code == Code::Unsure);
        let cancelled = row.problem.as_ref().is_some_and(|why| why.code == Code::NotCancelled);
        let why = if cancelled || (row.cancelling && may_be_there(tx, &row)?) {
            sql(tx.execute("UPDATE delivery SET cancelling = 0 WHERE id = ?1", [row.id]))?;
            Problem::block(Code::NotCancelled, format!("{name} was disconnected while it was not certain whether this post, which you cancelled, is gone. Look at the platform and delete it there, then say whether it is there."))
                .fix(Fix::Decide)
        } else if decided || may_be_there(tx, &row)? {
            Problem::block(Code::Unsure, format!("{name} was disconnected while it was not certain whether the platform has this post. Look there, then say \"it is there\" or \"post again\"."))
                .fix(Fix::Decide)
        } else {
            Problem::block(
                Code::SignInNeeded,
                format!("{name} was disconnected. Connect it again, and this goes on."),
            )
            .fix(Fix::SignIn { account: id })
        };
        if row.state != State::Stuck {
            queue::go(tx, row.id, State::Stuck)?;
        }
        sql(tx.execute(
            "UPDATE delivery SET claim = NULL, claimed_at = NULL, in_flight = NULL, next_at = NULL, problem = ?2 WHERE id = ?1",
            rusqlite::params![row.id, delivery::text(&why)],
        ))?;
    }
    Ok((waiting, handed))
}

/// Its memo is about to be wiped, and nobody can ask any more: could all its bytes have arrived unheard (C2)?
fn may_be_there(tx: &Tx, row: &Delivery) -> Outcome<bool> {
    if row.remote.is_some() || row.memo.is_none() || row.stage == Some(Stage::Opening) {
        return Ok(false);
    }
    // Whatever was under way when its process ended, or would not stop, may have been the last byte.
    if row.in_flight.is_some() {
        return Ok(true);
    }
    sql(tx
        .prepare_cached(
            "SELECT outcome = 'interrupted' OR coalesce(sent, 0) + coalesce(confirmed, 0) >= \
               (SELECT media.size FROM post JOIN media ON media.id = post.media_id WHERE post.id = ?2) FROM attempt \
             WHERE delivery_id = ?1 AND errand_id IS NULL AND (sent IS NOT NULL OR outcome = 'interrupted') ORDER BY id DESC LIMIT 1",
        )
        .and_then(|mut get| get.query_row([row.id, row.post], |row| row.get(0)).optional()))
    .map(|found| found.unwrap_or(false))
}

/// An account's own rules.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Rules {
    pub id: i64,
    pub missed: MissedRule,
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub slots: Vec<Slot>,
}

pub(super) async fn set_rules(engine: &Engine, _: &dyn Host, given: Rules) -> Outcome<AccountView> {
    let account = engine
        .read(|sql| account::get(sql, given.id))?
        .ok_or_else(|| unknown_account(&given.id.to_string()))?;
    let id = account.id;
    engine
        .write(move |tx| {
            tx.say(What::Account { id });
            account::set_rules(tx, id, &given.missed, &given.slots)
        })
        .await?;
    find(engine, id)
}

/// Finds a connected channel by what people call it: its number, handle, name, id at the platform, or the platform alone when it has
/// just one channel.
pub fn find_account(engine: &Engine, given: &str) -> Outcome<account::Account> {
    let all = engine.read(account::all)?;
    let fits = |account: &&account::Account| {
        account.id.to_string() == given
            || account.remote_id == given
            || account.name.eq_ignore_ascii_case(given)
            || account.handle.as_deref().is_some_and(|handle| {
                handle.trim_start_matches('@').eq_ignore_ascii_case(given.trim_start_matches('@'))
            })
    };
    let mut found: Vec<_> = all.iter().filter(fits).collect();
    if found.is_empty() {
        found = all.iter().filter(|account| account.platform == given).collect();
    }
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(unknown_account(given)),
        several => {
            let names: Vec<_> =
                several.iter().map(|account| format!("{} ({})", account.id, account.name)).collect();
            Err(Problem::block(
                Code::AccountUnknown,
                format!("\"{given}\" could be several channels: {}. Say which by number.", names.join(", ")),
            ))
        }
    }
}

pub(super) fn gone() -> Problem {
    Problem::block(Code::NotFound, "It is not there any more.")
}
