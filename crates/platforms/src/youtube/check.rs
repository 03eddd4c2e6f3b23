//! Rules of YouTube that Facts cannot say, held against a job before anything is sent (C27).
//!
//! Not here: lengths, required options and file types, which everyone can read from Facts.

use super::memo::Plan;
use super::{extras, facts, write};
use slipway_core::platform::{Errand, Job};
use slipway_core::problem::{Code, Problem};

const TAGS: usize = 500;
const UNVERIFIED_MS: u64 = 15 * 60 * 1000;

pub(crate) fn check(job: &Job) -> Vec<Problem> {
    [
        blank_title(job),
        tags(job),
        too_long_for_channel(job),
        recorded_later(job),
        captions(job),
        idle_time(job),
        uploads_alone(job),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a sign-in for uploads alone cannot do. By what the app asks for now: an older sign-in may have more.
fn uploads_alone(job: &Job) -> Option<Problem> {
    if job.account.app.flags.get(facts::MANAGE) != Some(&false) {
        return None;
    }
    let needs = |what: &str, field: &str| {
        let message = format!(
            "Slipway asks YouTube for uploads alone with this developer app, and {what} takes more. Switch managing on with the app and sign in again."
        );
        Some(Problem::block(Code::PermissionMissing, message).edit(field))
    };
    if job.errand == Errand::Amend {
        return needs("a change of what YouTube holds", "app");
    }
    if write::text(job, "playlist").is_some() {
        return needs("a playlist", "playlist");
    }
    if write::text(job, "captions").is_some() {
        return needs("a caption track", "captions");
    }
    match write::plan(job) {
        Plan::Staged => needs("an unlisted or private video at a time", "privacy"),
        Plan::HandedOver => Some(Problem::warn(
            Code::PermissionMissing,
            "Slipway asks YouTube for uploads alone with this developer app: once YouTube has this post, it can be changed or cancelled in YouTube Studio only.",
        )),
        Plan::Now => None,
    }
}

fn blank_title(job: &Job) -> Option<Problem> {
    let title = &job.words.title;
    (!title.is_empty() && title.trim().is_empty()).then(|| {
        Problem::block(Code::TextMissing, "YouTube wants a title; blanks alone are none.").edit("title")
    })
}

/// All tags, the commas between them, and two more for each tag with a blank, as if quoted: `Foo-Baz` is 7, `Foo Baz` is 9.
pub(crate) fn tags_count(tags: &[String]) -> usize {
    let texts: usize = tags
        .iter()
        .map(|tag| tag.chars().count() + if tag.contains(char::is_whitespace) { 2 } else { 0 })
        .sum();
    texts + tags.len().saturating_sub(1)
}

fn tags(job: &Job) -> Option<Problem> {
    let tags = write::tags(job)?;
    if let Some(tag) = tags.iter().find(|tag| tag.contains(['<', '>'])) {
        return Some(
            Problem::block(Code::TextIllegal, format!("YouTube takes no < or > in a tag: \"{tag}\"."))
                .edit("tags"),
        );
    }
    let count = tags_count(&tags);
    (count > TAGS).then(|| {
        Problem::block(
            Code::TextTooLong,
            format!("The tags count {count} characters for YouTube, which takes {TAGS}. Commas between them count, and a tag with a blank counts two more."),
        )
        .edit("tags")
    })
}

/// A warning and no block: the channel may have been verified since we asked.
fn too_long_for_channel(job: &Job) -> Option<Problem> {
    let long = job.media.duration_ms? > UNVERIFIED_MS;
    let status = job.account.live["long_uploads"].as_str()?;
    (long && matches!(status, "eligible" | "disallowed")).then(|| {
        Problem::warn(
            Code::FileTooLong,
            "YouTube rejects videos over 15 minutes from a channel that is not verified, and this channel was not when it was connected. Verify it at youtube.com/verify.",
        )
    })
}

fn recorded_later(job: &Job) -> Option<Problem> {
    let date: jiff::civil::Date = write::text(job, "recording_date")?.parse().ok()?;
    // The day after, so that no zone on earth is ahead of it.
    let latest = job.now.to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().ok()?;
    (date > latest).then(|| {
        Problem::block(
            Code::OptionInvalid,
            format!("{date} is in the future; a video cannot have been recorded then."),
        )
        .edit("recording_date")
    })
}

fn captions(job: &Job) -> Option<Problem> {
    (write::text(job, "captions").is_some() && extras::captions_language(job).is_none()).then(|| {
        Problem::block(Code::OptionMissing, "YouTube wants to know the language of the captions.")
            .edit("captions_language")
    })
}

/// Private stays private at its minute: probably not what was meant.
fn idle_time(job: &Job) -> Option<Problem> {
    (job.ahead().is_some() && write::privacy(job) == "private").then(|| {
        Problem::warn(
            Code::OptionInvalid,
            "The video is to be private, so nobody will see it at its time. Choose public to have YouTube publish it then.",
        )
        .edit("privacy")
    })
}
