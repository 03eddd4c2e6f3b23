//! Refreshing and revoking.

use super::fake::*;
use crate::problem::Code;
use crate::sensitive::SecretString;
use crate::sign_in::{AppCredentials, Given, RefreshFault, Way, keep_refresh, refresh, revoke};
use serde_json::{Value, json as value};
use std::time::Duration;

#[derive(Debug, PartialEq)]
enum Kind {
    SignInAgain,
    AppRefused,
    Later(Option<u64>),
    Offline,
}

fn kind(fault: &RefreshFault) -> Kind {
    match fault {
        RefreshFault::SignInAgain { .. } => Kind::SignInAgain,
        RefreshFault::AppRefused { .. } => Kind::AppRefused,
        RefreshFault::Later { after, .. } => Kind::Later(after.as_ref().map(Duration::as_secs)),
        RefreshFault::Offline => Kind::Offline,
    }
}

/// C29: only a structured error means that the user must sign in again.
#[tokio::test]
async fn only_a_structured_invalid_grant_ends_a_sign_in() {
    let token = |key: &str, with: Value| {
        let mut answer = good_answer();
        answer[key] = with;
        json(200, answer)
    };
    for (name, reply, wanted) in [
        ("dead", json(400, value!({"error": "invalid_grant"})), Kind::SignInAgain),
        (
            "dead, by session policy",
            json(400, value!({"error": "invalid_grant", "error_subtype": "invalid_rapt"})),
            Kind::SignInAgain,
        ),
        ("dead, with 200", json(200, value!({"error": "invalid_grant"})), Kind::SignInAgain),
        ("html that says so", html(400, "<h1>invalid_grant</h1>"), Kind::Later(None)),
        ("text that says so", html(401, "invalid_grant"), Kind::Later(None)),
        ("a string that says so", json(400, value!("invalid_grant")), Kind::Later(None)),
        ("a list that says so", json(400, value!([{"error": "invalid_grant"}])), Kind::Later(None)),
        ("deeper inside", json(400, value!({"error": {"error": "invalid_grant"}})), Kind::Later(None)),
        (
            "in the description",
            json(400, value!({"error": "odd", "error_description": "invalid_grant"})),
            Kind::Later(None),
        ),
        ("with a 5xx", json(500, value!({"error": "invalid_grant"})), Kind::Later(None)),
        (
            "with a 429",
            json(429, value!({"error": "invalid_grant"})).header("retry-after", "120"),
            Kind::Later(Some(120)),
        ),
        ("wrong app", json(401, value!({"error": "invalid_client"})), Kind::AppRefused),
        ("app may not", json(400, value!({"error": "unauthorized_client"})), Kind::AppRefused),
        ("deleted app", json(400, value!({"error": "deleted_client"})), Kind::AppRefused),
        (
            "busy",
            json(400, value!({"error": "temporarily_unavailable"})).header("retry-after", "30"),
            Kind::Later(Some(30)),
        ),
        ("down", html(503, "").header("retry-after", "60"), Kind::Later(Some(60))),
        (
            "a portal's redirect",
            html(302, "").header("location", "https://portal.example/"),
            Kind::Later(None),
        ),
        ("a portal's page", html(200, "<h1>Welcome</h1>"), Kind::Later(None)),
        ("nothing", json(200, value!({})), Kind::Later(None)),
        ("an empty token", token("access_token", value!("")), Kind::Later(None)),
        ("no bearer", token("token_type", value!("dpop")), Kind::Later(None)),
        ("an odd lifetime", token("expires_in", value!("soon")), Kind::Later(None)),
    ] {
        let world = World::with_plan([reply]).await;
        let fault = world.refresh(&PLAIN).await.unwrap_err();
        assert_eq!(kind(&fault), wanted, "{name}: {fault:?}");
        assert_eq!(world.asked(), 1, "{name}");
        world.all_happened();
        assert!(world.refresh(&PLAIN).await.is_ok(), "{name}: and then it works");
    }
    let world = World::without_tokens().await;
    assert_eq!(kind(&world.refresh(&PLAIN).await.unwrap_err()), Kind::Offline);
    let no_secret = AppCredentials { client_secret: None, ..app() };
    let fault =
        refresh(&world.wire, &world.clock, Way::first(&PLAIN), &no_secret, &"1//canary-stored".into())
            .await
            .unwrap_err();
    assert_eq!(kind(&fault), Kind::AppRefused);
}

