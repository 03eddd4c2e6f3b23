//! Facebook Pages as JSON in, JSON out: no I/O, time moved by hand.
//!
//! `House` drives the protocol as the engine would: it packs every memo to bytes and reads it again before the next move, so a
//! memo that does not survive its own writing cannot pass.
#![allow(clippy::unwrap_used)]

mod amend;
mod ask;
mod bodies;
mod check;
mod errors;
mod extras;
mod memos;
mod publish;
mod random;
mod recent;
mod redirect;
mod reel;
mod video;

use super::Facebook;
use jiff::Timestamp;
use serde_json::{Value, json};
use slipway_core::platform::*;
use std::time::Duration;

const NOW: i64 = 1_796_000_000;
const SIZE: u64 = 3_000_000;
const ADDRESS: &str = "https://rupload.facebook.com/video-upload/v25.0/900?SECRET";
const SESSION: &str = "upload:MTphdHRSECRET?sig=ARsigSECRET";

/// Mira's Page and her reel of three million bytes.
fn job() -> Job {
    Job {
        errand: Errand::Publish,
        key: "key".into(),
        now: at(0),
        due: None,
        cancelled_at: None,
        media: JobMedia {
            size: SIZE,
            mime: "video/mp4".into(),
            file_name: "bread.mp4".into(),
            duration_ms: Some(30_000),
            width: Some(1080),
            height: Some(1920),
            frame_rate: Some(30.0),
            codec: Some("h264".into()),
        },
        words: Words { title: "Bread".into(), caption: "How to bake".into() },
        options: Options::new(),
        sides: Default::default(),
        more: Vec::new(),
        pace: Pace::default(),
        account: JobAccount {
            remote_id: "100".into(),
            name: "Mira Bakes".into(),
            app: JobApp { client_id: "55".into(), flags: [("live".to_string(), true)].into() },
            ..JobAccount::default()
        },
        remote: None,
    }
}

fn film() -> Job {
    let mut job = with(job(), "kind", json!("video"));
    (job.media.width, job.media.height) = (Some(1920), Some(1080));
    job
}

fn due_in(seconds: i64, job: Job) -> Job {
    Job { due: Some(at(seconds)), ..job }
}

