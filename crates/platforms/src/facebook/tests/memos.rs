//! Memos outlive the app's versions (C30) and print no secret.

use super::*;
use crate::facebook::memo::{Beside, Kind, Memo, Plan, Reel, Upload, Uploaded, Video};

pub(super) fn every_memo() -> Vec<Memo> {
    let id = || "900".to_string();
    let reel = Reel { id: id(), address: ADDRESS.into(), puts: 1 };
    let upload = Upload { name: SESSION.into(), at: at(0), puts: 1 };
    let file = Uploaded {
        handle: "2:SECRET".into(),
        at: at(0),
        plan: Plan::HandedOver,
        title: "Bread".into(),
        caption: "How to bake".into(),
    };
    let reel_video = Video { asked: 1, ..Video::new("900", Kind::Reel, Plan::Now) };
    let staged = Video::new("900", Kind::Video, Plan::Staged);
    vec![
        Memo::Starting { at: at(0) },
        Memo::Sending { reel: reel.clone(), from: 5 },
        Memo::Asking { reel, vague: 1, took: true },
        Memo::UploadOpening { at: at(0) },
        Memo::UploadSending { upload: upload.clone(), from: 5 },
        Memo::UploadAsking { upload, vague: 1 },
        Memo::Creating { file: file.clone() },
        Memo::Searching { file: file.clone(), looks: 1 },
        Memo::SearchingPlanned { file, looks: 3 },
        Memo::Staged { video: staged.clone() },
        Memo::Finishing { video: reel_video.clone() },
        Memo::Releasing { video: staged },
        Memo::Reading { video: reel_video.clone() },
        Memo::HandedOver { video: Video { plan: Plan::HandedOver, heard: true, ..reel_video } },
        Memo::AmendLooking { id: id(), misses: 1 },
        Memo::AmendWriting { id: id(), unfinished: true },
        Memo::AmendReading { id: id(), misses: 1 },
        Memo::RetractLooking { id: id() },
        Memo::Retracting { id: id(), tries: 1 },
        Memo::RetractReading { id: id(), tries: 1 },
        Memo::BesideWaiting { id: id(), beside: Beside::Captions { locale: "en_US".into() }, looks: 1 },
        Memo::ThumbnailSending { id: id() },
        Memo::CaptionsLooking { id: id(), locale: "en_US".into(), repeat: true, looks: 1 },
        Memo::CaptionsSending { id: id(), locale: "en_US".into() },
        Memo::Inviting { id: id(), whom: "7".into(), repeat: false },
    ]
}

/// Written once; must stay readable by every later version. Add rows, never change one.
const WRITTEN_2026_11: &[&str] = &[
    r#"{"step":"starting","at":"2026-11-30T00:53:20Z"}"#,
    r#"{"step":"sending","reel":{"id":"900","address":"https://rupload.facebook.com/x","puts":2},"from":262144}"#,
    r#"{"step":"asking","reel":{"id":"900","address":"https://rupload.facebook.com/x"}}"#,
    r#"{"step":"upload_opening","at":"2026-11-30T00:53:20Z"}"#,
    r#"{"step":"upload_sending","upload":{"name":"upload:a?sig=b","at":"2026-11-30T00:53:20Z","puts":1},"from":1}"#,
    r#"{"step":"upload_asking","upload":{"name":"upload:a?sig=b","at":"2026-11-30T00:53:20Z"}}"#,
    r#"{"step":"creating","file":{"handle":"2:a","at":"2026-11-30T00:53:20Z","plan":"now","title":"","caption":""}}"#,
    r#"{"step":"searching","file":{"handle":"2:a","at":"2026-11-30T00:53:20Z","plan":"staged","title":"","caption":""}}"#,
    r#"{"step":"searching_planned","file":{"handle":"2:a","at":"2026-11-30T00:53:20Z","plan":"handed_over","title":"","caption":""}}"#,
    r#"{"step":"staged","video":{"id":"900","kind":"reel","plan":"staged"}}"#,
    r#"{"step":"finishing","video":{"id":"900","kind":"reel","plan":"now","asked":1}}"#,
    r#"{"step":"releasing","video":{"id":"900","kind":"video","plan":"now"}}"#,
    r#"{"step":"reading","video":{"id":"900","kind":"video","plan":"now","heard":true,"looks":3}}"#,
    r#"{"step":"handed_over","video":{"id":"900","kind":"reel","plan":"handed_over","silent":1,"late":2,"misses":1,"refused":true}}"#,
    r#"{"step":"amend_looking","id":"900"}"#,
    r#"{"step":"amend_writing","id":"900"}"#,
    r#"{"step":"amend_reading","id":"900"}"#,
    r#"{"step":"retract_looking","id":"900"}"#,
    r#"{"step":"retracting","id":"900"}"#,
    r#"{"step":"retract_reading","id":"900"}"#,
    r#"{"step":"beside_waiting","id":"900","beside":{"is":"thumbnail"}}"#,
    r#"{"step":"beside_waiting","id":"900","beside":{"is":"captions","locale":"en_US"}}"#,
    r#"{"step":"beside_waiting","id":"900","beside":{"is":"invitation","whom":"7"}}"#,
    r#"{"step":"thumbnail_sending","id":"900"}"#,
    r#"{"step":"captions_looking","id":"900","locale":"en_US"}"#,
    r#"{"step":"captions_sending","id":"900","locale":"en_US"}"#,
    r#"{"step":"inviting","id":"900","whom":"7"}"#,
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
        let step = AnyPlatform::resume(&Facebook, &job(), memo.as_bytes());
        assert!(matches!(step, Err(Fault::Unsure { .. })));
    }
}

#[test]
fn addresses_sessions_and_handles_are_never_printed() {
    for memo in every_memo() {
        let text = format!("{memo:?}");
        assert!(!text.contains("SECRET") && !text.contains("rupload"), "{text}");
    }
    assert!(!format!("{:?}", House::begin(job()).hears(started()).call().target).contains("SECRET"));
}

#[test]
fn only_the_step_before_the_bytes_opens_anything() {
    for memo in every_memo() {
        let bytes = serde_json::to_vec(&memo).unwrap();
        let job = match &memo {
            Memo::UploadOpening { .. } | Memo::UploadSending { .. } | Memo::UploadAsking { .. } => film(),
            _ => job(),
        };
        let opens = match AnyPlatform::resume(&Facebook, &job, &bytes) {
            Ok(Step { act: Act::Send(call), .. }) => {
                matches!(call.name, "facebook.reels.start" | "facebook.uploads.start")
            }
            _ => false,
        };
        assert_eq!(opens, matches!(memo, Memo::Starting { .. } | Memo::UploadOpening { .. }), "{memo:?}");
    }
}
