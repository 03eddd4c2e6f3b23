//! Whose accounts, by both ways; what was granted; how many posts are left today.

use super::*;
use slipway_core::problem::Code;

fn answer(question: &Question, way: &str, reply: Reply) -> Result<Answer, Fault> {
    let account = JobAccount { way: way.into(), ..JobAccount::default() };
    AnyPlatform::answer(&Instagram, question, &account, &reply)
}

fn call(question: &Question, account: &JobAccount) -> Call {
    AnyPlatform::ask(&Instagram, question, account)
}

fn page(id: &str, account: Value) -> Value {
    json!({ "id": id, "name": format!("Page {id}"), "instagram_business_account": account })
}

fn accounts(pages: Value, next: bool) -> Reply {
    let mut paging = json!({ "cursors": { "before": "a", "after": "b" } });
    if next {
        paging["next"] = "https://graph.facebook.com/v25.0/me/accounts?after=b".into();
    }
    ok(json!({ "data": pages, "paging": paging }))
}

fn no_channel(answer: Result<Answer, Fault>, word: &str) {
    let Err(Fault::Refused(problem)) = answer else { panic!("{answer:?}") };
    assert_eq!(problem.code, Code::NoChannel);
    assert!(problem.message.contains(word), "{}", problem.message);
}

#[test]
fn accounts_are_those_linked_to_the_pages_of_a_sign_in() {
    let asked = call(&Question::WHO, &JobAccount::default());
    assert_eq!(address(&asked), "graph.facebook.com/v25.0/me/accounts");
    assert_eq!(asked.auth, Auth::OwnerBearer, "a Page's token knows no Pages");
    assert_eq!(
        asks(&asked, "fields").as_deref(),
        Some("id,name,instagram_business_account{id,username,name,profile_picture_url}")
    );
    let alice = json!({ "id": ALICE, "username": "alice.bakes", "name": "Alice", "profile_picture_url": "https://p" });
    let pages = json!([page("1001", alice), { "id": "1002", "name": "Garden" }, page("1003", json!({ "id": "17841400000000002", "username": "rye" }))]);
    let Ok(Answer::Identities { found, next }) = answer(&Question::WHO, "", accounts(pages, true)) else {
        panic!()
    };
    let asked = call(&Question::Identify { after: next }, &JobAccount::default());
    assert_eq!(asks(&asked, "after").as_deref(), Some("b"));
    let [alice, rye] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((alice.remote_id.as_str(), alice.name.as_str()), (ALICE, "Alice"));
    assert_eq!(alice.handle.as_deref(), Some("alice.bakes"));
    assert_eq!(alice.url.as_deref(), Some("https://www.instagram.com/alice.bakes/"));
    assert_eq!(alice.live, json!({ "page_id": "1001", "page_name": "Page 1001", "picture": "https://p" }));
    assert_eq!((rye.name.as_str(), rye.live["page_id"].as_str()), ("rye", Some("1003")));
}

#[test]
fn no_account_says_what_to_do_about_it() {
    // What a first list leaves out, a portfolio may have.
    let after = |lists: &[Value]| {
        let mut after = None;
        for list in lists {
            let heard = answer(&Question::Identify { after }, "", accounts(list.clone(), false));
            let Ok(Answer::Identities { found, next: Some(next) }) = heard else { panic!("{heard:?}") };
            assert!(found.is_empty());
            after = Some(next);
        }
        Question::Identify { after }
    };
    let garden = json!([{ "id": "1002", "name": "Garden" }]);
    no_channel(answer(&after(&[json!([])]), "", accounts(json!([]), false)), "no Facebook Page");
    no_channel(answer(&after(std::slice::from_ref(&garden)), "", accounts(json!([]), false)), "personal");
    let owned = after(&[garden.clone(), json!([{ "id": "71", "name": "Halloran Ltd" }])]);
    assert_eq!(address(&call(&owned, &JobAccount::default())), "graph.facebook.com/v25.0/71/owned_pages");
    let rye = json!([page("1003", json!({ "id": "17841400000000002", "username": "rye" }))]);
    let heard = answer(&owned, "", accounts(rye, false));
    assert!(matches!(&heard, Ok(Answer::Identities { found, next: Some(_) }) if found[0].name == "rye"));
    let more = answer(&Question::WHO, "", accounts(garden, true));
    assert!(matches!(more, Ok(Answer::Identities { found, next: Some(_) }) if found.is_empty()));
    assert!(matches!(answer(&Question::WHO, "", graph(400, 190, 460)), Err(Fault::SignIn { .. })));
    assert!(matches!(answer(&Question::WHO, "", html(200)), Err(Fault::Strange { .. })));
}

