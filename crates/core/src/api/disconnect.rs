//! Disconnecting a channel: its posts are laid aside, its access is given back at the platform where that ends no other channel, and
//! its secrets are wiped. Not here: deleting what is left of it (`purge`).

use super::{Host, Id};
use crate::engine::{Engine, sql};
use crate::event::What;
use crate::facts::{Grantee, RevokeFact};
use crate::platform::{AnyPlatform, Fault, Question, Stage};
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue;
use crate::secrets::{SecretFault, told};
use crate::sensitive::SecretString;
use crate::sign_in::{self, AppCredentials, Given, RefreshFault, Way};
use crate::store::account::{Account, AccountState};
use crate::store::delivery::{self, Delivery};
use crate::store::{Tx, account, app};
use crate::view::unknown_account;
use crate::wire::{Bearer, Files, Proof, Sent};
use jiff::Timestamp;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// How often the platform is asked whether a sign-in that was given back still works, and the pause between: a revocation may take a
/// moment to reach all of a platform's servers.
const READ_BACK: u32 = 3;
const READ_BACK_PAUSE: Duration = Duration::from_millis(400);

/// Names the channel to disconnect.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Disconnect {
    pub id: i64,
    /// What to do where taking the access back would end other channels, too.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub siblings: Siblings,
}

/// Channels whose sign-in ends at the platform together with that of the channel that is disconnected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Siblings {
    /// They go on, and the platform keeps the access.
    #[default]
    Keep,
    /// They end with it, and need a new sign-in.
    End,
}

/// Another channel of the same grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LinkedChannel {
    pub account: i64,
    pub platform: String,
    pub name: String,
}

/// What became of Slipway's access at the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "outcome", rename_all_fields = "snake_case")]
pub enum AccessEnd {
    /// The platform was told, and asked again: it takes the sign-in no more.
    Revoked {
        /// Channels that ended with it and need a new sign-in.
        ended: Vec<LinkedChannel>,
    },
    /// These channels need the same access, so the platform was not told.
    Kept { siblings: Vec<LinkedChannel>, page: Option<String> },
    /// The platform has no way for a program to take it back. A person can, at `page`.
    NotPossible { page: Option<String> },
    /// The platform could not be reached, or had a failure of its own.
    Unreached { page: Option<String> },
    /// The platform answered, and that the access has ended could not be read back.
    Unconfirmed { ended: Vec<LinkedChannel>, page: Option<String> },
    /// Nothing was in the vault to give back.
    NothingStored { page: Option<String> },
}

/// What a disconnect did.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Disconnected {
    pub account: i64,
    /// True only where the platform was told and takes the sign-in no more.
    pub revoked: bool,
    pub access: AccessEnd,
    /// Posts that now wait for a new sign-in.
    pub waiting: usize,
    /// Posts that the platform holds already and publishes by itself.
    pub handed_over: usize,
    /// When what is left of the channel here is deleted.
    pub data_until: Timestamp,
}

/// Gives the access back at the platform, then wipes: vault entry, access token, memos.
pub(super) async fn disconnect(engine: &Engine, _: &dyn Host, given: Disconnect) -> Outcome<Disconnected> {
    let id = given.id;
    let account = connected(engine, id)?;
    let platform = engine.platform(&account.platform)?.clone();
    let app = engine.read(|sql| app::get(sql, account.app))?;
    // What is under way for it stops, and says how far it came, before its tokens die.
    set_states(engine, vec![id], AccountState::SignIn).await?;
    comes_to_rest(engine, id).await?;
    let name = account.name.clone();
    let (waiting, handed_over) = engine.write(move |tx| lay_aside(tx, id, &name)).await?;
    let access = match &app {
        Some(app) => end_access(engine, &account, app, &platform, given.siblings).await?,
        None => AccessEnd::NothingStored { page: None },
    };
    let turn = engine.inner.tokens.hold(id).await;
    told(engine.inner.secrets.wipe_account(id).await)?;
    turn.forget();
    drop(turn);
    engine.inner.tokens.forget(id);
    let now = engine.clock().now();
    engine
        .write(move |tx| {
            tx.say(What::Account { id });
            account::forget(tx, id, now)
        })
        .await?;
    let data_until = crate::store::purge::due_at(now);
    let revoked = matches!(access, AccessEnd::Revoked { .. });
    Ok(Disconnected { account: id, revoked, access, waiting, handed_over, data_until })
}

