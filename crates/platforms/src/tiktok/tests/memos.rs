//! Memos outlive the app's versions (C30), and nothing TikTok may answer makes us panic, post twice or send from a wrong byte.

use super::*;
use crate::tiktok::chunks::plans;
use crate::tiktok::memo::{Memo, Post, Start, Upload};
use crate::tiktok::write;
use proptest::prelude::*;

fn upload() -> Upload {
    let start = Start { plan: 0, ended: 0, username: Some("mira.bakes".into()) };
    Upload {
        url: ADDRESS.into(),
        publish_id: PUBLISH_ID.into(),
        at: at(0),
        plan: plans(SIZE)[0],
        said: write::said(&job()),
        start,
        last_sent: 0,
        backwards: 0,
        gone: false,
    }
}

fn post() -> Post {
    Post {
        publish_id: PUBLISH_ID.into(),
        at: at(0),
        privacy: Some("PUBLIC_TO_EVERYONE".into()),
        username: Some("mira.bakes".into()),
    }
}

fn every_memo() -> Vec<Memo> {
    let last = Upload { last_sent: 1, ..upload() };
    vec![
        Memo::Terms { start: Start::default() },
        Memo::Opening { start: Start { plan: 1, ended: 1, username: None } },
        Memo::Sending { upload: upload(), from: 20_000_000 },
        Memo::Sending { upload: last.clone(), from: LAST },
        Memo::Sending { upload: Upload { last_sent: 2, backwards: 5, ..upload() }, from: LAST },
        Memo::Asking { upload: upload(), from: 20_000_000, looks: 0 },
        Memo::Asking { upload: last.clone(), from: LAST, looks: 0 },
        Memo::Asking { upload: Upload { last_sent: 2, gone: true, ..upload() }, from: LAST, looks: 1 },
        Memo::Staged { upload: upload() },
        Memo::Looking { post: post() },
        Memo::Draft { post: Post { privacy: None, ..post() } },
        Memo::Withdrawing { upload: last, looks: 1 },
        Memo::Retracting { id: PUBLISH_ID.into() },
    ]
}

/// Written once; must stay readable by every later version. Add rows, never change one.
const WRITTEN_2026_11: &[&str] = &[
    r#"{"step":"terms","start":{}}"#,
    r#"{"step":"opening","start":{"plan":1,"username":"mira.bakes"}}"#,
    r#"{"step":"sending","upload":{"url":"https://u","publish_id":"v_pub_file~v2-1.7","at":"2026-11-30T00:53:20Z","plan":{"size":70000000,"chunk":10000000,"count":7},"said":{"privacy_level":"SELF_ONLY"},"start":{"plan":0}},"from":20000000}"#,
    r#"{"step":"asking","upload":{"url":"https://u","publish_id":"v_inbox_file~v2.7","at":"2026-11-30T00:53:20Z","plan":{"size":70000000,"chunk":10000000,"count":7},"said":null,"start":{},"last_sent":1},"from":60000000}"#,
    r#"{"step":"staged","upload":{"url":"https://u","publish_id":"v_pub_file~v2-1.7","at":"2026-11-30T00:53:20Z","plan":{"size":4000000,"chunk":4000000,"count":1},"said":{"privacy_level":"SELF_ONLY"},"start":{"ended":1}}}"#,
    r#"{"step":"looking","post":{"publish_id":"v_pub_file~v2-1.7","at":"2026-11-30T00:53:20Z","privacy":"SELF_ONLY","username":"mira.bakes"}}"#,
    r#"{"step":"draft","post":{"publish_id":"v_inbox_file~v2.7","at":"2026-11-30T00:53:20Z"}}"#,
    r#"{"step":"withdrawing","upload":{"url":"https://u","publish_id":"v_pub_file~v2-1.7","at":"2026-11-30T00:53:20Z","plan":{"size":4000000,"chunk":4000000,"count":1},"said":{"privacy_level":"SELF_ONLY"},"start":{},"last_sent":1}}"#,
    r#"{"step":"retracting","id":"v_pub_file~v2-1.7"}"#,
];

#[test]
fn memos_written_by_older_versions_stay_readable_c30() {
    let mut steps = std::collections::BTreeSet::new();
    for text in WRITTEN_2026_11 {
        let memo: Memo = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        steps.insert(serde_json::to_value(memo).unwrap()["step"].as_str().unwrap().to_string());
        let step = AnyPlatform::resume(&TikTok, &job(), text.as_bytes());
        assert!(!matches!(step, Err(Fault::Unsure { .. })), "{text}");
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
        let step = AnyPlatform::resume(&TikTok, &job(), memo.as_bytes());
        assert!(matches!(step, Err(Fault::Unsure { .. })));
    }
}

