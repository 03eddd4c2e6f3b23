//! The Graph API's envelope, headers, instants and lists, one row a case.
#![allow(clippy::unwrap_used)]

use super::{error, pages, time, token_died, upload, usage};
use serde_json::{Value, json};
use slipway_core::platform::{Call, Fault, Reply, Until, Whose};
use slipway_core::problem::Code;
use std::time::Duration;

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, body: body.to_string().into_bytes(), ..Reply::default() }
}

fn graph(status: u16, code: i64, subcode: i64) -> Reply {
    reply(
        status,
        json!({ "error": { "message": "said", "type": "OAuthException", "code": code, "error_subcode": subcode } }),
    )
}

fn passing(status: u16, code: i64) -> Reply {
    reply(status, json!({ "error": { "message": "said", "code": code, "is_transient": true } }))
}

fn html(status: u16) -> Reply {
    Reply { status, body: b"<html>code 190 OAuthException 490</html>".to_vec(), ..Reply::default() }
}

fn headed(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.push((name.into(), value.into()));
    reply
}

fn asks(call: &Call, key: &str) -> Option<String> {
    call.query.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
}

#[test]
fn only_the_code_says_that_a_token_is_dead_c29() {
    for status in [200, 400, 401, 403] {
        for sub in [0, 458, 459, 460, 463, 464, 467, 490, 492] {
            assert!(token_died(&graph(status, 190, sub)), "{status} {sub}");
            assert!(matches!(error::fault(&graph(status, 190, sub), "Facebook"), Fault::SignIn { .. }));
        }
    }
    for harmless in [
        html(401),
        html(190),
        graph(401, 100, 490),
        graph(401, 10, 0),
        passing(400, 190),
        reply(400, json!({ "error": { "message": "code 190, session has expired", "code": 100 } })),
        reply(400, json!({ "error": "190" })),
        reply(401, json!([190])),
    ] {
        assert!(!token_died(&harmless), "{}", String::from_utf8_lossy(&harmless.body));
        assert!(!matches!(error::fault(&harmless, "Facebook"), Fault::SignIn { .. }));
    }
    let told =
        |kind: &str| json!({ "debug_info": { "retriable": false, "type": kind, "message": "unauthorized" } });
    assert!(token_died(&reply(401, told("ProcessingFailedError"))));
    assert!(token_died(&reply(400, told("NotAuthorizedError"))));
    assert!(!token_died(&reply(400, told("ProcessingFailedError"))), "its words are not read");
}

#[test]
fn limits_say_whose_and_how_long() {
    let minutes = |n: u64| Until::For(Duration::from_secs(n * 60));
    let buc = r#"{"10":[{"type":"pages","call_count":100,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":23}]}"#;
    for (said, whose, until, code) in [
        (graph(400, 4, 0), Whose::App, minutes(15), Code::RateLimited),
        (passing(400, 4), Whose::App, minutes(15), Code::RateLimited),
        (graph(400, 17, 0), Whose::Account, minutes(15), Code::RateLimited),
        (graph(403, 32, 0), Whose::Account, minutes(15), Code::RateLimited),
        (graph(400, 613, 0), Whose::Account, minutes(15), Code::RateLimited),
        (graph(400, 341, 0), Whose::Account, minutes(15), Code::RateLimited),
        (
            headed(graph(400, 80001, 0), "x-business-use-case-usage", buc),
            Whose::Account,
            minutes(23),
            Code::RateLimited,
        ),
        (
            headed(graph(400, 80002, 0), "x-business-use-case-usage", buc),
            Whose::Account,
            minutes(23),
            Code::RateLimited,
        ),
        (headed(html(429), "retry-after", "600"), Whose::Account, minutes(10), Code::RateLimited),
        (
            headed(html(429), "retry-after", "3"),
            Whose::Account,
            Until::For(Duration::from_secs(3)),
            Code::RateLimited,
        ),
        (graph(400, 368, 1390008), Whose::Account, minutes(120), Code::AccountLimit),
    ] {
        match error::fault(&said, "Facebook") {
            Fault::Limit { whose: got, until: when, problem } => {
                assert_eq!((got, when, problem.code), (whose, until, code));
            }
            other => panic!("{other:?} to {}", String::from_utf8_lossy(&said.body)),
        }
    }
}

