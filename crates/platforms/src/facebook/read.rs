//! What Facebook says: a video as plain values, and its errors as what one can do about them.
//!
//! Decided on codes, sub-codes and states, never on sentences (C29); what every part of the Graph API says alike is read in `graph`.

use crate::graph::{self, error, time, upload};
use jiff::Timestamp;
use serde_json::Value;
use slipway_core::platform::{Fault, Remote, Reply};
use slipway_core::problem::{Code, Fix, Problem};
use slipway_core::redact;
use std::time::Duration;

pub(crate) const NAME: &str = "Facebook";

/// What was being done when an error came: the same code can mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Opening,
    Bytes,
    Publishing,
    Reading,
    Changing,
    Thumbnail,
    Captions,
    Inviting,
}

// ---------------------------------------------------------------------------------------------------------------- errors

/// What can be done about a reply that is not the one hoped for. Total: every reply has an answer.
pub(crate) fn fault(reply: &Reply, doing: Doing) -> Fault {
    let Some(error) = error::of(reply) else { return upload::fault(reply, NAME) };
    // What passes, and what stops every call alike, is the same for all of the Graph API.
    if error.limit().is_some() || error.is_passing() || error.is_sign_in() {
        return error::fault(reply, NAME);
    }
    if matches!(error.subcode, 1_609_010 | 1_363_047) {
        return Fault::Again { after: reply.retry_after(), detail: error::detail(reply) };
    }
    let refused = |problem: Problem| Fault::Refused(problem.detail(error::detail(reply)));
    let known = by_subcode(error.subcode, doing).or_else(|| by_subcode(error.code, doing));
    if let Some(problem) = known {
        return refused(problem);
    }
    match (error.code, doing) {
        (506, _) => refused(Problem::block(
            Code::AlreadyThere,
            "Facebook says that the same was posted on this Page already. Look at the Page; to post it once more, change its words.",
        )),
        // Codes of permission, or `100`, for what only some Pages may do.
        (_, Doing::Thumbnail) if error.is_permission() => refused(
            Problem::block(
                Code::PermissionMissing,
                "The video is safe, but Facebook does not let this sign-in set its cover.",
            )
            .fix(Fix::Retry),
        ),
        (100, Doing::Captions) => refused(
            Problem::block(
                Code::OptionInvalid,
                "The video is safe, but Facebook does not accept these captions or their language.",
            )
            .edit("captions"),
        ),
        (100, Doing::Inviting) => refused(
            Problem::block(
                Code::OptionInvalid,
                "The video is safe, but Facebook does not take one of the collaborators. It allows ten invitations a day.",
            )
            .edit("collaborators"),
        ),
        (100, Doing::Thumbnail) => refused(
            Problem::block(Code::FileUnsupported, "The video is safe, but Facebook does not accept this cover.")
                .edit("thumbnail"),
        ),
        _ => error::fault(reply, NAME),
    }
}

/// Sub-codes that name what to mend, most of them seen by other programs and not documented. Those of a file come as the state of its
/// processing, too.
fn by_subcode(code: i64, doing: Doing) -> Option<Problem> {
    let block = Problem::block;
    Some(match code {
        1_363_040 | 1_363_127 | 1_363_128 | 1_363_129 => file_problem(code)?,
        1_366_046 if doing == Doing::Thumbnail => block(
            Code::FileUnsupported,
            "The video is safe, but Facebook does not accept this cover: JPEG or PNG, and for some Pages at most 4 MB.",
        )
        .edit("thumbnail"),
        2_069_019 => block(Code::FileUnsupported, "Facebook cannot read this file.").fix(Fix::ChooseFile),
        1_349_125 => block(Code::Refused, "Facebook does not accept the content of this post.").edit("caption"),
        1_346_003 | 1_404_006 | 1_404_102 | 1_404_112 => block(
            Code::Refused,
            "Facebook does not let this Page post this: it says it is against its community standards, or the Page is restricted. The Page's support inbox says more.",
        ),
        1_404_078 => block(
            Code::PermissionMissing,
            "Facebook wants the people who publish on this Page to pass its Page Publishing Authorization first. Open the Page on Facebook, follow what it asks, then retry.",
        )
        .fix(Fix::Retry),
        1_609_008 => block(Code::TextIllegal, "Facebook takes no links to facebook.com in this text.").edit("caption"),
        2_061_006 => block(Code::TextIllegal, "Facebook does not accept a link in this text.").edit("caption"),
        4_854_002 => block(Code::OptionInvalid, "Facebook does not allow somebody or something this post names.").edit("caption"),
        _ => return None,
    })
}

