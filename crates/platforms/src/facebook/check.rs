//! Rules of Facebook that Facts cannot say, held against a job before anything is sent (C27). Most hang on the kind of post.
//!
//! What the documentation says of reels and Facebook's own apps no longer keep to (their length) is a warning; what it refuses with a
//! code of its own is a block. Not here: lengths of words and types of files, which everyone can read from Facts.

use super::memo::Kind;
use super::{amend, write};
use crate::graph;
use slipway_core::platform::{Errand, Job};
use slipway_core::problem::{Code, Fix, Problem};

/// Reels Publishing API, video specifications, 2026-07-30.
const SHORTEST_MS: u64 = 3_000;
const LONGEST_MS: u64 = 90_000;
const SHORT_SIDE: u32 = 540;
const LONG_SIDE: u32 = 960;
const SLOWEST: f64 = 24.0;
const FASTEST: f64 = 60.0;
const UPRIGHT: f64 = 9.0 / 16.0;
const WIDE: f64 = 16.0 / 9.0;

pub(super) fn check(job: &Job) -> Vec<Problem> {
    let kind = write::kind(job);
    let mut problems = Vec::new();
    match kind {
        Kind::Reel => reel(job, &mut problems),
        Kind::Video => problems.extend([video(job), upright(job)].into_iter().flatten()),
    }
    let moved = if job.errand == Errand::Amend { amend::not_kept(job) } else { None };
    problems.extend(
        [in_development(job), captions(job), place(job, kind), collaborators(job), moved]
            .into_iter()
            .flatten(),
    );
    problems
}

fn reel(job: &Job, problems: &mut Vec<Problem>) {
    let media = &job.media;
    let mut wrong = |message: String| {
        problems.push(Problem::block(Code::FileUnsupported, message).fix(Fix::ChooseFile));
    };
    if let (Some(width), Some(height)) = (media.width, media.height) {
        if width.min(height) < SHORT_SIDE || width.max(height) < LONG_SIDE {
            wrong(format!(
                "The picture is too small for a reel: {width} × {height}, at least 540 × 960. Choose another file, or post it as a video."
            ));
        }
        let shape = f64::from(width) / f64::from(height.max(1));
        if !(UPRIGHT * 0.99..=WIDE * 1.01).contains(&shape) {
            wrong(format!(
                "Facebook does not take this shape for a reel ({width} × {height}): 9:16, and nothing wider than 16:9. Choose another file, or post it as a video."
            ));
        } else if shape > UPRIGHT * 1.01 {
            problems.push(
                Problem::warn(
                    Code::FileUnsupported,
                    format!("Reels are upright, 9:16; this picture has {width} × {height} and gets bars, or is refused. Post it as a video instead."),
                )
                .edit("kind"),
            );
        }
    }
    if let Some(rate) = media.frame_rate.filter(|rate| !(SLOWEST - 0.1..=FASTEST + 0.1).contains(rate)) {
        problems.push(
            Problem::block(
                Code::FileUnsupported,
                format!("Facebook takes reels of 24 to 60 pictures a second; this video has {rate:.2}. Choose another file, or post it as a video."),
            )
            .fix(Fix::ChooseFile),
        );
    }
    match media.duration_ms {
        Some(ms) if ms < SHORTEST_MS => problems.push(
            Problem::block(Code::FileUnsupported, "A reel has at least 3 seconds.").fix(Fix::ChooseFile),
        ),
        Some(ms) if ms > LONGEST_MS => problems.push(
            Problem::warn(
                Code::FileTooLong,
                format!("Facebook's documentation takes reels of up to 90 seconds; this one has {}. It may be refused once it is uploaded. Post it as a video to be sure.", ms.div_ceil(1000)),
            )
            .edit("kind"),
        ),
        _ => {}
    }
}

/// The upload that videos go by is documented for MP4 alone. QuickTime files are all but the same; others are not.
fn video(job: &Job) -> Option<Problem> {
    match job.media.mime.as_str() {
        "video/mp4" | "video/x-m4v" => None,
        "video/quicktime" => Some(Problem::warn(
            Code::FileUnsupported,
            "Facebook documents MP4 files alone for videos. A QuickTime file mostly works; an MP4 surely does.",
        )),
        other => Some(
            Problem::block(
                Code::FileUnsupported,
                format!("Facebook takes MP4 files for videos; this is {other}. Choose an MP4, or post it as a reel."),
            )
            .fix(Fix::ChooseFile),
        ),
    }
}

/// An upright video that comes by this way is kept as the draft of a reel (seen in July 2026). That a square one is not is unsure.
fn upright(job: &Job) -> Option<Problem> {
    let (width, height) = (job.media.width?, job.media.height?);
    (height > width && job.remote.is_none()).then(|| {
        Problem::warn(
            Code::FileUnsupported,
            format!("This video is upright ({width} × {height}). Facebook keeps such a video as a draft that nobody sees, until somebody publishes it on the Page. Post it as a reel instead."),
        )
        .edit("kind")
    })
}

/// Asked of the user, since no call tells it.
fn in_development(job: &Job) -> Option<Problem> {
    let live = job.account.app.flags.get("live").copied().unwrap_or(false);
    (!live).then(|| {
        Problem::warn(
            Code::NotAudited,
            "Your Meta app is in development mode as far as Slipway knows, and what it posts may be seen only by people with a role on the app. Switch the app to Live, then say so with the app in Slipway.",
        )
    })
}

fn captions(job: &Job) -> Option<Problem> {
    (write::text(job, "captions").is_some() && write::text(job, "captions_language").is_none()).then(|| {
        Problem::block(Code::OptionMissing, "Facebook wants to know the language of the captions.")
            .edit("captions_language")
    })
}

fn place(job: &Job, kind: Kind) -> Option<Problem> {
    let place = write::text(job, "place").filter(|_| kind == Kind::Reel)?;
    (!graph::is_id(&place)).then(|| {
        Problem::block(Code::OptionInvalid, "A place is the number of its Page on Facebook, digits alone.")
            .edit("place")
    })
}

fn collaborators(job: &Job) -> Option<Problem> {
    let names = write::names(job, "collaborators");
    let odd = names.iter().find(|name| !graph::is_id(name))?;
    Some(
        Problem::block(
            Code::OptionInvalid,
            format!("Collaborators are named by the numbers of their Pages or profiles; \"{odd}\" is none."),
        )
        .edit("collaborators"),
    )
}
