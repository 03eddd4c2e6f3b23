//! A consent page and a token endpoint that hold the client to its word, a browser, and two platforms as data.

use super::super::*;
use crate::facts::{
    AskedBy, ConfigFact, OAuthErrors, Pkce, RedirectKind, Renew, RevokeFact, ScopeFact, SignInFacts,
    TradeFact,
};
use crate::throttle::Throttle;
use crate::wire::hosts::Hosts;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

pub const PATIENCE: Duration = Duration::from_secs(300);
/// Every secret of these tests holds this word; nothing that is shown may.
pub const MARK: &str = "canary";
pub const CODE: &str = "4/0A*canary!code+x%2F";
pub const SECRET: &str = "canary-of-the-app";

pub type Fields = BTreeMap<String, String>;

const SCOPES: &[ScopeFact] = &[
    ScopeFact { scope: "upload", required: true, when: None, why: "sending your videos" },
    ScopeFact { scope: "read", required: true, when: None, why: "seeing which channel it is" },
    ScopeFact { scope: "extra", required: false, when: None, why: "adding to playlists" },
];

const fn facts(sign_in: SignInFacts) -> Facts {
    Facts { id: "loaf", name: "Loaf", hosts: &["login.example", "token.example"], sign_in, ..Facts::PLAIN }
}

const PLAIN_SIGN_IN: SignInFacts = SignInFacts {
    authorize: ("login.example", "/auth"),
    token: ("token.example", "/token"),
    revoke: Some(RevokeFact::RefreshToken { at: ("token.example", "/revoke") }),
    pkce: Pkce::S256,
    secret: true,
    client_id_field: "client_id",
    scope_separator: " ",
    scopes: SCOPES,
    extra: &[("access_type", "offline")],
    redirect_path: "/callback",
    redirect_host: "127.0.0.1",
    rotates: false,
    revokes_all: true,
    ..SignInFacts::PLAIN
};

/// As most platforms do it.
pub static PLAIN: Facts = facts(PLAIN_SIGN_IN);
/// With every quirk there is a field for.
pub static QUIRKY: Facts = facts(SignInFacts {
    pkce: Pkce::S256Hex,
    client_id_field: "client_key",
    scope_separator: ",",
    redirect_path: "/callback/",
    redirect_host: "localhost",
    rotates: true,
    ..PLAIN_SIGN_IN
});
/// Without a secret, a path or a revocation endpoint.
pub static BARE: Facts =
    facts(SignInFacts { secret: false, redirect_path: "", revoke: None, ..PLAIN_SIGN_IN });
const LONG: TradeFact = TradeFact {
    at: ("token.example", "/trade"),
    grant_type: "long",
    token_field: "given",
    client_id: true,
    client_secret: true,
};
/// Without refresh tokens.
pub static TRADING: Facts = facts(TRADING_SIGN_IN);
const TRADING_SIGN_IN: SignInFacts = SignInFacts {
    token: ("token.example", "/trade"),
    asked_by: AskedBy::GetQuery,
    errors: OAuthErrors::Coded {
        grant: &[190],
        app: &[101],
        app_said: &[(1, "client secret")],
        passing: &[1, 2, 4],
    },
    renew: Renew::Exchange { long: LONG, again: LONG, days: 60 },
    pkce: Pkce::None,
    redirect_host: "localhost",
    redirects: &[RedirectKind::FixedPort, RedirectKind::HttpsPage],
    paste: Some("a token"),
    ..PLAIN_SIGN_IN
};
/// With what an app may have of its own: a set of permissions, a scope that hangs on a flag, a proof beside each token.
pub static CONFIGURED: Facts = facts(SignInFacts {
    scopes: &[
        ScopeFact { scope: "upload", required: true, when: None, why: "sending your videos" },
        ScopeFact { scope: "more", required: false, when: Some(("more", true)), why: "more" },
    ],
    config: Some(ConfigFact { field: "config_id", extra: &[("code_too", "yes")] }),
    proof: Some("proof"),
    revoke: Some(RevokeFact::Delete { at: ("token.example", "/given") }),
    ..TRADING_SIGN_IN
});
/// Its page is on a host that this world does not have.
pub static ELSEWHERE: Facts = facts(SignInFacts { authorize: ("nowhere.example", "/auth"), ..PLAIN_SIGN_IN });

pub fn app() -> AppCredentials {
    AppCredentials {
        client_id: "loaf-app".into(),
        client_secret: Some(SECRET.into()),
        ..AppCredentials::default()
    }
}

pub fn start() -> Timestamp {
    "2026-11-22T18:00:00Z".parse().unwrap()
}

pub fn at(seconds: i64) -> Timestamp {
    start() + jiff::SignedDuration::from_secs(seconds)
}

pub fn good_answer() -> serde_json::Value {
    serde_json::json!({
        "access_token": "ya29.canary-access", "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": "1//canary-refresh", "refresh_token_expires_in": 604_800,
        "scope": "upload extra read", "id_token": "canary.id",
    })
}

