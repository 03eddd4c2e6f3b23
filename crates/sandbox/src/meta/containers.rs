//! Containers (contract instagram 4.1, 4.3): every parameter checked when one is made, states by the clock, publishing nothing.
//! Not imitated: fetching covers, tagging anybody, products, audio, what a location is.
//! Unsure: what too many hashtags, mentions or containers are refused with (100 without a sub-code; 9/2207042), whether the world
//! ignores a parameter that does not go with the kind of media (refused here), that an address which cannot be fetched fails the
//! container of a video but the call of an image, that a thumb offset is only held against the length once the bytes are there, whether
//! a `scheduled_publish_time` is refused or ignored (refused here: there is no such parameter), with what the story of a creator account
//! is refused (10 here).

use super::Desk;
use super::arrive;
use super::books::{Container, Goal, MediaKind};
use super::errors::{Refusal, internal, missing, no_object, parameter, refuse};
use super::fields::{Node, select};
use super::life::{self, Code, DAY_MS, code};
use super::route::RUPLOAD;
use crate::exchange::Answer;
use crate::settings::Outcome;
use crate::world::World;
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// What `POST /{account}/media` asks for, after all checks that need no bytes.
pub(crate) struct Made {
    id: String,
    upload: Option<u64>,
    /// To be fetched, and whether it is an image.
    address: Option<(String, bool)>,
    version: String,
}

pub(crate) fn make(desk: &mut Desk<'_>, id: &str) -> Result<Made, Refusal> {
    let account = desk.who.posts_to(id)?;
    let params = desk.params;
    let recent = desk
        .books
        .containers
        .iter()
        .filter(|container| container.account == account.id && container.created_ms > desk.now - DAY_MS);
    if recent.count() >= desk.settings.containers_per_day {
        let message = "The limit of containers that can be made in 24 hours has been reached";
        return Err(refuse(9, &format!("(#9) {message}")).sub(2_207_042).user("Too many posts", message));
    }
    let item = params.flag("is_carousel_item")?.unwrap_or(false);
    let kind = kind(params.get("media_type"), params.has("image_url"), params.has("video_url"), item)?;
    // graph.instagram.com knows no upload from a disk, whatever its reference says.
    let resumable = match params.get("upload_type") {
        _ if desk.who.is_instagram_login() => false,
        None => false,
        Some("resumable") => true,
        Some(_) => return Err(parameter("Param upload_type must be one of {resumable}")),
    };
    if params.is_named("scheduled_publish_time") {
        return Err(parameter("Param scheduled_publish_time does not go with a container"));
    }
    if kind == MediaKind::Story && desk.settings.stories_for_business_only && account.kind != "BUSINESS" {
        return Err(refuse(10, "(#10) Stories can be published by business accounts only"));
    }
    check::fits(params, kind, item)?;
    check::values(params, kind, &desk.settings)?;
    let mut children = Vec::new();
    let mut address = None;
    match kind {
        MediaKind::Carousel => children = check::children(desk, account.id)?,
        MediaKind::Image => address = Some((params.need("image_url")?.to_string(), true)),
        _ if resumable && params.has("video_url") => {
            return Err(parameter("upload_type=resumable goes without video_url"));
        }
        _ if resumable => {}
        _ => {
            let url =
                params.get("video_url").ok_or_else(|| refuse(100, "The parameter video_url is required"))?;
            address = Some((url.to_string(), kind == MediaKind::Story && image_address(url)));
        }
    }
    if let Some((url, _)) = &address
        && Url::parse(url).is_err()
    {
        return Err(unfetched());
    }
    let thumb_offset = params.number("thumb_offset").map_err(|_| offset_wrong())?;
    let longest = life::duration(&desk.settings);
    if thumb_offset.is_some_and(|ms| ms < 0 || (address.is_some() && ms >= longest)) {
        return Err(offset_wrong());
    }
    let id = desk.books.node_id("179", 17);
    let owner = desk.who.person.key;
    let upload = match kind {
        MediaKind::Carousel => None,
        _ => Some(desk.books.open_upload(Goal::Container(id.clone()), owner, desk.now)),
    };
    let mut container = Container {
        id: id.clone(),
        kind,
        account: account.id.into(),
        owner: owner.into(),
        item,
        caption: params.get("caption").unwrap_or_default().into(),
        children,
        thumb_offset,
        upload,
        created_ms: desk.now,
        ready: None,
        published: None,
        options: params.said(&["caption"]),
    };
    if kind == MediaKind::Carousel {
        let settings = desk.world.settings();
        let failed = settings.processing_outcome == Outcome::Failed;
        arrive::get_ready(&mut container, &settings, desk.now, failed);
    }
    desk.books.containers.push(container);
    let ordinal = upload.and_then(|upload| desk.books.upload(upload)).map(|upload| upload.ordinal);
    desk.world.calls.note(desk.ask.seq, |call| call.session = ordinal);
    Ok(Made { id, upload, address, version: desk.version.clone() })
}