#[test]
fn the_rest_is_passing_missing_refused_or_strange() {
    use Fault::*;
    let fault = |reply: &Reply| error::fault(reply, "Facebook");
    for said in
        [graph(400, 1, 0), graph(500, 2, 0), graph(400, -1, 2207001), passing(400, 9999), passing(400, 190)]
    {
        assert!(matches!(fault(&said), Again { .. }), "{}", String::from_utf8_lossy(&said.body));
    }
    for status in [408, 500, 502, 503] {
        assert!(matches!(fault(&html(status)), Again { .. }), "{status}");
    }
    for code in [3, 10, 200, 210, 283, 299] {
        assert!(matches!(fault(&graph(403, code, 0)), Permission { scope: None, .. }), "{code}");
    }
    for (said, code) in [
        (graph(400, 100, 33), Code::NotFound),
        (graph(404, 803, 0), Code::NotFound),
        (graph(400, 100, 0), Code::Refused),
    ] {
        let Refused(problem) = fault(&said) else { panic!() };
        assert_eq!(problem.code, code);
    }
    for said in [html(200), html(400), html(401), html(404), graph(400, 777, 0), reply(200, json!({}))] {
        assert!(matches!(fault(&said), Strange { .. }), "{}", String::from_utf8_lossy(&said.body));
    }
    assert!(error::object(&reply(200, json!({ "id": "1" })), "Facebook").is_ok());
    for odd in [html(200), reply(200, json!([])), graph(200, 100, 0), reply(404, json!({}))] {
        assert!(error::object(&odd, "Facebook").is_err());
    }
}

#[test]
fn details_keep_numbers_and_text_and_cut_secrets() {
    let said = reply(
        400,
        json!({ "error": { "code": "100", "error_subcode": 1363040, "message": "Bad https://x.y/z EAAabc123abc123abc123abc123abc123",
            "error_user_title": "Shape", "error_user_msg": "<b>Wrong</b> shape", "fbtrace_id": "AbC" } }),
    );
    assert_eq!(error::detail(&said), "HTTP 400 code 100/1363040 Bad <address> <cut> Shape Wrong shape");
    let said = reply(
        400,
        json!({ "debug_info": { "type": "OffsetInvalidError", "message": "Request starting offset is invalid" } }),
    );
    assert_eq!(error::detail(&said), "HTTP 400 OffsetInvalidError Request starting offset is invalid");
}

#[test]
fn the_upload_host_is_asked_how_far_it_is_whatever_it_says() {
    assert!(upload::took(&reply(200, json!({ "success": true }))));
    for odd in [reply(200, json!({ "success": false })), reply(400, json!({ "success": true })), html(200)] {
        assert!(!upload::took(&odd));
    }
    for kind in [
        "OffsetInvalidError",
        "PartialRequestError",
        "ProcessingFailedError",
        "DuplicateUploadInProgressError",
        "",
    ] {
        let said = reply(400, json!({ "debug_info": { "retriable": false, "type": kind, "message": "m" } }));
        assert_eq!(upload::error_of(&said).unwrap().retriable, Some(false));
        assert!(matches!(upload::fault(&said, "Facebook"), Fault::Again { .. }), "{kind}");
    }
    assert!(matches!(upload::fault(&graph(400, 190, 0), "Facebook"), Fault::SignIn { .. }));
    assert!(matches!(upload::fault(&html(400), "Facebook"), Fault::Strange { .. }));
}

