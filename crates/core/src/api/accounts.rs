//! Developer apps and channels: add and list. Not here: signing in (`connect`), disconnecting (`disconnect`).

use super::{Host, Id, Nothing};
use crate::engine::Engine;
use crate::event::What;
use crate::facts::{Facts, RedirectKind};
use crate::problem::{Code, Outcome, Problem};
use crate::schedule::lead::MissedRule;
use crate::schedule::slots::Slot;
use crate::secrets::told;
use crate::sensitive::SecretString;
use crate::sign_in::Way;
use crate::store::account;
use crate::store::app;
use crate::view::{AccountView, AppView, unknown_account};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    pub quotas: Option<BTreeMap<String, u32>>,
    /// Which of the platform's ways to sign in it is for; the usual one when not said.
    #[serde(default)]
    pub way: Option<String>,
    /// What its owner says about it (`AppFlagFact`).
    #[serde(default)]
    pub flags: Option<BTreeMap<String, bool>>,
    /// The address registered for the answer of a sign-in, where that is not a loopback port of any number; empty for none.
    #[serde(default)]
    pub redirect: Option<String>,
    /// Its set of permissions at the platform (`SignInFacts::config`); empty for none.
    #[serde(default)]
    pub config: Option<String>,
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

/// An app that is there already is changed only in what is named: whoever adds it again may not know the rest.
pub(super) async fn add_app(engine: &Engine, _: &dyn Host, given: AddApp) -> Outcome<AppView> {
    let facts = engine.platform(&given.platform)?.facts();
    let client_id = given.client_id.trim().to_string();
    let known = engine.read(|sql| app::of_platform(sql, facts.id))?;
    let known = known.into_iter().find(|app| app.client_id == client_id);
    let said = |new: Option<String>, old: fn(&app::App) -> Option<String>| match new {
        Some(text) => Some(text.trim().to_string()).filter(|text| !text.is_empty()),
        None => known.as_ref().and_then(old),
    };
    let way = given.way.clone().or_else(|| known.as_ref().map(|app| app.way.clone()));
    let way = way_of(facts, &way.unwrap_or_default())?;
    let redirect = said(given.redirect.clone(), |app| app.redirect.clone());
    let config = said(given.config.clone(), |app| app.config.clone());
    if let Some(config) = &config {
        config_fits(way, config)?;
    }
    if let Some(address) = &redirect {
        redirect_fits(way, address)?;
    }
    if let Some(unknown) = given
        .flags
        .iter()
        .flat_map(BTreeMap::keys)
        .find(|key| !facts.app_flags.iter().any(|flag| flag.key == **key))
    {
        let message = format!("{} knows nothing called \"{unknown}\" of a developer app.", facts.name);
        return Err(Problem::block(Code::OptionUnknown, message));
    }
    let secret =
        given.client_secret.map(SecretString::from).filter(|secret| !secret.expose().trim().is_empty());
    if client_id.is_empty() {
        return Err(Problem::block(Code::BadRequest, "The client id is missing.").edit("client_id"));
    }
    let kept = match &known {
        Some(app) => app_has_secret(engine, app.id).await,
        None => false,
    };
    if way.sign_in.secret && secret.is_none() && !kept {
        let message = format!("{} wants the app's client secret, too.", facts.name);
        return Err(Problem::block(Code::BadRequest, message).edit("client_secret"));
    }
    if let Some(unknown) =
        given.quotas.iter().flat_map(BTreeMap::keys).find(|bucket| facts.quota(bucket).is_none())
    {
        return Err(Problem::block(
            Code::OptionUnknown,
            format!("{} has no quota called \"{unknown}\".", facts.name),
        ));
    }
    let now = engine.clock().now();
    let (mut quotas, mut flags) = known.map(|app| (app.quotas, app.flags)).unwrap_or_default();
    quotas.extend(given.quotas.unwrap_or_default());
    flags.extend(given.flags.unwrap_or_default());
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
                config: config.as_deref(),
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

/// One that can't be read counts as none: then it has to be said again.
async fn app_has_secret(engine: &Engine, id: i64) -> bool {
    engine.inner.secrets.app(id).await.is_ok_and(|secret| secret.is_some())
}

/// A number, as platforms give it, where this way of signing in knows such a thing.
fn config_fits(way: Way, config: &str) -> Outcome<()> {
    let why = if way.sign_in.config.is_none() {
        "this way of signing in knows no such number."
    } else if config.len() > 40 || !config.bytes().all(|byte| byte.is_ascii_digit()) {
        "the number of a configuration has digits alone."
    } else {
        return Ok(());
    };
    Err(Problem::block(Code::BadRequest, format!("{config}: {why}")).edit("config"))
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
    if engine.read(|sql| app::get(sql, id))?.is_none() {
        return Err(Problem::block(
            Code::NotFound,
            format!("There is no developer app {id}. `slipway apps list` shows those there are."),
        ));
    }
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
