//! What TikTok says: its envelope, its refusals as what one can do about them, and what became of an upload.
//!
//! Decided on `error.code`, `status` and `fail_reason`, never on sentences: most refusals carry the same one. A refusal may come with
//! HTTP 200. Words nobody knows yet mean "still working" (status) or `Strange` (codes). Not here: what follows.

use super::chunks::Plan;
use serde_json::Value;
use slipway_core::platform::{Fault, Reply, Until, Whose};
use slipway_core::problem::{Code, Fix, Problem};
use slipway_core::redact;
use std::time::Duration;

/// What was being done when an error came: the same code can mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Asking what the creator may choose.
    Terms,
    /// Opening a direct post.
    Opening,
    /// Opening a draft.
    Drafting,
    Looking,
    /// Asking whose account this is.
    Who,
}

const MINUTE: Duration = Duration::from_secs(60);
/// The caps count over a sliding day and say not when they lift: asked again each hour, a post goes out soon after.
const HOUR: Duration = Duration::from_secs(3600);

// ---------------------------------------------------------------------------------------------------------------- errors

/// `error.code` of an envelope; empty when the body is none.
pub(crate) fn code(reply: &Reply) -> String {
    let Some(body) = reply.json() else { return String::new() };
    body["error"]["code"].as_str().unwrap_or_default().to_string()
}

/// What an answer carries, if it is one: the status alone proves nothing.
pub(crate) fn data(reply: &Reply, doing: Doing) -> Result<Value, Fault> {
    match reply.json() {
        Some(mut body) if reply.ok() && body["error"]["code"] == "ok" => Ok(body["data"].take()),
        _ => Err(fault(reply, doing)),
    }
}

/// Is a parameter of this request refused? Documented as `invalid_param`, said on the wire as `invalid_params`.
pub(crate) fn is_bad_parameter(reply: &Reply) -> bool {
    !reply.ok() && matches!(code(reply).as_str(), "invalid_params" | "invalid_param")
}

/// Does TikTok not know this publish id, or not as this account's?
pub(crate) fn is_unknown_id(reply: &Reply) -> bool {
    !reply.ok()
        && matches!(
            code(reply).as_str(),
            "invalid_publish_id" | "token_not_authorized_for_specified_publish_id"
        )
}

/// What can be done about a reply that is not the one hoped for. Total: every status has an answer.
pub(crate) fn fault(reply: &Reply, doing: Doing) -> Fault {
    let code = code(reply);
    let detail = detail(reply, &code);
    let refused = |problem: Problem| Fault::Refused(problem.detail(&detail));
    let limit = |whose, lasting, problem: Problem| Fault::Limit {
        whose,
        until: Until::For(lasting),
        problem: problem.detail(&detail),
    };
    match code.as_str() {
        "access_token_invalid" => return Fault::SignIn { detail },
        "scope_not_authorized" | "scope_permission_missed" => {
            return Fault::Permission { scope: scope(doing).map(Into::into), detail };
        }
        "rate_limit_exceeded" => return too_fast(reply, doing, &detail),
        "spam_risk_too_many_posts" => return limit(Whose::Account, HOUR, too_many_posts()),
        // Of drafts alone: what this account posts directly goes on.
        "spam_risk_too_many_pending_share" => {
            let problem = Problem::block(
                Code::AccountLimit,
                "Five drafts of the last day wait in this TikTok inbox, and it takes no more. Post or delete some in the TikTok app; Slipway asks again each hour.",
            );
            return limit(Whose::Delivery, HOUR, problem);
        }
        "reached_active_user_cap" => {
            let problem = Problem::block(
                Code::QuotaSpent,
                "As many creators as TikTok allows your developer app in a day have posted through it. Slipway asks again each hour.",
            );
            return limit(Whose::App, HOUR, problem);
        }
        "spam_risk_user_banned_from_posting" => return refused(banned()),
        "spam_risk_text" => return refused(risky_text()),
        "spam_risk" => return refused(risky()),
        "unaudited_client_can_only_post_to_private_accounts" => return refused(not_audited()),
        "privacy_level_option_mismatch" => {
            return refused(
                Problem::block(
                    Code::TermsChanged,
                    "TikTok no longer lets this account choose who can watch as you planned. Choose again.",
                )
                .edit("privacy"),
            );
        }
        "internal_error" => return Fault::Again { after: reply.retry_after(), detail },
        _ => {}
    }
    match reply.status {
        408 | 500..=599 => Fault::Again { after: reply.retry_after(), detail },
        429 => too_fast(reply, doing, &detail),
        _ => Fault::Strange { detail },
    }
}

/// The scope a call needs, where it needs a certain one.
fn scope(doing: Doing) -> Option<&'static str> {
    match doing {
        Doing::Terms | Doing::Opening => Some("video.publish"),
        Doing::Drafting => Some("video.upload"),
        Doing::Who => Some("user.info.basic"),
        Doing::Looking => None,
    }
}

