//! Developer apps and channels: add, connect, list, disconnect.

use super::{Host, Id, Nothing};
use crate::engine::{Engine, signed_in_again, sql};
use crate::event::What;
use crate::platform::{Answer, Fault, Question, Stage};
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue;
use crate::schedule::lead::MissedRule;
use crate::schedule::slots::Slot;
use crate::secrets::told;
use crate::sensitive::{SecretString, Sensitive};
use crate::settings::Settings;
use crate::sign_in::{self, AppCredentials, Granted};
use crate::store::account::{self, Connected};
use crate::store::delivery::{self, Delivery};
use crate::store::{Tx, app, setting};
use crate::view::{AccountView, AppView, unknown_account};
use crate::wire::{Files, Sent};
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
}

pub(super) async fn add_app(engine: &Engine, _: &dyn Host, given: AddApp) -> Outcome<AppView> {
    let facts = engine.platform(&given.platform)?.facts();
    let client_id = given.client_id.trim().to_string();
    let secret =
        given.client_secret.map(SecretString::from).filter(|secret| !secret.expose().trim().is_empty());
    if client_id.is_empty() {
        return Err(Problem::block(Code::BadRequest, "The client id is missing.").edit("client_id"));
    }
    if facts.sign_in.secret && secret.is_none() {
        let message = format!("{} wants the app's client secret, too.", facts.name);
        return Err(Problem::block(Code::BadRequest, message).edit("client_secret"));
    }
    if let Some(unknown) = given.quotas.keys().find(|bucket| facts.quota(bucket).is_none()) {
        return Err(Problem::block(
            Code::OptionUnknown,
            format!("{} has no quota called \"{unknown}\".", facts.name),
        ));
    }
    let (now, quotas) = (engine.clock().now(), given.quotas);
    // The secret first: an app without its secret would look usable and not be.
    told(engine.inner.secrets.vault().check().await)?;
    let id = engine
        .write(move |tx| {
            let id = app::upsert(tx, facts.id, &client_id, &quotas, now)?;
            tx.say(What::App { id });
            Ok(id)
        })
        .await?;
    if let Some(secret) = secret {
        told(engine.inner.secrets.keep_app(id, &secret).await)?;
    }
    engine.app_views()?.into_iter().find(|app| app.id == id).ok_or_else(gone)
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

/// Signs a channel in through the system's browser.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Connect {
    pub platform: String,
    /// Which developer app; the newest of the platform when not said.
    #[serde(default)]
    pub app: Option<i64>,
    /// Seconds to wait for the browser.
    #[serde(default)]
    pub patience_s: Option<u64>,
}

pub(super) async fn connect(engine: &Engine, host: &dyn Host, given: Connect) -> Outcome<AccountView> {
    let platform = engine.platform(&given.platform)?.clone();
    let facts = platform.facts();
    let app = match given.app {
        Some(id) => engine.read(|sql| app::get(sql, id))?.filter(|app| app.platform == facts.id),
        None => engine.read(|sql| app::of_platform(sql, facts.id))?.into_iter().next(),
    };
    let app = app.ok_or_else(|| {
        Problem::block(Code::AppMissing, format!("{} needs a developer app of your own first.", facts.name))
            .fix(Fix::AddApp { platform: facts.id.into() })
    })?;
    // Before the user is sent through a consent page for nothing.
    told(engine.inner.secrets.vault().check().await)?;
    let credentials = AppCredentials {
        client_id: app.client_id.clone(),
        client_secret: told(engine.inner.secrets.app(app.id).await)?,
    };
    let patience = Duration::from_secs(given.patience_s.unwrap_or(300));
    let browser = |address: &url::Url| host.open(address);
    let (wire, clock) = (&engine.inner.wire, engine.clock());
    let granted =
        sign_in::sign_in(wire, clock, facts, &credentials, &browser, patience, &host.cancelled()).await?;
    let identity = match identify(engine, &platform, &granted).await {
        Ok(identity) => identity,
        Err(problem) => {
            // Nothing of a sign-in that leads nowhere stays behind, not even at the platform; unless giving it back would end the
            // working sign-in of another channel of the same person.
            if let Some(token) = granted.refresh.as_ref().filter(|_| !facts.sign_in.revokes_all) {
                let _ = sign_in::revoke(wire, facts, token).await;
            }
            return Err(problem);
        }
    };
    let settings: Settings = engine.read(|sql| setting::get(sql, Settings::KEY))?;
    let (now, scopes, ends, app_id) = (clock.now(), granted.scopes.clone(), granted.refresh_ends, app.id);
    let id = engine
        .inner
        .store
        .write(move |tx| {
            let new = Connected {
                platform: facts.id,
                app: app_id,
                identity: &identity,
                scopes: &scopes,
                sign_in_ends: ends,
            };
            account::connect(tx, &new, &settings.missed, now)
        })
        .await?;
    let turn = engine.inner.tokens.hold(id).await;
    told(engine.inner.secrets.keep_refresh(id, granted.refresh.clone()).await)?;
    turn.put(&granted.access);
    drop(turn);
    engine
        .write(move |tx| {
            tx.say(What::Account { id });
            signed_in_again(tx, id, now)
        })
        .await?;
    find(engine, id)
}

