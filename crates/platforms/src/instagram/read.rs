//! What Instagram says: containers and posts as plain values, and its sub-codes as what one can do about them.
//!
//! Decided on `code`, `error_subcode` and the number in a container's `status`, never on sentences (Instagram Platform, error codes,
//! 2026-10). What every part of the Graph API says is read in `graph`; what is unknown is `Strange` with the text kept.

use super::facts::FACTS;
use crate::graph::{error, time};
use jiff::Timestamp;
use serde_json::Value;
use slipway_core::platform::{Fault, Reply, Until, Whose};
use slipway_core::problem::{Code, Fix, Problem};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Sub-codes that say that the media, or its container, is not there: by whatever code they come.
const GONE: [i64; 3] = [2_207_006, 2_207_008, 2_207_020];
const NOT_READY: i64 = 2_207_027;
/// What a fresh container may cure: the files are as they should be (2207077 and 2207082 are seen in the field only).
const PASSING: [i64; 6] = [2_207_001, 2_207_003, 2_207_032, 2_207_053, 2_207_077, 2_207_082];

// ---------------------------------------------------------------------------------------------------------------- errors

/// What can be done about a reply that is not the one hoped for. Total: every reply has an answer.
pub(crate) fn fault(reply: &Reply) -> Fault {
    let detail = error::detail(reply);
    let sub = error::of(reply).filter(|error| !error.is_sign_in()).map(|error| error.subcode);
    sub.and_then(|sub| said(sub, &detail)).unwrap_or_else(|| error::fault(reply, FACTS.name))
}

/// What a sub-code means, or the number a failed container names; they are the same numbers. `None`: not one of Instagram's own.
fn said(number: i64, detail: &str) -> Option<Fault> {
    let limit = |whose, wait, message: &str| {
        let problem = Problem::block(Code::AccountLimit, message).detail(detail);
        Some(Fault::Limit { whose, until: Until::For(wait), problem })
    };
    match number {
        // A server's bad moment, a file that was not fetched in time, a container that could not be made, is not ready or broke:
        // a look at the container tells what follows.
        NOT_READY => Some(Fault::Again { after: None, detail: detail.into() }),
        _ if PASSING.contains(&number) || GONE[1..].contains(&number) => {
            Some(Fault::Again { after: None, detail: detail.into() })
        }
        2_207_042 => limit(
            Whose::Account,
            HOUR,
            "This account has made as many posts as Instagram allows a day. Places come free as its older posts pass the 24 hours; Slipway tries again every hour by itself.",
        ),
        2_207_051 => limit(
            Whose::Account,
            DAY,
            "Instagram holds this account's posts back, because it takes them for spam. Slipway waits a day before it tries again; look into the app for a notice.",
        ),
        _ => refusal(number).map(|problem| Fault::Refused(problem.detail(detail))),
    }
}

/// A refusal that names what to edit.
fn refusal(number: i64) -> Option<Problem> {
    let edit = |code, field: &str, message: &str| Some(Problem::block(code, message).edit(field));
    let file = |message: &str| Some(Problem::block(Code::FileUnsupported, message).fix(Fix::ChooseFile));
    match number {
        2_207_006 => Some(Problem::block(
            Code::NotFound,
            "Instagram does not have this any more, or does not show it to this sign-in.",
        )),
        2_207_004 => edit(Code::OptionInvalid, "cover_url", "Instagram says the cover picture is too large: JPEG, up to 8 MB."),
        2_207_005 => edit(Code::OptionInvalid, "cover_url", "Instagram takes covers as JPEG only."),
        2_207_009 => file("Instagram does not take this shape of picture. 9:16 is what it recommends."),
        2_207_010 => edit(
            Code::TextTooLong,
            "caption",
            "Instagram says the caption is too long: at most 2,200 characters, 30 hashtags and 20 mentions.",
        ),
        2_207_023 | 2_207_028 => edit(
            Code::OptionInvalid,
            "more_videos",
            "Instagram does not make a post of these videos: it takes 2 to 10 in one.",
        ),
        2_207_026 => file(
            "Instagram received the video but cannot use it. It takes MP4 or MOV with H.264 or HEVC and AAC sound, 23 to 60 pictures a second.",
        ),
        2_207_035..=2_207_037 | 2_207_040 => {
            edit(Code::OptionInvalid, "user_tags", "Instagram does not accept these tags: at most 20.")
        }
        2_207_050 => Some(Problem::block(
            Code::NoChannel,
            "Instagram says that this account is restricted or inactive. Open the Instagram app, finish what it asks for, then try again.",
        ).fix(Fix::Retry)),
        2_207_052 => edit(
            Code::OptionInvalid,
            "video_url",
            "Instagram could not fetch what the post names by address (the video, or its cover). The address must be public, on https, and answer with the file itself.",
        ),
        2_207_057 => edit(Code::OptionInvalid, "thumb_offset", "The moment for the cover lies outside of the video."),
        2_207_081 => edit(Code::OptionInvalid, "trial", "This account has no trial reels. Choose No."),
        2_207_085 => Some(Problem::block(
            Code::Refused,
            "Instagram says that this account lacks a right to something in this post (a sound, a partner, a Page). The Instagram app shows more.",
        )),
        _ => None,
    }
}

/// Does a reply say that a container or a post is not there, or may not be seen? The API does not tell which.
pub(crate) fn is_gone(reply: &Reply) -> bool {
    error::of(reply).is_some_and(|error| error.is_missing() || GONE.contains(&error.subcode))
}