/// The rest of the call, without the books in hand: what lies at an address is fetched.
pub(crate) async fn finish(world: &Arc<World>, made: Made) -> Result<Answer, Refusal> {
    let mut answer = json!({ "id": made.id });
    match (made.address, made.upload) {
        (Some((address, image)), Some(upload)) => {
            let there = arrive::fetched(world, upload, &address).await.map_err(|error| internal(&error))?;
            if !there {
                let mut books = world.meta.books();
                if image {
                    books.containers.retain(|container| container.id != made.id);
                    return Err(unfetched());
                }
                let now = world.now_ms();
                if let Some(container) = books.container_mut(&made.id) {
                    container.ready = Some((now, Some(2_207_052)));
                }
            }
        }
        (None, Some(_)) => {
            let base = world.base(RUPLOAD);
            answer["uri"] = format!("{base}/ig-api-upload/{}/{}", made.version, made.id).into();
        }
        _ => {}
    }
    Ok(Answer::json(200, &answer))
}

fn unfetched() -> Refusal {
    let message = "The media could not be fetched from this URI";
    refuse(9004, "Only photo or video can be accepted as media type.")
        .sub(2_207_052)
        .user("Media download has failed", message)
}

fn offset_wrong() -> Refusal {
    refuse(1, "Invalid thumbnail offset")
        .sub(2_207_057)
        .user("Invalid thumbnail offset", "The thumbnail offset must be within the video")
}

fn image_address(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    path.ends_with(".jpg") || path.ends_with(".jpeg")
}

fn kind(said: Option<&str>, image: bool, video: bool, item: bool) -> Result<MediaKind, Refusal> {
    let unknown = || {
        let message = "The media type is unknown or no longer supported";
        refuse(100, &format!("(#100) {message}")).sub(2_207_023).user("Unknown media type", message)
    };
    match said {
        Some("REELS") if item => Err(unknown()),
        Some("REELS") => Ok(MediaKind::Reel),
        Some("STORIES") => Ok(MediaKind::Story),
        Some("CAROUSEL") if item => Err(unknown()),
        Some("CAROUSEL") => Ok(MediaKind::Carousel),
        // A plain feed video is a reel nowadays.
        Some("VIDEO") if item => Ok(MediaKind::Child),
        Some("IMAGE") => Ok(MediaKind::Image),
        None if image => Ok(MediaKind::Image),
        None if video => Err(missing("media_type")),
        None => Err(missing("image_url")),
        Some(_) => Err(unknown()),
    }
}

mod check {
    //! Which parameter goes with which kind, and what may stand in it.

    use super::super::params::Params;
    use super::*;
    use crate::settings::meta::Meta as Settings;

    /// Name, and whether it goes with images, reels, stories, videos of a carousel, carousels.
    const APPLIES: [(&str, [bool; 5]); 18] = [
        ("caption", [true, true, false, false, true]),
        ("share_to_feed", [false, true, false, false, false]),
        ("thumb_offset", [false, true, true, true, false]),
        ("cover_url", [false, true, false, false, false]),
        ("audio_name", [false, true, false, false, false]),
        ("collaborators", [true, true, false, false, true]),
        ("user_tags", [true, true, true, false, false]),
        ("location_id", [true, true, false, false, true]),
        ("product_tags", [true, true, false, false, false]),
        ("children", [false, false, false, false, true]),
        ("alt_text", [true, false, false, false, false]),
        ("trial_params", [false, true, false, false, false]),
        ("is_ai_generated", [true, true, true, false, true]),
        ("is_paid_partnership", [true, true, true, false, true]),
        ("branded_content_sponsor_ids", [true, true, true, false, true]),
        ("audio_configuration", [false, true, false, false, false]),
        ("video_url", [false, true, true, true, false]),
        ("image_url", [true, false, true, false, false]),
    ];