/// The four rules of reels that Facebook measures itself (Reels Publishing API, errors, 2026-07-30).
fn file_problem(code: i64) -> Option<Problem> {
    let message = match code {
        1_363_040 => {
            "Facebook does not take this shape of picture for a reel: it wants 9:16, and nothing wider than 16:9 or narrower than 9:16. Choose another file, or post it as a video."
        }
        1_363_127 => {
            "The picture is too small for a reel: at least 540 × 960 pixels. Choose another file, or post it as a video."
        }
        1_363_128 => {
            "Facebook does not take this length for a reel: 3 to 90 seconds. Choose another file, or post it as a video."
        }
        1_363_129 => {
            "Facebook takes reels of 24 to 60 pictures a second. Choose another file, or post it as a video."
        }
        _ => return None,
    };
    Some(Problem::block(Code::FileUnsupported, message).fix(Fix::ChooseFile))
}

/// Was a repeated call refused because the first one had done it already? Its code does not say so, so this only decides to look.
pub(crate) fn may_be_done(reply: &Reply, doing: Doing) -> bool {
    error::of(reply).is_some_and(|error| {
        matches!(error.code, 100 | 506) && !error.is_passing() && by_subcode(error.subcode, doing).is_none()
    })
}

pub(crate) fn is_gone(reply: &Reply) -> bool {
    error::of(reply).is_some_and(|error| error.is_missing() && !error.is_passing())
}

/// `{"success":true}`, or an answer with an id: the call was taken.
pub(crate) fn took(reply: &Reply, doing: Doing) -> Result<(), Fault> {
    let body = error::object(reply, NAME).map_err(|_| fault(reply, doing))?;
    if body["success"] == true || graph::id(&body["id"]).is_some() || graph::id(&body["post_id"]).is_some() {
        return Ok(());
    }
    Err(Fault::Strange { detail: error::detail(reply) })
}

// ---------------------------------------------------------------------------------------------------------------- uploads

/// Id and address of a reel that was opened. Without an address it is the documented one.
pub(crate) fn started(reply: &Reply) -> Result<(String, String), Fault> {
    let body = error::object(reply, NAME).map_err(|_| fault(reply, Doing::Opening))?;
    let id = graph::id(&body["video_id"])
        .ok_or_else(|| Fault::Strange { detail: format!("no reel came: {}", error::detail(reply)) })?;
    let address = match body["upload_url"].as_str().map(str::trim) {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => url.to_string(),
        _ => format!("https://{}/video-upload/{}/{id}", graph::UPLOADS, graph::VERSION),
    };
    Ok((id, address))
}

/// The name of an upload session: `upload:…`, mostly with a query. Nothing in it may leave the path it goes into.
pub(crate) fn session(reply: &Reply) -> Result<String, Fault> {
    let body = error::object(reply, NAME).map_err(|_| fault(reply, Doing::Opening))?;
    let name = body["id"].as_str().map(str::trim).unwrap_or_default();
    let rest = name.strip_prefix("upload:").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~:=?&%+,".contains(c);
    if rest.is_empty() || rest.len() > 4096 || !rest.chars().all(plain) || rest.contains("..") {
        return Err(Fault::Strange { detail: "no upload session came with the answer".into() });
    }
    Ok(name.to_string())
}

/// The handle of a file that is whole.
pub(crate) fn handle(reply: &Reply) -> Option<String> {
    let body = reply.json().filter(|_| reply.ok())?;
    body["h"].as_str().map(str::trim).filter(|handle| !handle.is_empty()).map(str::to_string)
}

