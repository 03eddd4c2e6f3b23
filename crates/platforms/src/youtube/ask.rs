//! Questions that change nothing: whose channel is this, which playlists and categories are there.
//!
//! One call a question, so of playlists the first fifty. Not here: anything about one video.

use super::read::{self, Doing};
use super::write;
use serde_json::{Value, json};
use slipway_core::platform::*;

pub(crate) fn ask(question: &Question) -> Call {
    match question {
        Question::Identify { .. } | Question::Owner => write::my_channel(),
        Question::Live { what } if what == "playlists" => write::my_playlists(),
        Question::Live { what } if what == "categories" => write::categories(),
        // `answer` says that there is no such list; a cheap call, since a question must be one.
        Question::Live { .. } | Question::Terms | Question::Token | Question::Scopes | Question::Person => {
            write::my_channel()
        }
    }
}

pub(crate) fn answer(question: &Question, reply: &Reply) -> Result<Answer, Fault> {
    let items = read::items(reply, Doing::Asking)?;
    match question {
        Question::Identify { .. } => {
            identity(items).map(|identity| Answer::Identities { found: vec![identity], next: None })
        }
        Question::Owner => identity(items).map(|identity| Answer::Owner(identity.remote_id)),
        Question::Live { what } if what == "playlists" => Ok(Answer::Live(choices(&items, &items_all))),
        Question::Live { what } if what == "categories" => Ok(Answer::Live(choices(&items, &assignable))),
        Question::Live { what } => {
            Err(Fault::Strange { detail: format!("YouTube has no live list called {what:?}") })
        }
        Question::Terms | Question::Token | Question::Scopes | Question::Person => {
            Err(Fault::Strange { detail: "YouTube has nothing to say to that".into() })
        }
    }
}

/// No channel comes in two shapes: a list without items (here), and 401 `youtubeSignupRequired` (in `read`).
fn identity(items: Vec<Value>) -> Result<Identity, Fault> {
    let channel = items
        .into_iter()
        .find(|item| item["id"].as_str().is_some_and(read::is_id))
        .ok_or_else(|| Fault::Refused(read::no_channel()))?;
    let id = channel["id"].as_str().unwrap_or_default();
    let snippet = &channel["snippet"];
    let status = &channel["status"];
    Ok(Identity {
        remote_id: id.into(),
        name: snippet["title"].as_str().unwrap_or(id).into(),
        handle: snippet["customUrl"].as_str().filter(|handle| !handle.is_empty()).map(str::to_string),
        url: Some(format!("https://www.youtube.com/channel/{id}")),
        live: json!({
            "uploads_playlist": channel["contentDetails"]["relatedPlaylists"]["uploads"],
            "long_uploads": status["longUploadsStatus"],
            "made_for_kids": status["madeForKids"],
            "country": snippet["country"],
            "picture": snippet["thumbnails"]["default"]["url"],
        }),
    })
}

fn items_all(_: &Value) -> bool {
    true
}

fn assignable(item: &Value) -> bool {
    item["snippet"]["assignable"] == true
}

fn choices(items: &[Value], wanted: &dyn Fn(&Value) -> bool) -> Vec<Choice> {
    items
        .iter()
        .filter(|item| wanted(item))
        .filter_map(|item| {
            let value = item["id"].as_str()?;
            let label = item["snippet"]["title"].as_str().unwrap_or(value);
            Some(Choice { value: value.into(), label: label.into() })
        })
        .collect()
}
