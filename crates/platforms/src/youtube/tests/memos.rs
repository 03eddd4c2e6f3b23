//! Memos outlive the app's versions (C30), and nothing YouTube may answer makes us panic, upload twice or send from a wrong byte.

use super::*;
use crate::youtube::memo::{Memo, Plan, Sent, Session, Video};
use proptest::prelude::*;

fn every_memo() -> Vec<Memo> {
    let sent = Sent { at: at(0), title: "Bread".into(), plan: Plan::HandedOver, dropped: Vec::new() };
    let session = Session { uri: SESSION.into(), sent: sent.clone(), puts: 1 };
    let video = Video::new("vid7", Plan::Staged);
    let (id, playlist) = (|| "vid7".to_string(), || "PLx".to_string());
    let (language, name) = (|| "en".to_string(), || "n".to_string());
    vec![
        Memo::Opening { sent },
        Memo::Sending { session: session.clone(), from: 5 },
        Memo::Asking { session: session.clone(), vague: 1 },
        Memo::Searching { session: session.clone(), looks: 1 },
        Memo::Ending { session: session.clone(), partial: true, tries: 1 },
        Memo::Ended { session: session.clone(), partial: false, tries: 0 },
        Memo::Matching { session, ids: vec![id()], looks: 0 },
        Memo::Reading { video: video.clone() },
        Memo::HandedOver { video: video.clone() },
        Memo::Staged { video: video.clone() },
        Memo::Releasing { video },
        Memo::AmendLooking { id: id(), misses: 1 },
        Memo::AmendWriting { id: id(), privacy: "private".into() },
        Memo::AmendReading { id: id(), privacy: "private".into(), misses: 0 },
        Memo::RetractLooking { id: id() },
        Memo::Retracting { id: id(), tries: 1 },
        Memo::RetractReading { id: id(), proper: true, tries: 1 },
        Memo::ThumbnailLooking { id: id(), looks: 3 },
        Memo::ThumbnailSending { id: id() },
        Memo::PlaylistLooking { id: id(), playlist: playlist(), repeat: true, looks: 0 },
        Memo::PlaylistAdding { id: id(), playlist: playlist() },
        Memo::CaptionsLooking { id: id(), language: language(), name: name(), repeat: false, looks: 1 },
        Memo::CaptionsSending { id: id(), language: language(), name: name() },
    ]
}

/// Written once; must stay readable by every later version. Add rows, never change one.
const WRITTEN_2026_11: &[&str] = &[
    r#"{"step":"opening","sent":{"at":"2026-11-30T00:53:20Z","title":"Bread","plan":"now"}}"#,
    r#"{"step":"sending","session":{"uri":"https://u","sent":{"at":"2026-11-30T00:53:20Z","title":"Bread","plan":"handed_over"},"puts":2},"from":262144}"#,
    r#"{"step":"asking","session":{"uri":"https://u","sent":{"at":"2026-11-30T00:53:20Z","title":"Bread","plan":"staged"}}}"#,
    r#"{"step":"searching","session":{"uri":"https://u","sent":{"at":"2026-11-30T00:53:20Z","title":"Bread","plan":"now"}}}"#,
    r#"{"step":"matching","session":{"uri":"https://u","sent":{"at":"2026-11-30T00:53:20Z","title":"Bread","plan":"now"}},"ids":["a"]}"#,
    r#"{"step":"reading","video":{"id":"vid7","plan":"now"}}"#,
    r#"{"step":"handed_over","video":{"id":"vid7","plan":"handed_over","looks":3}}"#,
    r#"{"step":"staged","video":{"id":"vid7","plan":"staged"}}"#,
    r#"{"step":"releasing","video":{"id":"vid7","plan":"staged"}}"#,
    r#"{"step":"amend_looking","id":"vid7"}"#,
    r#"{"step":"amend_writing","id":"vid7","privacy":"private"}"#,
    r#"{"step":"amend_reading","id":"vid7","privacy":"private"}"#,
    r#"{"step":"retract_looking","id":"vid7"}"#,
    r#"{"step":"retracting","id":"vid7"}"#,
    r#"{"step":"retract_reading","id":"vid7","proper":true}"#,
    r#"{"step":"ending","session":{"uri":"https://u","sent":{"at":"2026-11-30T00:53:20Z","title":"Bread","plan":"now"},"puts":1},"partial":true}"#,
    r#"{"step":"ended","session":{"uri":"https://u","sent":{"at":"2026-11-30T00:53:20Z","title":"Bread","plan":"now"},"puts":1}}"#,
    r#"{"step":"thumbnail_looking","id":"vid7"}"#,
    r#"{"step":"thumbnail_sending","id":"vid7"}"#,
    r#"{"step":"playlist_looking","id":"vid7","playlist":"PLx"}"#,
    r#"{"step":"playlist_adding","id":"vid7","playlist":"PLx"}"#,
    r#"{"step":"captions_looking","id":"vid7","language":"en","name":""}"#,
    r#"{"step":"captions_sending","id":"vid7","language":"en","name":""}"#,
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
        let step = AnyPlatform::resume(&YouTube, &job(), memo.as_bytes());
        assert!(matches!(step, Err(Fault::Unsure { .. })));
    }
}