    pub(super) fn fits(params: &Params, kind: MediaKind, item: bool) -> Result<(), Refusal> {
        let at = match kind {
            MediaKind::Image => 0,
            MediaKind::Reel => 1,
            MediaKind::Story => 2,
            MediaKind::Child => 3,
            MediaKind::Carousel => 4,
        };
        for (name, goes) in APPLIES {
            // What is written on a carousel is written on the whole of it.
            let parents =
                item && ["caption", "collaborators", "location_id", "is_ai_generated"].contains(&name);
            if params.has(name) && (!goes[at] || parents) {
                return Err(parameter(&format!("The parameter {name} does not go with this media_type")));
            }
        }
        Ok(())
    }

    pub(super) fn values(params: &Params, kind: MediaKind, settings: &Settings) -> Result<(), Refusal> {
        caption(params.get("caption").unwrap_or_default())?;
        for name in ["share_to_feed", "is_ai_generated", "is_paid_partnership"] {
            params.flag(name)?;
        }
        let at_most = |name: &str, most: usize| match params.list(name)? {
            Some(list) if list.len() > most => {
                Err(parameter(&format!("Param {name} has more than {most} entries")))
            }
            _ => Ok(()),
        };
        at_most("collaborators", 3)?;
        at_most("branded_content_sponsor_ids", 2)?;
        tags(params, kind)?;
        if let Some(Value::Array(products)) = params.json("product_tags")?
            && products.len() > 5
        {
            return Err(refuse(100, "(#100) Too many product tags").sub(2_207_035));
        }
        if params.get("location_id").is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(parameter("Param location_id must be the ID of a Page with a location"));
        }
        if params.get("alt_text").is_some_and(|text| text.chars().count() > 1000) {
            return Err(parameter("Param alt_text must be at most 1000 characters"));
        }
        let public = |url: &str| Url::parse(url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
        if params.get("cover_url").is_some_and(|url| !public(url)) {
            return Err(super::unfetched());
        }
        if let Some(trial) = params.json("trial_params")? {
            if !["MANUAL", "SS_PERFORMANCE"]
                .contains(&trial["graduation_strategy"].as_str().unwrap_or_default())
            {
                return Err(parameter("Param trial_params must name a graduation_strategy"));
            }
            if !settings.trial_reels {
                let message = "This account cannot make trial reels";
                return Err(refuse(100, &format!("(#100) {message}"))
                    .sub(2_207_081)
                    .user("No trial reels", message));
            }
        }
        params.json("audio_configuration").map(|_| ())
    }

    fn caption(text: &str) -> Result<(), Refusal> {
        if text.chars().count() > 2200 {
            let message = "The caption is too long";
            return Err(refuse(36_004, &format!("(#36004) {message}"))
                .sub(2_207_010)
                .user("Caption too long", message));
        }
        let marked = |mark: char| {
            let words = text.split(|c: char| c.is_whitespace());
            words.map(|word| word.matches(mark).count()).sum::<usize>()
        };
        if marked('#') > 30 {
            return Err(parameter("A caption has at most 30 hashtags"));
        }
        if marked('@') > 20 {
            return Err(parameter("A caption has at most 20 mentions"));
        }
        Ok(())
    }

    fn tags(params: &Params, kind: MediaKind) -> Result<(), Refusal> {
        let Some(tags) = params.json("user_tags")? else { return Ok(()) };
        let Value::Array(tags) = tags else { return Err(parameter("Param user_tags must be an array")) };
        if tags.len() > 20 {
            return Err(refuse(100, "(#100) Too many tags").sub(2_207_040));
        }
        for tag in &tags {
            let named = tag["username"].as_str().is_some_and(|name| !name.is_empty());
            let within = |name: &str| tag[name].as_f64().is_some_and(|at| (0.0..=1.0).contains(&at));
            if !named || (kind == MediaKind::Image && !(within("x") && within("y"))) {
                return Err(parameter("Param user_tags must name users, and on images where they are"));
            }
        }
        Ok(())
    }

