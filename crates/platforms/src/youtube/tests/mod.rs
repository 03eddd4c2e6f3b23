//! YouTube as JSON in, JSON out: no I/O, time moved by hand.
//!
//! `House` drives the protocol as the engine would: it packs every memo to bytes and reads it again before the next move, so a
//! memo that does not survive its own writing cannot pass.
#![allow(clippy::unwrap_used)]

mod amend;
mod bodies;
mod errors;
mod extras;
mod memos;
mod publish;
mod recent;
mod withdraw;

use super::YouTube;
use jiff::Timestamp;
use serde_json::{Value, json};
use slipway_core::platform::*;
use std::time::Duration;

const NOW: i64 = 1_796_000_000;
const SIZE: u64 = 3_000_000;
const SESSION: &str =
    "https://www.googleapis.com/upload/youtube/v3/videos?uploadType=resumable&upload_id=SECRET";

/// Alice's channel and her video of three million bytes.
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
            duration_ms: Some(600_000),
            width: Some(1920),
            height: Some(1080),
            frame_rate: Some(30.0),
            codec: Some("h264".into()),
        },
        words: Words { title: "Bread".into(), caption: "How to bake".into() },
        options: Options::new(),
        sides: Default::default(),
        more: Vec::new(),
        pace: Pace::default(),
        account: JobAccount {
            remote_id: "UCalice".into(),
            name: "Alice".into(),
            live: json!({ "long_uploads": "allowed" }),
            ..JobAccount::default()
        },
        remote: None,
    }
}

fn due_in(seconds: i64) -> Job {
    Job { due: Some(at(seconds)), ..job() }
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
        let step = AnyPlatform::begin(&YouTube, &job).unwrap();
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
    fn hears(self, reply: Reply) -> House {
        assert!(matches!(self.step.act, Act::Send(_)), "nobody asked: {:?}", self.step.act);
        let step = AnyPlatform::after(&YouTube, &self.job, &self.memo, &reply).unwrap();
        House { step, ..self }.settled()
    }

    fn fails(&self, reply: Reply) -> Fault {
        AnyPlatform::after(&YouTube, &self.job, &self.memo, &reply).unwrap_err()
    }

    /// The process dies, the reply is lost, or a wait is over: the engine comes back.
    fn wakes(self) -> House {
        let step = AnyPlatform::resume(&YouTube, &self.job, &self.memo).unwrap();
        House { step, ..self }.settled()
    }

    /// Another life of the same delivery: the process died here, and only job and memo are left.
    fn dies(&self) -> House {
        let step = AnyPlatform::resume(&YouTube, &self.job, &self.memo).unwrap();
        House { job: self.job.clone(), memo: Vec::new(), step }.settled()
    }

    fn later(mut self, seconds: i64) -> House {
        self.job.now = at(seconds);
        self
    }

    fn call(&self) -> &Call {
        match &self.step.act {
            Act::Send(call) => call,
            other => panic!("no call but {other:?}"),
        }
    }

    /// The call's name must be this one.
    fn sends(self, name: &str) -> House {
        assert_eq!(self.call().name, name);
        self
    }

    fn waits(self) -> House {
        assert!(matches!(self.step.act, Act::Wait(_)), "{:?}", self.step.act);
        self
    }

    fn wait(&self) -> Duration {
        match self.step.act {
            Act::Wait(wait) | Act::HandedOver { look: wait } => wait,
            _ => panic!("no wait but {:?}", self.step.act),
        }
    }

    fn done(&self) -> &Published {
        match &self.step.act {
            Act::Done(published) => published,
            other => panic!("not done but {other:?}"),
        }
    }

    /// First byte and header of the media on its way.
    fn sends_from(&self) -> (u64, u64, Option<String>) {
        match &self.call().body {
            Body::File(part) => (part.from, part.len, header(self.call(), "content-range")),
            other => panic!("no file but {other:?}"),
        }
    }
}

fn header(call: &Call, name: &str) -> Option<String> {
    call.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
}

fn asks(call: &Call, name: &str) -> Option<String> {
    call.query.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
}

fn body(call: &Call) -> &Value {
    match &call.body {
        Body::Json(value) | Body::Related(value, _) => value,
        other => panic!("no JSON but {other:?}"),
    }
}

fn reply(status: u16, body: Value) -> Reply {
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).unwrap() };
    Reply { status, headers: Vec::new(), body, at: Some(at(0)) }
}

fn headed(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.push((name.into(), value.into()));
    reply
}

/// The session is open.
fn session() -> Reply {
    headed(reply(200, Value::Null), "location", SESSION)
}

/// So many bytes are stored.
fn stored(bytes: u64) -> Reply {
    match bytes.checked_sub(1) {
        Some(last) => headed(reply(308, Value::Null), "range", &format!("bytes=0-{last}")),
        None => reply(308, Value::Null),
    }
}

fn uploaded() -> Reply {
    reply(201, json!({ "kind": "youtube#video", "id": "vid7", "status": { "uploadStatus": "uploaded" } }))
}

fn list(items: Value) -> Reply {
    reply(200, json!({ "kind": "youtube#videoListResponse", "items": items }))
}

/// `vid7` as listed, with this status.
fn listed(status: Value) -> Reply {
    list(json!([item(status)]))
}

fn item(status: Value) -> Value {
    json!({
        "id": "vid7",
        "snippet": { "title": "Bread", "description": "How to bake", "publishedAt": "2026-11-30T10:00:00Z" },
        "status": status,
        "processingDetails": { "processingStatus": "processing" },
    })
}

fn google(status: u16, reason: &str) -> Reply {
    reply(
        status,
        json!({ "error": { "code": status, "message": format!("It says <b>{reason}</b>."),
            "errors": [{ "reason": reason, "domain": "global", "message": "no" }] } }),
    )
}

fn html(status: u16) -> Reply {
    Reply { status, body: b"<html><body>Log in to the hotel</body></html>".to_vec(), ..Reply::default() }
}