/// Was the post asked for before its container was processed?
pub(crate) fn is_not_ready(reply: &Reply) -> bool {
    error::of(reply).is_some_and(|error| error.subcode == NOT_READY || error.code == 9007)
}

// ---------------------------------------------------------------------------------------------------------------- containers

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    InProgress,
    Finished,
    Error,
    /// It was not published within a day, and never will be.
    Expired,
    Published,
}

/// One container as it describes itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub state: State,
    /// The number in the text of a failed one.
    pub number: Option<i64>,
    /// Bytes it has; `None` where it does not say.
    pub bytes: Option<u64>,
    /// Has it all bytes, by its own word?
    pub whole: bool,
    /// Did the upload fail, by its own word?
    pub broken: bool,
    pub detail: String,
}

/// A container's id and the address its bytes go to, of the answer to making it.
pub(crate) fn created(reply: &Reply) -> Result<(String, String), Fault> {
    let body = object(reply)?;
    let id = crate::graph::id(&body["id"])
        .ok_or_else(|| Fault::Strange { detail: format!("no container in: {}", error::detail(reply)) })?;
    let uri = body["uri"]
        .as_str()
        .map(str::trim)
        .filter(|uri| uri.starts_with("https://") || uri.starts_with("http://"));
    Ok((id, uri.unwrap_or_default().to_string()))
}

/// The id of the post, in the answer to publishing. `None`: the answer is spoilt, and the post may be there.
pub(crate) fn published(reply: &Reply) -> Option<String> {
    if !reply.ok() || error::of(reply).is_some() {
        return None;
    }
    crate::graph::id(&reply.json()?["id"])
}

pub(crate) fn container(reply: &Reply) -> Result<Seen, Fault> {
    let body = object(reply)?;
    let strange = || Fault::Strange { detail: format!("no container: {}", error::detail(reply)) };
    let state = match body["status_code"].as_str().ok_or_else(strange)? {
        "IN_PROGRESS" => State::InProgress,
        "FINISHED" => State::Finished,
        "ERROR" => State::Error,
        "EXPIRED" => State::Expired,
        "PUBLISHED" => State::Published,
        _ => return Err(strange()),
    };
    let uploading = &body["video_status"]["uploading_phase"];
    let phase = uploading["status"].as_str().unwrap_or_default();
    // Spelt with one r on the sister service.
    let told = [&uploading["bytes_transferred"], &uploading["bytes_transfered"]].into_iter().find_map(count);
    let text = body["status"].as_str().unwrap_or_default();
    Ok(Seen {
        state,
        number: number_in(text),
        bytes: told.or((phase == "not_started").then_some(0)),
        whole: matches!(phase, "complete" | "completed"),
        broken: phase == "error",
        detail: slipway_core::redact::excerpt(text, 200),
    })
}

fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The one thing read out of a sentence: the number `2207…`, which stands nowhere else (IG Container, `status`, 2026-10).
fn number_in(text: &str) -> Option<i64> {
    let numbers = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    numbers.filter(|word| word.len() == 7 && word.starts_with("2207")).find_map(|word| word.parse().ok())
}

impl Seen {
    /// May a fresh container fare better? One that names no number, too.
    pub(crate) fn may_renew(&self) -> bool {
        self.number.is_none_or(|number| PASSING.contains(&number) || GONE[1..].contains(&number))
    }

    /// What a failed container means, where a fresh one does not help.
    pub(crate) fn failure(&self) -> Fault {
        let known = self.number.filter(|_| !self.may_renew()).and_then(|number| said(number, &self.detail));
        known.unwrap_or_else(|| {
            Fault::Refused(
                Problem::block(
                    Code::ProcessingFailed,
                    "Instagram received the video but could not process it, twice. Nothing was posted. Try again later, or with another file.",
                )
                .fix(Fix::Retry)
                .detail(&self.detail),
            )
        })
    }
}

// ---------------------------------------------------------------------------------------------------------------- posts

/// One post as the channel lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Item {
    pub id: String,
    pub caption: String,
    /// `VIDEO`, `CAROUSEL_ALBUM`, `IMAGE`.
    pub kind: String,
    pub at: Option<Timestamp>,
    pub permalink: Option<String>,
}

fn item(value: &Value) -> Option<Item> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    Some(Item {
        id: crate::graph::id(&value["id"])?,
        caption: text(&value["caption"]),
        kind: text(&value["media_type"]),
        at: time::instant(&value["timestamp"]),
        permalink: value["permalink"]
            .as_str()
            .filter(|link| link.starts_with("https://"))
            .map(str::to_string),
    })
}

pub(crate) fn items(reply: &Reply) -> Result<Vec<Item>, Fault> {
    let body = object(reply)?;
    let Value::Array(items) = &body["data"] else {
        return Err(Fault::Strange { detail: format!("not a list: {}", error::detail(reply)) });
    };
    Ok(items.iter().filter_map(item).collect())
}

/// The post with this id; `None` where it is not there (yet).
pub(crate) fn media(reply: &Reply, id: &str) -> Result<Option<Item>, Fault> {
    if is_gone(reply) {
        return Ok(None);
    }
    let body = object(reply)?;
    let seen = item(&body).filter(|item| item.id == id);
    seen.map(Some).ok_or_else(|| Fault::Strange { detail: format!("another post: {}", error::detail(reply)) })
}

/// An object of the API, or what can be done about anything else.
pub(crate) fn object(reply: &Reply) -> Result<Value, Fault> {
    match reply.json() {
        Some(body) if reply.ok() && body.is_object() && error::of(reply).is_none() => Ok(body),
        _ => Err(fault(reply)),
    }
}

/// A user name in an address of ours.
pub(crate) fn is_handle(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
}
