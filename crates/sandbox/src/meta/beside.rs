//! What goes with a video of a Page (contract facebook 2.6): its cover, caption tracks, and Pages asked to collaborate.
//! Not imitated: covers made by the platform, dimensions of images, reading a track, anybody's answer to an invitation.
//! Unsure: the codes for a bad image or track, and for the eleventh invitation of a day (368 here).

use super::Desk;
use super::books::{Books, Caption, Picture};
use super::errors::{Refusal, internal, parameter, refuse, success};
use super::life::DAY_MS;
use super::videos::owned;
use crate::exchange::Answer;
use crate::world::World;
use serde_json::{Value, json};

/// Largest cover in bytes.
const MOST_IMAGE: usize = 10_000_000;
/// Invitations a day.
const MOST_INVITED: usize = 10;

/// Keeps an image, where it is one.
pub(crate) fn picture(world: &World, books: &mut Books, image: &[u8]) -> Result<Picture, Refusal> {
    let mime = match image {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        _ => return Err(refuse(100, "(#100) Invalid image file").sub(1_366_046)),
    };
    if image.len() > MOST_IMAGE {
        return Err(refuse(100, "(#100) The image is too large").sub(1_366_046));
    }
    let blob = books.serial();
    world.store.put(blob, image).map_err(|error| internal(&error.into()))?;
    Ok(Picture {
        blob,
        bytes: image.len() as u64,
        blake3: blake3::hash(image).to_hex().to_string(),
        mime: mime.into(),
    })
}

/// `POST /{video}/thumbnails`
pub(crate) fn set_thumbnail(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let id = owned(desk, "post", id)?.id.clone();
    let preferred = desk.params.flag("is_preferred")?.unwrap_or(false);
    let params = desk.params;
    let picture = picture(desk.world, desk.books, &params.file("source")?.bytes)?;
    if let Some(video) = desk.books.video_mut(&id) {
        // The first one is shown in any case; another only when it is preferred.
        let shown = preferred || video.thumbnail.is_none();
        let unused = if shown { video.thumbnail.replace(picture) } else { Some(picture) };
        if let Some(unused) = unused {
            desk.world.store.remove(unused.blob);
        }
    }
    Ok(Answer::json(200, &success()))
}

/// `GET /{video}/thumbnails`
pub(crate) fn thumbnails(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let video = owned(desk, "get", id)?;
    let address = format!("{}/thumb/{}", desk.world.base(crate::hosts::PAGE), video.id);
    let own = video
        .thumbnail
        .iter()
        .map(|picture| json!({ "id": picture.blob.to_string(), "uri": address, "is_preferred": true }));
    Ok(Answer::json(200, &json!({ "data": own.collect::<Vec<Value>>() })))
}

/// `POST /{video}/captions`: the file is named `x.en_US.srt`.
pub(crate) fn set_captions(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let id = owned(desk, "post", id)?.id.clone();
    let params = desk.params;
    let file = params.file("captions_file")?;
    let locale = locale(&file.file_name)
        .ok_or_else(|| parameter("The captions file must be named <name>.<locale>.srt"))?;
    let default = params.get("default_locale").filter(|default| *default != "none");
    if default.is_some_and(|default| locale_ok(default).is_none()) {
        return Err(parameter("Param default_locale must be a locale or none"));
    }
    if file.bytes.is_empty() || std::str::from_utf8(&file.bytes).is_err() {
        return Err(parameter("The captions file cannot be read"));
    }
    let blob = desk.books.serial();
    desk.world.store.put(blob, &file.bytes).map_err(|error| internal(&error.into()))?;
    let caption = Caption {
        id: blob.to_string(),
        locale: locale.clone(),
        default: default == Some(locale.as_str()),
        blob,
        bytes: file.bytes.len() as u64,
        blake3: blake3::hash(&file.bytes).to_hex().to_string(),
    };
    if let Some(video) = desk.books.video_mut(&id) {
        // One track a language: a new one takes the old one's place.
        for old in video.captions.iter().filter(|old| old.locale == locale) {
            desk.world.store.remove(old.blob);
        }
        video.captions.retain(|old| old.locale != locale);
        video.captions.push(caption);
    }
    Ok(Answer::json(200, &success()))
}

/// `GET /{video}/captions`
pub(crate) fn captions(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let video = owned(desk, "get", id)?;
    let tracks = video.captions.iter().map(|caption| {
        json!({ "locale": caption.locale, "locale_name": caption.locale, "is_default": caption.default, "is_auto_generated": false })
    });
    Ok(Answer::json(200, &json!({ "data": tracks.collect::<Vec<Value>>() })))
}

/// `POST /{video}/collaborators`
pub(crate) fn invite(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let video = owned(desk, "post", id)?;
    let (id, page) = (video.id.clone(), video.page.clone());
    let target = desk.params.need("target_id")?.to_string();
    if !target.bytes().all(|byte| byte.is_ascii_digit()) || target == page {
        return Err(parameter("Param target_id must be the ID of another Page"));
    }
    let since = desk.now - DAY_MS;
    let of_page = desk.books.videos.iter().filter(|video| video.page == page);
    let invited = of_page.flat_map(|video| &video.collaborators).filter(|(_, at)| *at > since).count();
    if invited >= MOST_INVITED {
        let message = "The limit of invitations for today has been reached";
        return Err(refuse(368, &format!("(#368) {message}")).user("Too many invitations", message));
    }
    let now = desk.now;
    if let Some(video) = desk.books.video_mut(&id) {
        video.collaborators.push((target, now));
    }
    Ok(Answer::json(200, &success()))
}

fn locale(file_name: &str) -> Option<String> {
    let rest = file_name.strip_suffix(".srt")?;
    let (name, locale) = rest.rsplit_once('.')?;
    locale_ok(locale).filter(|_| !name.is_empty()).map(String::from)
}

/// `en_US`
fn locale_ok(locale: &str) -> Option<&str> {
    let (language, place) = locale.split_once('_')?;
    let fits = (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && place.len() == 2
        && place.bytes().all(|byte| byte.is_ascii_uppercase());
    fits.then_some(locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_bears_its_language_in_its_name() {
        assert_eq!(locale("cake.en_US.srt").as_deref(), Some("en_US"));
        assert_eq!(locale("a.b.de_DE.srt").as_deref(), Some("de_DE"));
        for odd in ["cake.srt", "cake.en.srt", ".en_US.srt", "cake.en_us.srt", "cake.en_US.vtt", "en_US.srt"]
        {
            assert_eq!(locale(odd), None, "{odd}");
        }
    }
}