/// What the server says once, in place of the truth.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: String,
}

pub fn json(status: u16, body: serde_json::Value) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "application/json; charset=utf-8")],
        body: body.to_string(),
    }
}

pub fn html(status: u16, body: &str) -> Reply {
    Reply { status, headers: vec![("content-type", "text/html")], body: body.into() }
}

impl Reply {
    pub fn header(mut self, name: &'static str, value: &'static str) -> Reply {
        self.headers.push((name, value));
        self
    }
}

/// The server's memory.
pub struct Desk {
    /// Taken in order; then the truth is told.
    pub planned: Mutex<VecDeque<Reply>>,
    /// Forms that came, with the path they came to.
    pub forms: Mutex<Vec<(String, Fields)>>,
    /// The last query of the consent page.
    pub consent: Mutex<Fields>,
    /// One permit an answer; none are lacking unless a test takes them away.
    pub gate: Semaphore,
}

pub struct World {
    pub wire: Wire,
    pub clock: Clock,
    pub hand: crate::clock::Hand,
    pub desk: Arc<Desk>,
}

impl World {
    pub async fn new() -> World {
        World::with_plan([]).await
    }

    pub async fn with_plan(planned: impl IntoIterator<Item = Reply>) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let desk = Arc::new(Desk {
            planned: Mutex::new(planned.into_iter().collect()),
            forms: Mutex::default(),
            consent: Mutex::default(),
            gate: Semaphore::new(1_000),
        });
        let router = Router::new()
            .route("/auth", get(consent))
            .route("/token", post(token))
            .route("/trade", get(trade))
            .route("/revoke", post(revoke))
            .route("/given", axum::routing::delete(given_back))
            .with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let hosts = ["login.example", "token.example"].map(|host| (host.to_string(), base.clone()));
        World::of(Hosts::Sandbox(hosts.into()), desk)
    }

    /// The consent page works; nobody listens where the tokens are.
    pub async fn without_tokens() -> World {
        let world = World::new().await;
        let Hosts::Sandbox(mut hosts) = world.wire.hosts().clone() else { unreachable!() };
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", closed.local_addr().unwrap());
        hosts.insert("token.example".into(), Url::parse(&base).unwrap());
        World::of(Hosts::Sandbox(hosts), world.desk)
    }

    fn of(hosts: Hosts, desk: Arc<Desk>) -> World {
        let (clock, hand) = Clock::by_hand(start());
        let wire = Wire::new(hosts, Throttle::new(None), clock.clone()).unwrap();
        World { wire, clock, hand, desk }
    }

    pub async fn sign_in(
        &self,
        facts: &'static Facts,
        browser: &(dyn Fn(&Url) + Send + Sync),
    ) -> Outcome<Granted> {
        sign_in(
            &self.wire,
            &self.clock,
            Way::first(facts),
            &app(),
            browser,
            PATIENCE,
            &CancellationToken::new(),
        )
        .await
    }

    /// Signs in while pauses shorter than the user's patience pass by themselves.
    pub async fn sign_in_quickly(&self, facts: &'static Facts) -> Outcome<Granted> {
        let pass = async {
            loop {
                if self.hand.next_wake().is_some_and(|wake| wake < self.clock.now() + PATIENCE / 2) {
                    self.hand.step();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            ended = self.sign_in(facts, &|url| { tokio::spawn(allow(url.clone())); }) => ended,
            () = pass => unreachable!(),
        }
    }

    pub async fn refresh(&self, facts: &'static Facts) -> Result<Granted, RefreshFault> {
        refresh(&self.wire, &self.clock, Way::first(facts), &app(), &"1//canary-stored".into()).await
    }

    pub fn asked(&self) -> usize {
        self.desk.forms.lock().unwrap().len()
    }

    /// A planned answer that was never asked for is a failure of the test.
    pub fn all_happened(&self) {
        assert!(self.desk.planned.lock().unwrap().is_empty(), "a planned answer did not happen");
    }
}

/// Keeps what came in the place of the consent page's query.
async fn given_back(State(desk): State<Arc<Desk>>, Query(query): Query<Fields>) -> Response {
    *desk.consent.lock().unwrap() = query;
    say(json(200, serde_json::json!({"success": true})))
}

async fn consent(State(desk): State<Arc<Desk>>, Query(query): Query<Fields>) -> Response {
    let back = Url::parse_with_params(
        &query["redirect_uri"],
        [("state", query["state"].as_str()), ("code", CODE), ("iss", "x")],
    );
    *desk.consent.lock().unwrap() = query;
    let mut response = Response::default();
    *response.status_mut() = http::StatusCode::FOUND;
    response.headers_mut().insert("location", back.unwrap().as_str().parse().unwrap());
    response
}

async fn token(State(desk): State<Arc<Desk>>, Form(form): Form<Fields>) -> Response {
    desk.forms.lock().unwrap().push(("/token".into(), form.clone()));
    let _permit = desk.gate.acquire().await.unwrap();
    let planned = desk.planned.lock().unwrap().pop_front();
    say(planned.unwrap_or_else(|| match fault_of(&form, &desk.consent.lock().unwrap()) {
        None => json(200, good_answer()),
        Some(why) => json(400, serde_json::json!({"error": "invalid_grant", "error_description": why})),
    }))
}

/// A platform without refresh tokens: code for a short token, a token for a longer one.
async fn trade(State(desk): State<Arc<Desk>>, Query(query): Query<Fields>) -> Response {
    desk.forms.lock().unwrap().push(("/trade".into(), query.clone()));
    let planned = desk.planned.lock().unwrap().pop_front();
    let consent = desk.consent.lock().unwrap().clone();
    say(planned.unwrap_or_else(|| {
        let is = |key: &str, value: &str| query.get(key).is_some_and(|given| given == value);
        let good = is("client_secret", SECRET) && is("client_id", "loaf-app");
        match query.get("grant_type").map(String::as_str) {
            None if good && is("code", CODE) && query.get("redirect_uri") == consent.get("redirect_uri") => {
                json(200, serde_json::json!({"access_token": "canary-short", "token_type": "bearer", "expires_in": 5000}))
            }
            Some("long") if good && (is("given", "canary-short") || is("given", "canary-long")) => {
                json(200, serde_json::json!({"access_token": "canary-long", "token_type": "bearer"}))
            }
            _ => json(400, serde_json::json!({"error": {"message": "no such canary", "type": "OAuthException", "code": 190,
                "error_subcode": 463, "fbtrace_id": "x"}})),
        }
    }))
}

async fn revoke(State(desk): State<Arc<Desk>>, Form(form): Form<Fields>) -> Response {
    desk.forms.lock().unwrap().push(("/revoke".into(), form));
    let planned = desk.planned.lock().unwrap().pop_front();
    say(planned.unwrap_or_else(|| json(200, serde_json::json!({}))))
}

/// What a strict server finds wrong with a request for a token.
fn fault_of(form: &Fields, consent: &Fields) -> Option<&'static str> {
    let get = |key: &str| form.get(key).map(String::as_str);
    if get("grant_type") == Some("refresh_token") {
        return (get("refresh_token") != Some("1//canary-stored")).then_some("refresh token");
    }
    let verifier = get("code_verifier").unwrap_or_default();
    let hash = Sha256::digest(verifier);
    let challenges = [BASE64_URL_SAFE_NO_PAD.encode(hash), format!("{hash:x}")];
    if !consent.get("code_challenge").is_some_and(|sent| challenges.contains(sent))
        || !(43..=128).contains(&verifier.len())
    {
        return Some("verifier");
    }
    if get("redirect_uri") != consent.get("redirect_uri").map(String::as_str) {
        return Some("redirect");
    }
    (get("code") != Some(CODE)).then_some("code")
}

