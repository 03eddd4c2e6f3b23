//! Google's errors and what can be done about each: one row a case.

use super::*;
use crate::youtube::read::{Doing, fault};
use slipway_core::problem::{Code, Fix};

const MINUTE: Duration = Duration::from_secs(60);

fn limit(fault: Fault) -> (Whose, Until, Code) {
    match fault {
        Fault::Limit { whose, until, problem } => (whose, until, problem.code),
        other => panic!("no limit but {other:?}"),
    }
}

fn refused(fault: Fault) -> (Code, Option<String>) {
    match fault {
        Fault::Refused(problem) => {
            let field = match problem.fix {
                Fix::Edit { field } => Some(field),
                _ => None,
            };
            (problem.code, field)
        }
        other => panic!("not refused but {other:?}"),
    }
}

#[test]
fn out_of_quota_has_three_faces_and_none_is_taken_for_another_c34() {
    let midnight = || Until::MidnightIn("America/Los_Angeles");
    let day = || Until::For(Duration::from_secs(86_400));
    let exhausted = reply(
        429,
        json!({ "error": { "code": 429, "status": "RESOURCE_EXHAUSTED", "errors": [{ "reason": "rateLimitExceeded" }] } }),
    );
    for (said, doing, want) in [
        (google(400, "uploadLimitExceeded"), Doing::Opening, (Whose::Account, day(), Code::AccountLimit)),
        (google(403, "quotaExceeded"), Doing::Reading, (Whose::App, midnight(), Code::QuotaSpent)),
        (google(403, "dailyLimitExceeded"), Doing::Opening, (Whose::App, midnight(), Code::QuotaSpent)),
        (exhausted.clone(), Doing::Opening, (Whose::App, midnight(), Code::QuotaSpent)),
        (exhausted.clone(), Doing::Reading, (Whose::App, Until::For(MINUTE), Code::RateLimited)),
        (html(429), Doing::Opening, (Whose::App, midnight(), Code::QuotaSpent)),
        (
            headed(exhausted, "retry-after", "7"),
            Doing::Opening,
            (Whose::Delivery, Until::For(Duration::from_secs(7)), Code::RateLimited),
        ),
        (
            google(403, "rateLimitExceeded"),
            Doing::Reading,
            (Whose::App, Until::For(MINUTE), Code::RateLimited),
        ),
        (
            google(403, "userRateLimitExceeded"),
            Doing::Opening,
            (Whose::App, Until::For(MINUTE), Code::RateLimited),
        ),
        (
            google(429, "userRateLimitExceeded"),
            Doing::Opening,
            (Whose::App, Until::For(MINUTE), Code::RateLimited),
        ),
        (
            google(429, "uploadRateLimitExceeded"),
            Doing::Thumbnail,
            (Whose::Delivery, day(), Code::AccountLimit),
        ),
    ] {
        assert_eq!(
            limit(fault(&said, doing)),
            want,
            "{:?} while {doing:?}",
            String::from_utf8_lossy(&said.body)
        );
    }
    assert!(matches!(fault(&html(429), Doing::Bytes), Fault::Again { .. }), "a session survives 429");
}

#[test]
fn refusals_name_what_to_edit() {
    for (status, reason, doing, code, field) in [
        (400, "invalidTitle", Doing::Opening, Code::TextIllegal, Some("title")),
        (400, "invalidDescription", Doing::Updating, Code::TextIllegal, Some("caption")),
        (400, "invalidTags", Doing::Opening, Code::OptionInvalid, Some("tags")),
        (400, "invalidCategoryId", Doing::Opening, Code::OptionInvalid, Some("category")),
        (400, "invalidPublishAt", Doing::Opening, Code::TimeInvalid, Some("due")),
        (400, "invalidRecordingDetails", Doing::Opening, Code::OptionInvalid, Some("recording_date")),
        (403, "forbiddenPrivacySetting", Doing::Opening, Code::OptionInvalid, Some("privacy")),
        (403, "forbiddenLicenseSetting", Doing::Opening, Code::OptionInvalid, Some("licence")),
        (400, "invalidImage", Doing::Thumbnail, Code::FileUnsupported, Some("thumbnail")),
        (404, "playlistNotFound", Doing::Playlist, Code::OptionInvalid, Some("playlist")),
        (
            403,
            "playlistContainsMaximumNumberOfVideos",
            Doing::Playlist,
            Code::OptionInvalid,
            Some("playlist"),
        ),
        (403, "forbidden", Doing::Thumbnail, Code::PermissionMissing, None),
        (403, "forbidden", Doing::Updating, Code::Refused, None),
        (403, "accessNotConfigured", Doing::Opening, Code::AppRefused, None),
        (401, "youtubeSignupRequired", Doing::Opening, Code::NoChannel, None),
        (403, "channelSuspended", Doing::Opening, Code::NoChannel, None),
        (404, "videoNotFound", Doing::Updating, Code::NotFound, None),
        (413, "", Doing::Bytes, Code::FileTooLarge, None),
    ] {
        let got = refused(fault(&google(status, reason), doing));
        assert_eq!(got, (code, field.map(str::to_string)), "{status} {reason}");
    }
}

