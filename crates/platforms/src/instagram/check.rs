//! Rules of Instagram that Facts cannot say, held against a job before anything is sent (C27).
//!
//! Not here: lengths, required options and the widest limits of media, which everyone can read from Facts.

use super::facts::{FACTS, MB};
use super::read::is_handle;
use super::write;
use slipway_core::platform::Job;
use slipway_core::problem::{Code, Fix, Problem};

/// Stories, and videos of a post of several (the latter from people's reports).
const SHORT_MS: u64 = 60_000;
const SHORTEST_MS: u64 = 3000;
const STORY_SIZE: u64 = 100 * MB;
/// Narrowest picture of a story, width by height.
const STORY_NARROW: f64 = 0.1;
const HASHTAGS: usize = 30;
const MENTIONS: usize = 20;

/// What only a reel of one video has.
const OF_ONE_REEL: [&str; 6] =
    ["share_to_feed", "thumb_offset", "cover_url", "user_tags", "audio_name", "trial"];

pub(crate) fn check(job: &Job) -> Vec<Problem> {
    let mut problems = Vec::new();
    if write::is_story(job) {
        story(job, &mut problems);
    } else {
        caption(job, &mut problems);
        reel(job, &mut problems);
    }
    if !write::is_story(job) && write::files(job) > 1 {
        several(job, &mut problems);
    }
    address(job, &mut problems);
    full(job, &mut problems);
    problems
}

fn file(code: Code, message: String) -> Problem {
    Problem::block(code, message).fix(Fix::ChooseFile)
}

// ---------------------------------------------------------------------------------------------------------------- kinds

fn story(job: &Job, problems: &mut Vec<Problem>) {
    let media = &job.media;
    if media.size > STORY_SIZE {
        problems.push(file(Code::FileTooLarge, "A story on Instagram has at most 100 MB.".into()));
    }
    if let Some(long) = media.duration_ms.filter(|ms| *ms > SHORT_MS) {
        let message =
            format!("A story on Instagram lasts at most 60 seconds; this video has {}.", long.div_ceil(1000));
        problems.push(file(Code::FileTooLong, message));
    }
    if let (Some(width), Some(height)) = (media.width, media.height)
        && f64::from(width) / f64::from(height.max(1)) < STORY_NARROW * 0.995
    {
        problems.push(file(
            Code::FileUnsupported,
            "Instagram does not take so narrow a picture for a story.".into(),
        ));
    }
    problems.extend(for_businesses(job));
    if !job.more.is_empty() {
        problems.push(
            Problem::block(
                Code::OptionInvalid,
                "A story is one video. Take the further videos away, or post them as a reel or feed video.",
            )
            .edit("kind"),
        );
    }
    if !write::caption(job).is_empty() {
        problems.push(
            Problem::warn(Code::OptionInvalid, "Stories on Instagram show no caption: the words stay here.")
                .edit("caption"),
        );
    }
}

/// Stories by programs are for business accounts (Instagram API with Facebook Login, content publishing); whether a creator account's
/// is always refused is unsure. Only Instagram Login tells the kind of account.
fn for_businesses(job: &Job) -> Option<Problem> {
    let kind = job.account.live["account_type"].as_str().unwrap_or_default();
    let message = if kind.eq_ignore_ascii_case("business") {
        return None;
    } else if kind.is_empty() {
        "Instagram takes stories from programs for business accounts. If this is a creator account, it may refuse the story: switch it to a business account first (Settings, Account type), or post a reel."
    } else {
        "This is a creator account, and Instagram takes stories from programs for business accounts: it may refuse this one. Switch to a business account first (Settings, Account type), or post a reel."
    };
    Some(Problem::warn(Code::OptionInvalid, message).edit("kind"))
}

fn several(job: &Job, problems: &mut Vec<Problem>) {
    let first = (job.media.file_name.as_str(), job.media.duration_ms);
    let rest = job.more.iter().map(|file| (file.file_name.as_str(), file.duration_ms));
    for (name, duration) in std::iter::once(first).chain(rest) {
        let Some(ms) = duration.filter(|ms| !(SHORTEST_MS..=SHORT_MS).contains(ms)) else { continue };
        let message = format!(
            "In a post of several videos each is 3 to 60 seconds long; {name} has {}.",
            ms.div_ceil(1000)
        );
        problems.push(Problem::block(Code::FileTooLong, message).edit("more_videos"));
    }
    let idle: Vec<&str> = OF_ONE_REEL
        .iter()
        .filter(|key| write::wishes(job).contains_key(**key))
        .filter_map(|key| FACTS.option(key).map(|option| option.label))
        .collect();
    if !idle.is_empty() {
        let message =
            format!("A post of several videos has none of these, so they are left out: {}.", idle.join(", "));
        problems.push(Problem::warn(Code::OptionInvalid, message).edit("more_videos"));
    }
    if write::by_address(&job.account) {
        problems.push(
            Problem::block(
                Code::OptionInvalid,
                "A channel that signed in by Instagram Login can't post several videos in one. Connect it by Facebook Login for that.",
            )
            .edit("more_videos"),
        );
    }
}

