//! Graph's error body (contract facebook 8, instagram 5), the refusals that more than one call uses, and rupload's own shape.
//! Unsure: the HTTP status of each code (400 here but for transient ones), which errors carry a user's title and message.

use super::route::{API_INSTAGRAM, GRAPH_INSTAGRAM, RUPLOAD};
use crate::exchange::Answer;
use crate::faults::StatusAnswer;
use crate::world::random_text;
use serde_json::{Value, json};

/// An error answer in the making.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Said>);

#[derive(Debug)]
struct Said {
    status: u16,
    code: i64,
    subcode: Option<i64>,
    message: String,
    /// `GraphMethodException` where an object is not there; else the host's own word.
    kind: Option<&'static str>,
    transient: Option<bool>,
    user: Option<(String, String)>,
    retry_after: Option<u64>,
}

pub(crate) fn refuse(code: i64, message: &str) -> Refusal {
    Refusal(Box::new(Said {
        status: 400,
        code,
        subcode: None,
        message: message.into(),
        kind: None,
        transient: None,
        user: None,
        retry_after: None,
    }))
}

impl Refusal {
    pub(crate) fn sub(mut self, subcode: i64) -> Refusal {
        self.0.subcode = Some(subcode);
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Refusal {
        self.0.status = status;
        self
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> Refusal {
        self.0.kind = Some(kind);
        self
    }

    /// What the person in front of the app may read.
    pub(crate) fn user(mut self, title: &str, message: &str) -> Refusal {
        self.0.user = Some((title.into(), message.into()));
        self.0.transient = Some(self.0.transient.unwrap_or(false));
        self
    }

    pub(crate) fn transient(mut self) -> Refusal {
        self.0.transient = Some(true);
        self
    }

    pub(crate) fn answer(self, host: &str) -> Answer {
        let said = *self.0;
        let kind = said.kind.unwrap_or(match host {
            GRAPH_INSTAGRAM => "IGApiException",
            _ => "OAuthException",
        });
        let trace = trace();
        let mut error = json!({ "message": said.message, "type": kind, "code": said.code });
        if let Some(subcode) = said.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some(transient) = said.transient {
            error["is_transient"] = transient.into();
        }
        if let Some((title, message)) = said.user {
            error["error_user_title"] = title.into();
            error["error_user_msg"] = message.into();
        }
        error["fbtrace_id"] = trace.clone().into();
        let mut answer =
            Answer::json(said.status, &json!({ "error": error })).header("x-fb-trace-id", &trace);
        if said.status == 401 {
            answer = answer
                .header("www-authenticate", "OAuth \"Facebook Platform\" \"invalid_token\" \"see the body\"");
        }
        match said.retry_after {
            Some(seconds) => answer.header("retry-after", &seconds.to_string()),
            None => answer,
        }
    }
}

pub(crate) fn trace() -> String {
    format!("A{}", random_text(22))
}

/// `(#100)`: a parameter.
pub(crate) fn parameter(message: &str) -> Refusal {
    refuse(100, &format!("(#100) {message}"))
}

pub(crate) fn missing(name: &str) -> Refusal {
    parameter(&format!("The parameter {name} is required"))
}

/// There is no such object, or this token may not know of it.
pub(crate) fn no_object(method: &str, id: &str) -> Refusal {
    refuse(
        100,
        &format!(
            "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation",
            method.to_lowercase()
        ),
    )
    .sub(33)
    .kind("GraphMethodException")
}

pub(crate) fn permission(code: i64, scope: &str) -> Refusal {
    refuse(code, &format!("(#{code}) This call requires the permission {scope}"))
}

pub(crate) fn internal(error: &anyhow::Error) -> Refusal {
    tracing::warn!(%error, "the sandbox failed by itself");
    refuse(1, "An unknown error occurred").status(500)
}

/// rupload's answer to bytes it does not take (contract facebook 2.2, instagram 4.2). Unsure: `retriable` but for
/// `ProcessingFailedError`, which is documented as false.
pub(crate) fn debug_info(kind: &str, message: &str) -> Answer {
    let retriable = kind == "OffsetInvalidError" || kind == "PartialRequestError";
    Answer::json(400, &json!({ "debug_info": { "retriable": retriable, "type": kind, "message": message } }))
}

/// What rupload says to a wrong token, about nothing, or about somebody else's upload.
pub(crate) fn not_yours() -> Answer {
    debug_info(
        "ProcessingFailedError",
        "{\"success\":false,\"error\":{\"message\":\"unauthorized user request\"}}",
    )
}

/// api.instagram.com has a shape of its own (contract instagram 2.2).
pub(crate) fn flat(status: u16, message: &str) -> Answer {
    let body = json!({ "error_type": "OAuthException", "code": status, "error_message": message });
    Answer::json(status, &body)
}

/// A planned status in the shape this host answers in; what the plan leaves out is what that status usually says.
pub(crate) fn planned(host: &str, plan: &StatusAnswer) -> Answer {
    let message = plan.message.as_deref().unwrap_or("A planned fault of the sandbox.");
    let mut answer = match host {
        API_INSTAGRAM => flat(plan.status, message),
        // A plan that names a Graph code wants to see it there, too.
        RUPLOAD if plan.code.is_none() => {
            let body = json!({
                "retriable": plan.transient.unwrap_or(plan.status >= 500),
                "type": plan.reason.as_deref().unwrap_or("ProcessingFailedError"),
                "message": message,
            });
            Answer::json(plan.status, &json!({ "debug_info": body }))
        }
        _ => graph(plan, message).answer(host),
    };
    if let Some(seconds) = plan.retry_after {
        answer = answer.header("retry-after", &seconds.to_string());
    }
    answer
}

fn graph(plan: &StatusAnswer, message: &str) -> Refusal {
    let (code, subcode, transient) = match plan.status {
        401 => (190, Some(463), None),
        403 => (200, None, None),
        404 => (100, Some(33), None),
        429 => (4, None, Some(true)),
        503 => (2, None, Some(true)),
        500.. => (1, None, None),
        _ => (100, None, None),
    };
    // A code of one's own may not go with the usual refinement.
    let usual = plan.code.is_none();
    let mut refusal = refuse(plan.code.unwrap_or(code), message).status(plan.status);
    refusal.0.subcode = plan.subcode.or(subcode.filter(|_| usual));
    refusal.0.transient = plan.transient.or(transient.filter(|_| usual));
    refusal
}

/// The whole text of an error, for tests here.
#[cfg(test)]
pub(crate) fn said(refusal: Refusal) -> (i64, Option<i64>) {
    (refusal.0.code, refusal.0.subcode)
}

/// `{"success":true}`
pub(crate) fn success() -> Value {
    json!({ "success": true })
}
