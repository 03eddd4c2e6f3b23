//! TikTok as JSON in, JSON out: no I/O, time moved by hand.
//!
//! `House` drives the protocol as the engine would: it packs every memo to bytes and reads it again before the next move, so a
//! memo that does not survive its own writing cannot pass.
#![allow(clippy::unwrap_used)]

mod amend;
mod ask;
mod bodies;
mod check;
mod chunks;
mod drafts;
mod errors;
mod memos;
mod minute;
mod publish;
mod transfer;
mod withdraw;

use super::TikTok;
use jiff::Timestamp;
use serde_json::{Value, json};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};
use std::time::Duration;

const NOW: i64 = 1_796_000_000;
/// Seven chunks of ten million.
const SIZE: u64 = 70_000_000;
const LAST: u64 = 60_000_000;
const ADDRESS: &str = "https://open-upload.tiktokapis.com/video/?upload_id=67890&upload_token=SECRET";
const PUBLISH_ID: &str = "v_pub_file~v2-1.7412345678901234567";
/// Above 2^53, and odd: no float holds it.
const POST_ID: u64 = 7_412_345_678_901_234_567;

/// Mira's public account, an audited app, and her video of seventy million bytes, for everyone.
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
        words: Words { title: String::new(), caption: "Bread #sourdough".into() },
        options: [
            ("privacy".to_string(), json!("PUBLIC_TO_EVERYONE")),
            ("consent".to_string(), json!("2026-11-29T18:00:00Z")),
        ]
        .into_iter()
        .collect(),
        sides: Default::default(),
        more: Vec::new(),
        pace: Pace::default(),
        account: JobAccount {
            remote_id: "_000mira".into(),
            name: "Mira".into(),
            live: json!({ "terms": terms() }),
            app: JobApp { client_id: "aw".into(), flags: [("audited".to_string(), true)].into() },
            ..JobAccount::default()
        },
        remote: None,
    }
}

fn due_in(seconds: i64) -> Job {
    Job { due: Some(at(seconds)), ..job() }
}

/// Of one chunk.
fn small(mut job: Job) -> Job {
    job.media.size = 4_000_000;
    job
}

fn draft(job: Job) -> Job {
    Job { options: [("mode".to_string(), json!("inbox"))].into_iter().collect(), ..job }
}

fn unaudited(mut job: Job) -> Job {
    job.account.app.flags.clear();
    job
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
        let step = AnyPlatform::begin(&TikTok, &job).unwrap();
        House { job, memo: step.memo.clone(), step }.settled()
    }

    /// The upload is open and its first chunk on its way.
    fn opened(job: Job) -> House {
        House::begin(job).sends("tiktok.creator_info").hears(creator()).hears(init())
    }

    /// All chunks but the last are there.
    fn all_but_last(job: Job) -> House {
        let mut house = House::opened(job);
        for stored in 1..=6 {
            house = house.sends("tiktok.upload.put").hears(stored_206(stored * 10_000_000));
        }
        house
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
        let step = AnyPlatform::after(&TikTok, &self.job, &self.memo, &reply).unwrap();
        House { step, ..self }.settled()
    }

    fn fails(&self, reply: Reply) -> Fault {
        AnyPlatform::after(&TikTok, &self.job, &self.memo, &reply).unwrap_err()
    }

    /// The process dies, the reply is lost, or a wait is over: the engine comes back.
    fn wakes(self) -> House {
        let step = AnyPlatform::resume(&TikTok, &self.job, &self.memo).unwrap();
        House { step, ..self }.settled()
    }

    fn wakes_to(&self) -> Fault {
        AnyPlatform::resume(&TikTok, &self.job, &self.memo).unwrap_err()
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
            Act::Wait(wait) | Act::ToFinish { look: wait, .. } => wait,
            _ => panic!("no wait but {:?}", self.step.act),
        }
    }

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

    /// Before when the last bytes of the chunk on its way do not leave.
    fn not_before(&self) -> Option<Timestamp> {
        match &self.call().body {
            Body::File(part) => part.not_before,
            other => panic!("no file but {other:?}"),
        }
    }

    /// First byte, length and header of the chunk on its way.
    fn sends_from(&self) -> (u64, u64, String) {
        match &self.call().body {
            Body::File(part) => (part.from, part.len, header(self.call(), "content-range").unwrap()),
            other => panic!("no file but {other:?}"),
        }
    }
}

fn header(call: &Call, name: &str) -> Option<String> {
    call.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
}

fn body(call: &Call) -> &Value {
    match &call.body {
        Body::Json(value) => value,
        other => panic!("no JSON but {other:?}"),
    }
}

fn path(call: &Call) -> &str {
    match &call.target {
        Target::At("open.tiktokapis.com", path) => path,
        other => panic!("elsewhere: {other:?}"),
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

fn ok(data: Value) -> Reply {
    reply(
        200,
        json!({ "data": data, "error": { "code": "ok", "message": "", "log_id": "20261130010203ABC" } }),
    )
}

fn refusal(status: u16, code: &str) -> Reply {
    let error = json!({ "code": code, "message": "Please review our integration guidelines.",
        "log_id": "20261130010203ABC" });
    reply(status, json!({ "data": {}, "error": error }))
}

fn html(status: u16) -> Reply {
    Reply { status, body: b"<html><body>Log in to the hotel</body></html>".to_vec(), ..Reply::default() }
}

/// A public account's choices.
fn terms() -> Value {
    json!({
        "creator_username": "mira.bakes", "creator_nickname": "Mira",
        "privacy_level_options": ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
        "comment_disabled": false, "duet_disabled": false, "stitch_disabled": true,
        "max_video_post_duration_sec": 600,
    })
}

fn creator() -> Reply {
    let mut data = terms();
    data["creator_avatar_url"] = "https://p16.tiktokcdn.com/a.webp?x-expires=1".into();
    ok(data)
}

fn private() -> Reply {
    let mut data = terms();
    data["privacy_level_options"] = json!(["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]);
    ok(data)
}

fn init() -> Reply {
    ok(json!({ "publish_id": PUBLISH_ID, "upload_url": ADDRESS }))
}

/// So many bytes are stored, as the documentation counts them.
fn stored(status: u16, bytes: u64) -> Reply {
    headed(reply(status, Value::Null), "content-range", &format!("bytes 0-{bytes}/{SIZE}"))
}

fn stored_206(bytes: u64) -> Reply {
    stored(206, bytes)
}

fn status(word: &str) -> Reply {
    ok(json!({ "status": word }))
}

fn uploading(bytes: u64) -> Reply {
    ok(json!({ "status": "PROCESSING_UPLOAD", "uploaded_bytes": bytes, "publicaly_available_post_id": [] }))
}

fn failed(reason: &str) -> Reply {
    ok(json!({ "status": "FAILED", "fail_reason": reason }))
}

fn complete(ids: Value) -> Reply {
    ok(json!({ "status": "PUBLISH_COMPLETE", "publicaly_available_post_id": ids }))
}

fn refused(fault: Fault) -> Problem {
    match fault {
        Fault::Refused(problem) => problem,
        other => panic!("not refused but {other:?}"),
    }
}

fn field(problem: &Problem) -> Option<&str> {
    match &problem.fix {
        Fix::Edit { field } => Some(field),
        _ => None,
    }
}
