//! What YouTube says: listings as plain values, and Google's errors as what one can do about them.
//!
//! Decided on status, `errors[].reason` and `details[].reason`, never on sentences; what is unknown is `Strange` with the text kept.

use super::facts::{MIDNIGHT, SCOPE};
use jiff::Timestamp;
use serde_json::Value;
use slipway_core::platform::{Fault, Reply, Until, Whose};
use slipway_core::problem::{Code, Fix, Problem};
use slipway_core::redact;
use std::time::Duration;

/// What was being done when an error came: the same reason can mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Opening,
    Bytes,
    Reading,
    Updating,
    Thumbnail,
    Playlist,
    Captions,
    Asking,
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

// ---------------------------------------------------------------------------------------------------------------- errors

/// The first reason of a Google error body; empty when the body is none.
pub(crate) fn reason(reply: &Reply) -> String {
    let Some(body) = reply.json() else { return String::new() };
    let error = &body["error"];
    let detail = error["details"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|detail| detail["reason"].as_str())
        .find(|reason| matches!(*reason, "ACCESS_TOKEN_SCOPE_INSUFFICIENT" | "SERVICE_DISABLED"));
    let first = error["errors"].as_array().into_iter().flatten().find_map(|error| error["reason"].as_str());
    detail.or(first).unwrap_or_default().to_string()
}

/// Does it refuse a part that was named, rather than what stands in it?
pub(crate) fn is_refused_part(reply: &Reply) -> bool {
    let body = reply.json().unwrap_or_default();
    let about_parts = |error: &Value| {
        matches!(error["reason"].as_str(), Some("unknownPart" | "unexpectedPart"))
            || (error["locationType"] == "parameter" && error["location"] == "part")
    };
    reply.status == 400
        && body["error"]["errors"].as_array().is_some_and(|errors| errors.iter().any(about_parts))
}

/// What can be done about a reply that is not the one hoped for. Total: every status has an answer.
pub(crate) fn fault(reply: &Reply, doing: Doing) -> Fault {
    let reason = reason(reply);
    let detail = detail(reply, &reason);
    let refused = |problem: Problem| Fault::Refused(problem.detail(&detail));
    let block = Problem::block;
    match reason.as_str() {
        "youtubeSignupRequired" | "authenticatedUserNotChannel" => return refused(no_channel()),
        "authenticatedUserAccountClosed"
        | "authenticatedUserAccountSuspended"
        | "channelClosed"
        | "channelSuspended" => {
            return refused(block(
                Code::NoChannel,
                "YouTube says this channel is closed or suspended, so nothing can be posted to it. YouTube Studio says why.",
            ));
        }
        "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => {
            return Fault::Permission { scope: Some(SCOPE.into()), detail };
        }
        "accessNotConfigured" | "SERVICE_DISABLED" => {
            return refused(block(
                Code::AppRefused,
                "The YouTube Data API is switched off in your Google Cloud project. Open the project in the Google Cloud console, enable \"YouTube Data API v3\" under APIs & Services, wait a few minutes and try again.",
            ).fix(Fix::Retry));
        }
        "quotaExceeded" | "dailyLimitExceeded" => return spent(&detail),
        // A burst limit of the project. On opening, and without a time, 429 means the day's uploads are used up (below).
        "rateLimitExceeded" | "userRateLimitExceeded"
            if reply.status != 429 || reason.starts_with("user") =>
        {
            return burst(reply, &detail);
        }
        "uploadLimitExceeded" => {
            return Fault::Limit {
                whose: Whose::Account,
                until: Until::For(DAY),
                problem: block(
                    Code::AccountLimit,
                    "This channel has reached YouTube's own daily limit of uploads. It is not Slipway's API quota; it lifts within about a day, and verifying the channel by phone raises it. Slipway goes on by itself.",
                ).detail(&detail),
            };
        }
        _ => {}
    }
    if let Some(problem) = edit(&reason, doing) {
        return refused(problem);
    }
    match (reply.status, reason.as_str(), doing) {
        (401, _, _) if is_googles(reply) => Fault::SignIn { detail },
        (403, _, Doing::Thumbnail) if is_googles(reply) => refused(
            block(
                Code::PermissionMissing,
                "The video is safe, but YouTube does not let this channel set thumbnails. Verify the channel by phone at youtube.com/verify, then try this step again.",
            )
            .fix(Fix::Retry),
        ),
        (403, "forbidden" | "accountDelegationForbidden" | "channelForbidden", _) => {
            refused(block(Code::Refused, "YouTube does not allow this for this channel."))
        }
        (404, "videoNotFound", Doing::Thumbnail | Doing::Playlist | Doing::Captions) => {
            // A new video may be unknown to other parts of YouTube for a while.
            Fault::Again { after: Some(Duration::from_secs(30)), detail }
        }
        (404, "videoNotFound", _) => {
            refused(block(Code::NotFound, "YouTube no longer has this video; it was probably deleted there."))
        }
        (413, _, _) => refused(
            block(Code::FileTooLarge, "YouTube says the file is too large.").fix(Fix::ChooseFile),
        ),
        (429, _, Doing::Bytes) => Fault::Again { after: reply.retry_after(), detail },
        (429, "uploadRateLimitExceeded", _) => Fault::Limit {
            whose: Whose::Delivery,
            until: Until::For(reply.retry_after().unwrap_or(DAY)),
            problem: block(
                Code::AccountLimit,
                "This channel has reached YouTube's daily limit for thumbnails. Slipway tries again by itself.",
            )
            .detail(&detail),
        },
        (429, _, _) if reply.retry_after().is_some() => Fault::Limit {
            whose: Whose::Delivery,
            until: Until::For(reply.retry_after().unwrap_or(MINUTE)),
            problem: slow_down(&detail),
        },
        (429, _, Doing::Opening) => spent(&detail),
        (429, _, _) => burst(reply, &detail),
        (408 | 500..=599, _, _) => Fault::Again { after: reply.retry_after(), detail },
        (_, "processingFailure" | "backendError" | "internalError", _) => {
            Fault::Again { after: reply.retry_after(), detail }
        }
        _ => Fault::Strange { detail },
    }
}