/// Limits count by the minute and by the user's token; no `Retry-After` is documented.
fn too_fast(reply: &Reply, doing: Doing, detail: &str) -> Fault {
    Fault::Limit {
        whose: match doing {
            Doing::Opening | Doing::Drafting => Whose::Account,
            _ => Whose::Delivery,
        },
        until: Until::For(reply.retry_after().unwrap_or(MINUTE)),
        problem: Problem::block(
            Code::RateLimited,
            "TikTok asks us to slow down. Slipway goes on by itself in a minute.",
        )
        .detail(detail),
    }
}

pub(crate) fn not_audited() -> Problem {
    Problem::block(
        Code::NotAudited,
        "TikTok has not audited your developer app, so it posts only while the account itself is private. Make the account private in the TikTok app (Settings, Privacy) and choose \"Only me\", or send it as a draft to your inbox.",
    )
    .edit("mode")
}

fn too_many_posts() -> Problem {
    Problem::block(
        Code::AccountLimit,
        "This account has reached TikTok's daily limit of posts by apps (about 15 in 24 hours, of all apps together). Slipway asks again each hour.",
    )
}

fn banned() -> Problem {
    Problem::block(
        Code::Refused,
        "TikTok has banned this account from posting. The TikTok app says why and for how long.",
    )
    .fix(Fix::Retry)
}

fn risky_text() -> Problem {
    Problem::block(Code::TextIllegal, "TikTok takes the caption for spam or otherwise risky. Change it.")
        .edit("caption")
}

fn risky() -> Problem {
    Problem::block(Code::Refused, "TikTok takes this post for spam or otherwise risky, and says no more.")
        .fix(Fix::Retry)
}

/// For the history: what TikTok's support asks for is the `log_id`.
fn detail(reply: &Reply, code: &str) -> String {
    let body = reply.json();
    let error = body.as_ref().map(|body| &body["error"]);
    let said = match error.and_then(|error| error["message"].as_str()) {
        Some(message) => redact::excerpt(message, 300),
        None => reply.excerpt(),
    };
    let log = error.and_then(|error| error["log_id"].as_str().or_else(|| error["logid"].as_str()));
    // It begins with its second, so that nothing else passes for one.
    let dated = |id: &str| id.bytes().take_while(u8::is_ascii_digit).count() >= 14 && id.starts_with("20");
    let log =
        log.filter(|id| id.len() <= 40 && dated(id) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let log = log.map(|id| format!("log_id {id}")).unwrap_or_default();
    let code = redact::excerpt(code, 60);
    format!("HTTP {} {code} {said} {log}", reply.status).split_whitespace().collect::<Vec<_>>().join(" ")
}

// ---------------------------------------------------------------------------------------------------------------- terms

/// What holds for a creator just now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Terms {
    pub username: Option<String>,
    /// Nothing where TikTok did not say.
    pub levels: Option<Vec<String>>,
    pub comment_off: bool,
    pub duet_off: bool,
    pub stitch_off: bool,
    pub longest_s: Option<u64>,
}

/// Reads `creator_info`, fresh or as kept in `live.terms`.
pub(crate) fn terms(data: &Value) -> Terms {
    let off = |key: &str| data[key] == true;
    let levels = data["privacy_level_options"].as_array();
    Terms {
        username: data["creator_username"].as_str().and_then(handle),
        levels: levels.map(|list| list.iter().filter_map(Value::as_str).map(Into::into).collect()),
        comment_off: off("comment_disabled"),
        duet_off: off("duet_disabled"),
        stitch_off: off("stitch_disabled"),
        longest_s: data["max_video_post_duration_sec"].as_u64().filter(|seconds| *seconds > 0),
    }
}

/// A handle as it may stand in an address.
pub(crate) fn handle(text: &str) -> Option<String> {
    let name = text.trim().trim_start_matches('@');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (!name.is_empty() && name.len() <= 64 && name.bytes().all(fits)).then(|| name.to_string())
}

// ---------------------------------------------------------------------------------------------------------------- the upload

/// What an init gives: the upload's id and its secret address.
pub(crate) fn opened(data: &Value) -> Option<(String, String)> {
    let id = data["publish_id"].as_str().filter(|id| is_publish_id(id))?;
    let url = data["upload_url"].as_str()?;
    (url.starts_with("https://") || url.starts_with("http://")).then(|| (id.to_string(), url.to_string()))
}

