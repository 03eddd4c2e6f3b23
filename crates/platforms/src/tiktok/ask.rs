//! Questions that change nothing: whose account is this, and what may it choose just now.
//!
//! The second is asked each time the posting screen opens (Content Sharing Guidelines, required UX). Not here: anything about one
//! post.

use super::read::{self, Doing};
use super::{profile, write};
use serde_json::{Map, Value};
use slipway_core::platform::*;

/// What of `creator_info` is kept. Not the picture: its address lives two hours.
const KEPT: [&str; 7] = [
    "creator_username",
    "creator_nickname",
    "privacy_level_options",
    "comment_disabled",
    "duet_disabled",
    "stitch_disabled",
    "max_video_post_duration_sec",
];

pub(crate) fn ask(question: &Question) -> Call {
    match question {
        Question::Terms => write::creator_info(),
        // `answer` says that there is nothing of the kind; a cheap call, since a question must be one.
        Question::Identify { .. }
        | Question::Owner
        | Question::Live { .. }
        | Question::Token
        | Question::Scopes
        | Question::Person => write::user_info(),
    }
}

pub(crate) fn answer(question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault> {
    match question {
        Question::Identify { .. } => {
            let data = read::data(reply, Doing::Who)?;
            let identity = identity(&data["user"], account)?;
            Ok(Answer::Identities { found: vec![identity], next: None })
        }
        Question::Owner => {
            let data = read::data(reply, Doing::Who)?;
            identity(&data["user"], account).map(|identity| Answer::Owner(identity.remote_id))
        }
        Question::Terms => {
            let data = read::data(reply, Doing::Terms)?;
            if !data["privacy_level_options"].is_array() {
                return Err(Fault::Strange { detail: "TikTok named no choices for this account".into() });
            }
            Ok(Answer::Terms(Value::Object(kept(&data))))
        }
        Question::Live { what } => {
            Err(Fault::Strange { detail: format!("TikTok has no live list called {what:?}") })
        }
        Question::Token | Question::Scopes | Question::Person => {
            Err(Fault::Strange { detail: "TikTok has nothing to say to that".into() })
        }
    }
}

/// The handle is no part of the basic scope: it is known once the terms were read.
fn identity(user: &Value, account: &JobAccount) -> Result<Identity, Fault> {
    let Some(id) = user["open_id"].as_str().filter(|id| !id.is_empty()) else {
        return Err(Fault::Strange { detail: "TikTok did not say whose account this is".into() });
    };
    let username = known_username(account);
    let name = user["display_name"].as_str().filter(|name| !name.trim().is_empty());
    Ok(Identity {
        remote_id: id.into(),
        name: name.map(Into::into).or_else(|| username.clone()).unwrap_or_else(|| "TikTok".into()),
        url: username.as_deref().map(|name| profile(Some(name))),
        handle: username,
        live: Value::Object(Map::new()),
    })
}

/// The handle that the terms said, or the account has.
pub(crate) fn known_username(account: &JobAccount) -> Option<String> {
    read::terms(&account.live["terms"]).username.or_else(|| account.handle.as_deref().and_then(read::handle))
}

fn kept(data: &Value) -> Map<String, Value> {
    KEPT.iter()
        .filter(|key| !data[**key].is_null())
        .map(|key| ((*key).to_string(), data[*key].clone()))
        .collect()
}
