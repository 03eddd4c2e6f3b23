//! Facebook's errors and what can be done about each: one row a case. Those of every Graph API call are held in `graph`.

use super::*;
use crate::facebook::read::{Doing, fault};
use slipway_core::problem::{Code, Fix};

fn refused(fault: Fault) -> (Code, Option<Fix>) {
    match fault {
        Fault::Refused(problem) => (problem.code, Some(problem.fix).filter(|fix| *fix != Fix::None)),
        other => panic!("not refused but {other:?}"),
    }
}

fn edit(field: &str) -> Option<Fix> {
    Some(Fix::Edit { field: field.into() })
}

#[test]
fn refusals_say_what_to_mend() {
    use Doing::*;
    for (code, sub, doing, want, fix) in [
        (100, 0, Opening, Code::Refused, None),
        (100, 33, Opening, Code::NotFound, None),
        (100, 1_363_040, Publishing, Code::FileUnsupported, Some(Fix::ChooseFile)),
        (1_363_127, 0, Publishing, Code::FileUnsupported, Some(Fix::ChooseFile)),
        (100, 1_363_128, Publishing, Code::FileUnsupported, Some(Fix::ChooseFile)),
        (100, 1_363_129, Bytes, Code::FileUnsupported, Some(Fix::ChooseFile)),
        (100, 2_069_019, Publishing, Code::FileUnsupported, Some(Fix::ChooseFile)),
        (100, 1_609_008, Publishing, Code::TextIllegal, edit("caption")),
        (100, 2_061_006, Changing, Code::TextIllegal, edit("caption")),
        (100, 1_349_125, Publishing, Code::Refused, edit("caption")),
        (100, 4_854_002, Publishing, Code::OptionInvalid, edit("caption")),
        (200, 1_346_003, Publishing, Code::Refused, None),
        (200, 1_404_006, Publishing, Code::Refused, None),
        (200, 1_404_102, Publishing, Code::Refused, None),
        (368, 1_404_112, Publishing, Code::Refused, None),
        (200, 1_404_078, Publishing, Code::PermissionMissing, Some(Fix::Retry)),
        (506, 0, Publishing, Code::AlreadyThere, None),
        (100, 1_366_046, Thumbnail, Code::FileUnsupported, edit("thumbnail")),
        (100, 0, Thumbnail, Code::FileUnsupported, edit("thumbnail")),
        (200, 0, Thumbnail, Code::PermissionMissing, Some(Fix::Retry)),
        (100, 0, Captions, Code::OptionInvalid, edit("captions")),
        (100, 0, Inviting, Code::OptionInvalid, edit("collaborators")),
    ] {
        assert_eq!(refused(fault(&graph(code, sub), doing)), (want, fix), "{code}/{sub} while {doing:?}");
    }
}

#[test]
fn what_passes_passes_whatever_else_it_says_c29() {
    for (code, sub) in [(1, 0), (2, 1_363_030), (100, 1_609_010), (100, 1_363_047), (2, 1_404_006)] {
        assert!(matches!(fault(&graph(code, sub), Doing::Publishing), Fault::Again { .. }), "{code}/{sub}");
    }
    let transient = reply(
        400,
        json!({ "error": { "code": 190, "is_transient": true, "message": "session has expired" } }),
    );
    assert!(
        matches!(fault(&transient, Doing::Publishing), Fault::Again { .. }),
        "nobody is disconnected by it"
    );
}

#[test]
fn sign_ins_permissions_and_limits_are_told_apart() {
    for sub in [0, 458, 459, 460, 463, 464, 467, 490, 492] {
        assert!(matches!(fault(&graph(190, sub), Doing::Publishing), Fault::SignIn { .. }), "{sub}");
    }
    for code in [3, 10, 200, 283, 299] {
        assert!(matches!(fault(&graph(code, 0), Doing::Publishing), Fault::Permission { .. }), "{code}");
    }
    for (code, whose) in [
        (4, Whose::App),
        (17, Whose::Account),
        (32, Whose::Account),
        (613, Whose::Account),
        (80001, Whose::Account),
        (368, Whose::Account),
    ] {
        assert!(
            matches!(fault(&graph(code, 0), Doing::Opening), Fault::Limit { whose: got, .. } if got == whose),
            "{code}"
        );
    }
}

#[test]
fn words_decide_nothing_c29() {
    let said = |message: &str| reply(400, json!({ "error": { "code": 99_999, "message": message } }));
    for message in
        ["Error validating access token: 490", "(#100) No permission to publish the video", "rate limit"]
    {
        assert!(matches!(fault(&said(message), Doing::Publishing), Fault::Strange { .. }), "{message}");
    }
    for status in [0, 200, 302, 400, 401, 403, 404, 418] {
        assert!(matches!(fault(&html(status), Doing::Publishing), Fault::Strange { .. }), "{status}");
    }
}

#[test]
fn the_platform_says_when_a_token_died_and_a_limit_is_near() {
    assert!(AnyPlatform::token_died(&Facebook, &graph(190, 463)));
    assert!(!AnyPlatform::token_died(&Facebook, &html(401)));
    let mut busy = yes();
    busy.headers.push(("x-app-usage".into(), r#"{"call_count":95,"total_time":1,"total_cputime":1}"#.into()));
    assert_eq!(AnyPlatform::nears_limit(&Facebook, &busy).unwrap().whose, Whose::App);
    assert_eq!(AnyPlatform::nears_limit(&Facebook, &yes()), None);
}