fn is_publish_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A post's own number.
pub(crate) fn is_post_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// How far an upload is, by the header of an answer to a chunk: `Content-Range: bytes 0-N/TOTAL`. Documented as a count of bytes,
/// by HTTP's custom the last one's index: whichever of both is a border of the plan.
pub(crate) fn progress(reply: &Reply, plan: &Plan) -> Option<u64> {
    let range = reply.header("content-range")?.trim().strip_prefix("bytes")?.trim();
    let (span, total) = range.split_once('/')?;
    if total.trim().parse::<u64>().is_ok_and(|total| total != plan.size) {
        return None;
    }
    let n: u64 = span.trim().strip_prefix("0-")?.parse().ok()?;
    [Some(n), n.checked_add(1)].into_iter().flatten().find(|at| plan.is_border(*at))
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stand {
    /// Bytes arrive or are processed; also any word that is new to us.
    Working,
    /// A draft in the creator's inbox.
    Inbox,
    /// Posted, by us or by the creator.
    Complete,
    /// Nothing was posted, and why.
    Failed(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub stand: Stand,
    pub uploaded: Option<u64>,
    /// Only of a public post that passed moderation.
    pub post_id: Option<String>,
}

pub(crate) fn seen(reply: &Reply) -> Result<Seen, Fault> {
    let data = data(reply, Doing::Looking)?;
    let Some(status) = data["status"].as_str() else {
        return Err(Fault::Strange { detail: "TikTok answered without a status".into() });
    };
    let stand = match status {
        "SEND_TO_USER_INBOX" => Stand::Inbox,
        "PUBLISH_COMPLETE" => Stand::Complete,
        "FAILED" => Stand::Failed(data["fail_reason"].as_str().unwrap_or_default().to_string()),
        _ => Stand::Working,
    };
    // Spelt so; the right spelling may come one day.
    let ids = match &data["publicaly_available_post_id"] {
        Value::Null => &data["publicly_available_post_id"],
        ids => ids,
    };
    let first = ids.as_array().map_or(Some(ids), |list| list.first());
    Ok(Seen { stand, uploaded: whole(&data["uploaded_bytes"]), post_id: first.and_then(post_id) })
}

/// Ids are above 2^53, so they are never a float.
fn post_id(value: &Value) -> Option<String> {
    let text = value.as_str().map(str::to_string).or_else(|| value.as_u64().map(|id| id.to_string()))?;
    (is_post_id(&text) && text != "0").then_some(text)
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Is this a failure of TikTok's own, which another try may not meet?
pub(crate) fn is_internal(reason: &str) -> bool {
    reason == "internal"
}

/// What the user is told about a failure. In all of them nothing was posted, and a retry would only ask about the same upload.
pub(crate) fn failure(reason: &str) -> Problem {
    let file = |code, why: &str| {
        let message = format!("TikTok received the file but does not take it: {why}. Nothing was posted.");
        Problem::block(code, message).fix(Fix::ChooseFile)
    };
    let again = |code, message: &str| Problem::block(code, message).fix(Fix::Decide);
    let problem = match reason {
        "file_format_check_failed" => {
            file(Code::FileUnsupported, "it takes MP4, MOV and WebM with H.264, H.265, VP8 or VP9")
        }
        "duration_check_failed" => file(Code::FileTooLong, "the video is too short or too long for it"),
        "frame_rate_check_failed" => file(Code::FileUnsupported, "it takes 23 to 60 pictures a second"),
        "picture_size_check_failed" => {
            file(Code::FileUnsupported, "each side has to have 360 to 4096 pixels")
        }
        "video_size_check_failed" => file(Code::FileTooLarge, "it takes at most 4 GB"),
        "video_bitrate_check_failed" => file(Code::FileUnsupported, "its bit rate does not suit it"),
        "auth_removed" => again(
            Code::Refused,
            "This account took Slipway's access away while TikTok was at it. Nothing was posted. Sign in again, then say \"post again\".",
        ),
        "spam_risk_too_many_posts" => again(
            Code::AccountLimit,
            "This account has reached TikTok's daily limit of posts by apps (about 15 in 24 hours). Nothing was posted. Say \"post again\" later.",
        ),
        "spam_risk_user_banned_from_posting" => again(
            Code::Refused,
            "TikTok has banned this account from posting; nothing was posted. The TikTok app says why and for how long. Say \"post again\" when it is over.",
        ),
        "spam_risk_text" => again(
            Code::TextIllegal,
            "TikTok takes the caption for spam or otherwise risky. Nothing was posted. Change the caption, then say \"post again\".",
        ),
        "spam_risk" => again(
            Code::Refused,
            "TikTok takes this post for spam or otherwise risky. Nothing was posted. Change it, then say \"post again\".",
        ),
        "publish_cancelled" => again(
            Code::ProcessingFailed,
            "TikTok says that this post was cancelled there. Nothing was posted. Say \"post again\" if you want it.",
        ),
        _ => again(
            Code::ProcessingFailed,
            "TikTok failed while it was at this video. Nothing was posted. Look there if you want to be sure, then say \"post again\".",
        ),
    };
    problem.detail(redact::excerpt(reason, 60))
}
