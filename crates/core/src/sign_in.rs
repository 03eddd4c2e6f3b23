//! Signing in: OAuth 2.0 authorisation code with PKCE in the user's own browser, one flow for every platform.
//!
//! A platform's quirks are data (`SignInFacts`). The answer comes to a listener on this computer that lives as long as the sign-in
//! and takes one right answer; only structured `error` fields decide what a refusal means, and every refusal has a code of its own.
//! Deliberately not here: HTTP (`wire`), storing what was granted (the caller, in the vault), and any platform's name. Nothing here
//! survives a restart.
//!
//! `oauth2` keeps codes, verifiers and tokens in types that print as redacted but are not wiped when dropped; ours are.

mod endpoint;
mod exchange;
mod loopback;
mod page;
mod request;
#[cfg(test)]
mod tests;
pub mod tokens;

use crate::clock::Clock;
use crate::facts::{Facts, OAuthErrors, Renew, SignInFacts};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::sensitive::{SecretString, Sensitive};
use crate::wire::{Bearer, Proof, Wire};
use endpoint::No;
use jiff::Timestamp;
use loopback::{Door, Redirect};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use tokens::Tokens;

/// Pauses before the code is traded a second and a third time. A code lives for minutes at least, so a passing fault of the
/// platform need not send the user through the browser again.
const TRADE_AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// A platform that asks for a longer pause than this while the user looks on is called down.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The developer app a sign-in speaks through.
#[derive(Clone, Debug, Default)]
pub struct AppCredentials {
    pub client_id: String,
    /// Sent only where the platform's Facts say so.
    pub client_secret: Option<SecretString>,
    /// The address registered for the answer, where that is not a loopback port of any number (`RedirectKind`).
    pub redirect: Option<String>,
    /// Its set of permissions at the platform, where it has one (`SignInFacts::config`).
    pub config: Option<String>,
    /// What its owner says of it, defaults filled in: some scopes hang on that.
    pub flags: BTreeMap<String, bool>,
}

impl AppCredentials {
    /// Of an app as it is stored.
    pub fn of(app: &crate::store::app::App, facts: &Facts, secret: Option<SecretString>) -> AppCredentials {
        AppCredentials {
            client_id: app.client_id.clone(),
            client_secret: secret,
            redirect: app.redirect.clone(),
            config: app.config.clone(),
            flags: app.for_job(facts).flags,
        }
    }

    /// What its calls bear beside a token.
    pub(crate) fn proof(&self, way: Way) -> Option<Proof> {
        let secret = self.client_secret.clone().filter(|secret| !secret.expose().trim().is_empty())?;
        Some(Proof { field: way.sign_in.proof?, secret })
    }

    /// The scopes a sign-in asks for; none where the app's own set stands in their place.
    fn scopes(&self, way: Way) -> Vec<String> {
        way.sign_in.scopes_for(&self.flags).map(|fact| fact.scope.into()).collect()
    }
}

/// One of a platform's ways to sign in.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub facts: &'static Facts,
    pub sign_in: &'static SignInFacts,
}

impl Way {
    pub fn of(facts: &'static Facts, way: &str) -> Option<Way> {
        facts.ways().find(|known| known.way == way).map(|sign_in| Way { facts, sign_in })
    }

    pub fn first(facts: &'static Facts) -> Way {
        Way { facts, sign_in: &facts.sign_in }
    }
}

/// A bearer and when it ends by our clock, reckoned from before it was asked for.
#[derive(Clone, Debug)]
pub struct Access {
    pub token: Arc<Sensitive<String>>,
    /// The sign-in's own token, where the account acts under another.
    pub owner: Option<Arc<Sensitive<String>>>,
    pub expires_at: Timestamp,
    pub proof: Option<Proof>,
}

impl Access {
    pub fn bearer(&self) -> Bearer {
        Bearer { token: self.token.clone(), owner: self.owner.clone(), proof: self.proof.clone() }
    }
}

