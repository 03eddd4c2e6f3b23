//! `post`, `check`, `edit` and the other words about one post.
//!
//! Not here: whether a value is right (the engine), and showing posts (`look`).

use super::Door;
use crate::args::{Check, Decide, Draft, Edit, PauseArgs, Post};
use crate::times;
use crate::words::{self, Exit};
use serde_json::{Map, Value, json};
use slipway_core::api;
use slipway_core::api::{Added, Checked};
use slipway_core::check::bytes;
use slipway_core::platform::GoesOut;
use slipway_core::post::State;
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::view::DeliveryView;
use std::io::Read;
use std::path::Path;

/// No platform takes a caption that comes near this.
const LONGEST_CAPTION: u64 = 1 << 20;

pub async fn post(door: &Door, post: Post) -> Outcome<Exit> {
    let mut given = wanted(door, &post.draft)?;
    given["draft"] = post.as_draft.into();
    let mut answer = door.call("posts.add", given).await?;
    let running = door.engine.is_running();
    answer["running"] = running.into();
    let added: Added = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        for row in &added.deliveries {
            let when = match (row.due, post.draft.at.is_some()) {
                (Some(due), true) => format!(" for {}", planned(row, due)),
                (None, true) | (_, false) => String::new(),
            };
            let kept = if post.as_draft { "Kept as a draft" } else { "Queued" };
            out.line(&format!("{kept}: {} as number {}{when}.", at_channel(row), row.id));
        }
        if post.as_draft {
            out.aside("It goes out when you say so: slipway schedule NUMBER");
        } else if running {
            out.aside("Slipway is running and takes it from here.");
        } else {
            out.aside("Queued. No Slipway is running; `slipway run` sends it.");
        }
    });
    for warning in &added.warnings {
        door.out.warning(warning);
    }
    Ok(Exit::Done)
}

pub async fn check(door: &Door, check: Check) -> Outcome<Exit> {
    let answer = door.call("posts.check", wanted(door, &check.draft)?).await?;
    let checked: Checked = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        let media = &checked.media;
        let mut about = vec![media.mime.clone(), bytes(media.size)];
        about.extend(media.duration_ms.map(|ms| times::span(std::time::Duration::from_millis(ms))));
        about.extend(media.video.as_ref().map(|video| format!("{}×{}", video.width, video.height)));
        out.aside(&format!("File: {}", about.join(", ")));
        if let Some(due) = checked.due {
            out.aside(&format!("Due:  {}", times::shown(due)));
        }
        let mut rows = Vec::new();
        for channel in &checked.channels {
            out.aside(&format!("{}: {}", channel.name, goes_out(channel.goes_out)));
            for problem in &channel.problems {
                rows.push(vec![
                    channel.platform.clone(),
                    channel.name.clone(),
                    if problem.blocks() { out.bad("stops it") } else { "note".into() },
                    problem.message.clone(),
                    words::fix_text(problem).unwrap_or_default(),
                ]);
            }
        }
        if rows.is_empty() {
            out.line("Nothing speaks against it.");
        } else {
            out.table(&["PLATFORM", "CHANNEL", "WEIGHT", "WHAT", "FIX"], &rows);
        }
    });
    let first =
        checked.channels.iter().flat_map(|channel| &channel.problems).find(|problem| problem.blocks());
    Ok(match first {
        Some(problem) if !checked.ok => words::exit_of(problem.code),
        _ => Exit::Done,
    })
}

