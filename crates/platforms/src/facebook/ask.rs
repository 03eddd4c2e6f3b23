//! Questions that change nothing: whose Pages are these, the token of one, what was granted. Facebook has no live lists and no terms.

use super::read::NAME;
use crate::graph::{self, pages};
use serde_json::{Value, json};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};

const FIELDS: &str = "id,name,username,link,category,tasks,picture{url}";

pub(super) fn ask(question: &Question, account: &JobAccount) -> Call {
    match question {
        Question::Identify { after } => pages::accounts("facebook.accounts", FIELDS, after.as_deref()),
        Question::Token => pages::token("facebook.page", &account.remote_id),
        Question::Owner => pages::owner("facebook.page", "id"),
        Question::Scopes => pages::permissions("facebook.permissions"),
        Question::Person => pages::person("facebook.me"),
        // `answer` says that there is nothing to say; a cheap call, since a question must be one.
        Question::Live { .. } | Question::Terms => pages::permissions("facebook.permissions"),
    }
}

pub(super) fn answer(question: &Question, reply: &Reply) -> Result<Answer, Fault> {
    match question {
        Question::Identify { after } => identities(reply, after.is_none()),
        Question::Token => pages::token_in(reply, NAME).map(Answer::Token),
        Question::Owner => pages::owned(reply, NAME).map(Answer::Owner),
        Question::Scopes => pages::granted(reply, NAME).map(Answer::Scopes),
        Question::Person => pages::person_in(reply, NAME).map(Answer::Person),
        Question::Live { what } => {
            Err(Fault::Strange { detail: format!("Facebook has no live list called {what:?}") })
        }
        Question::Terms => Err(Fault::Strange { detail: "Facebook has nothing to say to that".into() }),
    }
}

/// Only Pages that this person may post on. Where the whole list has none, the reason is told, since nothing else would tell it.
fn identities(reply: &Reply, first: bool) -> Result<Answer, Fault> {
    let (items, next) = pages::list(reply, NAME)?;
    let pages: Vec<&Value> = items.iter().filter(|page| graph::id(&page["id"]).is_some()).collect();
    let found: Vec<Identity> =
        pages.iter().filter(|page| may_post(page)).filter_map(|page| identity(page)).collect();
    if found.is_empty() && first && next.is_none() {
        return Err(Fault::Refused(none(&pages)));
    }
    Ok(Answer::Identities { found, next })
}

/// Pages of the newer kind have longer names for the same task. A list that names no tasks at all leaves it to the first post.
fn may_post(page: &Value) -> bool {
    match page["tasks"].as_array() {
        Some(tasks) => tasks.iter().filter_map(Value::as_str).any(|task| task.ends_with("CREATE_CONTENT")),
        None => true,
    }
}

fn none(pages: &[&Value]) -> Problem {
    let names: Vec<&str> = pages.iter().filter_map(|page| page["name"].as_str()).take(5).collect();
    let message = match names.as_slice() {
        [] => "This sign-in has no Facebook Page. Slipway posts to Pages only: profiles and groups have no such way. If you have a Page, sign in again and tick it when Facebook asks which Pages Slipway may use.".to_string(),
        names => format!("You may not post on {}: your role there lacks \"Content\". Ask for full control of the Page or for that task, then sign in again.", names.join(", ")),
    };
    Problem::block(Code::NoChannel, message).fix(Fix::Retry)
}

fn identity(page: &Value) -> Option<Identity> {
    let id = graph::id(&page["id"])?;
    let text =
        |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_string);
    let handle = text(&page["username"]);
    let shown = handle.clone().unwrap_or_else(|| id.clone());
    Some(Identity {
        name: text(&page["name"]).unwrap_or_else(|| id.clone()),
        url: Some(format!("https://www.facebook.com/{shown}")),
        live: json!({
            "category": page["category"],
            "tasks": page["tasks"],
            "picture": page["picture"]["data"]["url"],
        }),
        handle,
        remote_id: id,
    })
}
