//! Facts that hold together, and what exactly is said to Facebook with all options.

use super::*;
use crate::facebook::write;

#[test]
fn every_facts_default_is_json_and_every_host_is_listed() {
    let facts = AnyPlatform::facts(&Facebook);
    for option in facts.options {
        if let Some(default) = option.default {
            assert!(serde_json::from_str::<Value>(default).is_ok(), "{}", option.key);
        }
        assert!(!option.required || option.default.is_some(), "{} would block the command line", option.key);
        if let Some((other, _)) = option.depends_on {
            assert!(facts.option(other).is_some());
        }
        assert!(!option.as_of.is_empty(), "{} has no date", option.key);
    }
    let Some(RevokeFact::Delete { at: revoke }) = facts.sign_in.revoke else { panic!() };
    let Renew::Exchange { long, again, days } = &facts.sign_in.renew else { panic!() };
    for (host, path) in [facts.sign_in.authorize, facts.sign_in.token, revoke, long.at, again.at] {
        assert!(facts.hosts.contains(&host) && path.starts_with("/v25.0/"));
    }
    assert_eq!(*days, 60);
    assert_eq!(facts.sign_in.required_scopes().count(), 3);
    assert!(crate::by_id("facebook").is_some());
}

#[test]
fn a_reel_with_all_options_at_a_minute() {
    let mut job = with(due_in(3600, job()), "place", json!("123"));
    // Those of a video are none of a reel's.
    job = with(with(job, "category", json!("MUSIC")), "embeddable", json!(false));
    let house = House::begin(job).hears(started()).hears(yes()).hears(whole());
    insta::assert_json_snapshot!(form(house.call()), @r#"
    {
      "description": "How to bake",
      "place": "123",
      "scheduled_publish_time": "1796003600",
      "title": "Bread",
      "upload_phase": "finish",
      "video_id": "900",
      "video_state": "SCHEDULED"
    }
    "#);
}

#[test]
fn a_video_with_all_options_at_a_minute() {
    let mut job = with(due_in(3600, film()), "category", json!("MUSIC"));
    job = with(with(job, "embeddable", json!(false)), "place", json!("123"));
    let house = House::begin(job).hears(ok(json!({ "id": SESSION }))).hears(ok(json!({ "h": "h" })));
    insta::assert_json_snapshot!(form(house.call()), @r#"
    {
      "content_category": "MUSIC",
      "description": "How to bake",
      "embeddable": "false",
      "fbuploader_video_file_chunk": "h",
      "published": "false",
      "scheduled_publish_time": "1796003600",
      "title": "Bread"
    }
    "#);
}

#[test]
fn empty_words_are_left_out() {
    let mut job = job();
    job.words = Words { title: " ".into(), caption: "\n".into() };
    let house = House::begin(job).hears(started()).hears(yes()).hears(whole());
    assert_eq!(
        form(house.call()),
        json!({ "upload_phase": "finish", "video_id": "900", "video_state": "PUBLISHED" })
    );
}

#[test]
fn languages_become_locales() {
    for (language, want) in [
        ("en", "en_US"),
        ("en-GB", "en_GB"),
        ("pt-BR", "pt_BR"),
        ("pt", "pt_BR"),
        ("ja", "ja_JP"),
        ("ru", "ru_RU"),
        ("de", "de_DE"),
        ("zh-Hant", "zh_TW"),
        ("zh-Hans-CN", "zh_CN"),
        ("zh", "zh_CN"),
        ("es", "es_LA"),
    ] {
        assert_eq!(write::locale(language), want, "{language}");
    }
}
