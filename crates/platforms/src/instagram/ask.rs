//! Questions that change nothing: which accounts are these, what was granted, how many posts are left today.
//!
//! By Facebook Login the accounts are those linked to the Pages of a sign-in, each acting under its Page's token; by Instagram Login
//! there is one, which is the sign-in itself. Not here: anything about one post.

use super::facts::FACTS;
use super::read;
use super::{profile, write};
use crate::graph::portfolios::{self, Walk};
use crate::graph::{self, error, pages};
use serde_json::{Value, json};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};

pub(crate) fn ask(question: &Question, account: &JobAccount) -> Call {
    match question {
        Question::Identify { .. } if write::by_address(account) => write::me(),
        Question::Identify { after } => write::my_accounts(after.as_deref()),
        Question::Owner if write::by_address(account) => write::me(),
        Question::Owner => pages::owner("instagram.page", "id,instagram_business_account{id}"),
        Question::Terms => write::publishing_limit(account),
        Question::Token => write::page_token(account),
        Question::Scopes => write::permissions(),
        Question::Person => pages::person("instagram.person"),
        // `answer` says that there is no such list; a cheap call, since a question must be one.
        Question::Live { .. } => write::publishing_limit(account),
    }
}

pub(crate) fn answer(question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault> {
    match question {
        Question::Identify { .. } if write::by_address(account) => myself(reply),
        Question::Identify { after } => {
            linked(Walk::at(after.as_deref()), portfolios::wanted(account), reply)
        }
        Question::Owner if write::by_address(account) => {
            let body = read::object(reply)?;
            owner(&body["data"].get(0).unwrap_or(&body)["user_id"], reply)
        }
        Question::Owner => {
            let page = read::object(reply)?;
            match &page["instagram_business_account"] {
                Value::Null => Err(Fault::Permission {
                    scope: None,
                    detail: "the Page is linked to no Instagram account, or may not name it".into(),
                }),
                account => owner(&account["id"], reply),
            }
        }
        Question::Terms => terms(reply).map(Answer::Terms),
        Question::Token => pages::token_in(reply, FACTS.name).map(Answer::Token),
        Question::Scopes => pages::granted(reply, FACTS.name).map(Answer::Scopes),
        Question::Person => pages::person_in(reply, FACTS.name).map(Answer::Person),
        Question::Live { what } => {
            Err(Fault::Strange { detail: format!("Instagram has no live list called {what:?}") })
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------- accounts

fn linked(mut walk: Walk, portfolios: bool, reply: &Reply) -> Result<Answer, Fault> {
    let items = walk.read(reply, FACTS.name, portfolios)?;
    let found: Vec<Identity> = items.iter().filter_map(linked_account).collect();
    walk.found |= !found.is_empty();
    match walk.next() {
        // No list has one.
        None if !walk.found => Err(Fault::Refused(no_account(!walk.any))),
        next => Ok(Answer::Identities { found, next }),
    }
}

fn linked_account(page: &Value) -> Option<Identity> {
    let account = &page["instagram_business_account"];
    let page_id = graph::id(&page["id"])?;
    let live = json!({
        "page_id": page_id,
        "page_name": page["name"],
        "picture": account["profile_picture_url"],
    });
    identity(graph::id(&account["id"])?, account, live)
}

fn identity(remote_id: String, account: &Value, live: Value) -> Option<Identity> {
    let handle = account["username"].as_str().filter(|handle| read::is_handle(handle));
    let name = account["name"].as_str().filter(|name| !name.trim().is_empty()).or(handle);
    Some(Identity {
        name: name.unwrap_or(&remote_id).to_string(),
        handle: handle.map(str::to_string),
        url: Some(profile(handle)),
        live,
        remote_id,
    })
}

/// A personal account is not told from none at all: neither is listed.
fn no_account(no_page: bool) -> Problem {
    let message = if no_page {
        "This sign-in has no Facebook Page, and by Facebook Login an Instagram account is reached through its Page. Make a Page, link your professional Instagram account to it, then sign in again and tick both. If the Page belongs to a business portfolio, leave the permission for portfolios ticked, or connect with the token of a system user to whom the Page is assigned."
    } else {
        "None of the Facebook Pages of this sign-in has a professional Instagram account. If yours is a personal account, switch it in the Instagram app (Settings, Account type, Professional account) and link it to the Page; if it is linked, sign in again and tick both the Page and the account."
    };
    Problem::block(Code::NoChannel, message).fix(Fix::Retry)
}

fn owner(id: &Value, reply: &Reply) -> Result<Answer, Fault> {
    let id = graph::id(id);
    id.map(Answer::Owner)
        .ok_or_else(|| Fault::Strange { detail: format!("no account in: {}", error::detail(reply)) })
}

fn myself(reply: &Reply) -> Result<Answer, Fault> {
    let body = read::object(reply)?;
    // Flat, or a list of one (2026-10).
    let me = body["data"].get(0).unwrap_or(&body);
    let kind = me["account_type"].as_str().unwrap_or_default();
    if kind.eq_ignore_ascii_case("personal") {
        return Err(Fault::Refused(
            Problem::block(
                Code::NoChannel,
                "This is a personal account, which no program may post to. Switch it to a professional one in the Instagram app (Settings, Account type), then sign in again.",
            )
            .fix(Fix::Retry),
        ));
    }
    // `id` is another number, of this app's own.
    let remote_id = graph::id(&me["user_id"])
        .ok_or_else(|| Fault::Strange { detail: format!("no account in: {}", error::detail(reply)) })?;
    let live = json!({ "account_type": me["account_type"], "picture": me["profile_picture_url"] });
    Ok(Answer::Identities { found: identity(remote_id, me, live).into_iter().collect(), next: None })
}

// ---------------------------------------------------------------------------------------------------------------- terms

/// Documents name 25, 50 and 100 posts a day: what is said here holds.
fn terms(reply: &Reply) -> Result<Value, Fault> {
    let body = read::object(reply)?;
    let told = body["data"].get(0).unwrap_or(&Value::Null);
    let config = &told["config"];
    match told["quota_usage"].as_u64() {
        Some(usage) => Ok(json!({
            "quota_usage": usage,
            "quota_total": config["quota_total"],
            "quota_duration_s": config["quota_duration"],
        })),
        None => Err(Fault::Strange { detail: format!("no limit in: {}", error::detail(reply)) }),
    }
}
