//! The Graph API's envelope of errors, and what can be done about each (Graph API, error handling, as of 2026-11).
//!
//! Decided on `code`, `error_subcode` and `is_transient`, never on sentences and not on the HTTP status, which is 400 for most (C29).
//! Not here: codes of one platform alone; those come first, in its own `read`.

use super::usage;
use serde_json::Value;
use slipway_core::platform::{Fault, Reply, Until, Whose};
use slipway_core::problem::{Code, Fix, Problem};
use slipway_core::redact;
use std::time::Duration;

/// Taken for a limit that names no end: windows slide, so a look every quarter of an hour is soon enough.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// A block for behaviour is said to be temporary and no more; asking often makes it longer.
const BLOCKED: Duration = Duration::from_secs(2 * 3600);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Error {
    pub code: i64,
    /// 0: none came.
    pub subcode: i64,
    /// The API says itself that it will pass.
    pub transient: bool,
    message: String,
    /// What Meta would tell the user, in the language of the sign-in.
    told: String,
}

/// The error in a reply, whatever its status.
pub(crate) fn of(reply: &Reply) -> Option<Error> {
    let body = reply.json()?;
    let error = body.get("error").filter(|error| error.is_object())?;
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_string();
    Some(Error {
        code: number(&error["code"])?,
        subcode: number(&error["error_subcode"]).unwrap_or(0),
        transient: error["is_transient"] == true,
        message: text("message"),
        told: format!("{} {}", text("error_user_title"), text("error_user_msg")),
    })
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

impl Error {
    /// The token is dead: 190 with any sub-code (458 app removed, 460 password changed, 463 expired, 467 invalid, 490 and 492 role
    /// lost…), and 102, its elder.
    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self.code, 190 | 102)
    }

    pub(crate) fn is_permission(&self) -> bool {
        matches!(self.code, 3 | 10 | 200..=299)
    }

    /// What was asked for does not exist, or may not be seen: the API does not tell which.
    pub(crate) fn is_missing(&self) -> bool {
        matches!((self.code, self.subcode), (100, 33) | (803, _))
    }

    /// Whose limit was reached, if this is one: 4 the app's; 17, 32, 613, 341 and those from 80001 the user's, the Page's or the
    /// account's.
    pub(crate) fn limit(&self) -> Option<Whose> {
        match self.code {
            4 => Some(Whose::App),
            17 | 32 | 341 | 613 | 80001 | 80002 | 80004 | 80005 | 80006 | 80008 | 80009 | 80014 => {
                Some(Whose::Account)
            }
            _ => None,
        }
    }

    pub(crate) fn is_passing(&self) -> bool {
        self.transient || matches!(self.code, -1 | 1 | 2)
    }
}

/// What can be done about a reply that is not the one hoped for. Total: every reply has an answer.
pub(crate) fn fault(reply: &Reply, platform: &str) -> Fault {
    let detail = detail(reply);
    let Some(error) = of(reply) else { return without_envelope(reply, platform, detail) };
    if let Some(whose) = error.limit() {
        return slow_down(reply, platform, whose, &detail);
    }
    if error.is_passing() {
        return Fault::Again { after: reply.retry_after(), detail };
    }
    if error.is_sign_in() {
        return Fault::SignIn { detail };
    }
    if error.is_permission() {
        return Fault::Permission { scope: None, detail };
    }
    let refused = |problem: Problem| Fault::Refused(problem.detail(&detail));
    match error.code {
        368 => Fault::Limit {
            whose: Whose::Account,
            until: Until::For(usage::regain(reply).unwrap_or(BLOCKED)),
            problem: Problem::block(
                Code::AccountLimit,
                format!(
                    "{platform} has blocked this account from posting for a while, because of how it was used. Slipway tries again later by itself; the account's support inbox at {platform} says more."
                ),
            )
            .detail(&detail),
        },
        // It names the parameter, in either of its two refusals, and nothing else tells them from other errors of the number.
        100 if error.message.contains("appsecret_proof") => refused(
            Problem::block(
                Code::AppRefused,
                format!("{platform} does not take the secret of your developer app. Copy it anew from the app's settings."),
            )
            .fix(Fix::AddApp { platform: platform.to_ascii_lowercase() }),
        ),
        100 if error.is_missing() => refused(Problem::block(
            Code::NotFound,
            format!("{platform} does not have this any more, or does not show it to this sign-in."),
        )),
        803 => refused(Problem::block(Code::NotFound, format!("{platform} does not have this any more."))),
        100 => refused(Problem::block(
            Code::Refused,
            format!("{platform} does not take this post as it is. What it said is below."),
        )),
        _ => Fault::Strange { detail },
    }
}

/// No envelope: another machine on the way wrote it, or the API in a bad moment.
fn without_envelope(reply: &Reply, platform: &str, detail: String) -> Fault {
    match reply.status {
        429 => slow_down(reply, platform, Whose::Account, &detail),
        408 | 500..=599 => Fault::Again { after: reply.retry_after(), detail },
        _ => Fault::Strange { detail },
    }
}

fn slow_down(reply: &Reply, platform: &str, whose: Whose, detail: &str) -> Fault {
    let wait = usage::regain(reply).or_else(|| reply.retry_after()).unwrap_or(WINDOW);
    Fault::Limit { whose, until: Until::For(wait), problem: too_often(platform).detail(detail) }
}

pub(crate) fn too_often(platform: &str) -> Problem {
    Problem::block(
        Code::RateLimited,
        format!("{platform} has taken as many calls as it allows for now. Slipway goes on by itself."),
    )
}

/// What was said, for the history: numbers first, texts redacted, no trace that names a session.
pub(crate) fn detail(reply: &Reply) -> String {
    let status = reply.status;
    let said = match of(reply) {
        Some(error) => {
            let sub = if error.subcode == 0 { String::new() } else { format!("/{}", error.subcode) };
            let texts = redact::excerpt(&format!("{} {}", error.message, error.told), 300);
            format!("code {}{sub} {texts}", error.code)
        }
        None => match super::upload::error_of(reply) {
            Some(error) => {
                format!("{} {}", redact::excerpt(&error.kind, 60), redact::excerpt(&error.message, 200))
            }
            None => reply.excerpt(),
        },
    };
    format!("HTTP {status} {said}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An object of the API, or what can be done about anything else. A 200 with a page in it (a hotel's, say) is no answer.
pub(crate) fn object(reply: &Reply, platform: &str) -> Result<Value, Fault> {
    match reply.json() {
        Some(body) if reply.ok() && body.is_object() && of(reply).is_none() => Ok(body),
        _ => Err(fault(reply, platform)),
    }
}
