//! Questions to a platform that change nothing there: is this sign-in alive, is this app known, what may be chosen.

use super::{Host, Id};
use crate::engine::Engine;
use crate::platform::{Answer, AnyPlatform, Call, Choice, Fault, Identity, JobAccount, Question, Reply};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::sensitive::SecretString;
use crate::sign_in::{AppCredentials, RefreshFault, refresh};
use crate::store::account::{self, Account, AccountState};
use crate::store::app;
use crate::view::{AccountView, unknown_account};
use crate::wire::{Files, Sent};
use crate::worker::BearerTrouble;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A list the platform gives for an option.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct AskLive {
    pub account: i64,
    /// As the option's Facts name it.
    pub what: String,
}

pub(super) async fn live(engine: &Engine, _: &dyn Host, given: AskLive) -> Outcome<Vec<Choice>> {
    let (account, platform) = found(engine, given.account)?;
    let known =
        platform.facts().options.iter().any(
            |option| matches!(option.kind, crate::facts::OptionKind::Live { what } if what == given.what),
        );
    if !known {
        return Err(Problem::block(Code::OptionUnknown, "The platform has no such list."));
    }
    match ask(engine, &account, &platform, &Question::Live { what: given.what }).await? {
        Answer::Live(choices) => Ok(choices),
        _ => Err(strange(&platform, "an answer to another question")),
    }
}