fn say(reply: Reply) -> Response {
    let mut response = Response::new(axum::body::Body::from(reply.body));
    *response.status_mut() = reply.status.try_into().unwrap();
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// What the user sees.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

/// The user's browser: apart from the wire, and one that goes nowhere by itself.
pub fn browser() -> reqwest::Client {
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(none).build().unwrap()
}

pub async fn see(request: reqwest::RequestBuilder) -> Seen {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Seen { status, headers, body: response.text().await.unwrap() }
}

/// Visits the consent page and says yes: where the platform then sends the browser.
pub async fn say_yes(url: Url) -> String {
    let seen = see(browser().get(url)).await;
    assert_eq!(seen.status, 302, "{}", seen.body);
    seen.headers["location"].to_str().unwrap().to_string()
}

/// Says yes and goes back to Slipway.
pub async fn allow(url: Url) -> Seen {
    let back = say_yes(url).await;
    see(browser().get(back)).await
}

/// Answers the sign-in with these parameters; `{state}` stands for the right one.
pub fn back_with(url: &Url, query: &str) -> String {
    let consent: Fields = url.query_pairs().into_owned().collect();
    format!("{}?{}", consent["redirect_uri"], query.replace("{state}", &consent["state"]))
}

/// A browser that does `visit` with the address, and what it saw.
pub fn visiting<Visit, Visiting, T: Send + 'static>(
    visit: Visit,
) -> (impl Fn(&Url) + Send + Sync, mpsc::UnboundedReceiver<T>)
where
    Visit: Fn(Url) -> Visiting + Send + Sync,
    Visiting: Future<Output = T> + Send + 'static,
{
    let (saw, seen) = mpsc::unbounded_channel();
    // The one visit owns the sender: if it panics, who waits for it is told.
    let saw = Mutex::new(Some(saw));
    let browse = move |url: &Url| {
        let saw = saw.lock().unwrap().take().expect("a sign-in opens the browser once");
        let visiting = visit(url.clone());
        tokio::spawn(async move { saw.send(visiting.await) });
    };
    (browse, seen)
}
