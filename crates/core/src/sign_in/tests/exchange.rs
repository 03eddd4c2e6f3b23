//! Sign-ins without a refresh token, and answers that come by another address than any port of this computer.

use super::fake::*;
use crate::problem::Code;
use crate::sign_in::{AppCredentials, Given, RefreshFault, Way, adopt, refresh, revoke, sign_in};
use serde_json::json as value;
use tokio_util::sync::CancellationToken;
use url::Url;

fn error(code: i64, more: serde_json::Value) -> Reply {
    let mut error =
        value!({"message": "says canary-stored", "type": "OAuthException", "code": code, "fbtrace_id": "x"});
    error.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json(400, value!({"error": error}))
}

#[tokio::test]
async fn a_short_token_is_traded_for_a_long_one_which_is_what_is_kept() {
    let world = World::new().await;
    let (browse, _seen) = visiting(allow);
    let granted = world.sign_in(&TRADING, &browse).await.unwrap();
    assert_eq!(granted.access.token.expose(), "canary-long");
    assert_eq!(granted.refresh.unwrap().expose(), "canary-long", "its own successor");
    assert_eq!(granted.refresh_ends, Some(at(60 * 86_400)), "the answer does not say; Facts do");
    let consent = world.desk.consent.lock().unwrap().clone();
    assert!(!consent.contains_key("code_challenge"), "this platform knows none");
    assert!(consent["redirect_uri"].starts_with("http://localhost:"), "{}", consent["redirect_uri"]);
    assert_eq!(world.asked(), 2);
}

/// Only numbers decide, never words (C29), but for a number that means two things.
#[tokio::test]
async fn a_trade_that_is_refused_is_told_apart_by_code_c29() {
    for (code, more, fits) in [
        (190, value!({"error_subcode": 463}), "over"),
        (101, value!({}), "app"),
        (2, value!({}), "later"),
        (1, value!({"message": "An unknown error occurred"}), "later"),
        (1, value!({"message": "Error validating Client Secret."}), "app"),
        (2, value!({"message": "Error validating client secret."}), "later"),
        (190, value!({"is_transient": true}), "later"),
        (100, value!({"message": "190 invalid_grant expired"}), "later"),
    ] {
        let world = World::with_plan([error(code, more)]).await;
        let ended =
            refresh(&world.wire, &world.clock, Way::first(&TRADING), &app(), &"canary-stored".into()).await;
        let got = match ended.unwrap_err() {
            RefreshFault::SignInAgain { .. } => "over",
            RefreshFault::AppRefused { .. } => "app",
            RefreshFault::Later { detail, .. } => {
                assert!(!detail.contains(MARK), "an echo of what was sent: {detail}");
                "later"
            }
            RefreshFault::Offline => "offline",
        };
        assert_eq!(got, fits, "code {code}");
        world.all_happened();
    }
}

#[tokio::test]
async fn a_pasted_token_is_traded_or_taken_as_it_is() {
    let world = World::new().await;
    let way = Way::first(&TRADING);
    let adopted = async |token: &str| adopt(&world.wire, &world.clock, way, &app(), &token.into()).await;
    assert_eq!(adopted("canary-short").await.unwrap().access.token.expose(), "canary-long");
    // Long already, and of a kind that is traded for nothing: whether it is alive shows when it is used.
    let kept = adopted("canary-of-the-system").await.unwrap();
    assert_eq!(kept.access.token.expose(), "canary-of-the-system");
    assert_eq!(kept.refresh_ends, Some(at(60 * 86_400)));
    let none = adopt(&world.wire, &world.clock, Way::first(&PLAIN), &app(), &"x".into()).await;
    assert_eq!(none.unwrap_err().code, Code::BadRequest, "this platform takes none");
}

