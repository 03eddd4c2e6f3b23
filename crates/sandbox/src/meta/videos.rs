//! Videos of a Page that are no reels (contract facebook 3), and what can be changed of any video or post afterwards: words, minute,
//! being public at all, being there at all (2.6, 5).
//! A small file may come in that very call, as `source`. Not imitated: `file_url`, the chunked flow of `upload_phase`, cross-posting.
//! Unsure: that a file's handle makes a second video when it is sent twice (it does here), what of a reel can be changed, that a post's
//! end is its video's, whether the world refuses or ignores a `title` and an empty text in an update (refused here: the reference names
//! `name` and `description` alone), whether an upright video names its post before somebody publishes it (not here).

use super::Desk;
use super::books::{FileSession, Goal, Processed, Stand, Video, VideoKind};
use super::errors::{Refusal, internal, missing, no_object, parameter, refuse, success};
use super::life::{probe, public_ms};
use super::reels::{window, words};
use crate::exchange::Answer;
use crate::settings::Outcome;
use crate::world::random_text;
use serde_json::{Map, json};

/// `content_category` of a Page's video (Business SDK's specification of April 2026).
const CATEGORIES: [&str; 18] = [
    "BEAUTY_FASHION",
    "BUSINESS",
    "CARS_TRUCKS",
    "COMEDY",
    "CUTE_ANIMALS",
    "ENTERTAINMENT",
    "FAMILY",
    "FOOD_HEALTH",
    "HOME",
    "LIFESTYLE",
    "MUSIC",
    "NEWS",
    "OTHER",
    "POLITICS",
    "SCIENCE",
    "SPORTS",
    "TECHNOLOGY",
    "VIDEO_GAMING",
];

const FILE_TYPES: [&str; 5] = ["application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4"];

/// `POST /{app}/uploads`
pub(crate) fn open_file(desk: &mut Desk<'_>, app: &str) -> Result<Answer, Refusal> {
    desk.who.is_user()?;
    let own = desk.books.app_of(app).filter(|name| *name == desk.who.token.app);
    let app = own.ok_or_else(|| no_object("post", app))?;
    let name = desk.params.need("file_name")?.to_string();
    let mime = desk.params.need("file_type")?.to_string();
    let length = desk.params.number("file_length")?.ok_or_else(|| missing("file_length"))?;
    let total = u64::try_from(length).ok().filter(|total| *total > 0);
    let total = total.ok_or_else(|| parameter("Param file_length must be greater than 0"))?;
    if !FILE_TYPES.contains(&mime.as_str()) {
        return Err(parameter("Param file_type is not a supported file type"));
    }
    let (id, sig) = (format!("MTphdHRhY2htZW50{}", random_text(40)), random_text(24));
    desk.world.secret("facebook.upload_session", &id);
    desk.world.secret("facebook.upload_signature", &sig);
    let owner = desk.who.person.key;
    let upload = desk.books.open_upload(Goal::File(id.clone()), owner, desk.now);
    if let Some(upload) = desk.books.upload_mut(upload) {
        upload.total = Some(total);
        upload.file = Some(name);
        upload.mime = mime;
        let ordinal = upload.ordinal;
        desk.world.calls.note(desk.ask.seq, |call| call.session = Some(ordinal));
    }
    desk.books.files.push(FileSession { id: id.clone(), sig: sig.clone(), app, upload, handle: None });
    Ok(Answer::json(200, &json!({ "id": format!("upload:{id}?sig={sig}") })))
}

/// `POST /{page}/videos`
pub(crate) fn create(desk: &mut Desk<'_>, page: &str) -> Result<Answer, Refusal> {
    let page = desk.who.acts_as(page)?.id;
    let published = desk.params.flag("published")?.unwrap_or(true);
    let stand = match (published, desk.params.number("scheduled_publish_time")?) {
        (true, None) => Stand::Told(desk.now),
        (false, None) => Stand::Unpublished,
        (false, Some(at)) => Stand::Due(window(at, VideoKind::Video, desk.now)?),
        (true, Some(_)) => {
            return Err(parameter("scheduled_publish_time goes with published=false only"));
        }
    };
    let (title, description) = words(desk)?;
    category(desk)?;
    let id = desk.books.node_id("13", 16);
    let (upload_id, empty) = match desk.params.file("source") {
        Ok(_) => at_once(desk, &id)?,
        Err(_) => by_handle(desk)?,
    };
    let settings = desk.world.settings();
    let failed = empty || settings.processing_outcome == Outcome::Failed;
    let errors = probe(VideoKind::Video, &settings.meta, failed);
    let post = desk.books.node_id("11", 15);
    let thumbnail = match desk.params.file("thumb") {
        Ok(file) => Some(super::beside::picture(desk.world, desk.books, &file.bytes)?),
        Err(_) => None,
    };
    let video = Video {
        id: id.clone(),
        kind: VideoKind::Video,
        page: page.into(),
        owner: desk.who.person.key.into(),
        upload: upload_id,
        title: title.unwrap_or_default(),
        description: description.unwrap_or_default(),
        stand,
        wished_ms: if let Stand::Due(at) = stand { Some(at) } else { None },
        post: Some(post),
        created_ms: desk.now,
        updated_ms: desk.now,
        processed: Some(Processed { at_ms: super::arrive::ready_ms(&settings, desk.now), errors }),
        thumbnail,
        captions: Vec::new(),
        collaborators: Vec::new(),
        options: desk.params.said(&["title", "description", "fbuploader_video_file_chunk"]),
        kept_back: settings.meta.upright,
        deleted: false,
    };
    desk.books.videos.push(video);
    Ok(Answer::json(200, &json!({ "id": id })))
}

