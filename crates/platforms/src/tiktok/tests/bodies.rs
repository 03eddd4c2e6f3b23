//! What exactly is said to TikTok.

use super::*;
use crate::tiktok::facts::FACTS;
use crate::tiktok::write;

#[test]
fn every_facts_default_is_json_and_every_host_is_listed() {
    let facts = AnyPlatform::facts(&TikTok);
    for option in facts.options {
        if let Some(default) = option.default {
            assert!(serde_json::from_str::<Value>(default).is_ok(), "{}", option.key);
        }
        if let Some((key, _)) = option.depends_on {
            assert!(facts.option(key).is_some(), "{} hangs on nothing", option.key);
        }
        for rule in option.excludes {
            assert!(facts.option(rule.other).is_some(), "{} excludes nothing", option.key);
        }
        assert!(!option.amendable, "TikTok changes nothing it has");
    }
    let Some(RevokeFact::AccessToken { at: revoke }) = facts.sign_in.revoke else { panic!() };
    for (host, path) in [facts.sign_in.authorize, facts.sign_in.token, revoke] {
        assert!(facts.hosts.contains(&host) && path.starts_with('/') && path.ends_with('/'));
    }
    assert!(crate::by_id("tiktok").is_some());
}

#[test]
fn signing_in_is_as_the_desktop_kit_wants_it() {
    let sign_in = &FACTS.sign_in;
    assert_eq!(sign_in.pkce, Pkce::S256Hex);
    assert_eq!((sign_in.client_id_field, sign_in.scope_separator), ("client_key", ","));
    assert!(sign_in.secret && sign_in.rotates);
    assert_eq!((sign_in.redirect_host, sign_in.redirect_path), ("127.0.0.1", "/callback/"));
    assert_eq!(sign_in.redirects, [RedirectKind::FixedPort]);
    let scopes = |drafts: bool| -> Vec<_> {
        let flags = [("drafts".to_string(), drafts)].into();
        sign_in.scopes_for(&flags).map(|scope| scope.scope).collect()
    };
    assert_eq!(scopes(true), ["user.info.basic", "video.publish", "video.upload"]);
    assert_eq!(
        scopes(false),
        ["user.info.basic", "video.publish"],
        "drafts are asked for where they are wanted"
    );
    assert_eq!(sign_in.extra, [("disable_auto_auth", "1")]);
}

#[test]
fn calls_are_counted_before_tiktok_has_to() {
    let most = |call: &str| FACTS.rates.iter().find(|rate| rate.calls.contains(&call)).unwrap().per_minute;
    for (call, per_minute) in [
        (write::init(&Value::Null, crate::tiktok::chunks::plans(1)[0]), 6),
        (write::init(&json!({}), crate::tiktok::chunks::plans(1)[0]), 6),
        (write::creator_info(), 20),
        (write::status("x"), 30),
        (write::user_info(), 600),
    ] {
        assert_eq!(most(call.name), per_minute, "{}", call.name);
    }
}

#[test]
fn a_bare_caption_allows_nothing_and_says_both_toggles() {
    let house = House::begin(job()).hears(creator());
    assert_eq!(path(house.call()), "/v2/post/publish/video/init/");
    assert_eq!(house.call().auth, Auth::Bearer);
    insta::assert_json_snapshot!(body(house.call()), @r#"
    {
      "post_info": {
        "brand_content_toggle": false,
        "brand_organic_toggle": false,
        "disable_comment": true,
        "disable_duet": true,
        "disable_stitch": true,
        "is_aigc": false,
        "privacy_level": "PUBLIC_TO_EVERYONE",
        "title": "Bread #sourdough"
      },
      "source_info": {
        "chunk_size": 10000000,
        "source": "FILE_UPLOAD",
        "total_chunk_count": 7,
        "video_size": 70000000
      }
    }
    "#);
}

#[test]
fn all_options() {
    let mut job = small(job());
    job.words.caption = "  ".into();
    for (key, value) in [
        ("privacy", json!("MUTUAL_FOLLOW_FRIENDS")),
        ("allow_comment", json!(true)),
        ("allow_duet", json!("true")),
        ("allow_stitch", json!(true)),
        ("disclosure", json!(true)),
        ("your_brand", json!(true)),
        ("branded_content", json!(true)),
        ("ai_generated", json!(true)),
        ("cover_ms", json!(1500)),
    ] {
        job = with(job, key, value);
    }
    insta::assert_json_snapshot!(write::said(&job), @r#"
    {
      "brand_content_toggle": true,
      "brand_organic_toggle": true,
      "disable_comment": false,
      "disable_duet": false,
      "disable_stitch": false,
      "is_aigc": true,
      "privacy_level": "MUTUAL_FOLLOW_FRIENDS",
      "video_cover_timestamp_ms": 1500
    }
    "#);
    // What is ticked below a switch that is off is not said.
    let off = write::said(&with(job, "disclosure", json!(false)));
    assert_eq!((&off["brand_content_toggle"], &off["brand_organic_toggle"]), (&json!(false), &json!(false)));
}

#[test]
fn only_three_kinds_of_file_are_named() {
    for (mime, want) in [
        ("video/mp4", "video/mp4"),
        ("video/x-m4v", "video/mp4"),
        ("video/quicktime", "video/quicktime"),
        ("video/webm", "video/webm"),
    ] {
        let mut job = job();
        job.media.mime = mime.into();
        let house = House::opened(job);
        let Body::File(part) = &house.call().body else { panic!() };
        assert_eq!(part.content_type, want);
    }
    for mime in FACTS.media.mimes {
        assert!(mime.starts_with("video/"), "{mime}");
    }
}