/// The channels that would end with this one, so that a person can be asked before.
pub(super) async fn siblings(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<Vec<LinkedChannel>> {
    let account = connected(engine, given.id)?;
    let platform = engine.platform(&account.platform)?.clone();
    let way = Way::of(platform.facts(), &account.way);
    match (engine.read(|sql| app::get(sql, account.app))?, way) {
        (Some(app), Some(way)) => Ok(named(&siblings_of(engine, &account, &app, way).await?)),
        _ => Ok(Vec::new()),
    }
}

fn connected(engine: &Engine, id: i64) -> Outcome<Account> {
    engine
        .read(|sql| account::get(sql, id))?
        .filter(|account| account.state != AccountState::Gone)
        .ok_or_else(|| unknown_account(&id.to_string()))
}

async fn set_states(engine: &Engine, accounts: Vec<i64>, state: AccountState) -> Outcome<()> {
    engine
        .write(move |tx| {
            for id in accounts {
                tx.say(What::Account { id });
                account::set_state(tx, id, state)?;
            }
            Ok(())
        })
        .await
}

fn named(accounts: &[Account]) -> Vec<LinkedChannel> {
    accounts
        .iter()
        .map(|account| LinkedChannel {
            account: account.id,
            platform: account.platform.clone(),
            name: account.name.clone(),
        })
        .collect()
}

/// Ends the access at the platform, unless channels that work would end with it and are to be kept.
async fn end_access(
    engine: &Engine,
    account: &Account,
    app: &app::App,
    platform: &Arc<dyn AnyPlatform>,
    wanted: Siblings,
) -> Outcome<AccessEnd> {
    let Some(way) = Way::of(platform.facts(), &account.way) else {
        return Ok(AccessEnd::NotPossible { page: None });
    };
    let page = way.sign_in.access_page.map(String::from);
    let Some(fact) = &way.sign_in.revoke else { return Ok(AccessEnd::NotPossible { page }) };
    let Some(mine) = stored(engine, account.id).await? else { return Ok(AccessEnd::NothingStored { page }) };
    let siblings = siblings_of(engine, account, app, way).await?;
    if !siblings.is_empty() && wanted == Siblings::Keep {
        return Ok(AccessEnd::Kept { siblings: named(&siblings), page });
    }
    // Some platforms are shown the access token, which may have to be fetched first.
    let access = match fact {
        RevokeFact::AccessToken { .. } => match engine.bearer(account, app, platform).await {
            Ok(bearer) => Some(bearer.token),
            Err(crate::worker::BearerTrouble::Vault(problem)) => return Err(problem),
            // The platform says itself that it takes this sign-in no more.
            Err(crate::worker::BearerTrouble::Refresh(RefreshFault::SignInAgain { .. })) => {
                return Ok(AccessEnd::Revoked { ended: Vec::new() });
            }
            Err(crate::worker::BearerTrouble::Refresh(_)) => return Ok(AccessEnd::Unreached { page }),
        },
        _ => None,
    };
    // Written down before the call: after a crash no channel is listed as healthy whose sign-in may be dead.
    let ids: Vec<i64> = siblings.iter().map(|sibling| sibling.id).collect();
    set_states(engine, ids.clone(), AccountState::SignIn).await?;
    let credentials = AppCredentials::of(app, platform.facts(), app_secret(engine, app.id).await?);
    let given = Given { refresh: &mine, access: access.as_deref() };
    let asked = sign_in::revoke(&engine.inner.wire, way, &credentials, given).await;
    let shown = access.as_deref().unwrap_or(&mine);
    let lives = match &asked {
        Err(problem) if matches!(problem.code, Code::Offline | Code::HostUnknown) => None,
        _ => read_back(engine, platform, account, way, &credentials, &mine, shown).await,
    };
    let ended = named(&siblings);
    let end = match (asked.is_ok(), lives) {
        (_, Some(false)) => AccessEnd::Revoked { ended },
        (true, _) => AccessEnd::Unconfirmed { ended, page },
        (false, Some(true)) => AccessEnd::Unconfirmed { ended: Vec::new(), page },
        (false, None) => AccessEnd::Unreached { page },
    };
    if matches!(end, AccessEnd::Revoked { .. }) || asked.is_ok() {
        for id in ids {
            engine.inner.tokens.forget(id);
        }
    } else {
        // Nothing was ended.
        set_states(engine, ids, AccountState::Ok).await?;
    }
    Ok(end)
}

/// What there is to give back; nothing where the entry is damaged or belongs to another channel.
async fn stored(engine: &Engine, id: i64) -> Outcome<Option<SecretString>> {
    Ok(told(engine.inner.secrets.usable(id).await)?.and_then(|stored| stored.refresh))
}

async fn app_secret(engine: &Engine, id: i64) -> Outcome<Option<SecretString>> {
    match engine.inner.secrets.app(id).await {
        // Without it the platform may refuse, which is said as such.
        Err(SecretFault::AppSecret { .. }) => Ok(None),
        found => told(found),
    }
}

/// Does the platform still take what was given back? `None`: it does not say.
async fn read_back(
    engine: &Engine,
    platform: &Arc<dyn AnyPlatform>,
    account: &Account,
    way: Way,
    app: &AppCredentials,
    refresh: &SecretString,
    shown: &SecretString,
) -> Option<bool> {
    let mut lives = None;
    for attempt in 0..READ_BACK {
        if attempt > 0 {
            tokio::time::sleep(READ_BACK_PAUSE).await;
        }
        lives = match way.sign_in.revoke? {
            RevokeFact::RefreshToken { .. } => {
                match sign_in::refresh(&engine.inner.wire, engine.clock(), way, app, refresh).await {
                    Ok(_) => Some(true),
                    Err(RefreshFault::SignInAgain { .. }) => Some(false),
                    Err(_) => None,
                }
            }
            RevokeFact::AccessToken { .. } | RevokeFact::Delete { .. } => {
                takes(engine, platform, account, app.proof(way), shown).await
            }
        };
        if lives == Some(false) {
            break;
        }
    }
    lives
}

/// Does the platform answer a plain question with this token?
async fn takes(
    engine: &Engine,
    platform: &Arc<dyn AnyPlatform>,
    account: &Account,
    proof: Option<Proof>,
    token: &SecretString,
) -> Option<bool> {
    let job = account.for_job(Default::default());
    let call = platform.ask(&Question::WHO, &job);
    let bearer = Bearer { proof, ..Bearer::new(Arc::new(token.clone())) };
    let (hosts, files) = (platform.facts().hosts, Files::default());
    match engine.inner.wire.send(hosts, call, Some(&bearer), &files, &Default::default()).await {
        Sent::Reply(reply) => match platform.answer(&Question::WHO, &job, &reply) {
            Ok(_) => Some(true),
            Err(Fault::SignIn { .. }) => Some(false),
            Err(_) => None,
        },
        _ => None,
    }
}

/// The connected channels whose sign-in the platform ends together with this one's. Where nothing tells whose a sign-in is, it
/// counts: a grant that was kept needlessly can be taken back later, a channel that stopped unseen misses its minute.
async fn siblings_of(engine: &Engine, account: &Account, app: &app::App, way: Way) -> Outcome<Vec<Account>> {
    let Some(fact) = way.sign_in.revoke else { return Ok(Vec::new()) };
    let mine = stored(engine, account.id).await?;
    let apps = engine.read(app::all)?;
    let mut found = Vec::new();
    for other in engine.read(account::all)? {
        // One that waits for a new sign-in loses nothing.
        if other.id == account.id || other.state != AccountState::Ok {
            continue;
        }
        let theirs =
            engine.platform(&other.platform).ok().and_then(|known| Way::of(known.facts(), &other.way));
        let Some(their_app) = apps.iter().find(|app| app.id == other.app) else { continue };
        // Other platforms may have the same door: Pages and the accounts linked to them.
        if theirs.is_none_or(|theirs| theirs.sign_in.revoke != Some(fact)) {
            continue;
        }
        let same_project = project(way, &app.client_id) == project(way, &their_app.client_id);
        if way.sign_in.revokes_all && same_project && may_be_one_person(way, account, &other) {
            found.push(other);
            continue;
        }
        let token = stored(engine, other.id).await?;
        if mine.as_ref().zip(token).is_some_and(|(mine, token)| mine.expose() == token.expose()) {
            found.push(other);
        }
    }
    Ok(found)
}

/// What of a client id names the developer project.
fn project(way: Way, client_id: &str) -> &str {
    way.sign_in
        .project_until
        .and_then(|end| client_id.split_once(end))
        .map_or(client_id, |(project, _)| project)
}

fn may_be_one_person(way: Way, one: &Account, other: &Account) -> bool {
    match way.sign_in.grantee {
        Grantee::Channel => false,
        Grantee::Asked => match (&one.person, &other.person) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        },
        Grantee::Unknown => true,
    }
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
