//! Signing a channel in: through the browser or with a token made in the platform's console; which channels it speaks for, and which
//! of them are wanted.

use super::Host;
use super::accounts::{find, way_of};
use crate::engine::{Engine, signed_in_again};
use crate::event::What;
use crate::facts::Grantee;
use crate::platform::{Answer, AnyPlatform, Fault, Identity, JobAccount, Question};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::secrets::told;
use crate::sensitive::SecretString;
use crate::settings::Settings;
use crate::sign_in::{self, AppCredentials, Granted, Way};
use crate::store::account::{self, Connected};
use crate::store::{app, setting};
use crate::view::AccountView;
use crate::wire::{Bearer, Files, Sent};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a sign-in waits for somebody to say which of its channels are wanted.
const CHOOSE_WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// Pages of a long list of channels that are asked for.
const MOST_PAGES: usize = 20;

/// Signs a channel in through the system's browser.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Connect {
    pub platform: String,
    /// Which developer app; the newest of the platform (and way) when not said.
    #[serde(default)]
    pub app: Option<i64>,
    /// Which of the platform's ways; that of the app when not said.
    #[serde(default)]
    pub way: Option<String>,
    /// A token made in the platform's own console, in place of the browser (`SignInFacts::paste`). It goes to the vault.
    #[serde(default)]
    pub token: Option<String>,
    /// Which channels are wanted where the sign-in speaks for several: ids or names there. Nothing: asked afterwards.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub choose: Vec<String>,
    /// Seconds to wait for the browser.
    #[serde(default)]
    pub patience_s: Option<u64>,
}

/// What came of a sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Connection {
    /// The channels that are connected now.
    pub accounts: Vec<AccountView>,
    /// It speaks for several: say which with `accounts.choose`.
    pub choosing: Option<Choose>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Choose {
    /// Good for a quarter of an hour, in this process.
    pub id: i64,
    pub platform: String,
    pub channels: Vec<Choosable>,
}

/// One of the channels a sign-in speaks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Choosable {
    pub remote_id: String,
    pub name: String,
    pub handle: Option<String>,
    /// It is connected already, and would be signed in anew.
    pub connected: bool,
}

/// Sign-ins that wait to be told which channels are wanted. Their tokens are in memory only.
#[derive(Default)]
pub(crate) struct Choosing {
    waiting: Mutex<(i64, HashMap<i64, Waiting>)>,
}

struct Waiting {
    since: Timestamp,
    sign_in: SignedIn,
}

/// A sign-in and the channels it speaks for.
#[derive(Clone)]
struct SignedIn {
    platform: Arc<dyn AnyPlatform>,
    way: Way,
    app: app::App,
    granted: Granted,
    scopes: Vec<String>,
    found: Vec<Identity>,
    /// Who granted it, where the platform tells.
    person: Option<String>,
}

impl Choosing {
    fn put(&self, sign_in: SignedIn, now: Timestamp) -> i64 {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.1.retain(|_, other| now.duration_since(other.since) < CHOOSE_WITHIN);
        waiting.0 += 1;
        let id = waiting.0;
        waiting.1.insert(id, Waiting { since: now, sign_in });
        id
    }

    fn take(&self, id: i64, now: Timestamp) -> Option<SignedIn> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.1.remove(&id)?;
        (now.duration_since(found.since) < CHOOSE_WITHIN).then_some(found.sign_in)
    }
}