#[tokio::test]
async fn sign_in_asks_for_what_the_app_has() {
    let world = World::new().await;
    let cancel = CancellationToken::new();
    let asked = async |app: AppCredentials, facts: &'static crate::facts::Facts| {
        let (browse, _seen) = visiting(allow);
        sign_in(&world.wire, &world.clock, Way::first(facts), &app, &browse, PATIENCE, &cancel)
            .await
            .unwrap();
        world.desk.consent.lock().unwrap().clone()
    };
    let with = |on: bool| AppCredentials { flags: [("more".to_string(), on)].into(), ..app() };
    let consent = asked(with(true), &CONFIGURED).await;
    assert_eq!((consent["scope"].as_str(), consent.contains_key("config_id")), ("upload more", false));
    assert_eq!(asked(with(false), &CONFIGURED).await["scope"], "upload");
    // The app's own set of permissions stands in the place of scopes.
    let configured = AppCredentials { config: Some("778".into()), ..with(true) };
    let consent = asked(configured.clone(), &CONFIGURED).await;
    assert_eq!((consent["config_id"].as_str(), consent["code_too"].as_str()), ("778", "yes"));
    assert!(!consent.contains_key("scope"), "{consent:?}");
    assert!(asked(configured, &TRADING).await.contains_key("scope"), "where there is no such thing");
}

#[tokio::test]
async fn token_is_borne_with_the_proof_of_the_app() {
    let world = World::new().await;
    let (browse, _seen) = visiting(allow);
    let (way, cancel) = (Way::first(&CONFIGURED), CancellationToken::new());
    let granted = sign_in(&world.wire, &world.clock, way, &app(), &browse, PATIENCE, &cancel).await.unwrap();
    let given = Given { refresh: granted.refresh.as_ref().unwrap(), access: None };
    revoke(&world.wire, way, &app(), given).await.unwrap();
    let proof = world.desk.consent.lock().unwrap()["proof"].clone();
    // HMAC-SHA256 of "canary-long" under "canary-of-the-app", reckoned with another program.
    assert_eq!(proof, "bc928cedfa974f8842dee13d4ef9990c2b752f5ac7bbf4f8107e81c521914a87");
}

fn registered(address: &str) -> AppCredentials {
    AppCredentials { redirect: Some(address.into()), ..app() }
}

#[tokio::test]
async fn the_answer_comes_by_the_registered_port_or_says_that_it_is_taken() {
    let world = World::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let app = registered(&format!("http://localhost:{port}/back"));
    let (browse, _seen) = visiting(allow);
    let (way, cancel) = (Way::first(&TRADING), CancellationToken::new());
    let ended = sign_in(&world.wire, &world.clock, way, &app, &browse, PATIENCE, &cancel).await;
    let problem = ended.unwrap_err();
    assert!(problem.message.contains(&port.to_string()), "{}", problem.message);
    drop(taken);
    let granted = sign_in(&world.wire, &world.clock, way, &app, &browse, PATIENCE, &cancel).await.unwrap();
    assert_eq!(granted.access.token.expose(), "canary-long");
    assert_eq!(world.desk.consent.lock().unwrap()["redirect_uri"], format!("http://localhost:{port}/back"));
}

/// A page of the user's own sends the browser on: it reads the port from the front of the state, and the state still has to fit.
#[tokio::test]
async fn a_page_elsewhere_sends_the_answer_on_to_this_computer() {
    let world = World::new().await;
    let app = registered("https://creator.example/slipway.html");
    let (browse, mut seen) = visiting(|url| async move {
        let back = Url::parse(&say_yes(url).await).unwrap();
        assert_eq!(back.host_str(), Some("creator.example"));
        let state = back.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
        let (port, random) = state.split_once('.').unwrap();
        assert!(random.len() >= 43, "the port takes nothing from what can't be guessed");
        see(browser().get(format!("http://127.0.0.1:{port}/callback?{}", back.query().unwrap()))).await
    });
    let (way, cancel) = (Way::first(&TRADING), CancellationToken::new());
    let granted = sign_in(&world.wire, &world.clock, way, &app, &browse, PATIENCE, &cancel).await.unwrap();
    assert_eq!(granted.access.token.expose(), "canary-long");
    assert_eq!(seen.recv().await.unwrap().status, 200);
    let asked = world.desk.forms.lock().unwrap()[0].1.clone();
    assert_eq!(asked["redirect_uri"], "https://creator.example/slipway.html", "the same byte for byte");
}
