//! Instagram as JSON in, JSON out: no I/O, time moved by hand.
//!
//! `House` drives the protocol as the engine would: it packs every memo to bytes and reads it again before the next move, so a
//! memo that does not survive its own writing cannot pass.
#![allow(clippy::unwrap_used)]

mod ask;
mod bodies;
mod check;
mod errors;
mod memos;
mod publish;
mod recent;
mod release;
mod several;

use super::Instagram;
use jiff::Timestamp;
use serde_json::{Value, json};
use slipway_core::platform::*;
use std::time::Duration;

const NOW: i64 = 1_796_000_000;
const SIZE: u64 = 3_000_000;
const HOUR: i64 = 3600;
/// Alice's account, one container and her post: ids of different kinds begin differently.
const ALICE: &str = "17841400000000001";
const BOX: &str = "18900000000000001";
const POST: &str = "17900000000000007";
const URI: &str = "https://rupload.facebook.com/ig-api-upload/v25.0/18900000000000001?SECRET=1";
const LINK: &str = "https://www.instagram.com/reel/DAbread/";

/// Alice's account and her reel of three million bytes.
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
            duration_ms: Some(45_000),
            width: Some(1080),
            height: Some(1920),
            frame_rate: Some(30.0),
            codec: Some("h264".into()),
        },
        words: Words { title: String::new(), caption: "How to bake".into() },
        options: Options::new(),
        sides: Default::default(),
        more: Vec::new(),
        account: JobAccount {
            remote_id: ALICE.into(),
            name: "Alice".into(),
            handle: Some("alice.bakes".into()),
            live: json!({ "page_id": "1001" }),
            ..JobAccount::default()
        },
        pace: Pace::default(),
        remote: None,
    }
}

/// The same by Instagram Login, with an address.
fn by_address() -> Job {
    let mut job = with(job(), "video_url", json!("https://cdn.example.com/bread.mp4"));
    job.account.way = "instagram_login".into();
    job
}

fn due_in(seconds: i64) -> Job {
    Job { due: Some(at(seconds)), ..job() }
}

fn with(mut job: Job, key: &str, value: Value) -> Job {
    job.options.insert(key.into(), value);
    job
}

/// Further videos of one, two… million bytes.
fn several(job: Job, more: u64) -> Job {
    let paths: Vec<String> = (1..=more).map(|n| format!("/home/alice/{n}.mp4")).collect();
    let file = |n| SideFile {
        file_name: format!("{n}.mp4"),
        size: n * 1_000_000,
        mime: "video/mp4".into(),
        duration_ms: Some(10_000),
    };
    with(Job { more: (1..=more).map(file).collect(), ..job }, "more_videos", json!(paths))
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
        let step = AnyPlatform::begin(&Instagram, &job).unwrap();
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
        let step = AnyPlatform::after(&Instagram, &self.job, &self.memo, &reply).unwrap();
        House { step, ..self }.settled()
    }

    fn fails(&self, reply: Reply) -> Fault {
        AnyPlatform::after(&Instagram, &self.job, &self.memo, &reply).unwrap_err()
    }

    /// The process dies, the reply is lost, or a wait is over: the engine comes back.
    fn wakes(self) -> House {
        let step = AnyPlatform::resume(&Instagram, &self.job, &self.memo).unwrap();
        House { step, ..self }.settled()
    }

    /// The engine comes back, and there is no way on.
    fn wakes_in_vain(&self) -> Fault {
        AnyPlatform::resume(&Instagram, &self.job, &self.memo).unwrap_err()
    }

    /// Another life of the same delivery: the process died here, and only job and memo are left.
    fn dies(&self) -> House {
        let step = AnyPlatform::resume(&Instagram, &self.job, &self.memo).unwrap();
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
            Act::Wait(wait) => wait,
            _ => panic!("no wait but {:?}", self.step.act),
        }
    }

    /// Waits for its minute; how long before it.
    fn early(&self) -> Duration {
        match self.step.act {
            Act::Ready { early } => early,
            _ => panic!("not ready but {:?}", self.step.act),
        }
    }

    fn done(&self) -> &Published {
        match &self.step.act {
            Act::Done(published) => published,
            other => panic!("not done but {other:?}"),
        }
    }

    /// Which file from which byte, and how many.
    fn sends_from(&self) -> (FileRef, u64, u64) {
        match &self.call().body {
            Body::File(part) => (part.file.clone(), part.from, part.len),
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

fn form(call: &Call) -> Vec<(&str, &str)> {
    match &call.body {
        Body::Form(fields) => fields.iter().map(|(key, value)| (*key, value.as_str())).collect(),
        other => panic!("no form but {other:?}"),
    }
}

fn address(call: &Call) -> String {
    match &call.target {
        Target::At(host, path) => format!("{host}{path}"),
        Target::Given(address) => address.expose().clone(),
    }
}

// ---------------------------------------------------------------------------------------------------------------- answers

fn reply(status: u16, body: Value) -> Reply {
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).unwrap() };
    Reply { status, headers: Vec::new(), body, at: Some(at(0)) }
}