/// What a platform granted.
#[derive(Clone, Debug)]
pub struct Granted {
    pub access: Access,
    /// Never empty. `None`: the one there is goes on ([`keep_refresh`]). When there is one it replaces the old, which may be dead
    /// already (`SignInFacts::rotates`): it is stored before `access` is used.
    pub refresh: Option<SecretString>,
    /// When the refresh token itself ends, where the platform says so (C31).
    pub refresh_ends: Option<Timestamp>,
    /// What was granted. Empty after a refresh whose answer does not name it: as before (RFC 6749, 6).
    pub scopes: Vec<String>,
}

impl Granted {
    /// With what the app's calls bear beside its tokens.
    fn proven(mut self, way: Way, app: &AppCredentials) -> Granted {
        self.access.proof = app.proof(way);
        self
    }
}

/// Why there is no new access token, as what one can do about it. Details hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshFault {
    /// The platform said in a structured `error` field that this grant is over. Nothing else ever means this (C29).
    #[error("the sign-in is over: {detail}")]
    SignInAgain { detail: String },
    /// The developer app is refused, or what we need of it is missing. Signing in again does not help.
    #[error("the developer app is refused: {detail}")]
    AppRefused { detail: String },
    /// Passing, or nothing we understand: try again, not before `after` if given.
    #[error("no answer to go by: {detail}")]
    Later { after: Option<Duration>, detail: String },
    /// No connection was made.
    #[error("offline")]
    Offline,
}

/// Lets the user grant access in their browser: opens a listener on loopback, hands the address of the consent page to `browser`,
/// waits `patience` for the answer, trades it for tokens. Dropping the future, or `cancel`, closes the listener.
///
/// An answer with a wrong or missing `state` gets an error page and the wait goes on: any page in any browser can call a port of
/// this computer, and none may end or hijack a sign-in that way. Only when nothing right has come in time do such answers show, as
/// `SignInState` in place of `SignInTimeout`.
///
/// Problems: `SignInDenied` (by the user, at the platform or by `cancel`), `SignInState`, `SignInTimeout`, `SignInScope`,
/// `AppMissing`, `AppRefused`, `Offline`, `PlatformDown`, `HostUnknown`, and `SignInFailed` for all else.
pub async fn sign_in(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    browser: &(dyn Fn(&Url) + Send + Sync),
    patience: Duration,
    cancel: &CancellationToken,
) -> Outcome<Granted> {
    let facts = way.facts;
    check_app(way, app)?;
    let work = async {
        let landing = loopback::bind(way.sign_in, app.redirect.as_deref())
            .await
            .map_err(|error| no_listener(&error, app.redirect.as_deref()))?;
        let request = request::prepare(wire.hosts(), way, app, &landing).map_err(|no| problem(facts, no))?;
        let mut door = Door::open(landing, request.state.clone());
        browser(&request.url);
        let answer = tokio::select! {
            answer = door.answer() => Ok(answer),
            () = clock.sleep(patience) => Err(late(facts, patience, door.saw_wrong_state())),
        };
        let granted = match answer {
            Ok(Redirect::Code(code)) => trade(wire, clock, way, app, &request, &code).await,
            Ok(Redirect::Denied) => Err(denied(format!(
                "{} was told not to let Slipway in. Nothing was changed. Sign in again whenever you like.",
                facts.name
            ))),
            Ok(Redirect::Refused { error }) => {
                let detail = error.clone();
                Err(problem(facts, No::from_error(&error, detail)))
            }
            Err(problem) => Err(problem),
        };
        door.close().await;
        granted
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(denied("The sign-in was cancelled. Nothing was changed.".into())),
        ended = work => ended,
    }
}

/// A new access token for a stored refresh token. Asks once; when to ask again is the caller's to decide.
pub async fn refresh(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    refresh: &SecretString,
) -> Result<Granted, RefreshFault> {
    check_app(way, app).map_err(|problem| RefreshFault::AppRefused { detail: problem.message })?;
    let renewed = match &way.sign_in.renew {
        Renew::RefreshToken => endpoint::renew(wire, clock, way, app, refresh).await,
        Renew::Exchange { again, days, .. } => {
            exchange::trade(wire, clock, way, app, again, *days, refresh).await
        }
    };
    renewed.map(|granted| granted.proven(way, app)).map_err(|no| match no {
        No::Grant { detail } => RefreshFault::SignInAgain { detail },
        No::App { detail } => RefreshFault::AppRefused { detail },
        No::Later { after, detail } => RefreshFault::Later { after, detail },
        No::Offline => RefreshFault::Offline,
        No::Unknown { detail } => RefreshFault::Later { after: None, detail },
        No::Host { host } => {
            RefreshFault::Later { after: None, detail: format!("{host} is not a host we may call") }
        }
    })
}

