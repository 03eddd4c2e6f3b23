//! Questions that change nothing: whose Pages are these, the token of one, what was granted. Facebook has no live lists and no terms.

use super::read::NAME;
use crate::graph::portfolios::{self, Names, Walk};
use crate::graph::{self, pages};
use serde_json::{Value, json};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};

const FIELDS: &str = "id,name,username,link,category,tasks,picture{url}";

const NAMES: Names = Names {
    accounts: "facebook.accounts",
    businesses: "facebook.businesses",
    pages: "facebook.business.pages",
};

pub(super) fn ask(question: &Question, account: &JobAccount) -> Call {
    match question {
        Question::Identify { after } => Walk::at(after.as_deref()).call(&NAMES, FIELDS),
        Question::Token => pages::token("facebook.page", &account.remote_id),
        Question::Owner => pages::owner("facebook.page", "id"),
        Question::Scopes => pages::permissions("facebook.permissions"),
        Question::Person => pages::person("facebook.me"),
        // `answer` says that there is nothing to say; a cheap call, since a question must be one.
        Question::Live { .. } | Question::Terms => pages::permissions("facebook.permissions"),
    }
}

pub(super) fn answer(question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault> {
    match question {
        Question::Identify { after } => {
            identities(Walk::at(after.as_deref()), portfolios::wanted(account), reply)
        }
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

/// Only Pages that this person may post on. Where no list has any, the reason is told, since nothing else would tell it.
fn identities(mut walk: Walk, portfolios: bool, reply: &Reply) -> Result<Answer, Fault> {
    let items = walk.read(reply, NAME, portfolios)?;
    let pages = || items.iter().filter(|page| graph::id(&page["id"]).is_some());
    let found: Vec<Identity> = pages().filter(|page| may_post(page)).filter_map(identity).collect();
    walk.found |= !found.is_empty();
    walk.bar(pages().filter(|page| !may_post(page)).filter_map(|page| page["name"].as_str()));
    match walk.next() {
        None if !walk.found => Err(Fault::Refused(none(&walk.barred, portfolios))),
        next => Ok(Answer::Identities { found, next }),
    }
}

/// Pages of the newer kind have longer names for the same task. A list that names no tasks at all leaves it to the first post.
fn may_post(page: &Value) -> bool {
    match page["tasks"].as_array() {
        Some(tasks) => tasks.iter().filter_map(Value::as_str).any(|task| task.ends_with("CREATE_CONTENT")),
        None => true,
    }
}

fn none(names: &[String], portfolios: bool) -> Problem {
    let message = match names {
        [] => {
            let portfolio = if portfolios {
                "leave the permission for business portfolios ticked"
            } else {
                "let Slipway ask for business portfolios (with the developer app)"
            };
            format!(
                "This sign-in has no Facebook Page. Slipway posts to Pages only: profiles and groups have no such way. If you have a Page, sign in again and tick it when Facebook asks which Pages Slipway may use. If it belongs to a business portfolio, {portfolio}, or connect with the token of a system user to whom the Page is assigned."
            )
        }
        names => format!(
            "You may not post on {}: your role there lacks \"Content\". Ask for full control of the Page or for that task, then sign in again.",
            names.join(", ")
        ),
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
