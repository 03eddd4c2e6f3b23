//! The way through the browser.

use super::fake::*;
use crate::facts::Facts;
use crate::problem::{Code, Fix, Problem};
use crate::sign_in::{AppCredentials, Way, sign_in};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

#[tokio::test]
async fn the_user_says_yes_and_slipway_has_what_it_needs() {
    let world = World::new().await;
    let (browse, mut seen) = visiting(|url| async move {
        let back = say_yes(url).await;
        (back.clone(), see(browser().get(back)).await)
    });
    let granted = world.sign_in(&PLAIN, &browse).await.unwrap();
    assert_eq!(granted.access.token.expose(), "ya29.canary-access");
    assert_eq!(granted.access.expires_at, at(3600));
    assert_eq!(granted.refresh.unwrap().expose(), "1//canary-refresh");
    assert_eq!(granted.refresh_ends, Some(at(604_800)));
    assert_eq!(granted.scopes, ["upload", "extra", "read"]);

    let (back, page) = seen.recv().await.unwrap();
    assert_eq!(page.status, 200);
    assert!(page.body.contains("You can close this tab. Slipway has what it needs."), "{}", page.body);
    assert!(!page.body.contains("<script") && !page.body.contains(MARK), "{}", page.body);
    assert_eq!(page.headers["cache-control"], "no-store");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");

    let consent = world.desk.consent.lock().unwrap().clone();
    assert_eq!(consent["response_type"], "code");
    assert_eq!(consent["client_id"], "loaf-app");
    assert_eq!(consent["scope"], "upload read extra");
    assert_eq!(consent["code_challenge_method"], "S256");
    assert_eq!(consent["access_type"], "offline");
    assert!(consent["state"].len() >= 43, "256 bits are 43 characters: {}", consent["state"]);
    assert!(consent["redirect_uri"].starts_with("http://127.0.0.1:"), "{}", consent["redirect_uri"]);
    assert!(consent["redirect_uri"].ends_with("/callback"));
    let forms = world.desk.forms.lock().unwrap().clone();
    assert_eq!(forms.len(), 1);
    assert_eq!(forms[0].1["grant_type"], "authorization_code");
    assert_eq!(forms[0].1["client_secret"], SECRET);

    assert!(browser().get(back).send().await.is_err(), "the listener is gone");
}

#[tokio::test]
async fn quirks_of_a_platform_are_data() {
    let mut answer = good_answer();
    answer["scope"] = "upload,read".into();
    answer["refresh_expires_in"] = answer["refresh_token_expires_in"].take();
    answer.as_object_mut().unwrap().remove("refresh_token_expires_in");
    let world = World::with_plan([json(200, answer)]).await;
    let (browse, _seen) = visiting(allow);
    let granted = world.sign_in(&QUIRKY, &browse).await.unwrap();
    assert_eq!(granted.scopes, ["upload", "read"]);
    assert_eq!(granted.refresh_ends, Some(at(604_800)));

    let consent = world.desk.consent.lock().unwrap().clone();
    assert_eq!(consent["client_key"], "loaf-app");
    assert!(!consent.contains_key("client_id"));
    assert_eq!(consent["scope"], "upload,read,extra");
    assert_eq!(consent["code_challenge_method"], "S256");
    assert_eq!(consent["code_challenge"].len(), 64);
    assert!(consent["redirect_uri"].starts_with("http://localhost:"), "{}", consent["redirect_uri"]);
    assert!(consent["redirect_uri"].ends_with("/callback/"), "{}", consent["redirect_uri"]);
    let form = world.desk.forms.lock().unwrap()[0].1.clone();
    assert_eq!(form["client_key"], "loaf-app");
    assert!(!form.contains_key("client_id"));
    world.all_happened();
}

/// The planned answer above keeps the fake from checking the hash, so here it does.
#[tokio::test]
async fn a_strict_server_is_content_with_either_challenge_and_with_no_path() {
    for facts in [&QUIRKY, &BARE] {
        let world = World::new().await;
        let (browse, _seen) = visiting(allow);
        let granted = world.sign_in(facts, &browse).await.map(|granted| granted.access.expires_at);
        // The fake names its scopes with spaces, which every separator lets through.
        assert_eq!(granted, Ok(at(3600)));
        assert_eq!(world.desk.forms.lock().unwrap()[0].1.contains_key("client_secret"), facts.sign_in.secret);
    }
}