#[tokio::test]
async fn a_refresh_reads_what_there_is() {
    let world = World::with_plan([
        json(200, value!({"access_token": "canary", "token_type": "bearer"})),
        json(200, value!({"access_token": "canary", "token_type": "Bearer", "expires_in": u64::MAX, "refresh_token": null})),
    ])
    .await;
    let granted = world.refresh(&PLAIN).await.unwrap();
    assert_eq!(granted.access.expires_at, at(3600), "the usual life");
    assert!(granted.refresh.is_none() && granted.refresh_ends.is_none() && granted.scopes.is_empty());
    let form = world.desk.forms.lock().unwrap()[0].1.clone();
    assert_eq!(
        form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>(),
        [
            ("client_id", "loaf-app"),
            ("client_secret", SECRET),
            ("grant_type", "refresh_token"),
            ("refresh_token", "1//canary-stored"),
        ]
    );
    let granted = world.refresh(&PLAIN).await.unwrap();
    assert!(granted.access.expires_at > at(86_400), "and no number breaks the calendar");
    world.all_happened();
    // A platform that rotates: the new one comes out, under its own name for the client.
    let granted = world.refresh(&QUIRKY).await.unwrap();
    assert_eq!(granted.refresh.unwrap().expose(), "1//canary-refresh");
    assert!(world.desk.forms.lock().unwrap()[2].1.contains_key("client_key"));
}

/// C28: an empty or absent refresh token never takes the place of a stored one.
#[tokio::test]
async fn an_empty_refresh_token_is_none() {
    for empty in [value!(""), value!(" "), Value::Null] {
        let mut answer = good_answer();
        answer["refresh_token"] = empty.clone();
        let world = World::with_plan([json(200, answer)]).await;
        let granted = world.refresh(&PLAIN).await.unwrap();
        assert!(granted.refresh.is_none(), "{empty}");
        let old = SecretString::from("old");
        assert_eq!(keep_refresh(Some(&old), granted.refresh).unwrap().expose(), "old");
    }
    let check = |old: Option<&str>, new: Option<&str>, kept: Option<&str>| {
        let old = old.map(SecretString::from);
        let keep = keep_refresh(old.as_ref(), new.map(SecretString::from));
        assert_eq!(keep.as_ref().map(|kept| kept.expose().as_str()), kept, "{new:?}");
    };
    check(Some("old"), None, Some("old"));
    check(Some("old"), Some(""), Some("old"));
    check(Some("old"), Some(" \n"), Some("old"));
    check(Some("old"), Some("new"), Some("new"));
    check(None, Some("new"), Some("new"));
    check(None, Some(""), None);
    check(None, None, None);
}

#[tokio::test]
async fn an_echoed_secret_does_not_reach_the_fault() {
    for error in ["invalid_grant", "invalid_client", "odd", "1//canary-stored"] {
        for says in ["1//canary-stored", "app canary-of-the-app is unknown"] {
            let reply = json(400, value!({"error": error, "error_description": says}));
            let fault = World::with_plan([reply]).await.refresh(&PLAIN).await.unwrap_err();
            assert!(!format!("{fault:?} {fault}").contains(MARK), "{fault:?}");
        }
    }
    let reply =
        json(401, value!({"error": "invalid_client", "error_description": "The client was not found."}));
    let fault = World::with_plan([reply]).await.refresh(&PLAIN).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the developer app is refused: HTTP 401: invalid_client, The client was not found."
    );
}

#[tokio::test]
async fn a_token_is_revoked_when_the_platform_says_so_or_had_forgotten_it() {
    let token = SecretString::from("1//canary-stored");
    for (name, reply, wanted) in [
        ("done", json(200, value!({})), None),
        ("done, without a word", html(200, ""), None),
        ("gone already", json(400, value!({"error": "invalid_token"})), None),
        ("gone already, in other words", json(400, value!({"error": "invalid_grant"})), None),
        ("html that says so", html(400, "invalid_token"), Some(Code::PlatformDown)),
        ("with a 5xx", json(503, value!({"error": "invalid_token"})), Some(Code::PlatformDown)),
        (
            "refused",
            json(400, value!({"error": "invalid_request", "error_description": "1//canary-stored"})),
            Some(Code::PlatformDown),
        ),
    ] {
        let world = World::with_plan([reply]).await;
        let ended =
            revoke(&world.wire, Way::first(&PLAIN), &app(), Given { refresh: &token, access: None }).await;
        assert!(!format!("{ended:?}").contains(MARK), "{ended:?}");
        assert_eq!(ended.err().map(|problem| problem.code), wanted, "{name}");
        let form = world.desk.forms.lock().unwrap()[0].clone();
        assert_eq!(
            (form.0.as_str(), form.1["token"].as_str(), form.1.len()),
            ("/revoke", "1//canary-stored", 1)
        );
        world.all_happened();
    }
    let world = World::without_tokens().await;
    assert_eq!(
        revoke(&world.wire, Way::first(&PLAIN), &app(), Given { refresh: &token, access: None })
            .await
            .unwrap_err()
            .code,
        Code::Offline
    );
    assert!(
        revoke(&world.wire, Way::first(&BARE), &app(), Given { refresh: &token, access: None }).await.is_ok()
    );
    assert_eq!(world.asked(), 0);
}
