//! The two inits (contract tiktok 5.1, 5.2 and 6): a direct post, or a draft for the creator's inbox. Every check of the contract comes
//! before a task exists. There is no idempotency key: asked twice, there are two tasks.
//!
//! Unsure, and decided here: a field nobody knows is refused in a direct post, which in the world is likely ignored, since a misspelt
//! disclosure would go unnoticed; `post_info` beside a draft's `source_info` is ignored. Branded content for oneself alone is refused
//! with 400; more creators than an app may have, with 403 `reached_active_user_cap`.

use super::Desk;
use super::books::{Kind, SELF_ONLY, Task};
use super::creator::{self, is_private};
use super::errors::{GUIDELINES, Refusal, refuse};
use super::plan::{BAD_CHUNK, BAD_COUNT, BAD_SIZE, Plan};
use crate::world::{World, random_text};
use serde_json::{Map, Value, json};

const TEXT: &str = "title";
const BOOLS: [&str; 6] = [
    "disable_duet",
    "disable_stitch",
    "disable_comment",
    "brand_content_toggle",
    "brand_organic_toggle",
    "is_aigc",
];

/// UTF-16 code units of a caption.
const MOST_TITLE: usize = 2_200;

/// `POST /v2/post/publish/video/init/`
pub(crate) fn direct(desk: Desk<'_>) -> Result<Value, Refusal> {
    let body = desk.json()?;
    let info = post_info(&desk, &body)?;
    let plan = source_info(&desk, &body)?;
    creator::may_post(&desk)?;
    let level = info["privacy_level"].as_str().unwrap_or_default();
    let private = is_private(&desk.settings, desk.who.creator);
    if !desk.settings.audited && (!private || level != SELF_ONLY) {
        // The account itself has to be private, not only the post.
        return Err(refuse(403, "unaudited_client_can_only_post_to_private_accounts", GUIDELINES));
    }
    if !creator::levels(private).contains(&level) {
        return Err(refuse(403, "privacy_level_option_mismatch", GUIDELINES));
    }
    if info["brand_content_toggle"] == json!(true) && level == SELF_ONLY {
        return Err(desk.bad("Branded content visibility cannot be set to private."));
    }
    open(desk, Kind::Direct(info), plan)
}

/// `POST /v2/post/publish/inbox/video/init/`
pub(crate) fn inbox(desk: Desk<'_>) -> Result<Value, Refusal> {
    let body = desk.json()?;
    let plan = source_info(&desk, &body)?;
    creator::may_draft(&desk)?;
    open(desk, Kind::Inbox, plan)
}

fn post_info(desk: &Desk<'_>, body: &Value) -> Result<Value, Refusal> {
    let Some(info) = body["post_info"].as_object() else { return Err(desk.bad("post_info is empty")) };
    for (name, value) in info {
        let fits = match name.as_str() {
            "privacy_level" | TEXT => value.is_string(),
            "video_cover_timestamp_ms" => value.as_i64().is_some_and(|ms| i32::try_from(ms).is_ok()),
            name if BOOLS.contains(&name) => value.is_boolean(),
            _ => false,
        };
        if !fits {
            return Err(desk.bad(&format!("The field {name} is invalid")));
        }
    }
    if !info.contains_key("privacy_level") {
        return Err(desk.bad("The privacy level is invalid"));
    }
    let title = info.get(TEXT).and_then(Value::as_str).unwrap_or_default();
    if title.encode_utf16().count() > MOST_TITLE {
        return Err(desk.bad("The title is too long"));
    }
    Ok(Value::Object(info.clone()))
}

fn source_info(desk: &Desk<'_>, body: &Value) -> Result<Plan, Refusal> {
    let Some(info) = body["source_info"].as_object() else { return Err(desk.bad("source_info is empty")) };
    match info.get("source").and_then(Value::as_str) {
        Some("FILE_UPLOAD") => {}
        Some("PULL_FROM_URL") => return Err(refuse(403, "url_ownership_unverified", GUIDELINES)),
        _ => return Err(desk.bad("The source is invalid")),
    }
    let number = |name: &str, why: &str| {
        // JSON numbers without a point: "7" and 7.0 are not integers.
        whole_number(info, name).ok_or_else(|| desk.bad(why))
    };
    let plan = Plan {
        size: number("video_size", BAD_SIZE)?,
        chunk: number("chunk_size", BAD_CHUNK)?,
        count: number("total_chunk_count", BAD_COUNT)?,
    };
    plan.check(desk.settings.megabyte).map_err(|why| desk.bad(why))?;
    if plan.count > 1 && (desk.settings.chunk_sizes_refused.contains(&plan.chunk) || one_more_refused(desk)) {
        return Err(desk.bad(BAD_CHUNK));
    }
    Ok(plan)
}

fn whole_number(info: &Map<String, Value>, name: &str) -> Option<u64> {
    info.get(name).and_then(Value::as_u64)
}

/// Counts down the plans that are refused though they are valid.
fn one_more_refused(desk: &Desk<'_>) -> bool {
    let mut settings = desk.world.settings();
    if settings.tiktok.chunk_plans_refused == 0 {
        return false;
    }
    settings.tiktok.chunk_plans_refused -= 1;
    desk.world.set_settings(settings);
    true
}

fn open(desk: Desk<'_>, kind: Kind, plan: Plan) -> Result<Value, Refusal> {
    let mark = match kind {
        Kind::Direct(_) => "v_pub_file~v2-1.",
        Kind::Inbox => "v_inbox_file~v2.",
    };
    let ordinal = desk.books.tasks.len() as u64 + 1;
    let task = Task {
        ordinal,
        publish_id: format!("{mark}{}", number()),
        owner: desk.who.creator.key.into(),
        kind,
        size: plan.size,
        chunk: plan.chunk,
        count: plan.count,
        upload_id: number().to_string(),
        upload_token: random_text(36),
        opened_ms: desk.now,
        url_dies_ms: desk.now + desk.settings.upload_url_s * 1000,
        stored: 0,
        received: 0,
        mime: None,
        blob: None,
        gone: false,
        whole: None,
        finished: None,
    };
    desk.world.calls.note(desk.ask.seq, |call| call.session = Some(ordinal));
    let upload_url = upload_url(desk.world, &task);
    desk.world.secret("tiktok.upload_id", &task.upload_id);
    desk.world.secret("tiktok.upload_token", &task.upload_token);
    let data = json!({ "publish_id": task.publish_id, "upload_url": upload_url });
    desk.books.tasks.push(task);
    Ok(data)
}

fn upload_url(world: &World, task: &Task) -> String {
    let host = world.base(super::route::UPLOAD);
    format!("{host}/video/?upload_id={}&upload_token={}", task.upload_id, task.upload_token)
}

/// Nineteen digits, as TikTok's ids have: above 2^53, and odd, so that no float holds it.
pub(crate) fn number() -> u64 {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).expect("the operating system always has random bytes");
    (7_400_000_000_000_000_000 + u64::from_le_bytes(bytes) % 100_000_000_000_000_000) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_none_that_a_float_could_hold() {
        for _ in 0..100 {
            let id = number();
            assert_eq!(id.to_string().len(), 19);
            assert_ne!(id as f64 as u64, id);
        }
    }
}