/// A refusal that names what to edit.
fn edit(reason: &str, doing: Doing) -> Option<Problem> {
    let (code, field, message) = match (reason, doing) {
        ("invalidTitle", _) => (
            Code::TextIllegal,
            "title",
            "YouTube does not accept this title: at most 100 characters, no < or >.",
        ),
        ("invalidDescription", _) => (
            Code::TextIllegal,
            "caption",
            "YouTube does not accept this description: at most 5000 bytes, no < or >.",
        ),
        ("invalidTags", _) => (
            Code::OptionInvalid,
            "tags",
            "YouTube does not accept these tags: together at most 500 characters, no < or >.",
        ),
        ("invalidCategoryId", _) => {
            (Code::OptionInvalid, "category", "YouTube does not accept this category. Choose another.")
        }
        ("invalidPublishAt" | "invalidPublishScheduleForVideo", _) => (
            Code::TimeInvalid,
            "due",
            "YouTube does not accept this publishing time. A video that was public once cannot be scheduled again.",
        ),
        ("invalidRecordingDetails", _) => {
            (Code::OptionInvalid, "recording_date", "YouTube does not accept this recording date.")
        }
        ("forbiddenPrivacySetting", _) => {
            (Code::OptionInvalid, "privacy", "YouTube does not allow this privacy for this channel.")
        }
        ("forbiddenLicenseSetting", _) => {
            (Code::OptionInvalid, "licence", "YouTube does not allow this licence for this channel.")
        }
        ("forbiddenEmbedSetting", _) => (
            Code::OptionInvalid,
            "embeddable",
            "YouTube does not allow this embedding setting for this video.",
        ),
        ("defaultLanguageNotSet", _) => {
            (Code::OptionMissing, "language", "YouTube wants to know the language of title and description.")
        }
        ("invalidVideoMetadata", _) => (
            Code::Refused,
            "title",
            "YouTube does not accept the title, category or another detail of this video.",
        ),
        (
            "invalidImage"
            | "imageFormatUnsupported"
            | "imageTooTall"
            | "imageTooWide"
            | "failedPrecondition"
            | "mediaBodyRequired",
            Doing::Thumbnail,
        ) => (
            Code::FileUnsupported,
            "thumbnail",
            "The video is safe, but YouTube does not accept this thumbnail: JPEG or PNG, up to 50 MB.",
        ),
        ("mediaBodyRequired", Doing::Opening | Doing::Bytes) => {
            (Code::FileEmpty, "media", "YouTube says the file is empty.")
        }
        ("playlistNotFound" | "playlistIdRequired" | "playlistOperationUnsupported", Doing::Playlist) => (
            Code::OptionInvalid,
            "playlist",
            "The video is safe, but YouTube does not have this playlist. Choose another.",
        ),
        (
            "playlistContainsMaximumNumberOfVideos"
            | "playlistItemsNotAccessible"
            | "videoAlreadyInAnotherSeriesPlaylist"
            | "manualSortRequired"
            | "invalidContentDetails"
            | "invalidPlaylistItemPosition"
            | "invalidResourceType",
            Doing::Playlist,
        ) => (
            Code::OptionInvalid,
            "playlist",
            "The video is safe, but YouTube does not take it into this playlist (it may be full, or a series).",
        ),
        ("invalidMetadata" | "nameTooLong" | "contentRequired", Doing::Captions) => (
            Code::OptionInvalid,
            "captions",
            "The video is safe, but YouTube does not accept these captions, their language or their name.",
        ),
        _ => return None,
    };
    Some(Problem::block(code, message).edit(field))
}

