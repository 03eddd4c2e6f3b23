//! Google's error body, exactly in the shape of contract youtube 2.1, and the refusals that more than one call uses.
//! Unsure: which errors carry `status` and `details` in the world ("newer front-end errors only"); here those the contract names.

use crate::exchange::Answer;
use crate::faults::StatusAnswer;
use serde_json::{Value, json};

/// An error answer in the making.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Said>);

#[derive(Debug)]
struct Said {
    status: u16,
    reason: String,
    domain: String,
    message: String,
    at: Option<(&'static str, String)>,
    rpc: Option<&'static str>,
    details: Option<Value>,
    retry_after: Option<u64>,
}

pub(crate) fn refuse(status: u16, reason: &str, domain: &str, message: &str) -> Refusal {
    Refusal(Box::new(Said {
        status,
        reason: reason.into(),
        domain: domain.into(),
        message: message.into(),
        at: None,
        rpc: None,
        details: None,
        retry_after: None,
    }))
}

impl Refusal {
    /// Where the mistake is: `parameter`, `header` or `body`, and its name.
    pub(crate) fn at(mut self, kind: &'static str, name: &str) -> Refusal {
        self.0.at = Some((kind, name.into()));
        self
    }

    pub(crate) fn rpc(mut self, status: &'static str) -> Refusal {
        self.0.rpc = Some(status);
        self
    }

    pub(crate) fn details(mut self, details: Value) -> Refusal {
        self.0.details = Some(details);
        self
    }

    #[cfg(test)]
    pub(crate) fn reason(&self) -> (u16, &str) {
        (self.0.status, &self.0.reason)
    }

    pub(crate) fn answer(self) -> Answer {
        let mut item = json!({ "message": self.0.message, "domain": self.0.domain, "reason": self.0.reason });
        if let Some((kind, name)) = self.0.at {
            item["locationType"] = kind.into();
            item["location"] = name.into();
        }
        let mut error = json!({ "code": self.0.status, "message": self.0.message, "errors": [item] });
        if let Some(rpc) = self.0.rpc {
            error["status"] = rpc.into();
        }
        if let Some(details) = self.0.details {
            error["details"] = details;
        }
        let mut answer = Answer::json(self.0.status, &json!({ "error": error }));
        if self.0.status == 401 {
            answer = answer.header(
                "www-authenticate",
                "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"",
            );
        }
        if let Some(seconds) = self.0.retry_after {
            answer = answer.header("retry-after", &seconds.to_string());
        }
        answer
    }
}

/// A planned status in this platform's shape; what the plan leaves out is what that status usually says.
pub(crate) fn planned(plan: &StatusAnswer) -> Answer {
    let (reason, domain, rpc) = match plan.status {
        400 => ("badRequest", "global", Some("INVALID_ARGUMENT")),
        401 => ("authError", "global", Some("UNAUTHENTICATED")),
        403 => ("forbidden", "global", Some("PERMISSION_DENIED")),
        404 => ("notFound", "global", None),
        429 => ("rateLimitExceeded", "global", Some("RESOURCE_EXHAUSTED")),
        503 => ("backendError", "global", Some("UNAVAILABLE")),
        _ => ("internalError", "global", None),
    };
    let message = plan.message.as_deref().unwrap_or("A planned fault of the sandbox.");
    let mut refusal = refuse(
        plan.status,
        plan.reason.as_deref().unwrap_or(reason),
        plan.domain.as_deref().unwrap_or(domain),
        message,
    );
    // A reason of one's own may not go with the usual status word.
    refusal.0.rpc = if plan.reason.is_some() { None } else { rpc };
    refusal.0.retry_after = plan.retry_after;
    refusal.answer()
}

pub(crate) fn unauthenticated() -> Refusal {
    refuse(
        401,
        "authError",
        "global",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    )
    .at("header", "Authorization")
    .rpc("UNAUTHENTICATED")
}

pub(crate) fn missing_parameter(name: &str) -> Refusal {
    refuse(400, "missingRequiredParameter", "youtube.parameter", &format!("Required parameter: {name}"))
        .at("parameter", name)
}

pub(crate) fn bad_request(message: &str) -> Refusal {
    refuse(400, "badRequest", "global", message).rpc("INVALID_ARGUMENT")
}

pub(crate) fn parse_error() -> Refusal {
    refuse(400, "parseError", "global", "Parse Error")
}

pub(crate) fn video_not_found() -> Refusal {
    refuse(404, "videoNotFound", "youtube.video", "The video that you are trying to reach cannot be found.")
        .at("parameter", "id")
}

pub(crate) fn forbidden(domain: &str, message: &str) -> Refusal {
    refuse(403, "forbidden", domain, message)
}

pub(crate) fn no_channel() -> Refusal {
    refuse(401, "youtubeSignupRequired", "youtube.header", "This Google account has no YouTube channel.")
        .at("header", "Authorization")
}

pub(crate) fn internal(error: &anyhow::Error) -> Refusal {
    tracing::warn!(%error, "the sandbox failed by itself");
    refuse(500, "internalError", "global", "Internal error encountered.").rpc("INTERNAL")
}