#[test]
fn the_address_is_never_printed() {
    for memo in every_memo() {
        let text = format!("{memo:?}");
        assert!(!text.contains("SECRET") && !text.contains("upload_id"), "{text}");
    }
}

#[test]
fn only_what_was_never_opened_opens_when_it_is_taken_up_again() {
    for memo in every_memo() {
        let bytes = serde_json::to_vec(&memo).unwrap();
        let asks = match AnyPlatform::resume(&TikTok, &job(), &bytes) {
            Ok(Step { act: Act::Send(call), .. }) => call.name == "tiktok.creator_info",
            other => panic!("{other:?}"),
        };
        assert_eq!(asks, matches!(memo, Memo::Terms { .. } | Memo::Opening { .. }), "{memo:?}");
    }
}

fn any_status() -> impl Strategy<Value = u16> {
    let likely = vec![200u16, 201, 204, 206, 400, 401, 403, 404, 416, 429, 500, 503];
    prop_oneof![6 => proptest::sample::select(likely), 1 => any::<u16>()]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let code = proptest::sample::select(vec![
        "ok",
        "ok",
        "ok",
        "ok",
        "invalid_params",
        "invalid_publish_id",
        "access_token_invalid",
        "spam_risk",
        "new",
    ]);
    let status = proptest::sample::select(vec![
        json!("PROCESSING_UPLOAD"),
        json!("PUBLISH_COMPLETE"),
        json!("SEND_TO_USER_INBOX"),
        json!("FAILED"),
        json!("NEW"),
        json!(null),
        json!(3),
    ]);
    let reason = proptest::sample::select(vec![json!("internal"), json!("spam_risk"), json!(null), json!(7)]);
    let bytes = prop_oneof![
        proptest::sample::select(vec![
            json!(0),
            json!(LAST),
            json!(SIZE),
            json!(SIZE - 1),
            json!(null),
            json!(-1),
            json!("x")
        ]),
        (0..SIZE * 2).prop_map(|bytes| json!(bytes)),
    ];
    let ids = proptest::sample::select(vec![
        json!([]),
        json!([POST_ID]),
        json!(["x"]),
        json!(null),
        json!(1.5),
        json!({}),
    ]);
    let levels =
        proptest::sample::select(vec![json!(["PUBLIC_TO_EVERYONE"]), json!([]), json!(null), json!("x")]);
    let url = proptest::sample::select(vec![json!(ADDRESS), json!(null), json!("x")]);
    let known = (code, status, reason, bytes, ids, levels, url).prop_map(
        |(code, status, reason, bytes, ids, levels, url)| {
            json!({
                "error": { "code": code, "message": "m" },
                "data": { "status": status, "fail_reason": reason, "uploaded_bytes": bytes,
                    "publicaly_available_post_id": ids, "privacy_level_options": levels,
                    "publish_id": "v_pub_file~v2-1.8", "upload_url": url },
            })
            .to_string()
            .into_bytes()
        },
    );
    prop_oneof![
        4 => known,
        1 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => Just(b"<html>".to_vec()),
        1 => Just(Vec::new())
    ]
}

fn any_range() -> impl Strategy<Value = Option<String>> {
    let chunk = 0..=7u64;
    proptest::option::of(prop_oneof![
        chunk.clone().prop_map(|chunk| format!("bytes 0-{}/{SIZE}", chunk * 10_000_000)),
        chunk.prop_map(|chunk| format!("bytes 0-{}/{SIZE}", (chunk * 10_000_000).saturating_sub(1))),
        (0..SIZE * 2).prop_map(|bytes| format!("bytes 0-{bytes}/{SIZE}")),
        ".{0,20}",
    ])
}