/// What `post` and `check` hand to the engine.
fn wanted(door: &Door, draft: &Draft) -> Outcome<Value> {
    let caption = match &draft.caption_file {
        Some(file) => read_caption(file)?,
        None => draft.caption.clone(),
    };
    let mut platforms: Vec<String> = Vec::new();
    for name in &draft.to {
        let platform = api::find_account(&door.engine, name)?.platform;
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    let mut options: Map<String, Value> = Map::new();
    for text in &draft.option {
        let (platform, key, value) = option(text)?;
        let platform = match (platform, platforms.as_slice()) {
            (Some(platform), _) => platform,
            (None, [only]) => only.clone(),
            (None, several) => {
                return Err(Problem::block(
                    Code::OptionInvalid,
                    format!(
                        "The post goes to several platforms; say which one \"{key}\" is for, such as {}.{key}=….",
                        several.first().map_or("youtube", String::as_str)
                    ),
                )
                .edit(key));
            }
        };
        let of_it = options.entry(platform).or_insert_with(|| json!({}));
        if of_it.get(&key).is_some() {
            return Err(
                Problem::block(Code::OptionInvalid, format!("The option \"{key}\" is said twice.")).edit(key)
            );
        }
        of_it[&key] = value;
    }
    Ok(json!({
        "path": path_text(&draft.video)?,
        "to": draft.to,
        "words": { "title": draft.title, "caption": caption },
        "options": options,
        "at": draft.at,
        "again": draft.again,
    }))
}

/// A path has to pass through JSON, and through the database.
fn path_text(path: &Path) -> Outcome<&str> {
    path.to_str().ok_or_else(|| {
        Problem::block(
            Code::FileUnreadable,
            "The file's name has characters Slipway can't store. Rename it, please.",
        )
    })
}

/// `platform.option=value` or `option=value`; an empty value takes the option back.
fn option(text: &str) -> Outcome<(Option<String>, String, Value)> {
    let bad = || {
        Problem::block(
            Code::BadRequest,
            format!("-o {text}: say it like privacy=unlisted or youtube.privacy=unlisted."),
        )
    };
    let (key, value) = text.split_once('=').ok_or_else(bad)?;
    let (platform, key) = match key.trim().split_once('.') {
        Some((platform, key)) => (Some(platform.to_string()), key),
        None => (None, key.trim()),
    };
    if key.is_empty() || platform.as_deref() == Some("") {
        return Err(bad());
    }
    let value = if value.is_empty() { Value::Null } else { value.into() };
    Ok((platform, key.to_string(), value))
}

fn read_caption(file: &Path) -> Outcome<String> {
    let unreadable = |code, why: String| Problem::block(code, why).edit("caption");
    let name = file.display();
    let open = std::fs::File::open(file).map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => Code::FileMissing,
            _ => Code::FileUnreadable,
        };
        unreadable(code, format!("The caption file {name} can't be read.")).detail(error)
    })?;
    let mut raw = Vec::new();
    open.take(LONGEST_CAPTION + 1).read_to_end(&mut raw).map_err(|error| {
        unreadable(Code::FileUnreadable, format!("The caption file {name} can't be read.")).detail(error)
    })?;
    if raw.len() as u64 > LONGEST_CAPTION {
        return Err(unreadable(Code::TextTooLong, format!("The caption file {name} is longer than 1 MiB.")));
    }
    let text = String::from_utf8(raw)
        .map_err(|_| unreadable(Code::TextIllegal, format!("The caption file {name} is not UTF-8 text.")))?;
    // Editors end a file with a line break that nobody means, and some begin it with a mark that nobody sees.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(text.to_string())
}

pub async fn edit(door: &Door, edit: Edit) -> Outcome<Exit> {
    let caption = match &edit.caption_file {
        Some(file) => Some(read_caption(file)?),
        None => edit.caption.clone(),
    };
    if edit.title.is_none() && caption.is_none() && edit.at.is_none() && !edit.now && edit.option.is_empty() {
        return Err(Problem::block(
            Code::BadRequest,
            "Say what to change: --title, --caption, --at, --now or -o OPTION=VALUE.",
        ));
    }
    let row: DeliveryView = door.ask("posts.show", json!({ "id": edit.id })).await?;
    let mut options: Map<String, Value> = Map::new();
    for text in &edit.option {
        let (platform, key, value) = option(text)?;
        if let Some(platform) = platform.filter(|platform| *platform != row.platform) {
            return Err(Problem::block(
                Code::OptionUnknown,
                format!("Number {} goes to {}, not to {platform}.", edit.id, row.platform),
            ));
        }
        if options.insert(key.clone(), value).is_some() {
            return Err(
                Problem::block(Code::OptionInvalid, format!("The option \"{key}\" is said twice.")).edit(key)
            );
        }
    }
    let given = json!({
        "id": edit.id,
        "title": edit.title,
        "caption": caption,
        "at": edit.at,
        "asap": edit.now,
        "whole": edit.whole,
        "own_too": edit.own_too,
        "options": options,
    });
    let answer = door.call("posts.edit", given).await?;
    let rows: Vec<DeliveryView> = super::read(answer.clone())?;
    door.out.answer(&answer, |out| rows.iter().for_each(|row| out.line(&now_is("Changed", row))));
    Ok(Exit::Done)
}

pub async fn schedule(door: &Door, id: i64, again: bool) -> Outcome<Exit> {
    one(door, "posts.schedule", json!({ "id": id, "again": again }), "Scheduled").await
}

pub async fn cancel(door: &Door, id: i64) -> Outcome<Exit> {
    let answer = door.call("posts.cancel", json!({ "id": id })).await?;
    let row: DeliveryView = super::read(answer.clone())?;
    // What may be at the platform is asked about first: it is not cancelled before that is known.
    let word = match row.state {
        State::Cancelled => "Cancelled",
        State::Stuck if !row.cancelling => "Not sent again",
        _ => "Being cancelled",
    };
    door.out.answer(&answer, |out| out.line(&now_is(word, &row)));
    Ok(Exit::Done)
}