/// A token the user made in the platform's own console, in place of a sign-in in the browser. It is traded for a long one where the
/// platform does that; one that is long already stays as it is. Whether it is any good is seen when it is first used.
pub async fn adopt(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    token: &SecretString,
) -> Outcome<Granted> {
    let facts = way.facts;
    check_app(way, app)?;
    let Renew::Exchange { long, days, .. } = &way.sign_in.renew else {
        let text = format!("{} does not take a token in place of a sign-in.", facts.name);
        return Err(Problem::block(Code::BadRequest, text).edit("token"));
    };
    match exchange::trade(wire, clock, way, app, long, *days, token).await {
        Ok(granted) => Ok(granted.proven(way, app)),
        Err(no @ (No::Later { .. } | No::Offline | No::Host { .. } | No::App { .. })) => {
            Err(problem(facts, no))
        }
        Err(No::Grant { .. } | No::Unknown { .. }) => {
            Ok(exchange::as_it_is(clock, *days, token).proven(way, app))
        }
    }
}

/// What of a sign-in's tokens a platform may be told to forget.
pub struct Given<'a> {
    pub refresh: &'a SecretString,
    pub access: Option<&'a SecretString>,
}

/// Asks the platform to forget a token. That it had forgotten it already is as good. A platform without such an endpoint is not
/// asked: see `SignInFacts::revoke` for what to tell the user then, and `revokes_all` for what else it takes along.
pub async fn revoke(wire: &Wire, way: Way, app: &AppCredentials, given: Given<'_>) -> Outcome<()> {
    let facts = way.facts;
    endpoint::revoke(wire, way, app, given).await.map_err(|no| match no {
        No::Offline | No::Host { .. } => problem(facts, no),
        No::Later { detail, .. } | No::Grant { detail } | No::App { detail } | No::Unknown { detail } => {
            Problem::block(
                Code::PlatformDown,
                format!("{} did not confirm that it took Slipway's access back. Try again in a while, or take it back in your account's settings there.", facts.name),
            )
            .fix(Fix::Retry)
            .detail(detail)
        }
    })
}

/// Which refresh token to keep: an answer without one, or with an empty one, never takes away the one there is (C28).
pub fn keep_refresh(old: Option<&SecretString>, new: Option<SecretString>) -> Option<SecretString> {
    new.filter(|new| !new.expose().trim().is_empty()).or_else(|| old.cloned())
}

/// Trades the code for tokens, a few times if the platform has a passing fault, and looks whether all we need was granted.
///
/// A grant that lacks something is dropped and not revoked: at many platforms that would end a sign-in of the same person that works.
async fn trade(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    request: &request::Request,
    code: &SecretString,
) -> Outcome<Granted> {
    let facts = way.facts;
    let mut pauses = TRADE_AGAIN.into_iter();
    let granted = loop {
        let traded = match way.sign_in.errors {
            OAuthErrors::Flat => endpoint::trade(wire, clock, way, app, request, code).await,
            OAuthErrors::Coded { .. } => exchange::sign_in(wire, clock, way, app, request, code).await,
        };
        let no = match traded {
            Ok(granted) => break granted,
            Err(no) => no,
        };
        let asked = match &no {
            No::Offline => None,
            No::Later { after, .. } if after.is_none_or(|after| after <= LONGEST_PAUSE) => *after,
            _ => return Err(problem(facts, no)),
        };
        let Some(pause) = pauses.next() else { return Err(problem(facts, no)) };
        clock.sleep(asked.unwrap_or(pause)).await;
    };
    // Where the answer does not name them, whoever connects the channel asks.
    if !way.sign_in.asks_scopes {
        all_there(way, app, &granted.scopes)?;
    }
    Ok(granted.proven(way, app))
}

