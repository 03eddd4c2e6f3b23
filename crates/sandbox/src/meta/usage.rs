//! How much of its limits an app has used (contract instagram 6): both headers on every Graph answer, with the percentages that the
//! settings say, and the refusal from a hundred on. Nothing is counted here.

use super::errors::{Refusal, refuse, trace};
use crate::exchange::Answer;
use crate::settings::meta::Meta as Settings;
use serde_json::json;

/// `about`: the Page or account a call is about, or whose it is.
pub(crate) fn add(answer: Answer, settings: &Settings, platform: &str, about: &str, version: &str) -> Answer {
    let app = settings.app_usage;
    let of = settings.business_usage;
    let usage = json!({ "call_count": app, "total_time": app * 9 / 10, "total_cputime": app / 2 });
    let kind = if platform == "instagram" { "instagram" } else { "pages" };
    let business = json!({ about: [{
        "type": kind, "call_count": of, "total_cputime": of / 2, "total_time": of * 9 / 10,
        "estimated_time_to_regain_access": settings.regain_minutes,
    }] });
    let answer = match answer.headers.contains_key("x-fb-trace-id") {
        true => answer,
        false => answer.header("x-fb-trace-id", &trace()),
    };
    answer
        .header("x-app-usage", &usage.to_string())
        .header("x-business-use-case-usage", &business.to_string())
        .header("facebook-api-version", version)
}

/// Nothing goes any more.
pub(crate) fn check(settings: &Settings, platform: &str) -> Result<(), Refusal> {
    if settings.app_usage >= 100 {
        return Err(refuse(4, "(#4) Application request limit reached").transient());
    }
    if settings.business_usage >= 100 {
        let code = if platform == "instagram" { 80_002 } else { 80_001 };
        let message =
            format!("(#{code}) There have been too many calls to this account. Wait a bit and try again.");
        return Err(refuse(code, &message));
    }
    Ok(())
}
