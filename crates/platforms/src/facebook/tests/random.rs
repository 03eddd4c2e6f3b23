//! Nothing Facebook may answer makes us panic, publish twice or send from a wrong byte.

use super::memos::every_memo;
use super::*;
use crate::facebook::memo::Memo;
use proptest::prelude::*;

fn any_status() -> impl Strategy<Value = u16> {
    let likely = vec![200u16, 201, 204, 400, 401, 403, 404, 409, 413, 429, 500, 503];
    prop_oneof![4 => Just(200u16), 4 => proptest::sample::select(likely), 1 => any::<u16>()]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let word = proptest::sample::select(vec![
        json!("900"),
        json!("published"),
        json!("scheduled"),
        json!("draft"),
        json!("complete"),
        json!("not_started"),
        json!("in_progress"),
        json!("error"),
        json!("ready"),
        json!("expired"),
        json!("uploading"),
        json!("2026-11-30T00:53:21+0000"),
        json!(SESSION),
        json!(null),
        json!(3),
        json!(1_000_000),
        json!(SIZE),
        json!(SIZE * 2),
        json!(true),
        json!(false),
        json!("How to bake"),
        json!(100),
        json!(190),
        json!(33),
        json!(1_363_128),
    ]);
    let words = || proptest::collection::vec(word.clone(), 12);
    let video = words().prop_map(|w| {
        json!({ "id": w[0], "published": w[1], "scheduled_publish_time": w[2], "description": w[3], "success": w[4],
            "video_id": w[0], "upload_url": ADDRESS, "h": w[5], "file_offset": w[6], "post_id": w[7],
            "status": { "video_status": w[8],
                "uploading_phase": { "status": w[9], "bytes_transferred": w[6] },
                "processing_phase": { "status": w[10], "errors": [{ "code": w[2], "message": "m" }] },
                "publishing_phase": { "status": w[11], "publish_status": w[7], "publish_time": w[5] } } })
    });
    let list = words().prop_map(|w| {
        json!({ "data": [{ "id": w[0], "description": w[1], "message": w[2], "created_time": w[3], "length": w[4],
            "locale": w[5], "attachments": { "data": [{ "target": { "id": w[6] } }] } }], "paging": { "next": w[7] } })
    });
    let error = words().prop_map(|w| json!({ "error": { "code": w[0], "error_subcode": w[1], "is_transient": w[2], "message": w[3] } }));
    let debug =
        words().prop_map(|w| json!({ "debug_info": { "type": w[0], "retriable": w[1], "message": w[2] } }));
    let known = prop_oneof![4 => video, 2 => list, 2 => error, 1 => debug]
        .prop_map(|body| body.to_string().into_bytes());
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
        which in 0usize..24,
        status in any_status(),
        body in any_body(),
        is_film in any::<bool>(),
        known in any::<bool>(),
        late in -7_000i64..70_000,
    ) {
        let memos = every_memo();
        let memo = &memos[which];
        let mut job = due_in(late, if is_film { film() } else { job() });
        if known {
            job.remote = Some(Remote { id: "900".into(), url: "https://www.facebook.com/reel/900".into() });
        }
        let said = Reply { status, body, at: Some(at(0)), ..Reply::default() };
        let bytes = serde_json::to_vec(memo).unwrap();
        let mut steps = vec![AnyPlatform::begin(&Facebook, &job), AnyPlatform::resume(&Facebook, &job, &bytes)];
        let heard = AnyPlatform::after(&Facebook, &job, &bytes, &said);
        if let Ok(Step { act: Act::Send(call), remote, confirmed, .. }) = &heard {
            let told = said.json().unwrap_or(Value::Null);
            prop_assert!(!matches!(call.name, "facebook.reels.start" | "facebook.uploads.start"), "no reply opens a second one");
            if let Body::File(part) = &call.body && part.file == FileRef::Media {
                prop_assert!(!known && remote.is_none() && (200..300).contains(&status));
                // Meta writes numbers also as text.
                let number = |value: &Value| {
                    let read = value.as_u64().or_else(|| value.as_str()?.parse().ok());
                    read.map(|bytes: u64| bytes.min(SIZE))
                };
                let want = match memo {
                    Memo::Starting { .. } | Memo::UploadOpening { .. } => Some(0),
                    Memo::Asking { .. } => {
                        let phase = &told["status"]["uploading_phase"];
                        number(&phase["bytes_transferred"]).or_else(|| (phase["status"] == "not_started").then_some(0))
                    }
                    Memo::UploadAsking { .. } => number(&told["file_offset"]),
                    _ => None,
                };
                prop_assert_eq!(Some(part.from), want);
                prop_assert_eq!(*confirmed, want);
                prop_assert_eq!(part.from + part.len, SIZE);
            }
            // A video is made once: after its bytes, or after the last look that did not find it.
            if call.name == "facebook.videos.create" {
                prop_assert!(!known);
                let may = match memo {
                    Memo::UploadSending { .. } | Memo::UploadAsking { .. } => told["h"].is_string(),
                    Memo::SearchingPlanned { looks, .. } => *looks >= 3 && told["data"].is_array(),
                    _ => false,
                };
                prop_assert!(may, "made from {memo:?}");
            }
            // Neither a public reel nor a planned one is asked again.
            if matches!(call.name, "facebook.reels.finish") {
                let out = &told["status"]["publishing_phase"];
                prop_assert!(out["publish_status"] != "scheduled");
                prop_assert!(!(out["publish_status"] == "published" && out["status"] == "complete"));
            }
        }
        if let Ok(Step { act: Act::Done(done), .. }) = &heard
            && matches!(memo, Memo::Reading { .. } | Memo::HandedOver { .. } | Memo::Finishing { .. })
        {
            prop_assert!(done.remote.is_some() && done.privacy.as_deref() == Some("public"), "published means read back (C10)");
        }
        steps.push(heard);
        for step in steps.into_iter().flatten() {
            if let Act::Send(call) = &step.act {
                let opens = call.is_upload()
                    || matches!(call.name, "facebook.reels.start" | "facebook.uploads.start" | "facebook.videos.create");
                prop_assert!(!known || !opens, "{} though it is known", call.name);
                prop_assert!(!opens || step.remote.is_none());
            }
            // Whatever it says next can be resumed from its own memo.
            let _ = AnyPlatform::resume(&Facebook, &job, &step.memo);
        }
    }
}