/// Was everything granted that we need? `sign_in_scope` says what was not.
pub fn all_there(way: Way, app: &AppCredentials, granted: &[String]) -> Outcome<()> {
    let facts = way.facts;
    let missing: Vec<_> = way
        .sign_in
        .scopes_for(&app.flags)
        .filter(|scope| scope.required)
        .filter(|need| !granted.iter().any(|scope| scope == need.scope))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let whys: Vec<_> = missing.iter().map(|need| need.why).collect();
    let names: Vec<_> = missing.iter().map(|need| need.scope).collect();
    Err(Problem::block(
        Code::SignInScope,
        format!(
            "You signed in to {}, but left out a permission that Slipway needs: {}. Nothing was stored. Sign in again and leave it ticked.",
            facts.name,
            whys.join("; ")
        ),
    )
    .fix(Fix::Retry)
    .detail(names.join(" ")))
}

/// Says at once what the platform would only say after the user went through the browser.
fn check_app(way: Way, app: &AppCredentials) -> Outcome<()> {
    let facts = way.facts;
    let add = Fix::AddApp { platform: facts.id.into() };
    if app.client_id.trim().is_empty() {
        let text = format!("Slipway has no developer app for {} yet. Add its client ID first.", facts.name);
        return Err(Problem::block(Code::AppMissing, text).fix(add));
    }
    if way.sign_in.secret && app.client_secret.as_ref().is_none_or(|secret| secret.expose().trim().is_empty())
    {
        let text =
            format!("{} wants the developer app's client secret too, and it is missing. Add it.", facts.name);
        return Err(Problem::block(Code::AppRefused, text).fix(add));
    }
    Ok(())
}

fn problem(facts: &Facts, no: No) -> Problem {
    let name = facts.name;
    match no {
        No::App { detail } => Problem::block(
            Code::AppRefused,
            format!("{name} refuses the developer app. Check its client ID and secret, and that it was not deleted or disabled."),
        )
        .fix(Fix::AddApp { platform: facts.id.into() })
        .detail(detail),
        No::Grant { detail } | No::Unknown { detail } => Problem::block(
            Code::SignInFailed,
            format!("{name} did not complete the sign-in. Nothing was changed. Try again."),
        )
        .fix(Fix::Retry)
        .detail(detail),
        No::Later { detail, .. } => Problem::block(
            Code::PlatformDown,
            format!("{name} has a fault at the moment. Nothing was changed. Try again in a few minutes."),
        )
        .fix(Fix::Retry)
        .detail(detail),
        // A socket is an open file, too.
        No::Offline if crate::handles::are_out() => crate::handles::problem(),
        No::Offline => Problem::block(
            Code::Offline,
            format!("{name} can't be reached. Check the connection of this computer and try again."),
        )
        .fix(Fix::Retry),
        No::Host { host } => {
            Problem::block(Code::HostUnknown, format!("Slipway may not speak to {host} here, so the sign-in was not begun."))
        }
    }
}

fn denied(message: String) -> Problem {
    Problem::block(Code::SignInDenied, message).fix(Fix::Retry)
}

fn late(facts: &Facts, patience: Duration, saw_wrong_state: bool) -> Problem {
    let minutes = patience.as_secs().div_ceil(60);
    let waited = if minutes == 1 { "a minute".to_string() } else { format!("{minutes} minutes") };
    if saw_wrong_state {
        Problem::block(
            Code::SignInState,
            format!("An answer came that does not belong to this sign-in, so Slipway did not take it, and no other came within {waited}. Close old sign-in tabs and try again."),
        )
    } else {
        Problem::block(
            Code::SignInTimeout,
            format!("No answer came from {} within {waited}. If its page shows an error, that error says why. Nothing was changed.", facts.name),
        )
    }
    .fix(Fix::Retry)
}

fn no_listener(error: &std::io::Error, redirect: Option<&str>) -> Problem {
    if crate::handles::ran_out(error) {
        return crate::handles::problem();
    }
    let text = match redirect {
        Some(address) if error.kind() == std::io::ErrorKind::AddrInUse => format!(
            "The port of the registered address {address} is in use by another program. Close it, or register another address."
        ),
        _ => "Slipway could not open a port on this computer for the answer of the sign-in. A firewall or security program may forbid it."
            .into(),
    };
    Problem::block(Code::SignInFailed, text).fix(Fix::Retry).detail(error.kind())
}
