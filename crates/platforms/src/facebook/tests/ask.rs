//! Whose Pages these are, their tokens, and what was granted.

use super::*;
use slipway_core::problem::Code;

fn ask(question: &Question) -> Call {
    AnyPlatform::ask(&Facebook, question, &job().account)
}

fn answer(question: &Question, reply: Reply) -> Result<Answer, Fault> {
    AnyPlatform::answer(&Facebook, question, &job().account, &reply)
}

fn page(id: &str, name: &str, tasks: Value) -> Value {
    json!({ "id": id, "name": name, "tasks": tasks, "access_token": "EAABSECRET" })
}

#[test]
fn pages_one_may_post_on_are_the_channels() {
    let call = ask(&Question::WHO);
    assert_eq!(
        (call.name, path(&call).as_str()),
        ("facebook.accounts", "GET graph.facebook.com/v25.0/me/accounts")
    );
    assert_eq!(call.auth, Auth::OwnerBearer);
    assert!(!asks(&call, "fields").unwrap().contains("access_token"), "tokens are not read in passing");
    let said = ok(json!({ "data": [
        { "id": "100", "name": "Mira Bakes", "username": "mirabakes", "category": "Bakery",
          "tasks": ["CREATE_CONTENT", "MODERATE"], "picture": { "data": { "url": "https://x/p.jpg" } } },
        page("101", "Garden", json!(["ANALYZE"])),
        page("102", "New kind", json!(["PROFILE_PLUS_CREATE_CONTENT"])),
        page("103", "Silent", Value::Null),
        page("a/b", "Odd", json!(["CREATE_CONTENT"])),
    ], "paging": { "cursors": { "after": "c" }, "next": "https://graph.facebook.com/next" } }));
    let Ok(Answer::Identities { found, next }) = answer(&Question::WHO, said) else { panic!() };
    let ids: Vec<_> = found.iter().map(|one| one.remote_id.as_str()).collect();
    assert_eq!(ids, ["100", "102", "103"]);
    assert_eq!(found[0].handle.as_deref(), Some("mirabakes"));
    assert_eq!(found[0].url.as_deref(), Some("https://www.facebook.com/mirabakes"));
    assert_eq!(found[0].live["picture"], "https://x/p.jpg");
    assert!(!format!("{found:?}").contains("SECRET"));
    let call = ask(&Question::Identify { after: next });
    assert_eq!((call.name, asks(&call, "after").as_deref()), ("facebook.accounts", Some("c")));
}

/// Goes through all lists as the engine does, each answered by the path that is asked.
fn walked(account: &JobAccount, reply: impl Fn(&str) -> Reply) -> (Vec<String>, Result<Vec<String>, Fault>) {
    let (mut paths, mut ids, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let question = Question::Identify { after };
        let call = AnyPlatform::ask(&Facebook, &question, account);
        assert_eq!(call.auth, Auth::OwnerBearer);
        let at = path(&call).replace("GET graph.facebook.com/v25.0/", "");
        let heard = AnyPlatform::answer(&Facebook, &question, account, &reply(&at));
        paths.push(at);
        match heard {
            Ok(Answer::Identities { found, next }) => {
                ids.extend(found.into_iter().map(|one| one.remote_id));
                if next.is_none() {
                    return (paths, Ok(ids));
                }
                after = next;
            }
            Ok(other) => panic!("{other:?}"),
            Err(fault) => return (paths, Err(fault)),
        }
    }
}