pub async fn decide(door: &Door, decide: Decide) -> Outcome<Exit> {
    let there = decide.verdict.there.map(|text| text.trim().to_string());
    if let Some(text) = &there {
        let address = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if address.is_none() {
            return Err(Problem::block(
                Code::BadRequest,
                "--there wants the post's whole address, beginning with https://.",
            ));
        }
    }
    one(door, "posts.decide", json!({ "id": decide.id, "there": there }), "Noted").await
}

pub async fn finish(door: &Door, id: i64, url: Option<String>) -> Outcome<Exit> {
    one(door, "posts.finish", json!({ "id": id, "url": url }), "Noted").await
}

pub async fn retry(door: &Door, id: Option<i64>) -> Outcome<Exit> {
    let answer = door.call("posts.retry", json!({ "id": id })).await?;
    let rows: Vec<DeliveryView> = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        if rows.is_empty() {
            out.aside("Nothing is stuck that can be tried again by itself.");
        }
        rows.iter().for_each(|row| out.line(&now_is("Tried again", row)));
    });
    Ok(Exit::Done)
}

pub async fn pause(door: &Door, which: &PauseArgs, paused: bool) -> Outcome<Exit> {
    let word = if paused { "Paused" } else { "Resumed" };
    let Some(id) = which.id else {
        let mut settings = door.call("settings.get", Value::Null).await?;
        settings["paused"] = paused.into();
        let answer = door.call("settings.set", settings).await?;
        door.out.answer(&answer, |out| {
            out.line(match paused {
                true => "Everything is paused. What a platform holds already, it publishes all the same.",
                false => "Everything goes on.",
            });
        });
        return Ok(Exit::Done);
    };
    one(door, "posts.pause", json!({ "id": id, "paused": paused }), word).await
}

/// A command about one delivery whose answer is its line.
async fn one(door: &Door, name: &str, given: Value, word: &str) -> Outcome<Exit> {
    let answer = door.call(name, given).await?;
    let row: DeliveryView = super::read(answer.clone())?;
    door.out.answer(&answer, |out| out.line(&now_is(word, &row)));
    Ok(Exit::Done)
}

fn now_is(word: &str, row: &DeliveryView) -> String {
    let next = row.next.as_ref().map(|next| format!(" {}", next.text)).unwrap_or_default();
    format!("{word}: number {}, {}: {}.{next}", row.id, at_channel(row), words::state_text(row.state))
}

fn at_channel(row: &DeliveryView) -> String {
    format!("\"{}\" on {}", crate::out::clip(row.label(), 60), row.account_name)
}

fn planned(row: &DeliveryView, due: jiff::Timestamp) -> String {
    row.wall.as_ref().and_then(times::plan).unwrap_or_else(|| times::shown(due))
}

/// How it reaches the public, and whether the computer may sleep.
pub fn goes_out(how: GoesOut) -> &'static str {
    match how {
        GoesOut::Now => "goes out at once",
        GoesOut::HandedOver => {
            "uploaded ahead; the platform publishes it at its minute, this computer may sleep"
        }
        GoesOut::Staged => "uploaded ahead; this computer must be awake at the minute for one small request",
        GoesOut::AtTheMinute => "uploaded for its minute; this computer must be awake then",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_or_refused() {
        for (text, want) in [
            ("privacy=unlisted", Some((None, "privacy", json!("unlisted")))),
            ("youtube.privacy=private", Some((Some("youtube"), "privacy", json!("private")))),
            ("tags=a=b, c.d", Some((None, "tags", json!("a=b, c.d")))),
            ("youtube.tags=", Some((Some("youtube"), "tags", Value::Null))),
            ("privacy", None),
            ("=x", None),
            (".privacy=x", None),
            ("youtube.=x", None),
            ("", None),
        ] {
            let want =
                want.map(|(platform, key, value)| (platform.map(String::from), key.to_string(), value));
            let got = option(text);
            match want {
                Some(want) => assert_eq!(got.unwrap(), want, "{text}"),
                None => assert_eq!(got.unwrap_err().code, Code::BadRequest, "{text}"),
            }
        }
    }

    #[test]
    fn captions_are_utf8_and_lose_what_editors_add() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("caption.txt");
        for (raw, want) in [
            (&b"Bread.\n"[..], Some("Bread.")),
            (b"Bread.\r\n", Some("Bread.")),
            (b"\xef\xbb\xbfBread.\n\nMore\n\n", Some("Bread.\n\nMore\n")),
            (b"", Some("")),
            (b"\xff\xfe", None),
        ] {
            std::fs::write(&file, raw).unwrap();
            assert_eq!(read_caption(&file).ok().as_deref(), want);
        }
        assert_eq!(read_caption(&folder.path().join("no")).unwrap_err().code, Code::FileMissing);
        std::fs::write(&file, vec![b'a'; LONGEST_CAPTION as usize + 1]).unwrap();
        assert_eq!(read_caption(&file).unwrap_err().code, Code::TextTooLong);
    }
}
