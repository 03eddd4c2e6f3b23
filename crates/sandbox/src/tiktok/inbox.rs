//! The creator's own phone: the inbox of the TikTok app, where a draft waits until its creator gives it a caption and an audience and
//! posts it. A part of the sandbox's page, and a call for tests; no platform call ever does this.

use super::books::{Finished, Kind, Stage, Task};
use super::creator::{is_private, levels};
use super::people::creator;
use crate::exchange::{Answer, escape};
use crate::world::World;
use std::fmt::Write as _;

/// Posts a draft as its creator. `privacy` absent: to as many as the account reaches.
pub(crate) fn finish(
    world: &World,
    publish_id: &str,
    privacy: Option<&str>,
    caption: &str,
) -> Result<(), &'static str> {
    let now = world.now_ms();
    let settings = world.settings().tiktok;
    let mut books = world.tiktok.books();
    let at_ms = books.own_instant(now);
    let task = books.tasks.iter_mut().find(|task| task.publish_id == publish_id);
    let task =
        task.filter(|task| task.stage(now) == Stage::InInbox).ok_or("no such draft waits in an inbox")?;
    let owner = creator(&task.owner).ok_or("nobody owns this draft")?;
    let may = levels(is_private(&settings, owner));
    let privacy = privacy.unwrap_or(may[0]);
    if !may.contains(&privacy) {
        return Err("this account has no such audience");
    }
    task.finished = Some(Finished { at_ms, privacy: privacy.into(), caption: caption.into() });
    drop(books);
    world.changed();
    Ok(())
}

/// The drafts that wait, for the page. Empty when there are none.
pub(crate) fn waiting(world: &World) -> String {
    let now = world.now_ms();
    let books = world.tiktok.books();
    let mut drafts = String::new();
    for task in books.tasks.iter().filter(|task| task.stage(now) == Stage::InInbox) {
        let Some(owner) = creator(&task.owner) else { continue };
        let id = escape(&task.publish_id);
        let _ = write!(
            drafts,
            "<article class=\"tall unseen\"><div class=screen>{}</div><p>Your video is ready to be finished, <b>@{}</b>.</p>\
             <form method=post action=\"/tiktok/finish\"><input type=hidden name=publish_id value=\"{id}\">\
             <p class=buttons><a href=\"/tiktok/draft?id={id}\">Write a caption first</a> <button class=main>Post</button></p></form></article>",
            player(task),
            escape(owner.username)
        );
    }
    if drafts.is_empty() { drafts } else { format!("<h2>TikTok inbox</h2><div class=grid>{drafts}</div>") }
}

/// One draft with room for words; this page does not reload itself.
pub(crate) fn draft(world: &World, publish_id: &str) -> Answer {
    let now = world.now_ms();
    let settings = world.settings().tiktok;
    let books = world.tiktok.books();
    let found = books.task(publish_id).filter(|task| task.stage(now) == Stage::InInbox);
    let Some((task, owner)) = found.and_then(|task| Some((task, creator(&task.owner)?))) else {
        return Answer::html(404, crate::page::frame("Not found", "<h1>This draft isn’t waiting</h1>", None));
    };
    let mut audiences = String::new();
    for (index, level) in levels(is_private(&settings, owner)).into_iter().enumerate() {
        let checked = if index == 0 { " checked" } else { "" };
        let _ = write!(
            audiences,
            "<label class=row><input type=radio name=privacy value={level}{checked}><span>{level}</span></label>"
        );
    }
    let body = format!(
        "<p><a href=\"/\">All videos</a></p><h1>Draft of @{}</h1><article class=tall><div class=screen>{}</div></article>\
         <form method=post action=\"/tiktok/finish\"><input type=hidden name=publish_id value=\"{}\">\
         <p><label>Caption<br><textarea name=caption rows=4 maxlength=2200></textarea></label></p>\
         <h2>Who can watch this video</h2>{audiences}<p class=buttons><button class=main>Post</button></p></form>",
        escape(owner.username),
        player(task),
        escape(&task.publish_id)
    );
    Answer::html(200, crate::page::frame("Draft", &body, None))
}

fn player(task: &Task) -> String {
    let id = task.whole.as_ref().map(|whole| whole.post_id.to_string()).unwrap_or_default();
    format!("<video src=\"/media/{id}\" controls preload=metadata playsinline></video>")
}

/// The form of either page.
pub(crate) fn posted(world: &World, body: &[u8]) -> Answer {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let id = field("publish_id").unwrap_or_default();
    match finish(world, id, field("privacy"), field("caption").unwrap_or_default()) {
        Ok(()) => Answer::empty(303).header("location", "/"),
        Err(why) => Answer::html(400, crate::page::frame("Not posted", &format!("<h1>{why}</h1>"), None)),
    }
}

/// Is this a draft for the inbox, or was it one?
pub(crate) fn is_draft(task: &Task) -> bool {
    matches!(task.kind, Kind::Inbox)
}