pub(crate) fn no_channel() -> Problem {
    Problem::block(
        Code::NoChannel,
        "This Google account has no YouTube channel. Create one at youtube.com, or sign in with the account that owns it.",
    )
}

fn spent(detail: &str) -> Fault {
    Fault::Limit {
        whose: Whose::App,
        until: Until::MidnightIn(MIDNIGHT),
        problem: Problem::block(
            Code::QuotaSpent,
            "Your Google Cloud project has used up its YouTube quota for today. It starts anew at midnight Pacific time, and Slipway goes on by itself then.",
        )
        .detail(detail),
    }
}

fn burst(reply: &Reply, detail: &str) -> Fault {
    Fault::Limit {
        whose: Whose::App,
        until: Until::For(reply.retry_after().unwrap_or(MINUTE)),
        problem: slow_down(detail),
    }
}

fn slow_down(detail: &str) -> Problem {
    Problem::block(Code::RateLimited, "YouTube asks us to slow down. Slipway goes on by itself.")
        .detail(detail)
}

/// Did Google write this, and not a proxy on the way? Only then a 401 is about our token (C29).
fn is_googles(reply: &Reply) -> bool {
    reply.json().is_some_and(|body| body["error"].is_object())
        || reply.header("www-authenticate").is_some_and(|value| value.to_ascii_lowercase().contains("bearer"))
}

fn detail(reply: &Reply, reason: &str) -> String {
    let body = reply.json();
    let message = body.as_ref().and_then(|body| body["error"]["message"].as_str());
    let said = match message {
        Some(message) => redact::excerpt(message, 300),
        None => reply.excerpt(),
    };
    let reason = redact::excerpt(reason, 60);
    format!("HTTP {} {reason} {said}", reply.status).split_whitespace().collect::<Vec<_>>().join(" ")
}

// ---------------------------------------------------------------------------------------------------------------- listings

/// The items of a list answer; 200 with something else in it (a log-in page of a hotel, say) is `Strange`.
pub(crate) fn items(reply: &Reply, doing: Doing) -> Result<Vec<Value>, Fault> {
    if !reply.ok() {
        return Err(fault(reply, doing));
    }
    let strange = || Fault::Strange { detail: detail(reply, "not a list") };
    let body = reply.json().ok_or_else(strange)?;
    match &body["items"] {
        Value::Array(items) => Ok(items.clone()),
        // An empty list may come without `items`.
        Value::Null if body["kind"].as_str().is_some_and(|kind| kind.ends_with("ListResponse")) => {
            Ok(Vec::new())
        }
        _ => Err(strange()),
    }
}

/// The id of the video in the final answer of an upload.
pub(crate) fn uploaded(reply: &Reply) -> Option<String> {
    let body = reply.json()?;
    let id = body["id"].as_str()?;
    is_id(id).then(|| id.to_string())
}

pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// So many bytes from the start are there.
    Has(u64),
    /// The answer names no range we can read; nothing may be concluded.
    Unreadable,
}

/// `Range: bytes=0-N` of a 308; without the header nothing is stored.
pub(crate) fn progress(reply: &Reply) -> Progress {
    let Some(range) = reply.header("range") else { return Progress::Has(0) };
    let last = range.trim().strip_prefix("bytes=0-").and_then(|last| last.parse::<u64>().ok());
    last.and_then(|last| last.checked_add(1)).map_or(Progress::Unreadable, Progress::Has)
}

/// One video as `videos.list` shows it to its owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub privacy: String,
    pub publish_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
    pub upload: String,
    pub processing: String,
    /// Why it failed or was rejected, in YouTube's word.
    pub why: Option<String>,
    pub file_size: Option<u64>,
    pub title: String,
    pub raw: Value,
}

/// The video with this id; `None` when the list does not have it.
pub(crate) fn video(reply: &Reply, id: &str) -> Result<Option<Seen>, Fault> {
    let items = items(reply, Doing::Reading)?;
    let Some(item) = items.into_iter().find(|item| item["id"] == id) else { return Ok(None) };
    seen(item)
        .map(Some)
        .ok_or_else(|| Fault::Strange { detail: "a video was listed without its status".into() })
}