fn with(mut job: Job, key: &str, value: Value) -> Job {
    job.options.insert(key.into(), value);
    job
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

struct House {
    job: Job,
    memo: Vec<u8>,
    step: Step<Vec<u8>>,
}

impl House {
    fn begin(job: Job) -> House {
        let step = AnyPlatform::begin(&Facebook, &job).unwrap();
        House { job, memo: step.memo.clone(), step }.settled()
    }

    fn settled(mut self) -> House {
        self.memo = self.step.memo.clone();
        if let Some(remote) = &self.step.remote {
            self.job.remote = Some(remote.clone());
        }
        self
    }

    /// A reply comes.
    #[track_caller]
    fn hears(self, reply: Reply) -> House {
        assert!(matches!(self.step.act, Act::Send(_)), "nobody asked: {:?}", self.step.act);
        let step = AnyPlatform::after(&Facebook, &self.job, &self.memo, &reply).unwrap();
        House { step, ..self }.settled()
    }

    #[track_caller]
    fn fails(&self, reply: Reply) -> Fault {
        AnyPlatform::after(&Facebook, &self.job, &self.memo, &reply).unwrap_err()
    }

    /// The process dies, the reply is lost, or a wait is over: the engine comes back.
    #[track_caller]
    fn wakes(self) -> House {
        let step = AnyPlatform::resume(&Facebook, &self.job, &self.memo).unwrap();
        House { step, ..self }.settled()
    }

    fn wakes_to_a_fault(&self) -> Fault {
        AnyPlatform::resume(&Facebook, &self.job, &self.memo).unwrap_err()
    }

    fn later(mut self, seconds: i64) -> House {
        self.job.now = at(seconds);
        self
    }

    #[track_caller]
    fn call(&self) -> &Call {
        match &self.step.act {
            Act::Send(call) => call,
            other => panic!("no call but {other:?}"),
        }
    }

    /// The call's name must be this one.
    #[track_caller]
    fn sends(self, name: &str) -> House {
        assert_eq!(self.call().name, name);
        self
    }

    #[track_caller]
    fn wait(&self) -> Duration {
        match self.step.act {
            Act::Wait(wait) | Act::HandedOver { look: wait } => wait,
            _ => panic!("no wait but {:?}", self.step.act),
        }
    }

    #[track_caller]
    fn waits(self) -> House {
        assert!(matches!(self.step.act, Act::Wait(_)), "{:?}", self.step.act);
        self
    }

    #[track_caller]
    fn rests_ready(self) -> House {
        assert!(matches!(self.step.act, Act::Ready { early: Duration::ZERO }), "{:?}", self.step.act);
        self
    }

    #[track_caller]
    fn rests_handed_over(self) -> House {
        assert!(matches!(self.step.act, Act::HandedOver { .. }), "{:?}", self.step.act);
        self
    }

    #[track_caller]
    fn done(&self) -> &Published {
        match &self.step.act {
            Act::Done(published) => published,
            other => panic!("not done but {other:?}"),
        }
    }

    /// First byte of the media on its way.
    #[track_caller]
    fn from(&self) -> u64 {
        match &self.call().body {
            Body::File(part) => {
                assert_eq!((part.file.clone(), part.from + part.len), (FileRef::Media, SIZE));
                assert_eq!(self.step.confirmed, Some(part.from));
                part.from
            }
            other => panic!("no bytes but {other:?}"),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------- what is said

fn form(call: &Call) -> Value {
    match &call.body {
        Body::Form(fields) => {
            fields.iter().map(|(key, value)| (key.to_string(), Value::from(value.as_str()))).collect()
        }
        other => panic!("no form but {other:?}"),
    }
}

fn path(call: &Call) -> String {
    match &call.target {
        Target::At(host, path) => format!("{} {host}{path}", call.method),
        Target::Given(_) => format!("{} given", call.method),
    }
}

fn asks(call: &Call, key: &str) -> Option<String> {
    call.query.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
}

fn header(call: &Call, key: &str) -> Option<String> {
    call.headers.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
}

// ---------------------------------------------------------------------------------------------------------------- what is answered

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, body: body.to_string().into_bytes(), at: Some(at(0)), ..Reply::default() }
}

fn ok(body: Value) -> Reply {
    reply(200, body)
}

fn yes() -> Reply {
    ok(json!({ "success": true }))
}

fn graph(code: i64, subcode: i64) -> Reply {
    reply(
        400,
        json!({ "error": { "message": "said", "type": "OAuthException", "code": code, "error_subcode": subcode } }),
    )
}

fn html(status: u16) -> Reply {
    Reply { status, body: b"<html>hotel</html>".to_vec(), ..Reply::default() }
}

fn started() -> Reply {
    ok(json!({ "video_id": "900", "upload_url": ADDRESS }))
}

/// The reel or video 900 with these phases.
fn shows(status: Value) -> Reply {
    ok(json!({ "id": "900", "description": "How to bake", "permalink_url": "/reel/900/", "status": status }))
}

fn has(bytes: u64) -> Reply {
    shows(json!({ "video_status": "uploading",
        "uploading_phase": { "status": "in_progress", "bytes_transfered": bytes } }))
}

fn whole() -> Reply {
    shows(json!({ "video_status": "upload_complete",
        "uploading_phase": { "status": "complete", "bytes_transferred": SIZE, "source_file_size": SIZE },
        "processing_phase": { "status": "not_started" }, "publishing_phase": { "status": "not_started" } }))
}

fn processing() -> Reply {
    shows(json!({ "video_status": "processing", "uploading_phase": { "status": "complete" },
        "processing_phase": { "status": "in_progress" }, "publishing_phase": { "status": "not_started" } }))
}

fn planned(seconds: i64, processed: &str) -> Reply {
    let state = if processed == "complete" { "ready" } else { "processing" };
    shows(json!({ "video_status": state, "uploading_phase": { "status": "complete" },
        "processing_phase": { "status": processed },
        "publishing_phase": { "status": "not_started", "publish_status": "scheduled", "publish_time": NOW + seconds } }))
}

fn public() -> Reply {
    shows(json!({ "video_status": "ready", "uploading_phase": { "status": "complete" },
        "processing_phase": { "status": "complete" },
        "publishing_phase": { "status": "complete", "publish_status": "published", "publish_time": "2026-11-30T00:53:25+0000" } }))
}