#[test]
fn the_session_address_is_never_printed() {
    for memo in every_memo() {
        let text = format!("{memo:?}");
        assert!(!text.contains("SECRET") && !text.contains("upload_id"), "{text}");
    }
    assert!(!format!("{:?}", House::begin(job()).hears(session()).call()).contains("SECRET"));
}

#[test]
fn only_the_last_step_before_the_upload_opens_a_session() {
    for memo in every_memo() {
        let bytes = serde_json::to_vec(&memo).unwrap();
        let opens = match AnyPlatform::resume(&YouTube, &job(), &bytes) {
            Ok(Step { act: Act::Send(call), .. }) => call.name == "videos.insert",
            _ => false,
        };
        assert_eq!(opens, matches!(memo, Memo::Opening { .. }), "{memo:?}");
    }
}

fn any_status() -> impl Strategy<Value = u16> {
    let likely = vec![200u16, 201, 204, 400, 401, 403, 404, 409, 410, 413, 429, 500, 503];
    prop_oneof![3 => Just(308u16), 3 => proptest::sample::select(likely), 1 => any::<u16>()]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let word = proptest::sample::select(vec![
        json!("vid7"),
        json!("public"),
        json!("private"),
        json!("failed"),
        json!("processed"),
        json!("Bread"),
        json!("2026-11-30T00:53:21Z"),
        json!("quotaExceeded"),
        json!("videoNotFound"),
        json!("playlistNotFound"),
        json!(null),
        json!(3),
        json!("youtube#videoListResponse"),
        json!(true),
    ]);
    let known = (word.clone(), word.clone(), word.clone(), word.clone(), word).prop_map(|(a, b, c, d, e)| {
        json!({
            "id": a, "kind": b,
            "error": { "errors": [{ "reason": c }], "message": d },
            "items": [{ "id": a, "snippet": { "title": d, "publishedAt": e, "resourceId": { "videoId": a } },
                "contentDetails": { "videoId": a },
                "status": { "privacyStatus": b, "uploadStatus": c, "publishAt": e },
                "fileDetails": { "fileSize": e } }],
        })
        .to_string()
        .into_bytes()
    });
    prop_oneof![
        known,
        proptest::collection::vec(any::<u8>(), 0..200),
        Just(b"<html>".to_vec()),
        Just(Vec::new())
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let range = prop_oneof![
        (0..SIZE * 2).prop_map(|last| format!("bytes=0-{last}")),
        ".{0,20}",
        Just("bytes=0-".to_string()),
    ];
    (proptest::option::of(range), proptest::option::of(".{0,30}"), any::<bool>()).prop_map(
        |(range, odd, session)| {
            let mut headers = Vec::new();
            headers.extend(range.map(|range| ("range".to_string(), range)));
            headers.extend(odd.map(|odd| ("retry-after".to_string(), odd)));
            if session {
                headers.push(("location".into(), SESSION.into()));
            }
            headers
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_makes_us_panic_upload_twice_or_send_from_a_wrong_byte(
        which in 0usize..20,
        status in any_status(),
        body in any_body(),
        headers in any_headers(),
        known in any::<bool>(),
        late in -700_000i64..700_000,
    ) {
        let memos = every_memo();
        let memo = &memos[which];
        let mut job = due_in(late);
        if known {
            job.remote = Some(crate::youtube::remote("vid7"));
        }
        let reply = Reply { status, headers, body, at: Some(at(0)) };
        let bytes = serde_json::to_vec(memo).unwrap();
        let mut steps = vec![AnyPlatform::begin(&YouTube, &job), AnyPlatform::resume(&YouTube, &job, &bytes)];
        let heard = AnyPlatform::after(&YouTube, &job, &bytes, &reply);
        if let Ok(Step { act: Act::Send(call), remote, confirmed, .. }) = &heard {
            prop_assert!(call.name != "videos.insert", "no reply opens a second session");
            if let Body::File(part) = &call.body && part.file == FileRef::Media {
                prop_assert!(!known && remote.is_none());
                let told = reply.header("range").and_then(|range| range.trim().strip_prefix("bytes=0-")?.parse::<u64>().ok());
                let want = match (memo, status, reply.header("range")) {
                    (Memo::Opening { .. }, 200..=299, _) => Some(0),
                    (_, 308, None) => Some(0),
                    (_, 308, Some(_)) => told.map(|last| last + 1),
                    _ => None,
                };
                prop_assert_eq!(Some(part.from), want);
                prop_assert_eq!(*confirmed, want);
                prop_assert_eq!(part.from + part.len, SIZE);
            }
        }
        steps.push(heard);
        for step in steps.into_iter().flatten() {
            if let Act::Send(call) = &step.act {
                let opens = matches!(call.name, "videos.insert" | "videos.insert.put");
                prop_assert!(!known || !opens, "{} though the video is known", call.name);
                prop_assert!(!opens || step.remote.is_none());
            }
            // Whatever it says next can be resumed from its own memo.
            let _ = AnyPlatform::resume(&YouTube, &job, &step.memo);
        }
    }
}
