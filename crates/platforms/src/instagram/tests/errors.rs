//! Instagram's sub-codes and what can be done about each: one row a case. The Graph API's own codes are tested in `graph`.

use super::*;
use crate::instagram::read::fault;
use slipway_core::problem::{Code, Fix};

const LIMIT: fn(Fault) -> (Whose, Until, Code) = |fault| match fault {
    Fault::Limit { whose, until, problem } => (whose, until, problem.code),
    other => panic!("no limit but {other:?}"),
};

#[test]
fn every_row_of_the_table_of_errors() {
    // (code, sub-code) → what it is edited by, or not at all.
    for (code, sub, want, field) in [
        (1, 2_207_057, Code::OptionInvalid, Some("thumb_offset")),
        (24, 2_207_006, Code::NotFound, None),
        (25, 2_207_050, Code::NoChannel, None),
        (100, 2_207_023, Code::OptionInvalid, Some("more_videos")),
        (100, 2_207_028, Code::OptionInvalid, Some("more_videos")),
        (100, 2_207_035, Code::OptionInvalid, Some("user_tags")),
        (100, 2_207_036, Code::OptionInvalid, Some("user_tags")),
        (100, 2_207_037, Code::OptionInvalid, Some("user_tags")),
        (100, 2_207_040, Code::OptionInvalid, Some("user_tags")),
        (352, 2_207_026, Code::FileUnsupported, None),
        (9004, 2_207_052, Code::OptionInvalid, Some("video_url")),
        (36000, 2_207_004, Code::OptionInvalid, Some("cover_url")),
        (36001, 2_207_005, Code::OptionInvalid, Some("cover_url")),
        (36003, 2_207_009, Code::FileUnsupported, None),
        (36004, 2_207_010, Code::TextTooLong, Some("caption")),
        (-1, 2_207_081, Code::OptionInvalid, Some("trial")),
        (-1, 2_207_085, Code::Refused, None),
        (100, 33, Code::NotFound, None),
        (100, 0, Code::Refused, None),
    ] {
        let Fault::Refused(problem) = fault(&graph(400, code, sub)) else { panic!("{code}/{sub}") };
        assert_eq!(problem.code, want, "{code}/{sub}");
        assert!(problem.detail.is_some());
        match field {
            Some(field) => assert_eq!(problem.fix, Fix::Edit { field: field.into() }, "{code}/{sub}"),
            None => assert!(!matches!(problem.fix, Fix::Edit { .. }), "{code}/{sub}"),
        }
    }
    for (code, sub) in [
        (-1, 2_207_001),
        (-1, 2_207_032),
        (-1, 2_207_053),
        (-2, 2_207_003),
        (-2, 2_207_020),
        (24, 2_207_008),
        (9007, 2_207_027),
        (-1, 2_207_077),
        (-1, 2_207_082),
        (1, 0),
        (2, 0),
    ] {
        assert!(matches!(fault(&graph(400, code, sub)), Fault::Again { .. }), "{code}/{sub}");
    }
    let (hour, day) = (Until::For(Duration::from_secs(3600)), Until::For(Duration::from_secs(86_400)));
    assert_eq!(LIMIT(fault(&graph(400, 9, 2_207_042))), (Whose::Account, hour, Code::AccountLimit));
    assert_eq!(
        LIMIT(fault(&graph(400, 4, 2_207_051))),
        (Whose::Account, day, Code::AccountLimit),
        "spam is no rate limit of the app (C34)"
    );
    let quarter = || Until::For(Duration::from_secs(900));
    assert_eq!(LIMIT(fault(&graph(400, 4, 0))), (Whose::App, quarter(), Code::RateLimited));
    assert_eq!(LIMIT(fault(&graph(400, 80_002, 0))), (Whose::Account, quarter(), Code::RateLimited));
    for sub in [0, 458, 459, 460, 463, 464, 467] {
        assert!(matches!(fault(&graph(400, 190, sub)), Fault::SignIn { .. }), "190/{sub}");
    }
    for code in [10, 200, 283] {
        assert!(matches!(fault(&graph(403, code, 0)), Fault::Permission { .. }), "{code}");
    }
}

#[test]
fn the_type_of_the_error_and_its_words_decide_nothing_c29() {
    let said = reply(
        400,
        json!({ "error": { "message": "Invalid OAuth access token 190 2207042", "type": "IGApiException", "code": 100 } }),
    );
    assert!(matches!(fault(&said), Fault::Refused(problem) if problem.code == Code::Refused));
    for status in [200, 400, 401, 403, 404] {
        assert!(matches!(fault(&html(status)), Fault::Strange { .. }), "{status}");
    }
    for status in [408, 500, 503] {
        assert!(matches!(fault(&html(status)), Fault::Again { .. }), "{status}");
    }
    assert!(AnyPlatform::token_died(&Instagram, &graph(400, 190, 463)), "at any status");
    assert!(!AnyPlatform::token_died(&Instagram, &html(401)), "a proxy's 401 is not about our token");
}

#[test]
fn only_the_number_of_a_failed_container_is_read_out_of_its_words() {
    use crate::instagram::read::container;
    let number = |text: &str| {
        container(&ok(json!({ "id": BOX, "status_code": "ERROR", "status": text }))).unwrap().number
    };
    for (text, want) in [
        ("Error: Media upload has failed with error code 2207026", Some(2_207_026)),
        ("(2207082): 1363008 FILE_NOT_FOUND", Some(2_207_082)),
        ("Fehler 2207003.", Some(2_207_003)),
        ("Error 22070260", None),
        ("Error 12207026", None),
        ("id_2207026", None),
        ("2207 026", None),
        ("", None),
    ] {
        assert_eq!(number(text), want, "{text}");
    }
}

#[test]
fn a_hotels_page_is_no_container_no_post_and_no_list() {
    let begun = House::begin(job());
    assert!(matches!(begun.fails(html(200)), Fault::Strange { .. }));
    assert!(matches!(begun.fails(ok(json!({ "id": "../me" }))), Fault::Strange { .. }));
    let polling = House::begin(job()).hears(made(BOX)).hears(took());
    for odd in [html(200), ok(json!({})), ok(json!([1])), stands("DANCING")] {
        assert!(matches!(polling.fails(odd), Fault::Strange { .. }));
    }
    let reading = asked_for().hears(posted());
    assert!(matches!(reading.fails(html(200)), Fault::Strange { .. }));
    let searching = published_and_lost();
    assert!(matches!(searching.fails(html(200)), Fault::Strange { .. }));
    assert!(matches!(searching.fails(ok(json!({ "data": {} }))), Fault::Strange { .. }));
}

#[test]
fn limits_are_seen_before_they_bite() {
    let mut said = ok(json!({ "id": BOX }));
    said.headers.push((
        "x-business-use-case-usage".into(),
        format!(r#"{{"{ALICE}":[{{"type":"instagram","call_count":95,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":0}}]}}"#),
    ));
    let near = AnyPlatform::nears_limit(&Instagram, &said).unwrap();
    assert_eq!((near.whose, near.problem.code), (Whose::Account, Code::RateLimited));
    assert_eq!(AnyPlatform::nears_limit(&Instagram, &ok(json!({}))), None);
}