/// How far an upload session is.
pub(crate) fn offset(reply: &Reply) -> Option<u64> {
    let body = reply.json().filter(|_| reply.ok())?;
    number(&body["file_offset"])
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

// ---------------------------------------------------------------------------------------------------------------- videos

/// How far a phase is. Spellings differ between page and reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing was said of it.
    #[default]
    Unsaid,
    NotStarted,
    InProgress,
    Complete,
    Error,
}

/// One video as its Page sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub video: String,
    pub uploading: Phase,
    /// Bytes that are there.
    pub bytes: Option<u64>,
    pub processing: Phase,
    pub publishing: Phase,
    /// `draft`, `scheduled`, `published` or `error`.
    pub publish: String,
    pub published_at: Option<Timestamp>,
    /// Of the video itself, where its phases say nothing.
    pub published: Option<bool>,
    pub scheduled_at: Option<Timestamp>,
    /// There is a post of it, which its Page's audience can come upon.
    pub has_post: bool,
    pub claimed: bool,
    pub permalink: Option<String>,
    pub description: String,
    /// Codes of what went wrong, in the order of the phases.
    pub errors: Vec<i64>,
    pub why: Option<String>,
}

/// The video with this id; `None` when Facebook does not have it, or does not show it.
pub(crate) fn video(reply: &Reply) -> Result<Option<Seen>, Fault> {
    if is_gone(reply) {
        return Ok(None);
    }
    let body = error::object(reply, NAME).map_err(|_| fault(reply, Doing::Reading))?;
    if graph::id(&body["id"]).is_none() {
        return Err(Fault::Strange { detail: format!("not a video: {}", error::detail(reply)) });
    }
    Ok(Some(seen(&body)))
}

fn phase(value: &Value) -> Phase {
    match value["status"].as_str() {
        Some("not_started") => Phase::NotStarted,
        Some("in_progress") => Phase::InProgress,
        Some("complete" | "completed") => Phase::Complete,
        Some("error") => Phase::Error,
        _ => Phase::Unsaid,
    }
}

