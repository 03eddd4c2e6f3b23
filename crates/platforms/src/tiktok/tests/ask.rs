//! Who am I, and what may I choose.

use super::*;

fn answer(question: &Question, account: &JobAccount, reply: Reply) -> Result<Answer, Fault> {
    AnyPlatform::answer(&TikTok, question, account, &reply)
}

#[test]
fn who_am_i() {
    let call = AnyPlatform::ask(&TikTok, &Question::WHO, &JobAccount::default());
    assert_eq!((call.name, path(&call)), ("tiktok.user.info", "/v2/user/info/"));
    assert_eq!(call.query, [("fields", "open_id,union_id,display_name".to_string())]);
    let user = json!({ "user": { "open_id": "_000mira", "union_id": "u", "display_name": "Mira" } });
    let found = |account: &JobAccount, user: &Value| match answer(&Question::WHO, account, ok(user.clone())) {
        Ok(Answer::Identities { found, next: None }) => found,
        other => panic!("{other:?}"),
    };
    let new = found(&JobAccount::default(), &user);
    let [mira] = new.as_slice() else { panic!() };
    assert_eq!((mira.remote_id.as_str(), mira.name.as_str()), ("_000mira", "Mira"));
    assert_eq!((&mira.handle, &mira.url), (&None, &None), "the basic scope does not tell them");
    // Once the terms were read, they are known.
    let known = found(&job().account, &user);
    assert_eq!(known[0].handle.as_deref(), Some("mira.bakes"));
    assert_eq!(known[0].url.as_deref(), Some("https://www.tiktok.com/@mira.bakes"));
    let nameless = found(&job().account, &json!({ "user": { "open_id": "x", "display_name": " " } }));
    assert_eq!(nameless[0].name, "mira.bakes");
    for user in [json!({}), json!({ "user": {} }), json!({ "user": { "open_id": "" } }), Value::Null] {
        let fault = answer(&Question::WHO, &JobAccount::default(), ok(user));
        assert!(matches!(fault, Err(Fault::Strange { .. })));
    }
}

#[test]
fn what_may_i_choose() {
    let call = AnyPlatform::ask(&TikTok, &Question::Terms, &JobAccount::default());
    assert_eq!((call.name, path(&call)), ("tiktok.creator_info", "/v2/post/publish/creator_info/query/"));
    assert_eq!(call.auth, Auth::Bearer);
    let Ok(Answer::Terms(kept)) = answer(&Question::Terms, &JobAccount::default(), creator()) else {
        panic!()
    };
    assert_eq!(kept, terms(), "all but the picture, whose address ends after two hours");
    // A refusal may come with HTTP 200: the creator can't post just now.
    let account = JobAccount::default();
    for (code, want) in
        [("spam_risk_too_many_posts", Code::AccountLimit), ("reached_active_user_cap", Code::QuotaSpent)]
    {
        let Err(Fault::Limit { problem, .. }) = answer(&Question::Terms, &account, refusal(200, code)) else {
            panic!("{code}")
        };
        assert_eq!(problem.code, want);
    }
    let banned = answer(&Question::Terms, &account, refusal(200, "spam_risk_user_banned_from_posting"));
    assert_eq!(refused(banned.unwrap_err()).code, Code::Refused);
    for said in [ok(json!({})), html(200), reply(200, json!([]))] {
        assert!(matches!(answer(&Question::Terms, &account, said), Err(Fault::Strange { .. })));
    }
}

#[test]
fn there_are_no_lists() {
    for question in [Question::Live { what: "moons".into() }, Question::Token, Question::Scopes] {
        AnyPlatform::ask(&TikTok, &question, &JobAccount::default());
        let said = answer(&question, &JobAccount::default(), ok(json!({})));
        assert!(matches!(said, Err(Fault::Strange { .. })), "{question:?}");
    }
}

#[test]
fn the_token_says_whose_it_is() {
    assert_eq!(AnyPlatform::ask(&TikTok, &Question::Owner, &JobAccount::default()).name, "tiktok.user.info");
    let said = |user: Value| answer(&Question::Owner, &JobAccount::default(), ok(json!({ "user": user })));
    assert_eq!(said(json!({ "open_id": "o-1" })), Ok(Answer::Owner("o-1".into())));
    assert!(matches!(said(json!({})), Err(Fault::Strange { .. })));
}
