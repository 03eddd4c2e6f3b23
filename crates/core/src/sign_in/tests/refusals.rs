//! What the token endpoint says to a code.

use super::fake::*;
use crate::problem::{Code, Fix};
use serde_json::{Value, json as value};

#[tokio::test]
async fn each_refusal_has_its_code() {
    for (name, facts, reply, code) in [
        ("wrong app", &PLAIN, json(401, value!({"error": "invalid_client"})), Code::AppRefused),
        ("deleted app", &PLAIN, json(400, value!({"error": "deleted_client"})), Code::AppRefused),
        ("app may not", &PLAIN, json(400, value!({"error": "unauthorized_client"})), Code::AppRefused),
        ("a refusal with 200", &QUIRKY, json(200, value!({"error": "invalid_client"})), Code::AppRefused),
        ("bad code", &PLAIN, json(400, value!({"error": "invalid_grant"})), Code::SignInFailed),
        ("our fault", &PLAIN, json(400, value!({"error": "invalid_request"})), Code::SignInFailed),
        ("odd error", &PLAIN, json(400, value!({"error": {"code": 190}})), Code::SignInFailed),
        (
            "wants us to wait too long",
            &PLAIN,
            json(503, value!({})).header("retry-after", "3600"),
            Code::PlatformDown,
        ),
    ] {
        let world = World::with_plan([reply]).await;
        let problem = world.sign_in_quickly(facts).await.unwrap_err();
        assert_eq!(problem.code, code, "{name}: {problem:?}");
        let fix = if code == Code::AppRefused { Fix::AddApp { platform: "loaf".into() } } else { Fix::Retry };
        assert_eq!(problem.fix, fix, "{name}");
        assert_eq!(world.asked(), 1, "{name}");
        world.all_happened();
    }
}

#[tokio::test]
async fn a_passing_fault_does_not_send_the_user_back_to_the_browser() {
    let world = World::with_plan([
        json(503, value!({"error": "invalid_grant"})).header("retry-after", "2"),
        html(400, "<p>invalid_grant</p>"),
    ])
    .await;
    assert!(world.sign_in_quickly(&PLAIN).await.is_ok());
    assert_eq!(world.asked(), 3);
    assert_eq!(world.clock.now(), at(6), "two seconds as asked, then our own four");
    world.all_happened();

    let world = World::with_plan([html(502, ""), html(502, ""), json(429, value!({}))]).await;
    let problem = world.sign_in_quickly(&PLAIN).await.unwrap_err();
    assert_eq!(problem.code, Code::PlatformDown);
    assert_eq!(world.asked(), 3, "three times and no more");
    world.all_happened();

    let problem = World::without_tokens().await.sign_in_quickly(&PLAIN).await.unwrap_err();
    assert_eq!(problem.code, Code::Offline);
}

#[tokio::test]
async fn a_permission_left_out_is_named_with_what_it_is_for() {
    let with_scope = |scope: Value| {
        let mut answer = good_answer();
        answer["scope"] = scope;
        json(200, answer)
    };
    for (scope, missing) in [
        (value!("extra upload"), Some((vec!["seeing which channel it is"], "read"))),
        (value!(""), Some((vec!["sending your videos", "seeing which channel it is"], "upload read"))),
        (
            value!("uploads readonly"),
            Some((vec!["sending your videos", "seeing which channel it is"], "upload read")),
        ),
        (value!("read upload"), None),
        // Left out: as asked (RFC 6749, 5.1).
        (Value::Null, None),
    ] {
        let world = World::with_plan([with_scope(scope.clone())]).await;
        let ended = world.sign_in_quickly(&PLAIN).await;
        let Some((whys, names)) = missing else {
            assert!(ended.unwrap().scopes.contains(&"read".to_string()), "{scope}");
            continue;
        };
        let problem = ended.unwrap_err();
        assert_eq!((problem.code, &problem.fix), (Code::SignInScope, &Fix::Retry), "{scope}");
        assert_eq!(problem.detail.as_deref(), Some(names), "{scope}");
        for why in whys {
            assert!(problem.message.contains(why), "{}", problem.message);
        }
        assert!(!problem.message.contains("playlists"), "what is not required is not missed");
        assert_eq!(world.asked(), 1, "a grant that lacks something is not revoked");
        world.all_happened();
    }
}

#[tokio::test]
async fn no_secret_is_ever_shown() {
    // Platforms echo what they were sent; here all of it.
    let echo = |error: &str| {
        json(
            400,
            value!({"error": error, "error_description": format!("{CODE} {SECRET} ya29.canary"), "extra": SECRET}),
        )
    };
    let unreadable = || html(200, "ya29.canary-access");
    for plan in [
        vec![echo("invalid_grant")],
        vec![echo("invalid_client")],
        vec![echo("whatever")],
        vec![echo(SECRET)],
        vec![html(403, "<p>canary-of-the-app</p>").header("retry-after", "99")],
        vec![unreadable(), unreadable(), unreadable()],
    ] {
        let world = World::with_plan(plan).await;
        let problem = world.sign_in_quickly(&PLAIN).await.unwrap_err();
        let shown = format!("{problem:?} {problem} {:?}", anyhow::Error::from(problem.clone()));
        assert!(!shown.contains(MARK), "{shown}");
        world.all_happened();
    }
    let world = World::new().await;
    let granted = world.sign_in_quickly(&PLAIN).await.unwrap();
    let shown = format!("{granted:?} {:?} {:?}", granted.access, app());
    assert!(!shown.contains(MARK), "{shown}");
    assert!(shown.contains("loaf-app"));
}