    /// The videos of a carousel: two to ten, of this account, ready, made to be part of one.
    pub(super) fn children(desk: &Desk<'_>, account: &str) -> Result<Vec<String>, Refusal> {
        let children = desk.params.list("children")?.unwrap_or_default();
        if !(2..=10).contains(&children.len()) {
            let message = "A carousel has two to ten children";
            return Err(refuse(100, &format!("(#100) {message}"))
                .sub(2_207_028)
                .user("Wrong number of children", message));
        }
        for id in &children {
            let child = desk.books.container(id).filter(|child| child.account == account);
            let child =
                child.ok_or_else(|| refuse(24, "The media with this ID is not there").sub(2_207_006))?;
            if !child.item {
                return Err(parameter("A child must be made with is_carousel_item=true"));
            }
            match code(child, desk.now) {
                Code::Finished => {}
                Code::InProgress => return Err(super::not_ready()),
                _ => return Err(refuse(24, "A child is missing or has expired").sub(2_207_008)),
            }
        }
        Ok(children)
    }
}

pub(crate) fn not_ready() -> Refusal {
    let message = "The media is not ready to be published. Please wait a moment.";
    refuse(9007, "Media ID is not available").sub(2_207_027).user("Media Not Ready", message)
}

/// `GET /{container}`
pub(crate) fn get(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let container = desk.books.container(id).ok_or_else(|| no_object("get", id))?;
    desk.who.account("get", &container.account).map_err(|_| no_object("get", id))?;
    Ok(Answer::json(200, &select(Node::Container, &node(desk, container), desk.fields())?))
}

fn node(desk: &Desk<'_>, container: &Container) -> Value {
    let code = code(container, desk.now);
    let mut whole = json!({ "id": container.id, "status_code": code.word(), "status": code.status() });
    let ready = match code {
        Code::Finished | Code::Published => "completed",
        Code::Error(_) => "error",
        Code::InProgress if container.ready.is_some() => "in_progress",
        _ => "not_started",
    };
    whole["copyright_check_status"] = json!({
        "status": ready, "matches_found": ready == "completed" && desk.settings.copyright_matches,
    });
    let said = |name: &str| container.options.contains_key(name);
    let resumable = said("upload_type") && !said("video_url");
    if let Some(upload) = container.upload.filter(|_| resumable).and_then(|upload| desk.books.upload(upload))
    {
        let lost = code == Code::Error(2_207_082);
        let errors: Vec<Value> = match lost {
            true => vec![json!({ "code": 1_363_008, "message": "FILE_NOT_FOUND" })],
            false => Vec::new(),
        };
        let status = match upload.whole_ms {
            _ if upload.gone || lost => "error",
            Some(_) => "complete",
            None if upload.stored == 0 => "not_started",
            None => "in_progress",
        };
        let mut uploading = json!({ "status": status, "bytes_transferred": upload.stored, "errors": errors });
        if let Some(total) = upload.total {
            uploading["source_file_size"] = total.into();
        }
        let ready = if ready == "completed" { "complete" } else { ready };
        whole["video_status"] =
            json!({ "uploading_phase": uploading, "processing_phase": { "status": ready, "errors": [] } });
    }
    whole
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::errors::said;
    use super::*;

    #[test]
    fn kinds_of_media() {
        let of = |said, item| kind(said, false, true, item);
        assert_eq!(of(Some("REELS"), false).unwrap(), MediaKind::Reel);
        assert_eq!(of(Some("VIDEO"), true).unwrap(), MediaKind::Child);
        for (word, item) in [("VIDEO", false), ("REELS", true), ("reels", false), ("POST", false)] {
            assert_eq!(said(of(Some(word), item).unwrap_err()), (100, Some(2_207_023)), "{word}");
        }
        assert!(kind(None, true, false, false).is_ok_and(|kind| kind == MediaKind::Image));
        assert!(image_address("https://a.example/b.JPG?x=1") && !image_address("https://a.example/b.mp4"));
    }
}