fn reel(job: &Job, problems: &mut Vec<Problem>) {
    if let (Some(at), Some(long)) = (write::number(job, "thumb_offset"), job.media.duration_ms)
        && write::said(job, "thumb_offset").is_some()
        && u64::try_from(at).map_or(true, |at| at >= long)
    {
        let message = format!("The cover is to be taken at {at} ms, but the video ends at {long}.");
        problems.push(Problem::block(Code::OptionInvalid, message).edit("thumb_offset"));
    }
    if write::text(job, "cover_url").is_some_and(|address| !is_public(&address)) {
        problems.push(not_public("cover_url", "the cover picture"));
    }
    if write::text(job, "location_id").is_some_and(|id| !crate::graph::is_id(&id)) {
        let message = "A place is the number of a Facebook Page that has a location, digits only.";
        problems.push(Problem::block(Code::OptionInvalid, message).edit("location_id"));
    }
    for key in ["collaborators", "user_tags"] {
        if let Some(name) = write::names(job, key).iter().find(|name| !is_handle(name)) {
            let message = format!("\"{name}\" is no user name of Instagram.");
            problems.push(Problem::block(Code::OptionInvalid, message).edit(key));
        }
    }
    if write::flag(job, "paid_partnership") && write::by_address(&job.account) {
        let message = "A channel that signed in by Instagram Login can't mark a paid partnership. Connect it by Facebook Login for that, or mark it in the app.";
        problems.push(Problem::block(Code::OptionInvalid, message).edit("paid_partnership"));
    }
}

// ---------------------------------------------------------------------------------------------------------------- words

fn caption(job: &Job, problems: &mut Vec<Problem>) {
    let caption = write::caption(job);
    for (sign, most, what) in [('#', HASHTAGS, "hashtags"), ('@', MENTIONS, "mentions")] {
        let count = marked(&caption, sign);
        if count > most {
            let message =
                format!("Instagram takes at most {most} {what} in a caption; this one has {count}.");
            problems.push(Problem::block(Code::TextTooLong, message).edit("caption"));
        }
    }
}

/// Words that begin with this sign: `#bread`, `#bread#rye` (two), not `a#b`, an e-mail address, or a sign alone.
fn marked(text: &str, sign: char) -> usize {
    let chars: Vec<char> = text.chars().collect();
    let of_a_word = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let mut count = 0;
    let mut in_marked = false;
    for (at, c) in chars.iter().enumerate() {
        if *c == sign && of_a_word(at + 1) && (at == 0 || in_marked || !of_a_word(at - 1)) {
            count += 1;
            in_marked = true;
        } else if !of_a_word(at) {
            in_marked = false;
        }
    }
    count
}

// ---------------------------------------------------------------------------------------------------------------- the channel

/// By Instagram Login nothing is taken from this computer (C25).
fn address(job: &Job, problems: &mut Vec<Problem>) {
    let address = write::text(job, "video_url");
    match (write::by_address(&job.account), address) {
        (true, None) => problems.push(
            Problem::block(
                Code::OptionMissing,
                "This channel signed in by Instagram Login, and that way Instagram takes no file from a computer. Give the public https address of the same video, or connect the channel by Facebook Login.",
            )
            .edit("video_url"),
        ),
        (true, Some(address)) if !is_public(&address) => problems.push(not_public("video_url", "the video")),
        (false, Some(_)) => problems.push(
            Problem::warn(
                Code::OptionInvalid,
                "This channel sends the file from this computer; the address of the video is not used.",
            )
            .edit("video_url"),
        ),
        _ => {}
    }
}

fn not_public(key: &str, what: &str) -> Problem {
    let message = format!(
        "Instagram fetches {what} itself, so the address must be public: https, a host of the internet, no password."
    );
    Problem::block(Code::OptionInvalid, message).edit(key)
}

/// An address that a machine at Instagram could fetch, by its looks.
fn is_public(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    !address.chars().any(|c| c.is_whitespace() || c.is_control())
        && !host.contains(['@', '[', ']', '\\'])
        && name.contains('.')
        && last.chars().count() >= 2
        && last.starts_with(char::is_alphabetic)
        && !matches!(last, "local" | "localhost" | "internal" | "test")
}

/// A warning and no block: places come free as older posts pass their day.
fn full(job: &Job, problems: &mut Vec<Problem>) {
    let terms = &job.account.live["terms"];
    let (Some(usage), Some(total)) = (terms["quota_usage"].as_u64(), terms["quota_total"].as_u64()) else {
        return;
    };
    let soon = job.due.is_none_or(|due| due.duration_since(job.now) < jiff::SignedDuration::from_hours(24));
    if usage >= total && soon {
        let message = format!(
            "Instagram lets this account post {total} times in 24 hours, and that many were made. This one goes out as soon as there is room."
        );
        problems.push(Problem::warn(Code::AccountLimit, message));
    }
}