pub(super) async fn connect(engine: &Engine, host: &dyn Host, given: Connect) -> Outcome<Connection> {
    let platform = engine.platform(&given.platform)?.clone();
    let facts = platform.facts();
    let app = which_app(engine, facts, &given)?;
    let way = way_of(facts, given.way.as_deref().unwrap_or(&app.way))?;
    // Before the user is sent through a consent page for nothing.
    told(engine.inner.secrets.vault().check().await)?;
    let secret = told(engine.inner.secrets.app(app.id).await)?;
    let credentials = AppCredentials::of(&app, facts, secret);
    let (wire, clock) = (&engine.inner.wire, engine.clock());
    let pasted =
        given.token.map(|token| SecretString::from(token.trim())).filter(|token| !token.expose().is_empty());
    if pasted.is_none() && way.sign_in.needs_a_page() && app.redirect.is_none() {
        return Err(without_a_page(facts, way));
    }
    let granted = match &pasted {
        Some(token) => sign_in::adopt(wire, clock, way, &credentials, token).await?,
        None => {
            let patience = Duration::from_secs(given.patience_s.unwrap_or(300));
            let browser = |address: &url::Url| host.open(address);
            sign_in::sign_in(wire, clock, way, &credentials, &browser, patience, &host.cancelled()).await?
        }
    };
    let learned = async {
        let scopes = scopes(engine, &platform, way, &credentials, &granted, pasted.is_some()).await?;
        let found = identities(engine, &platform, way, &app, &granted).await?;
        Ok((scopes, found, person(engine, &platform, way, &granted).await))
    };
    let (scopes, found, person) = match learned.await {
        Ok(learned) => learned,
        Err(problem) => {
            // Nothing of a sign-in that leads nowhere stays behind, not even at the platform; unless giving it back would end the
            // working sign-in of another channel of the same person, or it is a token of the user's own making.
            let refresh = granted.refresh.as_ref().filter(|_| !way.sign_in.revokes_all && pasted.is_none());
            if let Some(refresh) = refresh {
                let given = sign_in::Given { refresh, access: Some(&granted.access.token) };
                let _ = sign_in::revoke(wire, way, &credentials, given).await;
            }
            return Err(problem);
        }
    };
    let sign_in = SignedIn { platform, way, app, granted, scopes, found, person };
    let wanted = match sign_in.found.as_slice() {
        [_] if given.choose.is_empty() => sign_in.found.clone(),
        _ if !given.choose.is_empty() => chosen(&sign_in.found, &given.choose)?,
        _ => {
            let channels = choosable(engine, facts.id, &sign_in.found)?;
            let id = engine.inner.choosing.put(sign_in, clock.now());
            let choosing = Some(Choose { id, platform: facts.id.into(), channels });
            return Ok(Connection { accounts: Vec::new(), choosing });
        }
    };
    Ok(Connection { accounts: keep_all(engine, &sign_in, &wanted).await?, choosing: None })
}

/// Says which channels of a sign-in are wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Chosen {
    /// `Choose::id`.
    pub id: i64,
    /// Ids there; none: the sign-in is dropped.
    pub remote_ids: Vec<String>,
}

pub(super) async fn choose(engine: &Engine, _: &dyn Host, given: Chosen) -> Outcome<Vec<AccountView>> {
    let waiting = engine.inner.choosing.take(given.id, engine.clock().now());
    let sign_in = waiting.ok_or_else(|| {
        Problem::block(Code::SignInTimeout, "This sign-in is not waiting any more. Sign in again.")
            .fix(Fix::Retry)
    })?;
    if given.remote_ids.is_empty() {
        return Ok(Vec::new());
    }
    match chosen(&sign_in.found, &given.remote_ids) {
        Ok(wanted) => keep_all(engine, &sign_in, &wanted).await,
        Err(problem) => {
            // A slip of the pen must not cost the sign-in.
            engine.inner.choosing.put(sign_in, engine.clock().now());
            Err(problem)
        }
    }
}

fn which_app(engine: &Engine, facts: &'static crate::facts::Facts, given: &Connect) -> Outcome<app::App> {
    let fits = |app: &app::App| given.way.as_ref().is_none_or(|way| *way == app.way);
    let app = match given.app {
        Some(id) => engine.read(|sql| app::get(sql, id))?.filter(|app| app.platform == facts.id),
        None => {
            let all = engine.read(|sql| app::of_platform(sql, facts.id))?;
            // Of several ways the usual one, unless another is asked for.
            let usual =
                all.iter().find(|app| fits(app) && (given.way.is_some() || app.way.is_empty())).cloned();
            usual.or_else(|| all.into_iter().find(fits))
        }
    };
    app.ok_or_else(|| {
        Problem::block(Code::AppMissing, format!("{} needs a developer app of your own first.", facts.name))
            .fix(Fix::AddApp { platform: facts.id.into() })
    })
}