/// Asks the platform whose sign-in this is.
async fn identify(
    engine: &Engine,
    platform: &std::sync::Arc<dyn crate::platform::AnyPlatform>,
    granted: &Granted,
) -> Outcome<crate::platform::Identity> {
    let facts = platform.facts();
    let mut tries = 0;
    loop {
        tries += 1;
        let call = platform.ask(&Question::Identify);
        let token: &Sensitive<String> = &granted.access.token;
        let sent = engine
            .inner
            .wire
            .send(facts.hosts, call, Some(token), &Files::default(), &Default::default())
            .await;
        let detail = match sent {
            Sent::Reply(reply) if reply.status < 500 => match platform.answer(&Question::Identify, &reply) {
                Ok(Answer::Identity(identity)) => return Ok(identity),
                Ok(Answer::Live(_)) => "an answer to another question".to_string(),
                Err(Fault::Refused(problem)) => return Err(problem),
                Err(Fault::SignIn { detail } | Fault::Permission { detail, .. }) => {
                    let message = format!("{} did not accept the sign-in it had just given.", facts.name);
                    return Err(Problem::block(Code::SignInFailed, message).fix(Fix::Retry).detail(detail));
                }
                Err(Fault::Limit { problem, .. }) => return Err(problem),
                Err(
                    Fault::Again { detail, .. }
                    | Fault::Lost { detail }
                    | Fault::Unsure { detail }
                    | Fault::Strange { detail },
                ) => detail,
            },
            Sent::Reply(reply) => format!("{} answered {}", facts.name, reply.status),
            Sent::Offline { detail } | Sent::Cut { detail } => detail,
            Sent::File(_) | Sent::Stopped => "stopped".into(),
            Sent::Forbidden { host } => {
                return Err(Problem::block(
                    Code::HostUnknown,
                    format!("Slipway does not speak to {host} for this platform."),
                ));
            }
        };
        if tries >= 3 {
            let message =
                format!("{} could not say whose channel this is. Try again in a moment.", facts.name);
            return Err(Problem::block(Code::PlatformDown, message).fix(Fix::Retry).detail(detail));
        }
        engine.clock().sleep(Duration::from_millis(500 * tries)).await;
    }
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
    let facts = engine.platform(&account.platform)?.facts();
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
    let turn = engine.inner.tokens.hold(id).await;
    let stored = told(engine.inner.secrets.account(id).await)?;
    let mut revoked = true;
    if let Some(token) = stored.and_then(|stored| stored.refresh) {
        revoked = facts.sign_in.revoke.is_none()
            || sign_in::revoke(&engine.inner.wire, facts, &token).await.is_ok();
    }
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
        let why = if decided || may_be_there(tx, &row)? {
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

fn gone() -> Problem {
    Problem::block(Code::NotFound, "It is not there any more.")
}
