//! What came to the Page since then: its videos, its reels, and what is planned.
//!
//! One list may show what another leaves out; the engine takes the same id for one post.

use super::memo::Kind;
use super::{read, remote, write};
use crate::graph::{self, error, pages, time};
use jiff::Timestamp;
use serde_json::Value;
use slipway_core::platform::*;

const REELS: &str = "reels";
const PLANNED: &str = "planned";

pub(super) fn ask(account: &JobAccount, cursor: Option<&str>) -> Call {
    match cursor {
        Some(REELS) => write::newest_reels(account),
        Some(PLANNED) => write::planned_posts_of(account),
        _ => write::newest_videos_of(account),
    }
}

pub(super) fn answer(since: Timestamp, cursor: Option<&str>, reply: &Reply) -> Result<Recent, Fault> {
    if error::of(reply).is_some() {
        return Err(read::fault(reply, read::Doing::Reading));
    }
    let (items, more) = pages::list(reply, read::NAME)?;
    let is_new = |item: &Value| time::instant(&item["created_time"]).is_none_or(|at| at >= since);
    if (more.is_some() || items.len() >= write::A_LOOK) && items.iter().all(is_new) {
        return Err(Fault::Unsure {
            detail: "more posts came since then than Facebook lists at once".into(),
        });
    }
    let found = items.iter().filter(|item| is_new(item)).filter_map(|item| {
        let target = &item["attachments"]["data"][0]["target"]["id"];
        let id = graph::id(target).or_else(|| graph::id(&item["id"])).or_else(|| {
            // The id of a post is that of the Page and its own.
            item["id"].as_str().map(str::to_string)
        })?;
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_string();
        let caption = if cursor == Some(PLANNED) { text("message") } else { text("description") };
        let kind = if cursor == Some(REELS) { Kind::Reel } else { Kind::Video };
        Some(Found {
            remote: remote(&id, kind),
            words: Words { title: text("title"), caption },
            size: None,
            duration_ms: item["length"].as_f64().filter(|s| *s > 0.0).map(|s| (s * 1000.0) as u64),
        })
    });
    let next = match cursor {
        None => Some(REELS.to_string()),
        Some(REELS) => Some(PLANNED.to_string()),
        Some(_) => None,
    };
    Ok(Recent { found: found.collect(), next })
}