/// Was this update taken? Only the video itself says so: a 200 with a web page (a proxy's, say) is no answer, and the update is
/// looked at and made again.
pub(crate) fn updated(reply: &Reply, id: &str) -> Result<(), Fault> {
    match reply.json() {
        Some(body) if reply.ok() && body["id"] == id => Ok(()),
        _ if reply.ok() => Err(not_it(reply, "not the video that was updated")),
        _ => Err(fault(reply, Doing::Updating)),
    }
}

/// A 2xx that does not carry what the call answers with.
pub(crate) fn not_it(reply: &Reply, what: &str) -> Fault {
    Fault::Strange { detail: detail(reply, what) }
}

pub(crate) fn seen(item: Value) -> Option<Seen> {
    let status = &item["status"];
    let text = |value: &Value| value.as_str().map(str::to_string);
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let processing = &item["processingDetails"];
    Some(Seen {
        privacy: text(&status["privacyStatus"])?,
        publish_at: time(&status["publishAt"]),
        published_at: time(&item["snippet"]["publishedAt"]),
        upload: text(&status["uploadStatus"]).unwrap_or_default(),
        processing: text(&processing["processingStatus"]).unwrap_or_default(),
        why: text(&status["failureReason"])
            .or_else(|| text(&status["rejectionReason"]))
            .or_else(|| text(&processing["processingFailureReason"])),
        file_size: match &item["fileDetails"]["fileSize"] {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        },
        title: text(&item["snippet"]["title"]).unwrap_or_default(),
        raw: item,
    })
}

impl Seen {
    /// Why it will never be watchable, if so.
    pub(crate) fn ruined(&self) -> Option<Problem> {
        let why = self.why.as_deref().unwrap_or("no reason given");
        let problem = match (self.upload.as_str(), self.processing.as_str()) {
            ("failed", _) => Problem::block(
                Code::ProcessingFailed,
                format!(
                    "YouTube received the file but could not use it: {}. The broken video is still listed in YouTube Studio; delete it there before posting again.",
                    failure(why)
                ),
            ),
            ("rejected", _) => Problem::block(
                Code::ProcessingFailed,
                format!(
                    "YouTube rejected the video: {}. YouTube Studio shows what can be done.",
                    rejection(why)
                ),
            ),
            ("deleted", _) => {
                Problem::block(Code::NotFound, "The video was deleted on YouTube.").fix(Fix::Decide)
            }
            (_, "failed") => Problem::block(
                Code::ProcessingFailed,
                "YouTube received the file but could not process it. The broken video is still listed in YouTube Studio; delete it there before posting again.",
            ),
            _ => return None,
        };
        Some(problem.detail(redact::excerpt(why, 60)))
    }

    /// Has YouTube done all its work on it?
    pub(crate) fn processed(&self) -> bool {
        self.upload == "processed" || matches!(self.processing.as_str(), "succeeded" | "terminated")
    }
}

fn failure(why: &str) -> &'static str {
    match why {
        "conversion" => "it could not be converted",
        "invalidFile" => "it is not a video YouTube can read",
        "emptyFile" => "the file is empty",
        "tooSmall" => "the file is too small",
        "codec" => "its codec is not supported",
        "uploadAborted" => "the upload was broken off",
        _ => "it says no reason we know",
    }
}

fn rejection(why: &str) -> &'static str {
    match why {
        "copyright" => "copyright",
        "inappropriate" => "inappropriate content",
        "duplicate" => "the same video is there already",
        "termsOfUse" => "its terms of use",
        "uploaderAccountSuspended" => "the channel is suspended",
        "uploaderAccountClosed" => "the channel is closed",
        "length" => "it is too long for this channel; verify the channel by phone for more than 15 minutes",
        "claim" => "somebody claims its content",
        "trademark" => "a trademark",
        "legal" => "a legal complaint",
        _ => "it says no reason we know",
    }
}

/// The channel of the video that a reply tells of. Lists of anything else may hold other people's items.
pub(crate) fn channel_of(reply: &Reply) -> Option<String> {
    let body = reply.json().filter(|_| reply.ok())?;
    let video = match body["kind"].as_str()? {
        "youtube#video" => &body,
        "youtube#videoListResponse" => body["items"].get(0)?,
        _ => return None,
    };
    video["snippet"]["channelId"].as_str().filter(|id| !id.is_empty()).map(str::to_string)
}
