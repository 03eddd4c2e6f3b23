//! The Pages a sign-in speaks for, the token a Page acts under, and what was granted (Graph API: User accounts, Page, User permissions,
//! as of 2026-11).
//!
//! Not here: which of the Pages are a channel of a platform.

use super::{at, error};
use http::Method;
use serde_json::Value;
use slipway_core::platform::{Auth, Call, Fault, Reply};
use slipway_core::sensitive::Sensitive;

const A_PAGE: &str = "100";

/// Asks for Pages with these fields, the rest of a long list after a cursor.
pub(crate) fn accounts(name: &'static str, fields: &str, after: Option<&str>) -> Call {
    let call = Call::new(name, Method::GET, at("me/accounts"))
        .auth(Auth::OwnerBearer)
        .query("fields", fields)
        .query("limit", A_PAGE);
    match after {
        Some(after) => call.query("after", after),
        None => call,
    }
}

/// The items of a list and the cursor of its next part. Only `paging.next` says that there is one: a cursor comes with the last part,
/// too.
pub(crate) fn list(reply: &Reply, platform: &str) -> Result<(Vec<Value>, Option<String>), Fault> {
    let body = error::object(reply, platform)?;
    let Value::Array(items) = &body["data"] else {
        return Err(Fault::Strange { detail: format!("not a list: {}", error::detail(reply)) });
    };
    let paging = &body["paging"];
    let next = paging["next"].as_str().and(paging["cursors"]["after"].as_str());
    Ok((items.clone(), next.filter(|after| !after.is_empty()).map(str::to_string)))
}

/// Asks for the token of a Page, with the sign-in's own.
pub(crate) fn token(name: &'static str, page: &str) -> Call {
    Call::new(name, Method::GET, at(page)).auth(Auth::OwnerBearer).query("fields", "id,access_token")
}

/// A Page that answers without a token is one where this person has no role (any more).
pub(crate) fn token_in(reply: &Reply, platform: &str) -> Result<Sensitive<String>, Fault> {
    let body = error::object(reply, platform)?;
    let token = body["access_token"].as_str().map(str::trim).filter(|token| !token.is_empty());
    token.map(|token| Sensitive::new(token.to_string())).ok_or_else(|| Fault::Permission {
        scope: None,
        detail: "the Page gave no token: the role on it, or the permission to see it, is gone".into(),
    })
}

/// Asks, with a Page's own token, which Page that is.
pub(crate) fn owner(name: &'static str, fields: &str) -> Call {
    Call::new(name, Method::GET, at("me")).query("fields", fields)
}

/// The id of the Page whose token it is.
pub(crate) fn owned(reply: &Reply, platform: &str) -> Result<String, Fault> {
    let body = error::object(reply, platform)?;
    super::id(&body["id"])
        .ok_or_else(|| Fault::Strange { detail: format!("no Page in: {}", error::detail(reply)) })
}

/// Asks what was granted.
pub(crate) fn permissions(name: &'static str) -> Call {
    Call::new(name, Method::GET, at("me/permissions")).auth(Auth::OwnerBearer)
}

/// Those that were granted; what was declined, or has expired, is not among them.
pub(crate) fn granted(reply: &Reply, platform: &str) -> Result<Vec<String>, Fault> {
    let (items, _) = list(reply, platform)?;
    Ok(items
        .iter()
        .filter(|item| item["status"] == "granted")
        .filter_map(|item| item["permission"].as_str().map(str::to_string))
        .collect())
}

/// Asks who signed in.
pub(crate) fn person(name: &'static str) -> Call {
    Call::new(name, Method::GET, at("me")).auth(Auth::OwnerBearer).query("fields", "id")
}

/// The id of who signed in: of this app's own, and the same for every sign-in of that person to it.
pub(crate) fn person_in(reply: &Reply, platform: &str) -> Result<String, Fault> {
    let body = error::object(reply, platform)?;
    super::id(&body["id"])
        .ok_or_else(|| Fault::Strange { detail: format!("nobody in: {}", error::detail(reply)) })
}