#[tokio::test]
async fn what_the_platform_says_through_the_browser_has_a_code_each() {
    for (query, code, text) in [
        ("error=access_denied&state={state}", Code::SignInDenied, "Access was not given"),
        ("error=unauthorized_client&state={state}", Code::AppRefused, "did not work"),
        ("error=server_error&state={state}", Code::PlatformDown, "did not work"),
        ("error=invalid_scope&error_description=canary&state={state}", Code::SignInFailed, "did not work"),
        ("error=%3Cb%3EINVALID&state={state}", Code::SignInFailed, "did not work"),
    ] {
        let world = World::new().await;
        let (browse, mut seen) =
            visiting(|url| async move { see(browser().get(back_with(&url, query))).await });
        let problem = world.sign_in(&PLAIN, &browse).await.unwrap_err();
        assert_eq!(problem.code, code, "{query}");
        assert!(
            !format!("{problem:?}").contains(MARK) && !format!("{problem:?}").contains('<'),
            "{problem:?}"
        );
        let page = seen.recv().await.unwrap();
        assert_eq!(page.status, 200);
        assert!(page.body.contains(text), "{}", page.body);
        assert!(!page.body.contains("<b>") && !page.body.contains(MARK), "nothing is echoed");
        assert_eq!(world.asked(), 0);
    }
}

#[tokio::test]
async fn nothing_but_the_right_answer_touches_a_sign_in() {
    let world = World::new().await;
    let (browse, mut seen) = visiting(|url| async move {
        let right = back_with(&url, "code=canary&state={state}");
        let mut statuses = Vec::new();
        for (query, status) in [
            ("code=canary&state=wrong", 400),
            ("code=canary", 400),
            ("error=access_denied", 400),
            ("error=access_denied&state=", 400),
            ("code=canary&state={state}x", 400),
            // Twice is never right.
            ("code=canary&state={state}&state={state}", 400),
            ("code=canary&code=other&state={state}", 400),
            ("state={state}", 400),
            ("code=&state={state}", 400),
        ] {
            statuses.push((
                see(browser().get(back_with(&url, query))).await.status,
                status,
                query.to_string(),
            ));
        }
        let port = Url::parse(&right).unwrap().port().unwrap();
        for (host, status) in [
            ("evil.example".to_string(), 400),
            (format!("evil.example:{port}"), 400),
            (format!("127.0.0.1.evil.example:{port}"), 400),
            ("127.0.0.1".to_string(), 400),
            (format!("127.0.0.1:{}", port ^ 1), 400),
        ] {
            statuses.push((see(browser().get(&right).header("host", &host)).await.status, status, host));
        }
        for (request, status) in [
            (browser().get(right.replace("/callback", "/favicon.ico")), 404),
            (browser().get(right.replace("/callback", "/callback/")), 404),
            (browser().head(&right), 405),
            (browser().post(&right), 405),
        ] {
            statuses.push((see(request).await.status, status, "another path or method".into()));
        }
        allow(url).await;
        statuses
    });
    assert!(world.sign_in(&PLAIN, &browse).await.is_ok());
    for (status, wanted, what) in seen.recv().await.unwrap() {
        assert_eq!(status, wanted, "{what}");
    }
    assert_eq!(world.asked(), 1, "no wrong code was ever traded");
}

/// Runs a sign-in whose browser only ever does `visit`, until the user's patience is over.
async fn until_patience_ends(
    facts: &'static Facts,
    visit: impl Fn(&Url) -> Vec<reqwest::RequestBuilder> + Send + Sync,
) -> Problem {
    let world = World::new().await;
    let (browse, mut seen) = visiting(|url| {
        let requests = visit(&url);
        async move {
            for request in requests {
                see(request).await;
            }
        }
    });
    let ended = async {
        let _ = seen.recv().await;
        assert_eq!(world.hand.next_wake(), Some(at(300)));
        world.hand.advance(PATIENCE - Duration::from_secs(1));
        tokio::task::yield_now().await;
        world.hand.advance(Duration::from_secs(1));
        std::future::pending::<()>().await
    };
    tokio::select! {
        problem = world.sign_in(facts, &browse) => problem.unwrap_err(),
        () = ended => unreachable!(),
    }
}

