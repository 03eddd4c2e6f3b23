//! The sandbox's own API under `/api/` on the page's host: plan faults, look inside, tune, move time. Everything here is also a method
//! of `Sandbox`. JSON in and out; a request that cannot be read is 400 with `{"error": …}`.
//!
//! `GET|POST|DELETE /api/faults` · `GET|DELETE /api/calls` · `GET /api/state` · `GET|POST /api/settings` · `GET|POST /api/clock`
//! (`{"advance_ms": n}`) · `POST /api/expire` (`{"platform": "tiktok", "access": true, "refresh": true}`) · `POST /api/reset` ·
//! `GET /api/announcement` · `POST /api/static` (`{"address": "https://…", "body": …}`) · `POST /api/tiktok/finish`
//! (`{"publish_id": …}`)

use crate::exchange::Answer;
use crate::faults::Fault;
use crate::world::World;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) fn answer(world: &World, method: &str, path: &str, body: &Bytes) -> Answer {
    match (method, path) {
        ("GET", "/api/faults") => Answer::json(200, &world.plans.list()),
        ("POST", "/api/faults") => with(body, |faults: Vec<Fault>| json!({ "ids": world.plans.add(faults) })),
        ("DELETE", "/api/faults") => {
            world.plans.clear();
            Answer::json(200, &json!({}))
        }
        ("GET", "/api/calls") => Answer::json(200, &world.calls.list()),
        ("DELETE", "/api/calls") => {
            world.calls.clear();
            Answer::json(200, &json!({}))
        }
        ("GET", "/api/state") => Answer::json(200, &crate::state::look(world)),
        ("GET", "/api/announcement") => Answer::json(200, &crate::Announcement::of(world)),
        ("GET", "/api/settings") => Answer::json(200, &world.settings()),
        ("POST", "/api/settings") => {
            match read::<Value>(body).and_then(|changes| world.settings().merged(changes)) {
                Ok(settings) => {
                    world.set_settings(settings);
                    Answer::json(200, &world.settings())
                }
                Err(why) => Answer::json(400, &json!({ "error": why })),
            }
        }
        ("GET", "/api/clock") => Answer::json(200, &clock(world)),
        ("POST", "/api/clock") => with(body, |change: Advance| {
            world.clock.advance_ms(change.advance_ms);
            world.changed();
            clock(world)
        }),
        ("POST", "/api/expire") => with(body, |which: Expire| {
            world.expire(which.platform.as_deref(), which.access, which.refresh);
            json!({})
        }),
        ("POST", "/api/tiktok/finish") => match read::<Finish>(body) {
            Ok(draft) => {
                let caption = draft.caption.unwrap_or_default();
                let privacy = draft.privacy.as_deref();
                match crate::tiktok::inbox::finish(world, &draft.publish_id, privacy, &caption) {
                    Ok(()) => Answer::json(200, &json!({})),
                    Err(why) => Answer::json(400, &json!({ "error": why })),
                }
            }
            Err(why) => Answer::json(400, &json!({ "error": why })),
        },
        ("POST", "/api/static") => with(body, |what: Static| {
            world.meta.place(&what.address, what.body.into());
            json!({})
        }),
        ("POST", "/api/reset") => {
            world.reset();
            Answer::json(200, &json!({}))
        }
        _ => Answer::json(404, &json!({ "error": "no such call" })),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Expire {
    /// Absent: all platforms.
    platform: Option<String>,
    access: bool,
    refresh: bool,
}

/// A creator posts a draft from the inbox.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    publish_id: String,
    /// Absent: as many as the account reaches.
    privacy: Option<String>,
    caption: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Static {
    /// A public https address.
    address: String,
    body: String,
}

fn clock(world: &World) -> Value {
    json!({ "now_ms": world.now_ms(), "offset_ms": world.clock.offset_ms() })
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn with<T: DeserializeOwned>(body: &Bytes, act: impl FnOnce(T) -> Value) -> Answer {
    match read(body) {
        Ok(value) => Answer::json(200, &act(value)),
        Err(why) => Answer::json(400, &json!({ "error": why })),
    }
}
