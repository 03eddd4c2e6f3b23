//! The posting screen that TikTok prescribes, point by point, and what is said before anything is sent (C27).

use super::*;
use crate::tiktok::facts::FACTS;
use slipway_core::check::{self, Terms};

/// Facts' rules and our own, as the composer gets them: code, field, does it block.
fn said(job: &Job) -> Vec<(Code, Option<String>, bool)> {
    let mut problems = check::check(&FACTS, job, Terms::default());
    problems.extend(AnyPlatform::check(&TikTok, job));
    problems.iter().map(|problem| (problem.code, field(problem).map(Into::into), problem.blocks())).collect()
}

fn block(code: Code, field: &str) -> (Code, Option<String>, bool) {
    (code, Some(field.into()), true)
}

const NONE: [(Code, Option<String>, bool); 0] = [];

#[test]
fn a_post_that_is_right_has_nothing_against_it() {
    assert_eq!(said(&job()), NONE);
    assert_eq!(said(&with(unaudited(draft(job())), "mode", json!("inbox")))[0].0, Code::FinishThere);
    let mut silent = draft(job());
    silent.words.caption = String::new();
    assert_eq!(said(&silent), NONE);
}

#[test]
fn privacy_has_no_default_and_only_the_accounts_own_choices() {
    let mut job = job();
    job.options.remove("privacy");
    assert_eq!(said(&job), [block(Code::OptionMissing, "privacy")]);
    assert_eq!(
        said(&with(job, "privacy", json!("FOLLOWER_OF_CREATOR"))),
        [block(Code::OptionInvalid, "privacy")]
    );
}

#[test]
fn interactions_are_off_at_first_and_stay_off_where_the_account_forbids_them() {
    for key in ["allow_comment", "allow_duet", "allow_stitch", "disclosure", "your_brand", "branded_content"]
    {
        assert_eq!(FACTS.option(key).unwrap().default, Some("false"), "{key}");
    }
    assert_eq!(said(&with(job(), "allow_comment", json!(true))), NONE);
    assert_eq!(said(&with(job(), "allow_stitch", json!(true))), [block(Code::OptionInvalid, "allow_stitch")]);
}

#[test]
fn a_disclosure_says_whom_it_promotes() {
    let open = with(job(), "disclosure", json!(true));
    assert_eq!(said(&open), [block(Code::OptionMissing, "disclosure")]);
    let problems = AnyPlatform::check(&TikTok, &open);
    assert_eq!(
        problems[0].message,
        "You need to indicate if your content promotes yourself, a third party, or both."
    );
    for key in ["your_brand", "branded_content"] {
        assert_eq!(said(&with(open.clone(), key, json!(true))), NONE, "{key}");
    }
    // A box below a switch that is off is out of force.
    assert_eq!(said(&with(job(), "branded_content", json!(true))), NONE);
}

#[test]
fn branded_content_is_never_private() {
    let branded = with(with(job(), "disclosure", json!(true)), "branded_content", json!(true));
    let private = with(branded, "privacy", json!("SELF_ONLY"));
    assert_eq!(
        said(&private),
        [block(Code::OptionInvalid, "privacy"), block(Code::OptionInvalid, "branded_content")]
    );
    for key in ["privacy", "branded_content"] {
        let why = FACTS.option(key).unwrap().excludes[0].why;
        assert_eq!(why, "Branded content visibility cannot be set to private.");
    }
    assert_eq!(said(&with(private, "branded_content", json!(false)))[0].0, Code::OptionMissing);
}

#[test]
fn the_declaration_is_given_by_hand_in_tiktoks_words() {
    let mut job = job();
    job.options.remove("consent");
    assert_eq!(said(&job), [block(Code::OptionMissing, "consent")]);
    let OptionKind::Consent { says } = &FACTS.option("consent").unwrap().kind else { panic!() };
    let [plain, branded] = says else { panic!() };
    assert_eq!(plain.text, "By posting, you agree to TikTok's Music Usage Confirmation");
    assert_eq!(plain.when, None);
    assert_eq!(
        branded.text,
        "By posting, you agree to TikTok's Branded Content Policy and Music Usage Confirmation"
    );
    assert_eq!(branded.when, Some(("branded_content", ["true"].as_slice())));
    assert_eq!(branded.links.len(), 2);
    for (label, link) in plain.links.iter().chain(branded.links) {
        assert!(
            link.starts_with("https://www.tiktok.com/legal/page/global/") && branded.text.contains(label)
        );
    }
}

#[test]
fn a_draft_asks_for_none_of_this() {
    for option in FACTS.options.iter().filter(|option| option.required && option.key != "mode") {
        assert_eq!(option.depends_on, Some(("mode", ["direct"].as_slice())), "{}", option.key);
    }
    assert_eq!(said(&draft(job())), [(Code::FinishThere, Some("caption".into()), false)]);
}

