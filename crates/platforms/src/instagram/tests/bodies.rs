//! What exactly is said to Instagram, and what Facts promise.

use super::*;
use slipway_core::problem::Weight;

#[test]
fn every_facts_default_is_json_and_every_host_is_listed() {
    let facts = AnyPlatform::facts(&Instagram);
    for option in facts.options {
        if let Some(default) = option.default {
            assert!(serde_json::from_str::<Value>(default).is_ok(), "{}", option.key);
        }
        assert!(!option.required || option.default.is_some(), "{} would block the command line", option.key);
        assert!(!option.as_of.is_empty(), "{} has no date", option.key);
        if let Some((other, values)) = option.depends_on {
            let kind = &facts.option(other).unwrap().kind;
            assert!(values.iter().all(|value| kind.choices().iter().any(|choice| choice.value == *value)));
        }
    }
    for way in facts.ways() {
        let mut at = vec![way.authorize, way.token];
        if let Renew::Exchange { long, again, .. } = way.renew {
            at.extend([long.at, again.at]);
        }
        if let Some(RevokeFact::Delete { at: revoke }) = way.revoke {
            at.push(revoke);
        }
        for (host, path) in at {
            assert!(facts.hosts.contains(&host) && path.starts_with('/'), "{host}{path}");
        }
        assert!(way.note.is_some() && !way.label.is_empty(), "two ways are told apart");
        assert!(way.scopes.iter().all(|scope| !scope.why.is_empty()));
    }
    assert!(crate::by_id("instagram").is_some());
}

#[test]
fn the_two_ways_ask_for_what_they_need() {
    let facts = AnyPlatform::facts(&Instagram);
    let required = |way: &SignInFacts| way.required_scopes().map(|scope| scope.scope).collect::<Vec<_>>();
    let [facebook, instagram] = facts.ways().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(
        required(facebook),
        ["instagram_basic", "instagram_content_publish", "pages_show_list", "pages_read_engagement"]
    );
    assert!(facebook.account_tokens && facebook.asks_scopes);
    assert_eq!(required(instagram), ["instagram_business_basic", "instagram_business_content_publish"]);
    assert!(!instagram.account_tokens && !instagram.asks_scopes);
    assert_eq!(instagram.redirects, [RedirectKind::HttpsPage], "neither localhost nor 127.0.0.1 is taken");
    let Renew::Exchange { long, again, days } = instagram.renew else { panic!() };
    assert_eq!((long.grant_type, long.client_secret), ("ig_exchange_token", true));
    assert_eq!((again.grant_type, again.client_secret, days), ("ig_refresh_token", false, 60));
}

#[test]
fn a_bare_reel_says_little() {
    let house = House::begin(job());
    assert_eq!(
        form(house.call()),
        [
            ("media_type", "REELS"),
            ("upload_type", "resumable"),
            ("caption", "How to bake"),
            ("share_to_feed", "true")
        ]
    );
}

fn full(job: Job) -> Job {
    let mut job = job;
    for (key, value) in [
        ("share_to_feed", json!(false)),
        ("thumb_offset", json!(1500)),
        ("cover_url", json!(" https://cdn.example.com/c.jpg ")),
        ("collaborators", json!(["@bob", " carol "])),
        ("user_tags", json!("dave, @erin")),
        ("location_id", json!("123456")),
        ("audio_name", json!("Kneading")),
        ("trial", json!("MANUAL")),
        ("comments", json!(false)),
        ("ai_generated", json!(true)),
        ("paid_partnership", json!("true")),
    ] {
        job = with(job, key, value);
    }
    job
}

#[test]
fn all_options_of_a_reel() {
    assert!(
        AnyPlatform::check(&Instagram, &full(job())).iter().all(|problem| problem.weight == Weight::Warn)
    );
    let house = House::begin(full(job()));
    assert_eq!(
        form(house.call()),
        [
            ("media_type", "REELS"),
            ("upload_type", "resumable"),
            ("caption", "How to bake"),
            ("collaborators", r#"["bob","carol"]"#),
            ("location_id", "123456"),
            ("is_paid_partnership", "true"),
            ("share_to_feed", "false"),
            ("cover_url", "https://cdn.example.com/c.jpg"),
            ("audio_name", "Kneading"),
            ("thumb_offset", "1500"),
            ("user_tags", r#"[{"username":"dave"},{"username":"erin"}]"#),
            ("trial_params", r#"{"graduation_strategy":"MANUAL"}"#),
            ("is_ai_generated", "true"),
        ]
    );
}

#[test]
fn stories_and_several_videos_leave_out_what_they_do_not_have() {
    let story = House::begin(with(full(job()), "kind", json!("story")));
    assert_eq!(
        form(story.call()),
        [("media_type", "STORIES"), ("upload_type", "resumable"), ("is_ai_generated", "true")]
    );
    let house = House::begin(full(several(job(), 1)));
    assert_eq!(
        form(house.call()),
        [("media_type", "VIDEO"), ("upload_type", "resumable"), ("is_carousel_item", "true")]
    );
    let house =
        house.hears(made("18900000000000010")).hears(took()).hears(made("18900000000000011")).hears(took());
    let house = house.hears(stands("FINISHED")).hears(stands("FINISHED"));
    assert_eq!(
        form(house.call()),
        [
            ("media_type", "CAROUSEL"),
            ("children", "18900000000000010,18900000000000011"),
            ("caption", "How to bake"),
            ("collaborators", r#"["bob","carol"]"#),
            ("location_id", "123456"),
            ("is_paid_partnership", "true"),
            ("is_ai_generated", "true"),
        ]
    );
}

#[test]
fn instagram_login_says_nothing_that_only_the_other_way_has() {
    let house = House::begin(full(by_address()));
    let fields = form(house.call());
    assert!(fields.iter().all(|(key, _)| !matches!(*key, "upload_type" | "is_paid_partnership")));
    assert!(fields.contains(&("video_url", "https://cdn.example.com/bread.mp4")));
}

#[test]
fn no_token_stands_in_an_address_or_a_form() {
    let houses = [
        House::begin(job()),
        House::begin(job()).hears(made(BOX)),
        asked_for(),
        published_and_lost(),
        House::begin(by_address()),
    ];
    for house in houses {
        let call = house.call();
        assert!(call.query.iter().all(|(key, _)| *key != "access_token"));
        assert!(
            !matches!(&call.body, Body::Form(fields) if fields.iter().any(|(key, _)| *key == "access_token"))
        );
        let want = if call.is_upload() { Auth::OAuth } else { Auth::Bearer };
        assert_eq!(call.auth, want);
    }
}
