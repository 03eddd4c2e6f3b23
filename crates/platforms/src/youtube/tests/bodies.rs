//! What exactly is said to YouTube.

use super::*;
use crate::youtube::write;
use slipway_core::problem::Code;

#[test]
fn every_facts_default_is_json_and_every_host_is_listed() {
    let facts = AnyPlatform::facts(&YouTube);
    for option in facts.options {
        if let Some(default) = option.default {
            assert!(serde_json::from_str::<Value>(default).is_ok(), "{}", option.key);
        }
        assert!(!option.required || option.default.is_some(), "{} would block the command line", option.key);
    }
    let Some(RevokeFact::RefreshToken { at: revoke }) = facts.sign_in.revoke else { panic!() };
    for (host, path) in [facts.sign_in.authorize, facts.sign_in.token, revoke] {
        assert!(facts.hosts.contains(&host) && path.starts_with('/'));
    }
    assert!(crate::by_id("youtube").is_some() && crate::by_id("yt").is_none());
}

#[test]
fn a_bare_title_says_privacy_and_both_declarations() {
    let house = House::begin(job());
    assert_eq!(asks(house.call(), "part").as_deref(), Some("snippet,status"));
    assert_eq!(asks(house.call(), "notifySubscribers").as_deref(), Some("true"));
    assert_eq!(header(house.call(), "x-upload-content-length").as_deref(), Some("3000000"));
    assert_eq!(header(house.call(), "x-upload-content-type").as_deref(), Some("video/mp4"));
    assert_eq!(header(house.call(), "slug"), None);
    insta::assert_json_snapshot!(body(house.call()), @r#"
    {
      "snippet": {
        "categoryId": "22",
        "description": "How to bake",
        "title": "Bread"
      },
      "status": {
        "containsSyntheticMedia": false,
        "embeddable": true,
        "license": "youtube",
        "privacyStatus": "public",
        "publicStatsViewable": true,
        "selfDeclaredMadeForKids": false
      }
    }
    "#);
}

fn full() -> Job {
    let mut job = due_in(3600);
    for (key, value) in [
        ("category", json!("27")),
        ("tags", json!(["sour dough", " rye ", ""])),
        ("made_for_kids", json!(true)),
        ("synthetic_media", json!("true")),
        ("licence", json!("creativeCommon")),
        ("embeddable", json!(false)),
        ("public_stats", json!(false)),
        ("notify_subscribers", json!(false)),
        ("language", json!("de")),
        ("audio_language", json!("en-GB")),
        ("recording_date", json!("2026-10-02")),
        ("paid_promotion", json!(true)),
    ] {
        job = with(job, key, value);
    }
    job
}

#[test]
fn all_options_at_a_minute() {
    let house = House::begin(full());
    assert_eq!(
        asks(house.call(), "part").as_deref(),
        Some("snippet,status,recordingDetails,paidProductPlacementDetails")
    );
    assert_eq!(asks(house.call(), "notifySubscribers").as_deref(), Some("false"));
    insta::assert_json_snapshot!(body(house.call()), @r#"
    {
      "paidProductPlacementDetails": {
        "hasPaidProductPlacement": true
      },
      "recordingDetails": {
        "recordingDate": "2026-10-02T00:00:00.000Z"
      },
      "snippet": {
        "categoryId": "27",
        "defaultAudioLanguage": "en-GB",
        "defaultLanguage": "de",
        "description": "How to bake",
        "tags": [
          "sour dough",
          "rye"
        ],
        "title": "Bread"
      },
      "status": {
        "containsSyntheticMedia": true,
        "embeddable": false,
        "license": "creativeCommon",
        "privacyStatus": "private",
        "publicStatsViewable": false,
        "publishAt": "2026-11-30T01:53:20Z",
        "selfDeclaredMadeForKids": true
      }
    }
    "#);
}

/// As YouTube Studio left it: with a tag, a category and a location we never set, and read-only fields.
fn as_studio_left_it() -> Value {
    json!({
        "id": "vid7", "etag": "e",
        "snippet": { "title": "Old", "description": "old", "categoryId": "10", "tags": ["studio"],
            "channelId": "UCalice", "publishedAt": "2026-11-30T10:00:00Z", "localized": { "title": "Old" } },
        "status": { "privacyStatus": "private", "publishAt": "2026-12-24T18:00:00Z", "license": "creativeCommon",
            "embeddable": false, "publicStatsViewable": true, "selfDeclaredMadeForKids": true, "madeForKids": true,
            "uploadStatus": "processed", "containsSyntheticMedia": false },
        "recordingDetails": { "location": { "latitude": 1.5 } },
    })
}

#[test]
fn an_edit_keeps_what_studio_changed_and_it_does_not_manage_c38() {
    let job = with(due_in(3600), "recording_date", json!("2026-10-02"));
    let (parts, body) = write::amend_body(&job, &as_studio_left_it());
    assert_eq!(parts, "snippet,status,recordingDetails");
    insta::assert_json_snapshot!(body, @r#"
    {
      "id": "vid7",
      "recordingDetails": {
        "location": {
          "latitude": 1.5
        },
        "recordingDate": "2026-10-02T00:00:00.000Z"
      },
      "snippet": {
        "categoryId": "10",
        "description": "How to bake",
        "tags": [
          "studio"
        ],
        "title": "Bread"
      },
      "status": {
        "containsSyntheticMedia": false,
        "embeddable": false,
        "license": "creativeCommon",
        "privacyStatus": "private",
        "publicStatsViewable": true,
        "publishAt": "2026-11-30T01:53:20Z",
        "selfDeclaredMadeForKids": true
      }
    }
    "#);
}

#[test]
fn an_edit_overrides_what_the_user_said() {
    let mut job = full();
    job.due = None;
    let (_, body) = write::amend_body(&job, &as_studio_left_it());
    assert_eq!(body["snippet"]["tags"], json!(["sour dough", "rye"]));
    assert_eq!(body["snippet"]["categoryId"], "27");
    assert_eq!(body["status"]["privacyStatus"], "public");
    assert_eq!(body["status"].get("publishAt"), None, "its time was taken away: it goes public now");
    let (_, body) = write::amend_body(&with(job, "tags", json!([])), &as_studio_left_it());
    assert_eq!(body["snippet"]["tags"], json!([]), "no tags said is no tags");
}

#[test]
fn unknown_kinds_of_file_go_as_bytes() {
    for (mime, want) in [
        ("video/webm", "video/webm"),
        ("", "application/octet-stream"),
        ("audio/mp3", "application/octet-stream"),
    ] {
        let mut job = job();
        job.media.mime = mime.into();
        assert_eq!(write::content_type(&job), want);
    }
}

#[test]
fn rules_that_facts_cannot_say() {
    use slipway_core::problem::Code::{self, *};
    let check = |job: &Job| -> Vec<(Code, bool)> {
        AnyPlatform::check(&YouTube, job).iter().map(|problem| (problem.code, problem.blocks())).collect()
    };
    let none: Vec<(Code, bool)> = Vec::new();
    assert_eq!(check(&job()), none);
    assert_eq!(check(&full()), none);
    let mut blank = job();
    blank.words.title = "  ".into();
    assert_eq!(check(&blank), [(TextMissing, true)]);
    // 166 tags of two letters and their 165 commas: 497. One more of two makes 500, of three 501.
    let mut tags = vec!["ab"; 166];
    tags.push("ab");
    assert_eq!(check(&with(job(), "tags", json!(tags))), none);
    tags.push("");
    assert_eq!(check(&with(job(), "tags", json!(tags))), none, "an empty tag is none");
    tags[0] = "abc";
    assert_eq!(check(&with(job(), "tags", json!(tags))), [(TextTooLong, true)]);
    tags[0] = "a ";
    assert_eq!(check(&with(job(), "tags", json!(tags))), none, "blanks at the edge are cut");
    assert_eq!(check(&with(job(), "tags", json!("a<b"))), [(TextIllegal, true)]);
    let mut long = job();
    long.media.duration_ms = Some(15 * 60 * 1000 + 1);
    assert_eq!(check(&long), none);
    long.account.live = json!({ "long_uploads": "eligible" });
    assert_eq!(check(&long), [(FileTooLong, false)]);
    assert_eq!(check(&with(job(), "recording_date", json!("2999-01-01"))), [(OptionInvalid, true)]);
    assert_eq!(check(&with(job(), "captions", json!("a.srt"))), [(OptionMissing, true)]);
    assert_eq!(check(&with(with(job(), "captions", json!("a.srt")), "language", json!("en"))), none);
    assert_eq!(check(&with(due_in(60), "privacy", json!("private"))), [(OptionInvalid, false)]);
}

#[test]
fn tags_are_counted_as_youtube_counts() {
    use crate::youtube::check::tags_count;
    for (tags, want) in
        [(vec!["Foo-Baz"], 7), (vec!["Foo Baz"], 9), (vec!["Foo", "Baz"], 7), (vec![], 0), (vec!["ключ"], 4)]
    {
        let tags: Vec<String> = tags.into_iter().map(str::to_string).collect();
        assert_eq!(tags_count(&tags), want, "{tags:?}");
    }
}

#[test]
fn uploads_alone_ask_for_less_and_refuse_what_takes_more() {
    let sign_in = &AnyPlatform::facts(&YouTube).sign_in;
    let asked = |manage: bool| -> Vec<&str> {
        let flags = [("manage".to_string(), manage)].into();
        sign_in.scopes_for(&flags).filter_map(|scope| scope.scope.rsplit('/').next()).collect()
    };
    assert_eq!(asked(true), ["youtube.force-ssl"]);
    assert_eq!(asked(false), ["youtube.upload", "youtube.readonly"]);
    let said = |mut job: Job, manage: bool| -> Vec<(bool, Code)> {
        job.account.app.flags.insert("manage".into(), manage);
        AnyPlatform::check(&YouTube, &job).iter().map(|problem| (problem.blocks(), problem.code)).collect()
    };
    let captioned = with(with(job(), "captions", json!("/a.srt")), "captions_language", json!("en"));
    for (job, want) in [
        (job(), None),
        (due_in(3600), Some(false)),
        (with(due_in(3600), "privacy", json!("unlisted")), Some(true)),
        (with(job(), "playlist", json!("PL1")), Some(true)),
        (captioned, Some(true)),
        (Job { errand: Errand::Amend, ..job() }, Some(true)),
    ] {
        let want = Vec::from_iter(want.map(|blocks| (blocks, Code::PermissionMissing)));
        assert_eq!(said(job.clone(), false), want, "{:?}", job.options);
        assert_eq!(said(job, true), []);
    }
}