/// A file that the app's upload brought: its upload, and whether there is nothing in it.
fn by_handle(desk: &Desk<'_>) -> Result<(u64, bool), Refusal> {
    let handle = desk.params.need("fbuploader_video_file_chunk")?;
    let file = desk.books.files.iter().find(|file| file.handle.as_deref() == Some(handle));
    let upload = file.and_then(|file| desk.books.upload(file.upload));
    let upload =
        upload.filter(|upload| upload.owner == desk.who.person.key && upload.mime.starts_with("video/"));
    let upload = upload.ok_or_else(|| parameter("The file handle is not valid"))?;
    Ok((upload.id, upload.stored == 0))
}

/// A file in the call itself.
fn at_once(desk: &mut Desk<'_>, video: &str) -> Result<(u64, bool), Refusal> {
    let params = desk.params;
    let file = params.file("source")?;
    let blob = desk.books.serial();
    desk.world.store.put(blob, &file.bytes).map_err(|error| internal(&error.into()))?;
    let owner = desk.who.person.key;
    let id = desk.books.open_upload(Goal::Video(video.into()), owner, desk.now);
    let bytes = file.bytes.len() as u64;
    if let Some(upload) = desk.books.upload_mut(id) {
        upload.total = Some(bytes);
        upload.stored = bytes;
        upload.received = bytes;
        upload.file = Some(file.file_name.clone()).filter(|name| !name.is_empty());
        upload.whole_ms = Some(desk.now);
        upload.blake3 = Some(blake3::hash(&file.bytes).to_hex().to_string());
        upload.blob = Some(blob);
        let ordinal = upload.ordinal;
        desk.world.calls.note(desk.ask.seq, |call| call.session = Some(ordinal));
    }
    Ok((id, bytes == 0))
}

/// `POST /{video}` and `POST /{post}`
pub(crate) fn amend(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let video = owned(desk, "post", id)?;
    let (kind, stand, public) = (video.kind, video.stand, public_ms(video, desk.now).is_some());
    let id = video.id.clone();
    changeable(desk)?;
    let (title, description) = words(desk)?;
    let told = match desk.params.flag("is_published")? {
        Some(told) => Some(told),
        None => desk.params.flag("published")?,
    };
    let at = desk.params.number("scheduled_publish_time")?;
    let waiting = matches!(stand, Stand::Due(_) | Stand::Draft | Stand::Unpublished) && !public;
    let stand = match (told, at) {
        (None, None) => stand,
        _ if stand == Stand::Open => return Err(parameter("The video has not been finished yet")),
        (Some(true), None) if waiting => Stand::Told(desk.now),
        (Some(true), None) => stand,
        (None | Some(false), Some(at)) if waiting => Stand::Due(window(at, kind, desk.now)?),
        (Some(false), None) if waiting => stand,
        (Some(true), Some(_)) => return Err(parameter("A post is published now or scheduled, not both")),
        _ => return Err(refuse(100, "(#100) A published post can be neither scheduled nor unpublished")),
    };
    let post = desk.books.node_id("11", 15);
    let (now, options) = (desk.now, desk.params.said(&["title", "name", "description", "message"]));
    if let Some(video) = desk.books.video_mut(&id) {
        if let Some(title) = title {
            video.title = title;
        }
        if let Some(description) = description {
            video.description = description;
        }
        if at.is_some() {
            video.wished_ms = if let Stand::Due(at) = stand { Some(at) } else { None };
        }
        if matches!(stand, Stand::Due(_) | Stand::Told(_)) {
            video.post.get_or_insert(post);
        }
        video.stand = stand;
        video.options.extend(options);
        video.updated_ms = now;
    }
    Ok(Answer::json(200, &success()))
}

/// An update names the title `name`, and says nothing empty.
fn changeable(desk: &Desk<'_>) -> Result<(), Refusal> {
    if desk.params.is_named("title") {
        return Err(parameter("Param title does not go with an update of a video; it is called name"));
    }
    for name in ["name", "description", "message"] {
        if desk.params.is_named(name) && !desk.params.has(name) {
            return Err(parameter(&format!("Param {name} must not be empty")));
        }
    }
    category(desk)
}

fn category(desk: &Desk<'_>) -> Result<(), Refusal> {
    match desk.params.get("content_category") {
        Some(category) if !CATEGORIES.contains(&category) => {
            Err(parameter(&format!("Param content_category must be one of {{{}}}", CATEGORIES.join(", "))))
        }
        _ => Ok(()),
    }
}

/// `DELETE /{video}` and `DELETE /{post}`
pub(crate) fn delete(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let video = owned(desk, "delete", id)?;
    let (id, upload) = (video.id.clone(), video.upload);
    // Two videos of one file share its bytes.
    let shared =
        desk.books.videos.iter().any(|other| other.upload == upload && other.id != id && !other.deleted);
    let mut blobs = Vec::new();
    if let Some(video) = desk.books.video_mut(&id) {
        video.deleted = true;
        video.options = Map::new();
        blobs.extend(video.thumbnail.take().map(|picture| picture.blob));
        blobs.extend(video.captions.drain(..).map(|caption| caption.blob));
    }
    if let Some(upload) = desk.books.upload_mut(upload).filter(|_| !shared) {
        blobs.extend(upload.blob.take());
    }
    for blob in blobs {
        desk.world.store.remove(blob);
    }
    Ok(Answer::json(200, &success()))
}

/// A video or a post's video that the caller acts for.
pub(crate) fn owned<'d>(desk: &'d Desk<'_>, method: &str, id: &str) -> Result<&'d Video, Refusal> {
    let video = desk.books.video(id).or_else(|| desk.books.video_of_post(id));
    let video = video.filter(|video| !video.deleted).ok_or_else(|| no_object(method, id))?;
    desk.who.acts_as(&video.page)?;
    Ok(video)
}
