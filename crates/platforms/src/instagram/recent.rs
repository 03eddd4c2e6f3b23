//! What came to the channel since then: its newest posts, then its newest stories.
//!
//! Instagram tells neither the size nor the length of a video, so every new one may be the post that is looked for.

use super::{profile, read, write};
use jiff::Timestamp;
use slipway_core::platform::*;

const STORIES: &str = "stories";

pub(super) fn ask(account: &JobAccount, cursor: Option<&str>) -> Call {
    write::newest_of(account, cursor == Some(STORIES))
}

pub(super) fn answer(
    account: &JobAccount,
    since: Timestamp,
    cursor: Option<&str>,
    reply: &Reply,
) -> Result<Recent, Fault> {
    let items = read::items(reply)?;
    let is_new = |item: &read::Item| item.at.is_none_or(|at| at >= since);
    if items.len() >= write::NEWEST && items.iter().all(is_new) {
        return Err(Fault::Unsure {
            detail: "more posts came since then than Instagram lists at once".into(),
        });
    }
    let found = items.iter().filter(|item| is_new(item) && item.kind != "IMAGE").map(|item| Found {
        remote: Remote {
            id: item.id.clone(),
            url: item.permalink.clone().unwrap_or_else(|| profile(account.handle.as_deref())),
        },
        words: Words { title: String::new(), caption: item.caption.clone() },
        size: None,
        duration_ms: None,
    });
    let next = (cursor != Some(STORIES)).then(|| STORIES.to_string());
    Ok(Recent { found: found.collect(), next })
}
