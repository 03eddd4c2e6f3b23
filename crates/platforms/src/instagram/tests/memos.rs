//! Memos outlive the app's versions (C30), and nothing Instagram may answer makes us panic, publish twice or send from a wrong byte.

use super::*;
use crate::instagram::memo::{Container, Media, Memo, Part, Why, Work};
use crate::instagram::write;
use proptest::prelude::*;

fn container(id: &str, there: bool, ready: bool) -> Container {
    Container { id: id.into(), uri: URI.into(), made: at(0), size: SIZE, from: 0, puts: 1, there, ready }
}

/// Alice's work so far; `there` and `ready` of its one container.
fn work(there: bool, ready: bool) -> Work {
    let sent = write::sent(&job());
    let files = vec![container(BOX, there, ready)];
    Work { sent, files, whole: None, renewed: 0, publishes: 0, asked_at: None, doubt: false }
}

fn asked() -> Work {
    Work { publishes: 1, asked_at: Some(at(0)), ..work(true, true) }
}

fn every_memo() -> Vec<Memo> {
    let part = Part::File(0);
    vec![
        Memo::Creating { work: Work { files: Vec::new(), ..work(false, false) }, part },
        Memo::Uploading { work: work(false, false), nth: 0, from: 5 },
        Memo::Asking { work: work(false, false), nth: 0, vague: 1 },
        Memo::Polling { work: work(true, false), part, looks: 2 },
        Memo::Failed { work: work(true, false), part },
        Memo::Staged { work: work(true, true) },
        Memo::Publishing { work: asked() },
        Memo::Checking { work: Work { doubt: true, ..asked() }, looks: 1, finished: 1 },
        Memo::Searching { work: asked(), why: Why::Published, looks: 0 },
        Memo::Searching { work: asked(), why: Why::Finished, looks: 1 },
        Memo::Searching { work: asked(), why: Why::Missing, looks: 1 },
        Memo::Reading { media: Media::new(POST) },
        Memo::Gone,
        Memo::CommentsOff { id: POST.into() },
    ]
}

/// Written once; must stay readable by every later version. Add rows, never change one.
const WRITTEN_2026_11: &[&str] = &[
    r#"{"step":"creating","work":{"sent":{"at":"2026-11-30T00:53:20Z","way":"","files":1,"wishes":{"caption":"Bread"}},"files":[],"whole":null,"renewed":0,"publishes":0,"asked_at":null,"doubt":false},"part":{"file":0}}"#,
    r#"{"step":"creating","work":{"sent":{"at":"2026-11-30T00:53:20Z","way":"","files":2,"wishes":{"caption":"Bread"}},"files":[{"id":"1","uri":"https://u","made":"2026-11-30T00:53:20Z","size":5,"from":0,"puts":1,"there":true,"ready":true}]},"part":"whole"}"#,
    r#"{"step":"uploading","work":{"sent":{"at":"2026-11-30T00:53:20Z","way":"","files":1,"wishes":{}},"files":[{"id":"1","uri":"https://u","made":"2026-11-30T00:53:20Z","size":5}]},"nth":0,"from":3}"#,
    r#"{"step":"asking","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}},"files":[{"id":"1","made":"2026-11-30T00:53:20Z"}]},"nth":0}"#,
    r#"{"step":"polling","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}}},"part":"whole","looks":4}"#,
    r#"{"step":"failed","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}}},"part":{"file":0}}"#,
    r#"{"step":"staged","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}}}}"#,
    r#"{"step":"publishing","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}},"publishes":1,"asked_at":"2026-11-30T00:53:20Z","doubt":true}}"#,
    r#"{"step":"checking","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}}}}"#,
    r#"{"step":"searching","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}}},"why":"published"}"#,
    r#"{"step":"searching","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}}},"why":"finished","looks":1}"#,
    r#"{"step":"searching","work":{"sent":{"at":"2026-11-30T00:53:20Z","files":1,"wishes":{}}},"why":"missing"}"#,
    r#"{"step":"reading","media":{"id":"1"}}"#,
    r#"{"step":"gone"}"#,
    r#"{"step":"comments_off","id":"1"}"#,
];

#[test]
fn memos_written_by_older_versions_stay_readable_c30() {
    let mut steps = std::collections::BTreeSet::new();
    for text in WRITTEN_2026_11 {
        let memo: Memo = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        steps.insert(serde_json::to_value(memo).unwrap()["step"].as_str().unwrap().to_string());
    }
    for memo in every_memo() {
        let value = serde_json::to_value(&memo).unwrap();
        assert!(steps.contains(value["step"].as_str().unwrap()), "no old text for {value}");
        assert_eq!(serde_json::from_value::<Memo>(value).unwrap(), memo);
    }
}

#[test]
fn a_memo_we_cannot_read_is_no_reason_to_begin_again() {
    for memo in ["", "{}", r#"{"step":"dancing"}"#] {
        let step = AnyPlatform::resume(&Instagram, &job(), memo.as_bytes());
        assert!(matches!(step, Err(Fault::Unsure { .. })));
    }
}

#[test]
fn the_upload_address_is_never_printed() {
    for memo in every_memo() {
        let text = format!("{memo:?}");
        assert!(!text.contains("SECRET") && !text.contains("ig-api-upload"), "{text}");
    }
    assert!(!format!("{:?}", House::begin(job()).hears(made(BOX)).call()).contains("SECRET"));
}