#[test]
fn a_limit_is_seen_before_it_bites() {
    let app =
        |calls: u32, time: u32| format!(r#"{{"call_count":{calls},"total_time":{time},"total_cputime":25}}"#);
    let page = |percent: u32, minutes: u32| {
        format!(
            r#"{{"10":[{{"type":"pages","call_count":1,"total_cputime":1,"total_time":{percent},"estimated_time_to_regain_access":{minutes}}}]}}"#
        )
    };
    let minutes = |n: u64| Duration::from_secs(n * 60);
    for (app_usage, page_usage, want) in [
        (app(89, 89), page(89, 0), None),
        (app(90, 0), page(0, 0), Some((Whose::App, minutes(10)))),
        (app(0, 100), page(0, 0), Some((Whose::App, minutes(10)))),
        (app(0, 0), page(95, 0), Some((Whose::Account, minutes(10)))),
        (app(95, 0), page(100, 40), Some((Whose::Account, minutes(40)))),
        (app(95, 0), page(100, 2), Some((Whose::App, minutes(10)))),
        (app(0, 0), page(100, u32::MAX), Some((Whose::Account, minutes(24 * 60)))),
        ("nonsense".into(), "[]".into(), None),
        ("{}".into(), r#"{"10":7}"#.into(), None),
    ] {
        let said = headed(reply(200, json!({})), "x-app-usage", &app_usage);
        let said = headed(said, "x-business-use-case-usage", &page_usage);
        let near = usage::near(&said, "Facebook");
        assert_eq!(near.map(|near| (near.whose, near.wait)), want, "{app_usage} {page_usage}");
    }
    assert_eq!(usage::near(&reply(200, json!({})), "Facebook"), None);
}

#[test]
fn instants_of_all_shapes_are_read() {
    for (said, want) in [
        (json!("2026-01-31T12:34:56+0000"), Some(1_769_862_896)),
        (json!("2026-01-31T14:34:56+0200"), Some(1_769_862_896)),
        (json!("2026-01-31T12:34:56Z"), Some(1_769_862_896)),
        (json!(1_769_862_896), Some(1_769_862_896)),
        (json!("1769862896"), Some(1_769_862_896)),
        (json!("yesterday"), None),
        (json!(null), None),
        (json!(1e300), None),
    ] {
        assert_eq!(time::instant(&said).map(|at| at.as_second()), want, "{said}");
    }
    assert_eq!(time::whole_second("2026-01-31T12:34:56.001Z".parse().unwrap()), 1_769_862_897);
    assert_eq!(time::whole_second("2026-01-31T12:34:56Z".parse().unwrap()), 1_769_862_896);
}

#[test]
fn lists_of_pages_go_on_only_where_there_is_more() {
    let call = pages::accounts("facebook.accounts", "id,name", Some("abc"));
    assert_eq!(asks(&call, "after").as_deref(), Some("abc"));
    assert_eq!(asks(&call, "limit").as_deref(), Some("100"));
    assert_eq!(asks(&pages::accounts("facebook.accounts", "id", None), "after"), None);
    let told = |next: Value| {
        pages::list(
            &reply(200, json!({ "data": [{ "id": "1" }], "paging": { "cursors": { "before": "a", "after": "b" }, "next": next } })),
            "Facebook",
        )
        .unwrap()
    };
    assert_eq!(told(json!("https://graph.facebook.com/…")).1.as_deref(), Some("b"));
    assert_eq!(told(Value::Null).1, None, "the last part has a cursor, too");
    assert!(matches!(
        pages::list(&reply(200, json!({ "data": {} })), "Facebook"),
        Err(Fault::Strange { .. })
    ));
    assert!(matches!(pages::list(&graph(400, 190, 463), "Facebook"), Err(Fault::SignIn { .. })));
}

#[test]
fn only_what_was_granted_counts() {
    let said = reply(
        200,
        json!({ "data": [{ "permission": "pages_show_list", "status": "granted" },
            { "permission": "pages_manage_posts", "status": "declined" },
            { "permission": "business_management", "status": "expired" }, {}] }),
    );
    assert_eq!(pages::granted(&said, "Facebook"), Ok(vec!["pages_show_list".to_string()]));
}

#[test]
fn a_page_gives_its_token_or_the_role_is_gone() {
    let token =
        pages::token_in(&reply(200, json!({ "id": "1", "access_token": " EAAB " })), "Facebook").unwrap();
    assert_eq!(token.expose(), "EAAB");
    for odd in [json!({ "id": "1" }), json!({ "access_token": "" })] {
        assert!(matches!(pages::token_in(&reply(200, odd), "Facebook"), Err(Fault::Permission { .. })));
    }
}

#[test]
fn ids_are_digits() {
    for (id, good) in
        [("123", true), ("12_34", true), ("", false), ("1/2", false), ("me", false), ("1?x", false)]
    {
        assert_eq!(super::is_id(id), good, "{id}");
    }
    assert_eq!(super::id(&json!(42)).as_deref(), Some("42"));
    assert_eq!(super::id(&json!(4.5)), None);
    assert_eq!(super::id(&json!("12")).as_deref(), Some("12"));
}