/// How often the last chunk was on its way before.
fn last_sent(memo: &Memo) -> u32 {
    match memo {
        Memo::Sending { upload, .. } | Memo::Asking { upload, .. } | Memo::Staged { upload } => {
            upload.last_sent
        }
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_makes_us_panic_post_twice_or_send_from_a_wrong_byte(
        which in 0usize..12,
        status in any_status(),
        body in any_body(),
        range in any_range(),
        known in any::<bool>(),
        late in -100_000i64..100_000,
        now in 0i64..200_000,
    ) {
        let memos = every_memo();
        let memo = &memos[which];
        let mut job = Job { due: Some(at(now - late)), now: at(now), ..job() };
        if known {
            job.remote = Some(Remote { id: PUBLISH_ID.into(), url: "https://www.tiktok.com/".into() });
        }
        let headers = range.iter().map(|range| ("content-range".to_string(), range.clone())).collect();
        let reply = Reply { status, headers, body, at: Some(at(now)) };
        let bytes = serde_json::to_vec(memo).unwrap();
        let heard = AnyPlatform::after(&TikTok, &job, &bytes, &reply);
        if let Ok(Step { act: Act::Send(call), .. }) = &heard {
            let begins = matches!(call.name, "tiktok.creator_info" | "tiktok.video.init" | "tiktok.inbox.init");
            // Once the last chunk was on its way, only TikTok's own word leads to another opening.
            let refused = matches!(memo, Memo::Sending { upload, from } if upload.last_sent == 1 && *from == LAST)
                && matches!(status, 403 | 404);
            let said_twice = matches!(memo, Memo::Asking { upload, looks: 1, .. } if upload.gone)
                && reply.json().is_some_and(|body| body["data"]["uploaded_bytes"].as_u64().is_some_and(|bytes| bytes < SIZE));
            prop_assert!(!begins || last_sent(memo) == 0 || refused || said_twice, "{} after {memo:?}", call.name);
            if let Body::File(part) = &call.body {
                let plan = plans(SIZE)[usize::from(matches!(memo, Memo::Opening { .. }))];
                prop_assert_eq!(plan.len_at(part.from), Some(part.len), "a chunk is sent as planned");
                prop_assert_eq!(heard.as_ref().unwrap().confirmed, Some(part.from));
                // From where the server says it stands: the header, the count, or this very answer.
                let said = range.as_deref().and_then(|range| range.strip_prefix("bytes 0-")?.split('/').next()?.parse::<u64>().ok());
                let count = reply.json().and_then(|body| body["data"]["uploaded_bytes"].as_u64());
                let ok = match memo {
                    Memo::Opening { .. } => part.from == 0,
                    Memo::Staged { .. } => part.from == LAST,
                    Memo::Sending { from, .. } => match said {
                        Some(n) => part.from == n || part.from == n + 1,
                        None => status == 206 && range.is_none() && part.from == from + 10_000_000,
                    },
                    Memo::Asking { from, .. } => match count {
                        Some(n) => part.from <= n && n - part.from < part.len,
                        None => part.from == *from,
                    },
                    _ => false,
                };
                prop_assert!(ok, "from {} after {memo:?}", part.from);
            }
        }
        let steps = [AnyPlatform::begin(&TikTok, &job), AnyPlatform::resume(&TikTok, &job, &bytes), heard];
        for step in steps.into_iter().flatten() {
            if let Act::Send(call) = &step.act {
                let gives = call.is_upload() || step.stage == Stage::Opening;
                prop_assert!(!known || !gives, "{} though TikTok has it", call.name);
                prop_assert!(!gives || step.remote.is_none());
            }
            // Done is public with a number, or what was asked for; never without an id.
            if let Act::Done(done) = &step.act && !matches!(memo, Memo::Retracting { .. }) {
                prop_assert!(done.remote.is_some());
            }
            // Whatever it says next can be resumed from its own memo.
            let _ = AnyPlatform::resume(&TikTok, &job, &step.memo);
        }
    }

    /// Any replies in any order: in one life an upload is opened anew only before its last chunk or on TikTok's word.
    #[test]
    fn no_row_of_replies_runs_away(replies in proptest::collection::vec((any_status(), any_body(), any_range()), 1..40)) {
        let mut job = small(job());
        let mut step = match AnyPlatform::begin(&TikTok, &job) { Ok(step) => step, Err(_) => return Ok(()) };
        for (status, body, range) in replies {
            if let Some(remote) = step.remote.clone() {
                job.remote = Some(remote);
            }
            let next = match &step.act {
                Act::Send(_) => {
                    let headers = range.into_iter().map(|range| ("content-range".to_string(), range)).collect();
                    AnyPlatform::after(&TikTok, &job, &step.memo, &Reply { status, headers, body, at: Some(at(0)) })
                }
                Act::Done(_) => break,
                _ => AnyPlatform::resume(&TikTok, &job, &step.memo),
            };
            match next {
                Ok(next) => {
                    if job.remote.is_some() && let Act::Send(call) = &next.act {
                        prop_assert_eq!(call.name, "tiktok.status.fetch");
                    }
                    step = next;
                }
                Err(_) => break,
            }
        }
    }
}
