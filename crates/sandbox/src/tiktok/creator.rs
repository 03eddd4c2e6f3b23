//! The creator before posting (contract tiktok 4): what the posting screen has to show, whether they may post now, and who could see it.

use super::Desk;
use super::books::{FOLLOWERS, FRIENDS, PUBLIC, SELF_ONLY};
use super::errors::{GUIDELINES, Refusal, refuse};
use super::people::Creator;
use crate::settings::tiktok::TikTok as Settings;
use crate::world::World;
use serde_json::{Value, json};

/// An avatar's address is good for about two hours.
const AVATAR_LIFE_MS: i64 = 7_200_000;

pub(crate) fn is_private(settings: &Settings, creator: &Creator) -> bool {
    settings.private_accounts.iter().any(|name| name == creator.key)
}

pub(crate) fn levels(private: bool) -> [&'static str; 3] {
    [if private { FOLLOWERS } else { PUBLIC }, FRIENDS, SELF_ONLY]
}

/// `POST /v2/post/publish/creator_info/query/`. An unaudited app sees the same options as any other, and is refused later at the init.
pub(crate) fn info(desk: Desk<'_>) -> Result<Value, Refusal> {
    let body = desk.body.trim_ascii();
    if !body.is_empty() && !serde_json::from_slice::<Value>(body).is_ok_and(|body| body.is_object()) {
        return Err(desk.bad("The request body is invalid"));
    }
    if let Some(code) = refusal(&desk) {
        // Three refusals come with HTTP 200: only the code tells.
        return Err(refuse(200, &code, GUIDELINES));
    }
    let creator = desk.who.creator;
    let off = |list: &[String]| list.iter().any(|name| name == creator.key);
    Ok(json!({
        "creator_avatar_url": avatar(desk.world, creator, desk.now),
        "creator_username": creator.username,
        "creator_nickname": creator.nickname,
        "privacy_level_options": levels(is_private(&desk.settings, creator)),
        "comment_disabled": off(&desk.settings.comment_off),
        "duet_disabled": off(&desk.settings.duet_off),
        "stitch_disabled": off(&desk.settings.stitch_off),
        "max_video_post_duration_sec": desk.settings.max_video_post_duration_sec,
    }))
}

/// May this creator begin a direct post now?
pub(crate) fn may_post(desk: &Desk<'_>) -> Result<(), Refusal> {
    match refusal(desk) {
        Some(code) => Err(refuse(403, &code, GUIDELINES)),
        None => Ok(()),
    }
}

/// May this creator be sent a draft now? It needs no audit and counts for no cap but its own.
pub(crate) fn may_draft(desk: &Desk<'_>) -> Result<(), Refusal> {
    let code = banned(desk).or_else(|| {
        let waiting = desk.books.drafts_of(desk.who.creator.key, desk.now);
        (waiting >= desk.settings.pending_drafts).then(|| "spam_risk_too_many_pending_share".to_string())
    });
    match code {
        Some(code) => Err(refuse(403, &code, GUIDELINES)),
        None => Ok(()),
    }
}

fn banned(desk: &Desk<'_>) -> Option<String> {
    let banned = desk.settings.banned.iter().any(|name| name == desk.who.creator.key);
    match banned {
        true => Some("spam_risk_user_banned_from_posting".into()),
        false => desk.settings.refusal.clone(),
    }
}

/// The code a direct post of this creator is refused with at the moment.
fn refusal(desk: &Desk<'_>) -> Option<String> {
    let (settings, creator) = (&desk.settings, desk.who.creator.key);
    banned(desk).or_else(|| {
        if desk.books.posts_of(creator, desk.now) >= settings.posts_per_day {
            return Some("spam_risk_too_many_posts".into());
        }
        let active = desk.books.active(desk.now);
        let most = if settings.audited { settings.active_creators } else { settings.unaudited_creators };
        (!active.contains(&creator) && active.len() as u64 >= most).then(|| "reached_active_user_cap".into())
    })
}

/// On the sandbox's own page, since nothing here is on the real internet; it really expires.
pub(crate) fn avatar(world: &World, creator: &Creator, now_ms: i64) -> String {
    let page = world.base(crate::hosts::PAGE);
    format!("{page}/avatar/tiktok/{}?x-expires={}", creator.key, (now_ms + AVATAR_LIFE_MS) / 1000)
}