fn seen(body: &Value) -> Seen {
    let status = &body["status"];
    let (up, work, out) =
        (&status["uploading_phase"], &status["processing_phase"], &status["publishing_phase"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let mistakes: Vec<&Value> = [up, work, out]
        .into_iter()
        .flat_map(|phase| phase["errors"].as_array().into_iter().flatten())
        .collect();
    Seen {
        video: text(&status["video_status"]),
        uploading: phase(up),
        // The page writes it with one r, the reference with two.
        bytes: number(&up["bytes_transferred"]).or_else(|| number(&up["bytes_transfered"])),
        processing: phase(work),
        publishing: phase(out),
        publish: text(&out["publish_status"]),
        published_at: time::instant(&out["publish_time"]),
        published: body["published"].as_bool(),
        scheduled_at: time::instant(&body["scheduled_publish_time"]),
        has_post: graph::id(&body["post_id"]).is_some(),
        claimed: status["copyright_check_status"]["matches_found"] == true,
        permalink: permalink(&body["permalink_url"]),
        description: text(&body["description"]),
        errors: mistakes.iter().filter_map(|mistake| mistake["code"].as_i64()).collect(),
        why: mistakes
            .iter()
            .find_map(|mistake| mistake["message"].as_str().map(|why| redact::excerpt(why, 200))),
    }
}

/// Mostly a path without its host.
fn permalink(value: &Value) -> Option<String> {
    let link = value.as_str()?.trim();
    match link {
        _ if link.starts_with("//") => None,
        _ if link.starts_with('/') && link.len() > 1 => Some(format!("https://www.facebook.com{link}")),
        _ if link.starts_with("https://") => Some(link.to_string()),
        _ => None,
    }
}

impl Seen {
    pub(crate) fn is_public(&self) -> bool {
        match self.publishing {
            Phase::Complete => self.publish == "published",
            // A video's phases may say nothing of publishing. Its own field alone proves nothing: it is true of a draft that nobody
            // sees (seen in July 2026). That a draft has no post is not documented.
            Phase::Unsaid => {
                self.publish.is_empty()
                    && self.published == Some(true)
                    && self.has_post
                    && self.is_processed()
            }
            _ => false,
        }
    }

    /// It is ready and was asked to be public, and Facebook keeps it for somebody who publishes it by hand.
    pub(crate) fn is_kept_back(&self) -> bool {
        let unsaid = self.publishing == Phase::Unsaid && self.published == Some(true) && !self.has_post;
        self.is_processed() && (self.publish == "draft" || (self.publish.is_empty() && unsaid))
    }

    /// Facebook has its time and will publish it.
    pub(crate) fn is_planned(&self) -> bool {
        self.publish == "scheduled"
            || (self.publish.is_empty() && self.published == Some(false) && self.scheduled_at.is_some())
    }

    /// When it will: of a planned one `publish_time` is the plan.
    pub(crate) fn planned_at(&self) -> Option<Timestamp> {
        self.scheduled_at.or(self.published_at.filter(|_| self.publish == "scheduled"))
    }

    /// It was asked to be published, and is not yet.
    pub(crate) fn is_on_its_way(&self) -> bool {
        self.publish == "published" || matches!(self.publishing, Phase::InProgress | Phase::Complete)
    }

    pub(crate) fn is_processed(&self) -> bool {
        self.processing == Phase::Complete || self.video == "ready"
    }

    pub(crate) fn is_being_processed(&self) -> bool {
        !self.is_processed() && (self.processing == Phase::InProgress || self.video == "processing")
    }

    /// The upload ended without all its bytes, so nothing was made of it.
    pub(crate) fn is_broken_off(&self) -> bool {
        matches!(self.video.as_str(), "expired" | "upload_failed") || self.uploading == Phase::Error
    }

    /// All bytes are there, or so many, or it does not say.
    pub(crate) fn progress(&self, size: u64) -> Option<u64> {
        let past = matches!(self.video.as_str(), "upload_complete" | "processing" | "ready");
        match (self.uploading, self.bytes) {
            (Phase::Complete, None) => Some(size),
            (Phase::Unsaid, None) if past => Some(size),
            (Phase::NotStarted, None) => Some(0),
            (_, bytes) => bytes.map(|bytes| bytes.min(size)),
        }
    }

    /// Why it will never be watchable, if so.
    pub(crate) fn ruined(&self) -> Option<Problem> {
        let known = self.errors.iter().find_map(|code| file_problem(*code));
        let broken = self.processing == Phase::Error
            || (self.video == "error" && self.publishing != Phase::Error)
            || known.is_some();
        let stopped = self.publishing == Phase::Error || self.publish == "error";
        let problem = match known {
            Some(problem) => problem,
            None if broken => Problem::block(
                Code::ProcessingFailed,
                "Facebook received the file but could not make a video of it. Choose another file.",
            )
            .fix(Fix::ChooseFile),
            None if stopped => Problem::block(
                Code::NotPublic,
                "Facebook has the video but could not publish it. Open the Page's content library on Facebook: publish it there, or delete it there and post it again.",
            )
            .fix(Fix::Decide),
            None => return None,
        };
        let codes = self.errors.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let why = self.why.as_deref().unwrap_or("no reason given");
        Some(problem.detail(format!("{codes} {why}").trim()))
    }

    /// Where a person finds it; what Facebook says goes before what is known to work.
    pub(crate) fn remote(&self, known: Remote) -> Remote {
        Remote { url: self.permalink.clone().unwrap_or(known.url), ..known }
    }
}

/// How long to wait before the next of a growing row of looks; its last one for ever after.
pub(crate) fn pause(row: &[u64], n: u32) -> Duration {
    let at = (n as usize).min(row.len().saturating_sub(1));
    Duration::from_secs(row.get(at).copied().unwrap_or(60))
}
