//! What is told before anything is sent (C27).

use super::*;
use slipway_core::problem::Code::{self, *};
use slipway_core::problem::Fix;

fn check(job: &Job) -> Vec<(Code, bool, String)> {
    let told = AnyPlatform::check(&Instagram, job);
    let field = |fix: &Fix| match fix {
        Fix::Edit { field } => field.clone(),
        _ => String::new(),
    };
    told.iter().map(|problem| (problem.code, problem.blocks(), field(&problem.fix))).collect()
}

fn says(job: &Job, want: &[(Code, bool, &str)]) {
    let want: Vec<_> = want.iter().map(|(code, blocks, field)| (*code, *blocks, field.to_string())).collect();
    assert_eq!(check(job), want);
}

fn story() -> Job {
    let mut job = with(job(), "kind", json!("story"));
    job.words.caption = String::new();
    job.account.live = json!({ "account_type": "BUSINESS" });
    job
}

fn captioned(caption: &str) -> Job {
    Job { words: Words { title: String::new(), caption: caption.into() }, ..job() }
}

#[test]
fn a_plain_reel_a_story_and_several_videos_may_go() {
    says(&job(), &[]);
    says(&story(), &[]);
    says(&several(job(), 9), &[]);
    says(&by_address(), &[]);
}

#[test]
fn stories_are_short_small_and_wordless() {
    let mut long = story();
    long.media.duration_ms = Some(60_001);
    says(&long, &[(FileTooLong, true, "")]);
    let mut large = story();
    large.media.size = 100_000_001;
    says(&large, &[(FileTooLarge, true, "")]);
    let mut narrow = story();
    (narrow.media.width, narrow.media.height) = (Some(100), Some(1900));
    says(&narrow, &[(FileUnsupported, true, "")]);
    let mut worded = story();
    worded.words.caption = "A cake".into();
    says(&worded, &[(OptionInvalid, false, "caption")]);
    says(&several(story(), 1), &[(OptionInvalid, true, "kind")]);
    let mut reel = job();
    reel.media.duration_ms = Some(899_000);
    says(&reel, &[]);
}

#[test]
fn stories_of_other_than_business_accounts_are_warned_about() {
    for (live, warned) in [
        (json!({ "account_type": "business" }), false),
        (json!({ "account_type": "MEDIA_CREATOR" }), true),
        (json!({ "account_type": "CREATOR" }), true),
        // By Facebook Login nothing tells.
        (json!({}), true),
    ] {
        let mut job = story();
        job.account.live = live.clone();
        let want: &[(Code, bool, &str)] = if warned { &[(OptionInvalid, false, "kind")] } else { &[] };
        says(&job, want);
        job.options.remove("kind");
        says(&job, &[]);
    }
}

#[test]
fn several_videos_are_short_each_and_leave_out_what_only_a_reel_has() {
    let mut long = several(job(), 2);
    long.more[1].duration_ms = Some(61_000);
    says(&long, &[(FileTooLong, true, "more_videos")]);
    let mut short = several(job(), 1);
    short.media.duration_ms = Some(2999);
    says(&short, &[(FileTooLong, true, "more_videos")]);
    let dressed =
        with(with(several(job(), 1), "audio_name", json!("Kneading")), "share_to_feed", json!(true));
    says(&dressed, &[(OptionInvalid, false, "more_videos")]);
    let problems = AnyPlatform::check(&Instagram, &dressed);
    assert!(problems[0].message.ends_with("Name of the sound."), "what is at its default is not named");
    says(&several(by_address(), 1), &[(OptionInvalid, true, "more_videos")]);
}

#[test]
fn hashtags_and_mentions_are_counted() {
    let row = |sign: &str, count: usize| {
        (0..count).map(|n| format!("{sign}bread{n}")).collect::<Vec<_>>().join(" ")
    };
    says(&captioned(&row("#", 30)), &[]);
    says(&captioned(&row("#", 31)), &[(TextTooLong, true, "caption")]);
    says(&captioned(&row("@", 20)), &[]);
    says(&captioned(&row("@", 21)), &[(TextTooLong, true, "caption")]);
    says(&captioned(&format!("{} # #! a#b mail@example.com", row("#", 30))), &[]);
    says(&captioned(&format!("{}#rye", row("#", 30))), &[(TextTooLong, true, "caption")]);
    says(&captioned(&format!("{} #パン", row("#", 30))), &[(TextTooLong, true, "caption")]);
}

#[test]
fn options_that_cannot_be_meant_are_told() {
    says(&with(job(), "thumb_offset", json!(44_999)), &[]);
    says(&with(job(), "thumb_offset", json!(45_000)), &[(OptionInvalid, true, "thumb_offset")]);
    says(&with(job(), "location_id", json!("123456")), &[]);
    says(&with(job(), "location_id", json!("Berlin")), &[(OptionInvalid, true, "location_id")]);
    says(&with(job(), "collaborators", json!(["@bob", "rye.and_wheat"])), &[]);
    says(&with(job(), "collaborators", json!(["bob smith"])), &[(OptionInvalid, true, "collaborators")]);
    says(&with(job(), "user_tags", json!("bob, ünal")), &[(OptionInvalid, true, "user_tags")]);
    says(&with(job(), "paid_partnership", json!(true)), &[]);
    says(&with(by_address(), "paid_partnership", json!(true)), &[(OptionInvalid, true, "paid_partnership")]);
}

#[test]
fn addresses_must_be_such_that_instagram_can_fetch_them() {
    for good in [
        "https://cdn.example.com/a.mp4",
        "https://example.org:8443/a?b=c",
        "https://пример.рф/a",
        "https://xn--e1afmkfd.xn--p1ai/a",
    ] {
        says(&with(by_address(), "video_url", json!(good)), &[]);
        says(&with(job(), "cover_url", json!(good)), &[]);
    }
    for bad in [
        "http://cdn.example.com/a.mp4",
        "https://localhost/a",
        "https://127.0.0.1/a",
        "https://192.168.1.7/a",
        "https://[::1]/a",
        "https://printer.local/a",
        "https://alice:secret@example.com/a",
        "https://example.com/a b",
        "https://",
        "file:///home/alice/a.mp4",
        "/home/alice/a.mp4",
    ] {
        says(&with(by_address(), "video_url", json!(bad)), &[(OptionInvalid, true, "video_url")]);
        says(&with(job(), "cover_url", json!(bad)), &[(OptionInvalid, true, "cover_url")]);
    }
}

#[test]
fn by_instagram_login_nothing_goes_without_an_address_c25() {
    let mut bare = by_address();
    bare.options.remove("video_url");
    says(&bare, &[(OptionMissing, true, "video_url")]);
    let mut story = with(by_address(), "kind", json!("story"));
    story.words.caption = String::new();
    story.account.live = json!({ "account_type": "BUSINESS" });
    says(&story, &[]);
    says(
        &with(job(), "video_url", json!("https://cdn.example.com/a.mp4")),
        &[(OptionInvalid, false, "video_url")],
    );
}

#[test]
fn a_full_day_is_told_where_it_matters() {
    let full = |mut job: Job, usage: u64| {
        job.account.live["terms"] = json!({ "quota_usage": usage, "quota_total": 50 });
        job
    };
    says(&full(job(), 49), &[]);
    says(&full(job(), 50), &[(AccountLimit, false, "")]);
    says(&full(due_in(23 * HOUR), 50), &[(AccountLimit, false, "")]);
    says(&full(due_in(25 * HOUR), 50), &[]);
}