#[test]
fn the_token_in_use_says_whose_it_is() {
    let asked = call(&Question::Owner, &JobAccount::default());
    assert_eq!((address(&asked).as_str(), asked.auth), ("graph.facebook.com/v25.0/me", Auth::Bearer));
    let page = ok(json!({ "id": "1001", "instagram_business_account": { "id": "17841" } }));
    assert_eq!(answer(&Question::Owner, "", page), Ok(Answer::Owner("17841".into())));
    assert!(matches!(
        answer(&Question::Owner, "", ok(json!({ "id": "1001" }))),
        Err(Fault::Permission { .. })
    ));
    let direct = "instagram_login";
    let account = JobAccount { way: direct.into(), ..JobAccount::default() };
    assert_eq!(address(&call(&Question::Owner, &account)), "graph.instagram.com/v25.0/me");
    let me = ok(json!({ "id": "25", "user_id": "17841" }));
    assert_eq!(answer(&Question::Owner, direct, me), Ok(Answer::Owner("17841".into())));
    assert!(matches!(
        answer(&Question::Owner, direct, ok(json!({ "id": "25" }))),
        Err(Fault::Strange { .. })
    ));
    assert!(matches!(answer(&Question::Owner, "", html(200)), Err(Fault::Strange { .. })));
}

#[test]
fn the_token_is_that_of_the_page_and_asked_with_the_sign_ins_own() {
    let account = JobAccount { live: json!({ "page_id": "1001" }), ..JobAccount::default() };
    let asked = call(&Question::Token, &account);
    assert_eq!((address(&asked).as_str(), asked.auth), ("graph.facebook.com/v25.0/1001", Auth::OwnerBearer));
    let Ok(Answer::Token(token)) =
        answer(&Question::Token, "", ok(json!({ "id": "1001", "access_token": "EAAB" })))
    else {
        panic!()
    };
    assert_eq!(token.expose(), "EAAB");
    assert!(matches!(
        answer(&Question::Token, "", ok(json!({ "id": "1001" }))),
        Err(Fault::Permission { .. })
    ));
    let asked = call(&Question::Scopes, &account);
    assert_eq!(
        (address(&asked).as_str(), asked.auth),
        ("graph.facebook.com/v25.0/me/permissions", Auth::OwnerBearer)
    );
    let granted = ok(json!({ "data": [{ "permission": "instagram_basic", "status": "granted" },
        { "permission": "pages_show_list", "status": "declined" }] }));
    let Ok(Answer::Scopes(scopes)) = answer(&Question::Scopes, "", granted) else { panic!() };
    assert_eq!(scopes, ["instagram_basic"]);
}

#[test]
fn by_instagram_login_the_sign_in_is_the_account() {
    let way = "instagram_login";
    let asked = call(&Question::WHO, &JobAccount { way: way.into(), ..JobAccount::default() });
    assert_eq!(address(&asked), "graph.instagram.com/v25.0/me");
    let me =
        json!({ "id": "42", "user_id": ALICE, "username": "alice.bakes", "account_type": "MEDIA_CREATOR" });
    for said in [me.clone(), json!({ "data": [me.clone()] })] {
        let Ok(Answer::Identities { found, next: None }) = answer(&Question::WHO, way, ok(said)) else {
            panic!()
        };
        let [alice] = found.as_slice() else { panic!() };
        assert_eq!((alice.remote_id.as_str(), alice.name.as_str()), (ALICE, "alice.bakes"));
        assert_eq!(alice.live["account_type"], "MEDIA_CREATOR");
    }
    let mut number = me.clone();
    number["user_id"] = json!(17_841_400_000_000_001_u64);
    assert!(
        matches!(answer(&Question::WHO, way, ok(number)), Ok(Answer::Identities { found, .. }) if found[0].remote_id == ALICE)
    );
    let mut personal = me;
    personal["account_type"] = "PERSONAL".into();
    no_channel(answer(&Question::WHO, way, ok(personal)), "personal");
    assert!(matches!(answer(&Question::WHO, way, ok(json!({ "id": "42" }))), Err(Fault::Strange { .. })));
}

#[test]
fn what_is_left_today_is_asked_and_never_assumed() {
    let asked = call(&Question::Terms, &job().account);
    assert_eq!(address(&asked), format!("graph.facebook.com/v25.0/{ALICE}/content_publishing_limit"));
    assert_eq!(asks(&asked, "fields").as_deref(), Some("config,quota_usage"));
    let asked = call(&Question::Terms, &by_address().account);
    assert_eq!(address(&asked), format!("graph.instagram.com/v25.0/{ALICE}/content_publishing_limit"));
    let told =
        json!({ "data": [{ "quota_usage": 2, "config": { "quota_total": 50, "quota_duration": 86_400 } }] });
    let Ok(Answer::Terms(terms)) = answer(&Question::Terms, "", ok(told)) else { panic!() };
    assert_eq!(terms, json!({ "quota_usage": 2, "quota_total": 50, "quota_duration_s": 86_400 }));
    assert!(matches!(answer(&Question::Terms, "", ok(json!({ "data": [] }))), Err(Fault::Strange { .. })));
    let moons = Question::Live { what: "moons".into() };
    assert!(matches!(answer(&moons, "", ok(json!({ "data": [] }))), Err(Fault::Strange { .. })));
}