/// Asks the platform who this sign-in speaks for, and keeps what it says. A dead sign-in is a state, not an error.
pub(super) async fn health(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<AccountView> {
    let (account, platform) = found(engine, given.id)?;
    let id = account.id;
    match whose(engine, &account, &platform).await {
        Ok(identity) => keep(engine, &account, identity).await?,
        Err(problem) if problem.code == Code::SignInNeeded => signed_out(engine, id).await?,
        Err(problem) => return Err(told_of(engine, id, problem).await),
    }
    super::accounts::find(engine, id)
}

/// The sign-in of another channel, or one that can't be read, is told, and the channel waits for a new one.
async fn told_of(engine: &Engine, id: i64, problem: Problem) -> Problem {
    if crate::worker::mended_by_sign_in(&problem)
        && let Err(other) = signed_out(engine, id).await
    {
        return other;
    }
    problem
}

async fn signed_out(engine: &Engine, id: i64) -> Outcome<()> {
    engine
        .write(move |tx| {
            tx.say(crate::event::What::Account { id });
            account::set_state(tx, id, AccountState::SignIn)
        })
        .await
}

/// This channel among those its sign-in speaks for; where it is not among them any more, another one.
async fn whose(engine: &Engine, account: &Account, platform: &Arc<dyn AnyPlatform>) -> Outcome<Identity> {
    let mut after = None;
    let mut other = None;
    for _ in 0..20 {
        let Answer::Identities { found, next } =
            ask(engine, account, platform, &Question::Identify { after }).await?
        else {
            return Err(strange(platform, "an answer to another question"));
        };
        let (mine, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|identity| identity.remote_id == account.remote_id);
        if let Some(mine) = mine.into_iter().next() {
            return Ok(mine);
        }
        other = other.or_else(|| others.into_iter().next());
        after = next;
        if after.is_none() {
            break;
        }
    }
    other.ok_or_else(|| dead(account, "the channel is not there any more".into()))
}

/// Asks what holds for the channel just now (`Facts::terms`) and keeps it. A platform without terms is not asked.
pub(super) async fn terms(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<AccountView> {
    let (account, platform) = found(engine, given.id)?;
    let id = account.id;
    if platform.facts().terms {
        match ask(engine, &account, &platform, &Question::Terms).await {
            Ok(Answer::Terms(terms)) => {
                engine
                    .write(move |tx| {
                        tx.say(crate::event::What::Account { id });
                        account::set_terms(tx, id, &terms)
                    })
                    .await?;
            }
            Ok(_) => return Err(strange(&platform, "an answer to another question")),
            Err(problem) if problem.code == Code::SignInNeeded => signed_out(engine, id).await?,
            Err(problem) => return Err(told_of(engine, id, problem).await),
        }
    }
    super::accounts::find(engine, id)
}

async fn keep(engine: &Engine, account: &Account, identity: Identity) -> Outcome<()> {
    if identity.remote_id != account.remote_id {
        signed_out(engine, account.id).await?;
        return Err(crate::secrets::wrong_channel(account.id, &account.name, &identity.name));
    }
    let id = account.id;
    engine
        .write(move |tx| {
            tx.say(crate::event::What::Account { id });
            account::renew(tx, id, &identity)
        })
        .await
}

/// What a test of a developer app found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Tested {
    pub ok: bool,
    pub problem: Option<Problem>,
    /// The address to register for sign-in, as the platform will be told it (any port, where the platform allows it).
    pub redirect: String,
}

/// Shows the platform a sign-in that can't be one: an app it knows is told that the grant is wrong, another that the app is.
pub(super) async fn test_app(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<Tested> {
    let id = given.id;
    let app = engine
        .read(|sql| app::get(sql, id))?
        .ok_or_else(|| Problem::block(Code::AppMissing, "That app is not there any more."))?;
    let facts = engine.platform(&app.platform)?.facts();
    let way = super::accounts::way_of(facts, &app.way)?;
    let secret = crate::secrets::told(engine.inner.secrets.app(id).await)?;
    let credentials = AppCredentials::of(&app, facts, secret);
    let nobody = SecretString::from("not-a-sign-in".to_string());
    let heard = refresh(&engine.inner.wire, engine.clock(), way, &credentials, &nobody).await;
    let problem = match heard {
        // It answered that the grant is over: it knows the app.
        Ok(_) | Err(RefreshFault::SignInAgain { .. }) => None,
        Err(RefreshFault::AppRefused { detail }) => Some(
            Problem::block(
                Code::AppRefused,
                format!(
                    "{} does not accept this app. Compare client id and secret with its console.",
                    facts.name
                ),
            )
            .edit("client_secret")
            .detail(detail),
        ),
        Err(RefreshFault::Offline) => Some(
            Problem::block(Code::Offline, "There is no connection now. Try again later.").fix(Fix::Retry),
        ),
        Err(RefreshFault::Later { detail, .. }) => Some(
            Problem::block(
                Code::PlatformDown,
                format!("{} gave no answer to go by. Try again later.", facts.name),
            )
            .fix(Fix::Retry)
            .detail(detail),
        ),
    };
    let any_port = || format!("http://{}{}", way.sign_in.redirect_host, way.sign_in.redirect_path);
    let redirect = app.redirect.clone().unwrap_or_else(any_port);
    Ok(Tested { ok: problem.is_none(), problem, redirect })
}

fn found(engine: &Engine, id: i64) -> Outcome<(Account, Arc<dyn AnyPlatform>)> {
    let account =
        engine.read(|sql| account::get(sql, id))?.filter(|account| account.state != AccountState::Gone);
    let account = account.ok_or_else(|| unknown_account(&id.to_string()))?;
    let platform = engine.platform(&account.platform)?.clone();
    Ok((account, platform))
}

async fn ask(
    engine: &Engine,
    account: &Account,
    platform: &Arc<dyn AnyPlatform>,
    question: &Question,
) -> Outcome<Answer> {
    let app = app_of(engine, account)?;
    let known = account.for_job(app.for_job(platform.facts()));
    let reply = heard(engine, account, platform, &|known| Some(platform.ask(question, known))).await?;
    platform.answer(question, &known, &reply).map_err(|fault| fault_problem(fault, account, platform))
}

fn app_of(engine: &Engine, account: &Account) -> Outcome<app::App> {
    engine
        .read(|sql| app::get(sql, account.app))?
        .ok_or_else(|| Problem::block(Code::AppMissing, "The developer app of this channel is gone."))
}

/// Sends a call that changes nothing, with the channel's token, and brings back what was said.
pub(crate) async fn heard(
    engine: &Engine,
    account: &Account,
    platform: &Arc<dyn AnyPlatform>,
    call: &(dyn Fn(&JobAccount) -> Option<Call> + Sync),
) -> Outcome<Reply> {
    let app = app_of(engine, account)?;
    let bearer = match engine.bearer(account, &app, platform).await {
        Ok(token) => token,
        Err(BearerTrouble::Vault(problem)) => return Err(problem),
        Err(BearerTrouble::Refresh(RefreshFault::SignInAgain { detail })) => {
            return Err(dead(account, detail));
        }
        Err(BearerTrouble::Refresh(RefreshFault::AppRefused { detail })) => {
            return Err(Problem::block(
                Code::AppRefused,
                "The platform refuses the developer app of this channel.",
            )
            .fix(Fix::AddApp { platform: account.platform.clone() })
            .detail(detail));
        }
        Err(BearerTrouble::Refresh(RefreshFault::Offline)) => return Err(offline(None)),
        Err(BearerTrouble::Refresh(RefreshFault::Later { detail, .. })) => {
            return Err(strange(platform, &detail));
        }
    };
    let known = account.for_job(app.for_job(platform.facts()));
    let (hosts, wire) = (platform.facts().hosts, &engine.inner.wire);
    let Some(call) = call(&known) else { return Err(strange(platform, "nothing to ask")) };
    let send = async |bearer| {
        wire.send(hosts, call.clone(), Some(bearer), &Files::default(), &Default::default()).await
    };
    let mut sent = send(&bearer).await;
    if let Sent::Reply(reply) = &sent
        && platform.token_died(reply)
    {
        // A fresh one may cure it, as it does for posts.
        engine.inner.tokens.spoil(account.id, &bearer.token);
        if let Ok(fresh) = engine.bearer(account, &app, platform).await {
            sent = send(&fresh).await;
        }
    }
    match sent {
        Sent::Reply(reply) if reply.status < 500 => Ok(reply),
        Sent::Reply(reply) => Err(strange(platform, &format!("status {}", reply.status))),
        Sent::Offline { detail } | Sent::Cut { detail } => Err(offline(Some(detail))),
        Sent::File(_) | Sent::Stopped => Err(offline(None)),
        Sent::Forbidden { host } => Err(Problem::block(
            Code::HostUnknown,
            format!("Slipway does not speak to {host} for this platform."),
        )),
    }
}

/// What a fault of a question means to the user.
pub(crate) fn fault_problem(fault: Fault, account: &Account, platform: &Arc<dyn AnyPlatform>) -> Problem {
    match fault {
        Fault::SignIn { detail } => dead(account, detail),
        Fault::Refused(problem) | Fault::Failed(problem) | Fault::Limit { problem, .. } => problem,
        Fault::Permission { detail, .. } => {
            Problem::block(Code::PermissionMissing, "This sign-in may not ask that.")
                .fix(Fix::SignIn { account: account.id })
                .detail(detail)
        }
        Fault::Unsure { detail } => {
            Problem::block(Code::Unsure, "The platform did not say it clearly.").detail(detail)
        }
        Fault::Again { detail, .. } | Fault::Lost { detail } | Fault::Strange { detail } => {
            strange(platform, &detail)
        }
    }
}

fn dead(account: &Account, detail: String) -> Problem {
    Problem::block(Code::SignInNeeded, format!("The sign-in of {} is over. Sign in again.", account.name))
        .fix(Fix::SignIn { account: account.id })
        .detail(detail)
}

fn offline(detail: Option<String>) -> Problem {
    if crate::handles::are_out() {
        return crate::handles::problem();
    }
    let problem =
        Problem::block(Code::Offline, "The platform could not be reached. Try again later.").fix(Fix::Retry);
    Problem { detail, ..problem }
}

fn strange(platform: &Arc<dyn AnyPlatform>, detail: &str) -> Problem {
    Problem::block(
        Code::PlatformDown,
        format!("{} could not answer now. Try again later.", platform.facts().name),
    )
    .fix(Fix::Retry)
    .detail(detail)
}
