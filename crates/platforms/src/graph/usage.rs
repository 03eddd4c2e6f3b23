//! The headers with which the Graph API warns before a limit bites (Graph API, rate limiting, as of 2026-11): percentages of a sliding
//! window, of the app and of a Page or account; and, once it bites, minutes until it is over.
//!
//! At 90 % nothing new is opened; what is under way goes on. Not here: what is done once it bites (`error`).

use super::error;
use serde_json::Value;
use slipway_core::platform::{NearLimit, Reply, Whose};
use std::time::Duration;

const NEAR: f64 = 90.0;
/// The window slides, so after a while a look is worth it.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// Longer than any window; more is not believed.
const LONGEST_MINUTES: u64 = 24 * 60;

const COUNTERS: [&str; 3] = ["call_count", "total_time", "total_cputime"];
const APP: &str = "x-app-usage";
const BUSINESS: &str = "x-business-use-case-usage";

/// A limit that is near, by either header; of two the one that lasts longer.
pub(crate) fn near(reply: &Reply, platform: &str) -> Option<NearLimit> {
    let app = header(reply, APP).filter(is_near).map(|_| (Whose::App, PAUSE));
    let account = business(reply)
        .into_iter()
        .filter(is_near)
        .map(|usage| (Whose::Account, minutes(&usage).unwrap_or(PAUSE)));
    let (whose, wait) = account.chain(app).max_by_key(|(_, wait)| *wait)?;
    Some(NearLimit { whose, wait, problem: error::too_often(platform) })
}

/// How long until calls are taken again, where a reply says so.
pub(crate) fn regain(reply: &Reply) -> Option<Duration> {
    business(reply).iter().filter_map(minutes).max()
}

fn header(reply: &Reply, name: &str) -> Option<Value> {
    serde_json::from_str(reply.header(name)?).ok()
}

/// The entries of all Pages and accounts in the header; mostly one.
fn business(reply: &Reply) -> Vec<Value> {
    match header(reply, BUSINESS) {
        Some(Value::Object(of)) => of
            .into_iter()
            .flat_map(|(_, list)| match list {
                Value::Array(list) => list,
                one => vec![one],
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn is_near(usage: &Value) -> bool {
    COUNTERS.iter().any(|counter| usage[*counter].as_f64().is_some_and(|percent| percent >= NEAR))
}

fn minutes(usage: &Value) -> Option<Duration> {
    let minutes = usage["estimated_time_to_regain_access"].as_u64().filter(|minutes| *minutes > 0)?;
    Some(Duration::from_secs(minutes.min(LONGEST_MINUTES) * 60))
}
