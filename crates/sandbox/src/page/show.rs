//! What the page shows: every video as its audience sees it, by platform; upright ones as on a phone. What nobody but its owner can see
//! is marked. Then uploads that are on their way, and what was spent.

use crate::exchange::{Answer, escape};
use crate::state::{State, VideoView};
use crate::world::World;
use std::fmt::Write as _;

pub(crate) fn index(world: &World) -> String {
    let state = crate::state::look(world);
    let mut platforms: Vec<&str> = Vec::new();
    for video in &state.videos {
        if !platforms.contains(&video.platform.as_str()) {
            platforms.push(&video.platform);
        }
    }
    let mut shelves = String::new();
    for platform in platforms {
        let videos = state.videos.iter().rev().filter(|video| video.platform == platform);
        let cards: String = videos.map(|video| card(world, video, state.now_ms, false)).collect();
        let _ = write!(shelves, "<h2>{}</h2><div class=grid>{cards}</div>", escape(name(platform)));
    }
    if shelves.is_empty() {
        shelves =
            "<p class=empty>Nothing has been published yet. What an app uploads here shows up by itself.</p>"
                .into();
    }
    let now = crate::clock::rfc3339(state.now_ms / 1000 * 1000);
    let body = format!(
        "<h1>Published</h1><p class=meta><span>Sandbox time {now}</span>{}</p>{}{}{shelves}",
        spent(&state),
        running(&state),
        crate::tiktok::inbox::waiting(world)
    );
    super::frame("Published", &body, Some(5))
}

/// The name people know a platform by.
fn name(platform: &str) -> &str {
    match platform {
        "youtube" => "YouTube",
        "tiktok" => "TikTok",
        "facebook" => "Facebook",
        "instagram" => "Instagram",
        other => other,
    }
}

fn running(state: &State) -> String {
    let mut running = String::new();
    for session in
        state.sessions.iter().filter(|session| !session.finished && !session.cancelled && session.stored > 0)
    {
        let file = escape(session.file.as_deref().unwrap_or("An upload"));
        let of = session.total.map(|total| format!(" of {}", size(total))).unwrap_or_default();
        let to = name(&session.platform);
        let _ = write!(running, "<li>{file} to {to}: {}{of} stored</li>", size(session.stored));
    }
    if running.is_empty() { running } else { format!("<h2>On their way</h2><ul>{running}</ul>") }
}

fn spent(state: &State) -> String {
    let mut spent = String::new();
    for (platform, quota) in &state.quota {
        for (bucket, count) in &quota.buckets {
            let _ =
                write!(spent, "<span>{} {bucket} {} of {}</span>", name(platform), count.used, count.limit);
        }
    }
    spent
}

pub(crate) fn watch(world: &World, id: &str) -> Answer {
    let state = crate::state::look(world);
    match state.videos.iter().find(|video| video.id == id) {
        Some(video) => {
            let words = if video.tall { String::new() } else { lines(&video.description) };
            let card = card(world, video, state.now_ms, true);
            let body = format!("<p><a href=\"/\">All videos</a></p>{card}<p>{words}</p>");
            Answer::html(200, super::frame(title(video), &body, None))
        }
        None => Answer::html(404, super::frame("Not found", "<h1>This video isn’t available</h1>", None)),
    }
}

fn lines(text: &str) -> String {
    escape(text).replace('\n', "<br>")
}

/// What a video is called, also where it has no title.
fn title(video: &VideoView) -> &str {
    let first = video.description.lines().next().unwrap_or_default();
    [video.title.as_str(), first, video.file.as_deref().unwrap_or_default()]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or("Without a caption")
}

fn card(world: &World, video: &VideoView, now_ms: i64, large: bool) -> String {
    let seen = video.public_at_ms.is_some_and(|at| at <= now_ms);
    let when = match (video.public_at_ms, &video.publish_at) {
        (Some(ms), _) if seen && video.privacy.to_lowercase().starts_with("publi") => {
            format!("public since {}", crate::clock::rfc3339(ms))
        }
        (Some(ms), _) if seen => format!("to be seen since {}", crate::clock::rfc3339(ms)),
        (Some(ms), _) => format!("will be public at {}", crate::clock::rfc3339(ms)),
        (None, Some(at)) => format!("will be public at {at}"),
        (None, None) => "not public".into(),
    };
    let hash = video
        .blake3
        .as_deref()
        .map_or_else(|| "not hashed".into(), |hash| format!("blake3 {}…", hash.get(..12).unwrap_or(hash)));
    let poster =
        if video.thumbnail.is_some() { format!(" poster=\"/thumb/{}\"", video.id) } else { String::new() };
    let kept = world.media(&video.id).is_some_and(|(blob, _, _)| world.store.has(blob));
    let player = match kept {
        true => format!(
            "<video src=\"/media/{}\" controls preload=metadata playsinline{poster}></video>",
            escape(&video.id)
        ),
        false => "<p class=gone>The bytes of this video are not here any more: copies of what you practise with are deleted when practice ends, and after a day at the latest.</p>".into(),
    };
    let picture = match video.tall {
        false => player,
        true => format!(
            "<div class=screen>{player}<div class=over><b>{}</b><p>{}</p></div></div>",
            escape(&video.channel),
            escape(&video.description)
        ),
    };
    let title = escape(title(video));
    let title = match large {
        true => format!("<h1>{title}</h1>"),
        false => format!("<h3><a href=\"/watch?v={}\">{title}</a></h3>", escape(&video.id)),
    };
    let lists: String =
        video.playlists.iter().map(|list| format!("<span>in {}</span>", escape(&list.title))).collect();
    let tracks: String = video
        .captions
        .iter()
        .map(|track| format!("<span>captions {}</span>", escape(&track.language)))
        .collect();
    format!(
        "<article class=\"{}{}{}\">{picture}{title}\
         <p class=meta><span>{}</span><span class=\"badge{}\">{}</span><span>{when}</span><span>{}</span><span>{hash}</span><span>{}</span>{lists}{tracks}</p></article>",
        if large { "large " } else { "" },
        if video.tall { "tall " } else { "" },
        if seen { "" } else { "unseen" },
        escape(&video.channel),
        if seen { " public" } else { "" },
        escape(&video.privacy),
        size(video.bytes),
        video.processing,
    )
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
