//! TikTok's refusals and what can be done about each: one row a case.

use super::*;
use crate::tiktok::read::{Doing, fault};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn limit(fault: Fault) -> (Whose, Until, Code) {
    match fault {
        Fault::Limit { whose, until, problem } => (whose, until, problem.code),
        other => panic!("no limit but {other:?}"),
    }
}

#[test]
fn caps_are_waited_for_and_whose_they_are_is_told_apart_c34() {
    use Doing::*;
    for (status, code, doing, want) in [
        (200, "spam_risk_too_many_posts", Terms, (Whose::Account, Until::For(HOUR), Code::AccountLimit)),
        (403, "spam_risk_too_many_posts", Opening, (Whose::Account, Until::For(HOUR), Code::AccountLimit)),
        (
            403,
            "spam_risk_too_many_pending_share",
            Drafting,
            (Whose::Delivery, Until::For(HOUR), Code::AccountLimit),
        ),
        (200, "reached_active_user_cap", Terms, (Whose::App, Until::For(HOUR), Code::QuotaSpent)),
        (403, "reached_active_user_cap", Opening, (Whose::App, Until::For(HOUR), Code::QuotaSpent)),
        (429, "rate_limit_exceeded", Opening, (Whose::Account, Until::For(MINUTE), Code::RateLimited)),
        (429, "rate_limit_exceeded", Drafting, (Whose::Account, Until::For(MINUTE), Code::RateLimited)),
        (429, "rate_limit_exceeded", Looking, (Whose::Delivery, Until::For(MINUTE), Code::RateLimited)),
        (429, "something_new", Looking, (Whose::Delivery, Until::For(MINUTE), Code::RateLimited)),
    ] {
        assert_eq!(limit(fault(&refusal(status, code), doing)), want, "{status} {code} while {doing:?}");
    }
    let told = headed(html(429), "retry-after", "7");
    let seven = Until::For(Duration::from_secs(7));
    assert_eq!(limit(fault(&told, Looking)), (Whose::Delivery, seven, Code::RateLimited));
}

#[test]
fn refusals_name_what_to_edit() {
    for (status, code, want, at) in [
        (403, "unaudited_client_can_only_post_to_private_accounts", Code::NotAudited, Some("mode")),
        (403, "privacy_level_option_mismatch", Code::TermsChanged, Some("privacy")),
        (403, "spam_risk_user_banned_from_posting", Code::Refused, None),
        (403, "spam_risk_text", Code::TextIllegal, Some("caption")),
        (403, "spam_risk", Code::Refused, None),
    ] {
        let problem = refused(fault(&refusal(status, code), Doing::Opening));
        assert_eq!((problem.code, field(&problem)), (want, at), "{code}");
        assert!(problem.detail.unwrap().contains(code), "the code stands in the detail");
    }
}

#[test]
fn the_rest_is_signed_in_again_tried_again_or_strange() {
    use Fault::*;
    assert!(matches!(fault(&refusal(401, "access_token_invalid"), Doing::Looking), SignIn { .. }));
    assert!(
        matches!(fault(&html(401), Doing::Looking), Strange { .. }),
        "a proxy's 401 is not about our token (C29)"
    );
    for (doing, want) in [
        (Doing::Terms, Some("video.publish")),
        (Doing::Opening, Some("video.publish")),
        (Doing::Drafting, Some("video.upload")),
        (Doing::Who, Some("user.info.basic")),
        (Doing::Looking, None),
    ] {
        for (status, code) in [(401, "scope_not_authorized"), (400, "scope_permission_missed")] {
            let Permission { scope, .. } = fault(&refusal(status, code), doing) else { panic!("{doing:?}") };
            assert_eq!(scope.as_deref(), want);
        }
    }
    for status in [500, 502, 503, 504, 408] {
        assert!(matches!(fault(&html(status), Doing::Looking), Again { .. }), "{status}");
    }
    assert!(matches!(fault(&refusal(500, "internal_error"), Doing::Opening), Again { .. }));
    assert!(matches!(fault(&refusal(200, "internal_error"), Doing::Opening), Again { .. }));
    for status in [0, 100, 200, 204, 302, 400, 403, 404, 409, 418] {
        assert!(matches!(fault(&html(status), Doing::Opening), Strange { .. }), "{status}");
        assert!(matches!(
            fault(&refusal(status, "url_ownership_unverified"), Doing::Opening),
            Strange { .. }
        ));
    }
}

#[test]
fn success_is_a_code_and_not_a_status() {
    // HTTP 200 with a refusal, and a fault with "ok" in it: neither is an answer.
    let house = House::begin(job());
    assert!(matches!(house.fails(refusal(200, "spam_risk_too_many_posts")), Fault::Limit { .. }));
    let odd = reply(403, json!({ "data": terms(), "error": { "code": "ok" } }));
    assert!(matches!(house.fails(odd), Fault::Strange { .. }));
    let bare = reply(200, json!({ "data": terms() }));
    assert!(matches!(house.fails(bare), Fault::Strange { .. }));
}

#[test]
fn a_missing_permission_is_no_dead_token() {
    for (said, died) in [
        (refusal(401, "access_token_invalid"), true),
        (html(401), true),
        (refusal(401, "scope_not_authorized"), false),
        (refusal(403, "access_token_invalid"), false),
        (reply(200, Value::Null), false),
    ] {
        assert_eq!(AnyPlatform::token_died(&TikTok, &said), died, "{said:?}");
    }
}

#[test]
fn details_keep_what_support_asks_for_and_cut_secrets() {
    let said = reply(
        400,
        json!({ "data": {}, "error": { "code": "something_new", "log_id": "20261130010203ABCDEF0123456789AB",
            "message": "See https://open-upload.tiktokapis.com/video/?upload_token=AbC of act.abcdefghij0123456789ABCDEF now" } }),
    );
    let Fault::Strange { detail } = fault(&said, Doing::Opening) else { panic!() };
    assert_eq!(
        detail,
        "HTTP 400 something_new See <address> of <cut> now log_id 20261130010203ABCDEF0123456789AB"
    );
    // What may be anything is not repeated as an id.
    let odd = reply(400, json!({ "error": { "code": "x", "message": "", "logid": "https://a?b" } }));
    let Fault::Strange { detail } = fault(&odd, Doing::Opening) else { panic!() };
    assert_eq!(detail, "HTTP 400 x");
}
