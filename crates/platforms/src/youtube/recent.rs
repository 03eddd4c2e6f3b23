//! What came to the channel since then: the list of its uploads, then the details that tell one video from another.
//!
//! The list of uploads shows its owner private and planned videos, too. Not here: what is done about them (the engine).

use super::publish::uploads_playlist;
use super::read::{self, Doing};
use super::{remote, write};
use jiff::{SignedDuration, Timestamp};
use slipway_core::platform::*;

const DETAILS: &str = "snippet,status,contentDetails,fileDetails";
/// Between the ids that are asked about and the page of the list that comes after them.
const THEN: char = '|';

/// The cursor is `ids|page`: details of these, then that page of the list. Without ids the list is asked.
fn parts(cursor: Option<&str>) -> (&str, &str) {
    cursor.unwrap_or_default().split_once(THEN).unwrap_or_default()
}

pub(super) fn ask(account: &JobAccount, cursor: Option<&str>) -> Option<Call> {
    let (ids, page) = parts(cursor);
    if !ids.is_empty() {
        return Some(write::list(ids, DETAILS));
    }
    let call = write::newest_uploads(&uploads_playlist(account)?);
    Some(if page.is_empty() { call } else { call.query("pageToken", page) })
}

pub(super) fn answer(since: Timestamp, cursor: Option<&str>, reply: &Reply) -> Result<Recent, Fault> {
    let (ids, page) = parts(cursor);
    if ids.is_empty() { listed(since, reply) } else { detailed(ids, page, reply) }
}

fn listed(since: Timestamp, reply: &Reply) -> Result<Recent, Fault> {
    // A channel without any video has no list of uploads.
    if reply.status == 404 && read::reason(reply) == "playlistNotFound" {
        return Ok(Recent::default());
    }
    let items = read::items(reply, Doing::Reading)?;
    let (mut ids, mut reaches_back) = (Vec::new(), false);
    for item in &items {
        let uploaded = item["snippet"]["publishedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        if uploaded.is_some_and(|at| at < since) {
            reaches_back = true;
            continue;
        }
        let id = item["contentDetails"]["videoId"]
            .as_str()
            .or_else(|| item["snippet"]["resourceId"]["videoId"].as_str())
            .unwrap_or_default();
        if !read::is_id(id) {
            return Err(Fault::Strange { detail: "an upload was listed without its id".into() });
        }
        ids.push(id.to_string());
    }
    let next = reply.json().and_then(|body| body["nextPageToken"].as_str().map(str::to_string));
    let page = next.filter(|page| !reaches_back && !page.contains(THEN)).unwrap_or_default();
    let next = (!ids.is_empty() || !page.is_empty()).then(|| format!("{}{THEN}{page}", ids.join(",")));
    Ok(Recent { found: Vec::new(), next })
}

/// A video that is listed and has no details (any more) may still be it.
fn detailed(ids: &str, page: &str, reply: &Reply) -> Result<Recent, Fault> {
    let items = read::items(reply, Doing::Reading)?;
    let found = ids.split(',').map(|id| {
        let item = items.iter().find(|item| item["id"] == id).cloned().unwrap_or_default();
        let text = |key: &str| item["snippet"][key].as_str().unwrap_or_default().to_string();
        let length = item["contentDetails"]["duration"].as_str().and_then(|text| text.parse().ok());
        Found {
            remote: remote(id),
            words: Words { title: text("title"), caption: text("description") },
            size: read::seen(item.clone()).and_then(|seen| seen.file_size),
            duration_ms: length
                .map(|length: SignedDuration| length.as_millis())
                .and_then(|ms| u64::try_from(ms).ok())
                .filter(|ms| *ms > 0),
        }
    });
    Ok(Recent { found: found.collect(), next: (!page.is_empty()).then(|| format!("{THEN}{page}")) })
}