#[test]
fn pages_of_a_portfolio_are_channels_too() {
    let portfolios = |at: &str| {
        ok(json!({ "data": match at {
            "me/businesses" => json!([{ "id": "71", "name": "Halloran Ltd" }]),
            "71/owned_pages" => json!([page("104", "Owned", json!(["CREATE_CONTENT"]))]),
            "71/client_pages" => json!([page("105", "Client", json!(["MANAGE", "CREATE_CONTENT"]))]),
            _ => json!([]),
        } }))
    };
    let (paths, ids) = walked(&job().account, portfolios);
    assert_eq!(paths, ["me/accounts", "me/businesses", "71/owned_pages", "71/client_pages"]);
    assert_eq!(ids.unwrap(), ["104", "105"]);
    // An app that does not ask for portfolios sees none, and is told what to do.
    let mut account = job().account;
    account.app.flags.insert("portfolio".into(), false);
    let (paths, none) = walked(&account, portfolios);
    assert_eq!(paths, ["me/accounts"]);
    let Err(Fault::Refused(problem)) = none else { panic!() };
    assert!(problem.message.contains("let Slipway ask for business portfolios"), "{}", problem.message);
}

#[test]
fn no_page_is_told_with_its_reason() {
    for (items, words) in
        [(json!([]), "no Facebook Page"), (json!([page("101", "Garden", json!(["ANALYZE"]))]), "Garden")]
    {
        let own = |at: &str| match at {
            "me/accounts" => ok(json!({ "data": items })),
            _ => graph(200, 0),
        };
        let (paths, Err(Fault::Refused(problem))) = walked(&job().account, own) else { panic!() };
        assert_eq!(paths, ["me/accounts", "me/businesses"]);
        assert_eq!(problem.code, Code::NoChannel);
        assert!(problem.message.contains(words), "{}", problem.message);
    }
    // The last lists may well have none.
    let own = |at: &str| match at {
        "me/accounts" => ok(json!({ "data": [page("104", "Mine", json!(["CREATE_CONTENT"]))] })),
        _ => ok(json!({ "data": [] })),
    };
    assert_eq!(walked(&job().account, own).1.unwrap(), ["104"]);
    assert!(matches!(answer(&Question::WHO, html(200)), Err(Fault::Strange { .. })));
    assert!(matches!(answer(&Question::WHO, graph(190, 460)), Err(Fault::SignIn { .. })));
}

#[test]
fn a_page_acts_under_its_own_token() {
    let call = ask(&Question::Token);
    assert_eq!((path(&call).as_str(), call.auth), ("GET graph.facebook.com/v25.0/100", Auth::OwnerBearer));
    let Ok(Answer::Token(token)) =
        answer(&Question::Token, ok(json!({ "id": "100", "access_token": "EAABx" })))
    else {
        panic!()
    };
    assert_eq!(token.expose(), "EAABx");
    assert!(matches!(answer(&Question::Token, ok(json!({ "id": "100" }))), Err(Fault::Permission { .. })));
}

#[test]
fn the_pages_own_token_says_whose_it_is() {
    let call = ask(&Question::Owner);
    assert_eq!((path(&call).as_str(), call.auth), ("GET graph.facebook.com/v25.0/me", Auth::Bearer));
    assert_eq!(answer(&Question::Owner, ok(json!({ "id": "100" }))), Ok(Answer::Owner("100".into())));
    assert!(matches!(answer(&Question::Owner, ok(json!({}))), Err(Fault::Strange { .. })));
    assert!(matches!(answer(&Question::Owner, html(200)), Err(Fault::Strange { .. })));
    assert!(matches!(answer(&Question::Owner, graph(190, 460)), Err(Fault::SignIn { .. })));
}

#[test]
fn what_was_granted_is_asked() {
    let call = ask(&Question::Scopes);
    assert_eq!(path(&call), "GET graph.facebook.com/v25.0/me/permissions");
    let said = ok(
        json!({ "data": [{ "permission": "pages_show_list", "status": "granted" }, { "permission": "pages_manage_posts", "status": "declined" }] }),
    );
    assert_eq!(answer(&Question::Scopes, said), Ok(Answer::Scopes(vec!["pages_show_list".into()])));
}

#[test]
fn there_are_no_live_lists_and_no_terms() {
    for question in [Question::Live { what: "moons".into() }, Question::Terms] {
        assert!(matches!(answer(&question, ok(json!({ "data": [] }))), Err(Fault::Strange { .. })));
    }
}