/// The platform would refuse the address of this computer on a page of its own, where nobody could say what is missing.
fn without_a_page(facts: &crate::facts::Facts, way: Way) -> Problem {
    let or = if way.sign_in.paste.is_some() { ", or connect with a token" } else { "" };
    let message = format!(
        "{} answers to an https page only. Put Slipway's page (slipway-redirect.html) on a web space of your own, register its address with the platform, and say it with your developer app{or}.",
        way.sign_in.label
    );
    Problem::block(Code::AppMissing, message).fix(Fix::AddApp { platform: facts.id.into() })
}

fn choosable(engine: &Engine, platform: &str, found: &[Identity]) -> Outcome<Vec<Choosable>> {
    let known = engine.read(account::all)?;
    let is_known = |identity: &Identity| {
        known.iter().any(|account| account.platform == platform && account.remote_id == identity.remote_id)
    };
    Ok(found
        .iter()
        .map(|identity| Choosable {
            remote_id: identity.remote_id.clone(),
            name: identity.name.clone(),
            handle: identity.handle.clone(),
            connected: is_known(identity),
        })
        .collect())
}

/// Those of the channels that are meant, by id, handle or name.
fn chosen(found: &[Identity], wanted: &[String]) -> Outcome<Vec<Identity>> {
    let mut chosen: Vec<Identity> = Vec::new();
    for text in wanted {
        let bare = text.trim_start_matches('@');
        let fits = |identity: &&Identity| {
            identity.remote_id == *text
                || identity.name.eq_ignore_ascii_case(text)
                || identity
                    .handle
                    .as_deref()
                    .is_some_and(|handle| handle.trim_start_matches('@').eq_ignore_ascii_case(bare))
        };
        let Some(identity) = found.iter().find(fits) else {
            let names: Vec<_> = found.iter().map(|one| format!("{} ({})", one.name, one.remote_id)).collect();
            let message =
                format!("This sign-in does not speak for \"{text}\". It speaks for: {}.", names.join(", "));
            return Err(Problem::block(Code::AccountUnknown, message).edit("choose"));
        };
        if !chosen.iter().any(|one| one.remote_id == identity.remote_id) {
            chosen.push(identity.clone());
        }
    }
    Ok(chosen)
}

async fn keep_all(engine: &Engine, sign_in: &SignedIn, wanted: &[Identity]) -> Outcome<Vec<AccountView>> {
    let mut views = Vec::with_capacity(wanted.len());
    for identity in wanted {
        let id = keep(engine, sign_in, identity).await?;
        views.push(find(engine, id)?);
    }
    Ok(views)
}

/// Row, vault, tokens; then what waited for this sign-in goes on.
async fn keep(engine: &Engine, sign_in: &SignedIn, identity: &Identity) -> Outcome<i64> {
    let settings: Settings = engine.read(|sql| setting::get(sql, Settings::KEY))?;
    let (now, facts, way) = (engine.clock().now(), sign_in.platform.facts(), sign_in.way.sign_in.way);
    let (scopes, ends) = (sign_in.scopes.clone(), sign_in.granted.refresh_ends);
    let (identity, app_id, person) = (identity.clone(), sign_in.app.id, sign_in.person.clone());
    let remote_id = identity.remote_id.clone();
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
                way,
                person: person.as_deref(),
            };
            account::connect(tx, &new, &settings.missed, now)
        })
        .await?;
    let turn = engine.inner.tokens.hold(id).await;
    told(engine.inner.secrets.keep_refresh(id, sign_in.granted.refresh.clone()).await)?;
    if sign_in.way.sign_in.account_tokens {
        // It acts under a token of its own, which is fetched when it is first needed.
        turn.forget();
    } else {
        turn.put(&sign_in.granted.access);
        if let Some(refresh) = &sign_in.granted.refresh {
            engine.inner.owners.prove(id, &remote_id, refresh);
        }
    }
    drop(turn);
    engine
        .write(move |tx| {
            tx.say(What::Account { id });
            signed_in_again(tx, id, now)
        })
        .await?;
    Ok(id)
}