#[test]
fn only_a_staged_post_is_published_by_coming_back_to_it_c2() {
    for memo in every_memo() {
        let bytes = serde_json::to_vec(&memo).unwrap();
        let publishes = match AnyPlatform::resume(&Instagram, &job(), &bytes) {
            Ok(Step { act: Act::Send(call), .. }) => call.name == "instagram.publish",
            _ => false,
        };
        assert_eq!(publishes, matches!(memo, Memo::Staged { .. }), "{memo:?}");
    }
}

#[test]
fn memos_of_nonsense_are_lost_or_unsure_and_never_a_panic() {
    for text in WRITTEN_2026_11 {
        let mut job = job();
        job.options = Options::new();
        let _ = AnyPlatform::resume(&Instagram, &job, text.as_bytes());
        for said in
            [stands("FINISHED"), stands("PUBLISHED"), took(), posted(), graph(400, 100, 33), html(200)]
        {
            let _ = AnyPlatform::after(&Instagram, &job, text.as_bytes(), &said);
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------- any answer

fn any_status() -> impl Strategy<Value = u16> {
    let likely = vec![200u16, 201, 204, 400, 401, 403, 404, 429, 500, 503];
    prop_oneof![4 => Just(200u16), 3 => Just(400u16), 2 => proptest::sample::select(likely), 1 => any::<u16>()]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let word = proptest::sample::select(vec![
        json!(BOX),
        json!(POST),
        json!("FINISHED"),
        json!("IN_PROGRESS"),
        json!("PUBLISHED"),
        json!("ERROR"),
        json!("EXPIRED"),
        json!("How to bake"),
        json!("2026-11-30T00:53:21+0000"),
        json!("Error 2207082"),
        json!("https://x.y"),
        json!("complete"),
        json!(null),
        json!(3),
        json!(SIZE),
        json!(SIZE + 1),
        json!(true),
    ]);
    let numbers = proptest::sample::select(vec![
        1i64, 2, 4, 9, 24, 33, 100, 190, 9007, 2_207_008, 2_207_027, 2_207_042,
    ]);
    let known = (word.clone(), word.clone(), word.clone(), word, numbers.clone(), numbers, 0..4u8).prop_map(
        |(a, b, c, d, code, sub, shape)| {
            let item = json!({ "id": a, "caption": b, "timestamp": c, "media_type": d, "permalink": b });
            match shape {
                0 => json!({ "error": { "code": code, "error_subcode": sub, "is_transient": a, "message": b } }),
                1 => json!({ "id": a, "uri": b, "status_code": c, "status": d, "success": b,
                    "video_status": { "uploading_phase": { "status": d, "bytes_transferred": b } } }),
                2 => json!({ "data": [item.clone(), item], "paging": { "next": b, "cursors": { "after": a } } }),
                _ => json!({ "id": a, "permalink": b, "timestamp": c, "success": d,
                    "debug_info": { "retriable": a, "type": b, "message": c } }),
            }
            .to_string()
            .into_bytes()
        },
    );
    prop_oneof![
        6 => known,
        1 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => Just(b"<html>".to_vec()),
        1 => Just(Vec::new())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_makes_us_panic_publish_twice_or_send_from_a_wrong_byte(
        which in 0usize..14,
        status in any_status(),
        body in any_body(),
        known in any::<bool>(),
        late in -100_000i64..100_000,
    ) {
        let memos = every_memo();
        let memo = &memos[which];
        let mut job = due_in(late);
        if known {
            job.remote = Some(crate::instagram::remote(&job, POST));
        }
        let reply = Reply { status, headers: Vec::new(), body, at: Some(at(0)) };
        let bytes = serde_json::to_vec(memo).unwrap();
        let mut steps = vec![AnyPlatform::begin(&Instagram, &job), AnyPlatform::resume(&Instagram, &job, &bytes)];
        let heard = AnyPlatform::after(&Instagram, &job, &bytes, &reply);
        if let Ok(Step { act: Act::Send(call), confirmed, .. }) = &heard {
            let told = reply.json().unwrap_or_default();
            if call.name == "instagram.publish" {
                prop_assert!(!known);
                // Only by the container's own word that it is ready, or after the search that found nothing.
                let by_poll = matches!(memo, Memo::Polling { .. }) && told["status_code"] == "FINISHED";
                let by_search = matches!(memo, Memo::Searching { why: Why::Finished, .. }) && told["data"].is_array();
                let by_asking = matches!(memo, Memo::Asking { .. }) && told["status_code"] == "FINISHED";
                prop_assert!(by_poll || by_search || by_asking, "{memo:?} {told}");
                prop_assert!(status < 300);
            }
            if let Body::File(part) = &call.body {
                prop_assert!(!known);
                let phase = &told["video_status"]["uploading_phase"];
                let want = match memo {
                    Memo::Creating { .. } => Some(0),
                    Memo::Asking { .. } => phase["bytes_transferred"].as_u64(),
                    _ => None,
                };
                prop_assert_eq!(Some(part.from), want, "{:?} {}", memo, told);
                prop_assert_eq!(*confirmed, want);
                prop_assert_eq!(part.from + part.len, SIZE);
            }
        }
        steps.push(heard);
        for step in steps.into_iter().flatten() {
            if let Act::Send(call) = &step.act {
                let opens = matches!(call.name, "instagram.media" | "instagram.upload" | "instagram.publish");
                prop_assert!(!known || !opens, "{} though the post is known", call.name);
                prop_assert!(!opens || step.remote.is_none());
                prop_assert!(call.name != "instagram.media" || step.stage == Stage::Opening);
            }
            if matches!(step.act, Act::Ready { .. }) {
                prop_assert!(job.ahead().is_some() && step.remote.is_none());
            }
            // Whatever it says next can be resumed from its own memo.
            let _ = AnyPlatform::resume(&Instagram, &job, &step.memo);
        }
    }
}
