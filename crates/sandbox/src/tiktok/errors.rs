//! TikTok's two error shapes (contract tiktok 2.6 and 3): flat at `/v2/oauth/`, in an envelope everywhere else, each with a `log_id`.

use super::route::Op;
use crate::clock::rfc3339;
use crate::exchange::Answer;
use crate::faults::StatusAnswer;
use crate::world::random_text;
use serde_json::{Value, json};

/// A refusal of a data call.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    code: String,
    message: String,
}

pub(crate) fn refuse(status: u16, code: &str, message: &str) -> Refusal {
    Refusal { status, code: code.into(), message: message.into() }
}

/// What most posting refusals say, whatever their cause: only the code tells.
pub(crate) const GUIDELINES: &str = "Please review our integration guidelines at https://developers.tiktok.com/doc/content-sharing-guidelines/";

impl Refusal {
    pub(crate) fn answer(self, now_ms: i64) -> Answer {
        let error = json!({ "code": self.code, "message": self.message, "log_id": log_id(now_ms) });
        Answer::json(self.status, &json!({ "data": {}, "error": error }))
    }
}

pub(crate) fn success(data: &Value, now_ms: i64) -> Answer {
    let error = json!({ "code": "ok", "message": "", "log_id": log_id(now_ms) });
    Answer::json(200, &json!({ "data": data, "error": error }))
}

/// A refusal at `/v2/oauth/`.
pub(crate) fn flat(status: u16, error: &str, description: &str, now_ms: i64) -> Answer {
    let body = json!({ "error": error, "error_description": description, "log_id": log_id(now_ms) });
    Answer::json(status, &body).header("cache-control", "no-store")
}

pub(crate) fn invalid_token() -> Refusal {
    let message = "The access token is invalid or not found in the request.";
    refuse(401, "access_token_invalid", message)
}

pub(crate) fn internal(error: &anyhow::Error) -> Refusal {
    tracing::warn!(%error, "the sandbox failed by itself");
    refuse(500, "internal_error", "Something is wrong. Please try again later.")
}

/// A planned status in the shape this call's errors have; what the plan leaves out is what that status usually says.
pub(crate) fn planned(op: Op, plan: &StatusAnswer, now_ms: i64) -> Answer {
    let message = plan.message.as_deref().unwrap_or("A planned fault of the sandbox.");
    let reason = |usual: &'static str| plan.reason.as_deref().unwrap_or(usual).to_string();
    let answer = match op {
        Op::AuthPage | Op::AuthConsent => {
            Answer::html(plan.status, crate::consent::error_page(message, &reason("Something went wrong")))
        }
        // What a gateway in front of the bytes says is not documented; nobody should read it.
        Op::Put => Answer::text(plan.status, message),
        Op::Token | Op::Revoke => {
            let error = match plan.status {
                401 => "invalid_client",
                429 => "rate_limit_exceeded",
                500 => "server_error",
                501.. => "temporarily_unavailable",
                _ => "invalid_grant",
            };
            flat(plan.status, &reason(error), message, now_ms)
        }
        _ => {
            let code = match plan.status {
                401 => "access_token_invalid",
                403 => "spam_risk",
                429 => "rate_limit_exceeded",
                500.. => "internal_error",
                _ => "invalid_params",
            };
            refuse(plan.status, &reason(code), message).answer(now_ms)
        }
    };
    match plan.retry_after {
        // TikTok is not known to send one; a plan that wants it gets it.
        Some(seconds) => answer.header("retry-after", &seconds.to_string()),
        None => answer,
    }
}

/// What support asks for: the time, and something of its own.
pub(crate) fn log_id(now_ms: i64) -> String {
    let time: String = rfc3339(now_ms / 1000 * 1000).chars().filter(char::is_ascii_digit).collect();
    format!("{time}{}", random_text(18).to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_id_begins_with_its_time_and_is_never_twice_the_same() {
        let (one, two) = (log_id(0), log_id(0));
        assert!(one.starts_with("19700101000000") && one.len() == 32, "{one}");
        assert_ne!(one, two);
    }
}