#[test]
fn an_app_that_was_not_audited_is_told_before_anything_is_sent() {
    // The account is public, so even "only me" would be refused.
    for level in ["PUBLIC_TO_EVERYONE", "SELF_ONLY"] {
        let job = with(unaudited(job()), "privacy", json!(level));
        assert_eq!(said(&job), [block(Code::NotAudited, "mode")], "{level}");
    }
    let mut private = unaudited(job());
    private.account.live =
        json!({ "terms": { "privacy_level_options": ["FOLLOWER_OF_CREATOR", "SELF_ONLY"] } });
    let choose = |level: &str| said(&with(private.clone(), "privacy", json!(level)));
    assert_eq!(choose("FOLLOWER_OF_CREATOR"), [block(Code::NotAudited, "privacy")]);
    assert_eq!(choose("SELF_ONLY"), NONE);
    // Before the terms are known.
    private.account.live = Value::Null;
    assert_eq!(said(&with(private.clone(), "privacy", json!("SELF_ONLY"))), NONE);
    assert_eq!(
        said(&with(private, "privacy", json!("PUBLIC_TO_EVERYONE"))),
        [block(Code::NotAudited, "privacy")]
    );
    let mut silent = unaudited(draft(job()));
    silent.words.caption = String::new();
    assert_eq!(said(&silent), NONE, "drafts are free of it");
}

#[test]
fn a_video_longer_than_the_account_may_post_is_refused() {
    let long = |job: Job, ms| {
        let mut job = job;
        job.media.duration_ms = Some(ms);
        said(&job).into_iter().map(|(code, ..)| code).filter(|code| *code == Code::FileTooLong).count()
    };
    assert_eq!((long(job(), 600_000), long(job(), 600_001)), (0, 1), "as its terms say");
    let mut hour = job();
    hour.account.live["terms"]["max_video_post_duration_sec"] = 3600.into();
    assert_eq!((long(hour.clone(), 3_600_000), long(hour.clone(), 3_600_001)), (0, 1));
    assert_eq!(
        (long(draft(hour.clone()), 600_000), long(draft(hour), 600_001)),
        (0, 1),
        "ten minutes for a draft"
    );
}

#[test]
fn files_tiktok_does_not_take() {
    let wrong = |change: &dyn Fn(&mut JobMedia)| {
        let mut job = job();
        change(&mut job.media);
        said(&job).into_iter().map(|(code, ..)| code).collect::<Vec<_>>()
    };
    assert_eq!(wrong(&|media| media.mime = "video/x-matroska".into()), [Code::FileUnsupported]);
    assert_eq!(wrong(&|media| media.size = 4_000_000_001), [Code::FileTooLarge]);
    assert_eq!(wrong(&|media| media.width = Some(359)), [Code::FileUnsupported]);
    assert_eq!(wrong(&|media| media.height = Some(4097)), [Code::FileUnsupported]);
    assert_eq!(wrong(&|media| media.frame_rate = Some(15.0)), [Code::FileUnsupported]);
    assert_eq!(wrong(&|media| media.frame_rate = Some(120.0)), [Code::FileUnsupported]);
    assert_eq!(wrong(&|media| media.codec = Some("av1".into())), [Code::FileUnsupported]);
    for codec in [Some("hevc"), Some("vp8"), Some("vp9"), Some("unknown"), None] {
        assert_eq!(wrong(&|media| media.codec = codec.map(Into::into)), [], "{codec:?}");
    }
}

#[test]
fn captions_are_counted_in_utf16() {
    let caption =
        |text: &str| said(&Job { words: Words { caption: text.into(), ..Words::default() }, ..job() });
    assert_eq!(caption(&"🍞".repeat(1100)), NONE);
    assert_eq!(caption(&"🍞".repeat(1101)), [block(Code::TextTooLong, "caption")]);
    assert_eq!(caption(""), NONE, "no caption is fine");
}

#[test]
fn warnings_stop_nothing() {
    let late_cover = with(job(), "cover_ms", json!(45_001));
    assert_eq!(said(&late_cover), [(Code::OptionInvalid, Some("cover_ms".into()), false)]);
    assert_eq!(said(&with(job(), "cover_ms", json!(45_000))), NONE);
    let mut slow = job();
    slow.pace.bytes_per_s = Some(19_000);
    assert_eq!(said(&slow), [(Code::FileTooLarge, None, false)], "an hour and no more");
    slow.pace.bytes_per_s = Some(20_000);
    assert_eq!(said(&slow), NONE);
}

#[test]
fn drafts_need_an_app_that_asks_for_them() {
    let codes = |drafts: bool| -> Vec<(bool, Code)> {
        let mut job = with(job(), "mode", json!("inbox"));
        job.words.caption = String::new();
        job.account.app.flags.insert("drafts".into(), drafts);
        AnyPlatform::check(&TikTok, &job).iter().map(|problem| (problem.blocks(), problem.code)).collect()
    };
    assert!(!codes(true).contains(&(true, Code::PermissionMissing)), "{:?}", codes(true));
    assert!(codes(false).contains(&(true, Code::PermissionMissing)), "{:?}", codes(false));
}