fn ok(body: Value) -> Reply {
    reply(200, body)
}

/// A container for bytes.
fn made(id: &str) -> Reply {
    ok(json!({ "id": id, "uri": format!("https://rupload.facebook.com/ig-api-upload/v25.0/{id}?SECRET=1") }))
}

fn took() -> Reply {
    ok(json!({ "success": true, "message": "Upload successful." }))
}

/// So many bytes are there.
fn has(bytes: u64) -> Reply {
    ok(json!({ "id": BOX, "status_code": "IN_PROGRESS", "status": "In progress",
        "video_status": { "uploading_phase": { "status": "in_progress", "bytes_transferred": bytes },
            "processing_phase": { "status": "not_started" } } }))
}

/// A container in this state.
fn stands(state: &str) -> Reply {
    ok(json!({ "id": BOX, "status_code": state, "status": format!("{state}: said in words.") }))
}

/// A container that failed for this reason.
fn broke(number: i64) -> Reply {
    ok(json!({ "id": BOX, "status_code": "ERROR",
        "status": format!("Error: Media upload has failed with error code {number}") }))
}

fn posted() -> Reply {
    ok(json!({ "id": POST }))
}

/// The post as it is read back.
fn read_back() -> Reply {
    ok(json!({ "id": POST, "permalink": LINK, "media_type": "VIDEO", "media_product_type": "REELS",
        "timestamp": "2026-11-30T00:53:25+0000" }))
}

fn listed(items: Value) -> Reply {
    ok(json!({ "data": items, "paging": { "cursors": { "before": "a", "after": "b" } } }))
}

/// One of the channel's newest posts, so many seconds from now.
fn item(id: &str, caption: &str, seconds: i64) -> Value {
    let time = at(seconds).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string();
    json!({ "id": id, "caption": caption, "media_type": "VIDEO", "media_product_type": "REELS",
        "permalink": LINK, "timestamp": time })
}

fn graph(status: u16, code: i64, subcode: i64) -> Reply {
    reply(
        status,
        json!({ "error": { "message": "It says <b>something</b>.", "type": "OAuthException", "code": code,
            "error_subcode": subcode, "fbtrace_id": "AbC" } }),
    )
}

fn html(status: u16) -> Reply {
    Reply { status, body: b"<html><body>Log in to the hotel</body></html>".to_vec(), ..Reply::default() }
}

// ---------------------------------------------------------------------------------------------------------------- stories so far

/// The bytes are there and processed.
fn processed(job: Job) -> House {
    House::begin(job).hears(made(BOX)).hears(took()).hears(stands("FINISHED"))
}

/// The post was asked for.
fn asked_for() -> House {
    processed(job()).sends("instagram.publish")
}

/// The answer to that was lost, and the container says of itself that it was published.
fn published_and_lost() -> House {
    asked_for().wakes().sends("instagram.container").hears(stands("PUBLISHED")).sends("instagram.list")
}