/// What was granted, and whether that is all we need.
async fn scopes(
    engine: &Engine,
    platform: &Arc<dyn AnyPlatform>,
    way: Way,
    app: &AppCredentials,
    granted: &Granted,
    pasted: bool,
) -> Outcome<Vec<String>> {
    if way.sign_in.asks_scopes {
        let account = JobAccount { way: way.sign_in.way.into(), ..JobAccount::default() };
        let bearer = granted.access.bearer();
        return match ask_new(engine, platform, &Question::Scopes, &account, &bearer).await? {
            Answer::Scopes(scopes) => sign_in::all_there(way, app, &scopes).map(|()| scopes),
            _ => Err(odd(platform, "an answer to another question".into())),
        };
    }
    if pasted {
        // Nothing names them; what is missing shows at the first call that needs it.
        return Ok(granted.scopes.clone());
    }
    sign_in::all_there(way, app, &granted.scopes).map(|()| granted.scopes.clone())
}

/// Who granted it. Not knowing is no reason to refuse a sign-in: it then counts as anybody's.
async fn person(
    engine: &Engine,
    platform: &Arc<dyn AnyPlatform>,
    way: Way,
    granted: &Granted,
) -> Option<String> {
    if way.sign_in.grantee != Grantee::Asked {
        return None;
    }
    let account = JobAccount { way: way.sign_in.way.into(), ..JobAccount::default() };
    match ask_new(engine, platform, &Question::Person, &account, &granted.access.bearer()).await {
        Ok(Answer::Person(person)) => Some(person),
        _ => None,
    }
}

/// Asks the platform whose sign-in this is, page by page.
async fn identities(
    engine: &Engine,
    platform: &Arc<dyn AnyPlatform>,
    way: Way,
    app: &app::App,
    granted: &Granted,
) -> Outcome<Vec<Identity>> {
    let account = JobAccount {
        way: way.sign_in.way.into(),
        app: app.for_job(platform.facts()),
        ..JobAccount::default()
    };
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let question = Question::Identify { after };
        match ask_new(engine, platform, &question, &account, &granted.access.bearer()).await? {
            Answer::Identities { found, next } => {
                // One list may name what another has named.
                for one in found {
                    if !all.iter().any(|known: &Identity| known.remote_id == one.remote_id) {
                        all.push(one);
                    }
                }
                after = next;
            }
            _ => return Err(odd(platform, "an answer to another question".into())),
        }
        if after.is_none() {
            break;
        }
    }
    if all.is_empty() {
        let message = format!("{} knows no channel that this sign-in speaks for.", platform.facts().name);
        return Err(Problem::block(Code::NoChannel, message).fix(Fix::Retry));
    }
    Ok(all)
}

/// One question with the tokens of a sign-in that was just made; a few times if the platform has a passing fault.
async fn ask_new(
    engine: &Engine,
    platform: &Arc<dyn AnyPlatform>,
    question: &Question,
    account: &JobAccount,
    bearer: &Bearer,
) -> Outcome<Answer> {
    let facts = platform.facts();
    let mut tries = 0;
    loop {
        tries += 1;
        let call = platform.ask(question, account);
        let sent = engine
            .inner
            .wire
            .send(facts.hosts, call, Some(bearer), &Files::default(), &Default::default())
            .await;
        let detail = match sent {
            Sent::Reply(reply) if reply.status < 500 => match platform.answer(question, account, &reply) {
                Ok(answer) => return Ok(answer),
                Err(Fault::Refused(problem) | Fault::Failed(problem)) => return Err(problem),
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
            return Err(odd(platform, detail));
        }
        engine.clock().sleep(Duration::from_millis(500 * tries)).await;
    }
}

fn odd(platform: &Arc<dyn AnyPlatform>, detail: String) -> Problem {
    let message =
        format!("{} could not say whose channel this is. Try again in a moment.", platform.facts().name);
    Problem::block(Code::PlatformDown, message).fix(Fix::Retry).detail(detail)
}
