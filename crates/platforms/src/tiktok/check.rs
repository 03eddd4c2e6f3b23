//! Rules of TikTok that Facts cannot say, held against a job before anything is sent (C27), and again at its minute against what
//! holds then.
//!
//! Not here: lengths, file types, choices that the terms rule out one by one, which everyone can read from Facts.

use super::facts::{ADDRESS_S, AT_LEAST_ONE, AUDITED, DRAFTS, ONLY_ME, PUBLIC};
use super::read::{self, Terms};
use super::write;
use slipway_core::platform::Job;
use slipway_core::problem::{Code, Fix, Problem};

/// What a draft may have (Media Transfer Guide); the creator may trim it in the app.
const DRAFT_MS: u64 = 600_000;

pub(crate) fn check(job: &Job) -> Vec<Problem> {
    let terms = read::terms(&job.account.live["terms"]);
    let direct = if write::is_draft(job) {
        vec![no_drafts(job), draft_too_long(job), draft_caption(job)]
    } else {
        vec![undisclosed(job), not_audited(job, &terms), cover_after_the_end(job)]
    };
    direct.into_iter().chain([codec(job), hour(job)]).flatten().collect()
}

/// Why what was chosen may not be posted any more, by what TikTok says now. Nothing was sent yet.
pub(crate) fn no_longer(job: &Job, terms: &Terms) -> Option<Problem> {
    let name = &job.account.name;
    let chosen = write::text(job, "privacy").unwrap_or_default();
    let levels = terms.levels.as_deref().unwrap_or_default();
    if let Some(problem) = not_audited(job, terms) {
        return Some(problem);
    }
    if !levels.contains(&chosen) {
        let message = format!(
            "TikTok no longer lets {name} choose who can watch as you planned; an account that became private or public has other choices. Choose again."
        );
        return Some(Problem::block(Code::TermsChanged, message).edit("privacy"));
    }
    let switches = [
        ("allow_comment", terms.comment_off, "comments"),
        ("allow_duet", terms.duet_off, "duets"),
        ("allow_stitch", terms.stitch_off, "stitches"),
    ];
    if let Some((key, _, what)) = switches.into_iter().find(|(key, off, _)| *off && write::flag(job, key)) {
        let message = format!(
            "You allowed {what}, but {name} has switched them off in its TikTok settings since. Switch them off here, or on there."
        );
        return Some(Problem::block(Code::TermsChanged, message).edit(key));
    }
    let (longest, ms) = (terms.longest_s?, job.media.duration_ms?);
    (ms > longest.saturating_mul(1000)).then(|| {
        let message = format!(
            "The video is too long for {name}: {} s of at most {longest} s, says TikTok now.",
            ms / 1000
        );
        Problem::block(Code::FileTooLong, message).fix(Fix::ChooseFile)
    })
}

/// The sign-in was not asked for what drafts need.
fn no_drafts(job: &Job) -> Option<Problem> {
    (job.account.app.flags.get(DRAFTS) == Some(&false)).then(|| {
        Problem::block(
            Code::PermissionMissing,
            "Slipway does not ask TikTok for drafts with this developer app. Switch that on with the app and sign in again, or post directly.",
        )
        .edit("mode")
    })
}

/// Of a disclosure at least one box is ticked; the sentence is TikTok's own.
fn undisclosed(job: &Job) -> Option<Problem> {
    let said = write::is_own_brand(job) || write::is_branded(job);
    (write::flag(job, "disclosure") && !said)
        .then(|| Problem::block(Code::OptionMissing, AT_LEAST_ONE).edit("disclosure"))
}

/// An app that was not audited: the account has to be private, not only the post, and still TikTok lists every choice. So it is said
/// before any byte is sent.
fn not_audited(job: &Job, terms: &Terms) -> Option<Problem> {
    if job.account.app.flags.get(AUDITED).copied().unwrap_or(false) {
        return None;
    }
    if terms.levels.as_deref().is_some_and(|levels| levels.iter().any(|level| level == PUBLIC)) {
        return Some(read::not_audited());
    }
    let chosen = write::text(job, "privacy")?;
    (chosen != ONLY_ME).then(|| {
        Problem::block(
            Code::NotAudited,
            "TikTok has not audited your developer app, so it takes posts for \"Only me\" alone. Choose that, or send it as a draft to your inbox. If the app was audited, say so where you added it.",
        )
        .edit("privacy")
    })
}

/// TikTok takes the first frame instead, without a word.
fn cover_after_the_end(job: &Job) -> Option<Problem> {
    let at = u64::try_from(write::number(job, "cover_ms")?).unwrap_or_default();
    (at > job.media.duration_ms?).then(|| {
        Problem::warn(
            Code::OptionInvalid,
            "The frame of the cover lies after the end of the video, so TikTok takes the first one.",
        )
        .edit("cover_ms")
    })
}

fn draft_too_long(job: &Job) -> Option<Problem> {
    let ms = job.media.duration_ms?;
    (ms > DRAFT_MS).then(|| {
        let message =
            format!("A draft for TikTok has at most {} s; this video has {}.", DRAFT_MS / 1000, ms / 1000);
        Problem::block(Code::FileTooLong, message).fix(Fix::ChooseFile)
    })
}

fn draft_caption(job: &Job) -> Option<Problem> {
    (!job.words.caption.trim().is_empty()).then(|| {
        Problem::warn(
            Code::FinishThere,
            "TikTok takes no caption with a draft. You write it in the TikTok app, where you also choose who can watch.",
        )
        .edit("caption")
    })
}

/// Media Transfer Guide: H.264, H.265, VP8, VP9. What our probe could not name is left to TikTok.
fn codec(job: &Job) -> Option<Problem> {
    let codec = job.media.codec.as_deref().filter(|codec| *codec != "unknown")?;
    (!matches!(codec, "h264" | "hevc" | "vp8" | "vp9")).then(|| {
        let message = format!("TikTok takes H.264, H.265, VP8 and VP9; this video is {codec}.");
        Problem::block(Code::FileUnsupported, message).fix(Fix::ChooseFile)
    })
}

/// The whole file has to be there within the hour that its address lives. A warning, since lines differ by the hour.
fn hour(job: &Job) -> Option<Problem> {
    let seconds = job.media.size.checked_div(job.pace.bytes_per_s?)?;
    (seconds > ADDRESS_S).then(|| {
        let message = format!(
            "TikTok gives an upload one hour, and at the speed measured on your line this file needs {} minutes. Export it smaller.",
            seconds / 60
        );
        Problem::warn(Code::FileTooLarge, message).fix(Fix::ChooseFile)
    })
}