#[tokio::test]
async fn patience_ends_as_state_only_if_a_wrong_answer_came() {
    let silent = until_patience_ends(&PLAIN, |_| Vec::new()).await;
    assert_eq!((silent.code, &silent.fix), (Code::SignInTimeout, &Fix::Retry));
    assert!(silent.message.contains("5 minutes"), "{}", silent.message);
    let strays = |url: &Url| {
        let back = back_with(url, "code=canary&state=wrong");
        vec![
            browser().get(back.replace("/callback", "/favicon.ico")),
            browser().get(&back).header("host", "evil.example"),
        ]
    };
    assert_eq!(until_patience_ends(&PLAIN, strays).await.code, Code::SignInTimeout);
    let wrong = |url: &Url| vec![browser().get(back_with(url, "code=canary&state=wrong"))];
    let problem = until_patience_ends(&PLAIN, wrong).await;
    assert_eq!(problem.code, Code::SignInState);
    assert!(!format!("{problem:?}").contains(MARK));
}

#[tokio::test]
async fn the_same_answer_again_is_turned_away_while_the_first_is_traded() {
    let world = World::new().await;
    let all = world.desk.gate.forget_permits(1_000);
    let desk = world.desk.clone();
    let (browse, mut seen) = visiting(move |url| {
        let desk = desk.clone();
        async move {
            let denial = back_with(&url, "error=access_denied&state={state}");
            let back = say_yes(url).await;
            let mut pages = Vec::new();
            for address in [&back, &back, &denial] {
                pages.push(see(browser().get(address)).await);
            }
            desk.gate.add_permits(all);
            pages
        }
    });
    assert!(world.sign_in(&PLAIN, &browse).await.is_ok());
    let pages = seen.recv().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.status).collect::<Vec<_>>(), [200, 410, 410]);
    assert!(pages[1].body.contains("answered already"), "{}", pages[1].body);
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn cancelling_or_dropping_closes_the_listener() {
    let world = World::new().await;
    for drop_it in [false, true] {
        let cancel = CancellationToken::new();
        let (browse, mut seen) = visiting(|url| async move { back_with(&url, "") });
        let browse: &(dyn Fn(&Url) + Send + Sync) = &browse;
        let app = app();
        let mut signing =
            Box::pin(sign_in(&world.wire, &world.clock, Way::first(&PLAIN), &app, browse, PATIENCE, &cancel));
        let back = tokio::select! {
            _ = &mut signing => unreachable!(),
            back = seen.recv() => back.unwrap(),
        };
        assert_eq!(see(browser().get(&back)).await.status, 400, "it listens");
        if drop_it {
            drop(signing);
        } else {
            cancel.cancel();
            assert_eq!(signing.await.unwrap_err().code, Code::SignInDenied);
        }
        // The listener's task goes as soon as it is polled.
        while browser().get(&back).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_said_before_the_browser_opens() {
    let world = World::new().await;
    let open = |_: &Url| panic!("the browser must not open");
    let cancel = CancellationToken::new();
    for (facts, client_id, secret, code) in [
        (&PLAIN, " ", Some(SECRET), Code::AppMissing),
        (&PLAIN, "loaf-app", None, Code::AppRefused),
        (&PLAIN, "loaf-app", Some(""), Code::AppRefused),
        (&ELSEWHERE, "loaf-app", Some(SECRET), Code::HostUnknown),
    ] {
        let app = AppCredentials {
            client_id: client_id.into(),
            client_secret: secret.map(Into::into),
            ..AppCredentials::default()
        };
        let problem = sign_in(&world.wire, &world.clock, Way::first(facts), &app, &open, PATIENCE, &cancel)
            .await
            .unwrap_err();
        assert_eq!(problem.code, code);
        if code != Code::HostUnknown {
            assert_eq!(problem.fix, Fix::AddApp { platform: "loaf".into() });
        }
    }
}