#[test]
fn the_rest_is_signed_in_again_tried_again_or_strange() {
    use Fault::*;
    assert!(matches!(fault(&google(401, "authError"), Doing::Reading), SignIn { .. }));
    assert!(
        matches!(fault(&html(401), Doing::Reading), Strange { .. }),
        "a proxy's 401 is not about our token (C29)"
    );
    let bare = headed(html(401), "www-authenticate", "Bearer realm=\"https://accounts.google.com/\"");
    assert!(matches!(fault(&bare, Doing::Bytes), SignIn { .. }));
    assert!(matches!(
        fault(&google(403, "insufficientPermissions"), Doing::Reading),
        Permission { scope: Some(_), .. }
    ));
    let newer = json!({ "error": { "code": 403, "message": "no", "status": "PERMISSION_DENIED",
        "errors": [{ "reason": "forbidden" }], "details": [{ "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }] } });
    assert!(matches!(fault(&reply(403, newer), Doing::Thumbnail), Permission { .. }));
    for status in [500, 502, 503, 504, 408] {
        assert!(matches!(fault(&html(status), Doing::Reading), Again { .. }), "{status}");
    }
    assert!(
        matches!(fault(&google(404, "videoNotFound"), Doing::Playlist), Again { .. }),
        "a new video may lag"
    );
    for status in [0, 100, 200, 204, 302, 400, 403, 409, 418] {
        assert!(matches!(fault(&html(status), Doing::Reading), Strange { .. }), "{status}");
    }
}

#[test]
fn details_keep_the_text_and_cut_secrets() {
    let said = reply(
        400,
        json!({ "error": { "code": 400,
        "message": "Bad <a href=\"/x\">thing</a> at https://www.googleapis.com/upload?upload_id=AbC with ya29.a0AfTokenToken",
        "errors": [{ "reason": "somethingNew" }] } }),
    );
    let Fault::Strange { detail } = fault(&said, Doing::Bytes) else { panic!() };
    assert_eq!(detail, "HTTP 400 somethingNew Bad thing at <address> with <cut>");
}

#[test]
fn a_hotels_page_is_no_listing() {
    let house = House::begin(job()).hears(session()).hears(uploaded());
    assert!(matches!(house.fails(html(200)), Fault::Strange { .. }));
    assert!(matches!(house.fails(reply(200, json!({}))), Fault::Strange { .. }));
    assert!(matches!(house.fails(reply(200, json!([1]))), Fault::Strange { .. }));
    assert!(matches!(House::begin(job()).fails(html(200)), Fault::Strange { .. }), "and opens no session");
}

#[test]
fn who_am_i() {
    let question = Question::WHO;
    assert_eq!(AnyPlatform::ask(&YouTube, &question, &JobAccount::default()).name, "channels.list");
    let answer = |reply: Reply| AnyPlatform::answer(&YouTube, &Question::WHO, &JobAccount::default(), &reply);
    let channel = json!({ "id": "UCalice", "snippet": { "title": "Alice", "customUrl": "@alice" },
        "contentDetails": { "relatedPlaylists": { "uploads": "UUalice" } }, "status": { "longUploadsStatus": "eligible" } });
    let Ok(Answer::Identities { found, .. }) = answer(list(json!([channel]))) else { panic!() };
    let [alice] = found.as_slice() else { panic!() };
    assert_eq!((alice.remote_id.as_str(), alice.handle.as_deref()), ("UCalice", Some("@alice")));
    assert_eq!(alice.url.as_deref(), Some("https://www.youtube.com/channel/UCalice"));
    assert_eq!(alice.live["uploads_playlist"], "UUalice");
    assert_eq!(alice.live["long_uploads"], "eligible");
    // Nobody documents which of the two shapes a Google account without a channel gets.
    let empty =
        reply(200, json!({ "kind": "youtube#channelListResponse", "pageInfo": { "totalResults": 0 } }));
    assert_eq!(refused(answer(empty).unwrap_err()).0, Code::NoChannel);
    assert_eq!(refused(answer(google(401, "youtubeSignupRequired")).unwrap_err()).0, Code::NoChannel);
}

#[test]
fn live_lists() {
    let live = |what: &str, items: Value| {
        AnyPlatform::answer(
            &YouTube,
            &Question::Live { what: what.into() },
            &JobAccount::default(),
            &list(items),
        )
    };
    let categories = live(
        "categories",
        json!([
            { "id": "22", "snippet": { "title": "People & Blogs", "assignable": true } },
            { "id": "30", "snippet": { "title": "Movies", "assignable": false } },
        ]),
    );
    let people = Choice { value: "22".into(), label: "People & Blogs".into() };
    assert_eq!(categories, Ok(Answer::Live(vec![people])), "what cannot be chosen is not offered");
    let playlists =
        live("playlists", json!([{ "id": "PLx", "snippet": { "title": "Bread" } }, { "no": "id" }]));
    assert_eq!(playlists, Ok(Answer::Live(vec![Choice { value: "PLx".into(), label: "Bread".into() }])));
    assert!(matches!(live("moons", json!([])), Err(Fault::Strange { .. })));
}
