//! Planned misbehaviour, as data. A plan names an API call, which of its occurrences, and what is done to it. Plans are consumed in
//! order and keep accounts: a plan that never fired is visible (`done: false`), and a test should then fail.
//! What a hurt *means* for one platform (the shape of its error body, say) is decided in that platform's folder.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// One planned hurt, as posted to `/api/faults`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Stable name of the call (`videos.insert.put`, `tiktok.upload.put`), a group (`videos.insert.*`, `tiktok.*`), or `*` for any
    /// call of any platform's API (not the pages a person sees in the browser, `auth.*`). Names are unique over all platforms.
    pub api: String,
    /// The n-th matching call from the moment of planning, from 1. Absent: the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Only calls about this title or file name (`Slug`), compared whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Only calls of this platform (`youtube`, `tiktok`…), so that a group or `*` can hurt one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    #[serde(rename = "do")]
    pub hurt: Hurt,
}

impl Fault {
    /// The next call named `api`.
    pub fn next(api: &str, hurt: impl Into<Hurt>) -> Fault {
        Fault { api: api.into(), nth: None, file: None, platform: None, hurt: hurt.into() }
    }

    /// The `nth` call named `api` from now, counted from 1.
    pub fn nth(api: &str, nth: u64, hurt: impl Into<Hurt>) -> Fault {
        Fault { api: api.into(), nth: Some(nth), file: None, platform: None, hurt: hurt.into() }
    }

    /// The same plan, for calls about one title or file name only.
    #[must_use]
    pub fn file(mut self, name: &str) -> Fault {
        self.file = Some(name.into());
        self
    }

    /// The same plan, for calls of one platform only.
    #[must_use]
    pub fn platform(mut self, id: &str) -> Fault {
        self.platform = Some(id.into());
        self
    }
}

/// What is done to the call: an answer with a status, or one of the named deeds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Hurt {
    Status(StatusAnswer),
    Deed(Deed),
}

/// An error answer in the platform's own shape; the call has no effect. `{"status":403,"reason":"quotaExceeded","domain":"youtube.quota"}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusAnswer {
    pub status: u16,
    /// Seconds, sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The platform's own word: Google's `reason`, TikTok's `error.code`, OAuth's `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The number a platform gives its errors, where it has one (Graph's `code`), and what refines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcode: Option<i64>,
    /// Graph's `is_transient`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transient: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Exactly this for a body, in place of the platform's own shape; of what is above only the status counts then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Headers that go with such a body.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Close the connection before doing anything.
    Cut,
    /// Read so many bytes of the request's body, then close. An upload keeps what it had got, down to its granularity.
    CutAfter(u64),
    /// Do it all, then close without an answer.
    Lost,
    /// Do it all, then answer with this status in the platform's own shape, as a front end does that gave up too early.
    StatusAfter(u16),
    /// Do it all, then answer this instead: a web page, a redirect, another post's id.
    AnswerAfter(StatusAnswer),
    /// Do it all, then wait so long (real milliseconds) before the answer.
    StallAfterMs(u64),
    /// Do it all, then break off in the middle of the answer.
    HalfAnswer,
    /// Wait so long (real milliseconds) before reading the body, then go on as if nothing had been.
    StallMs(u64),
    /// Answer 200 with a web page instead of JSON; no effect.
    Html,
    /// An upload forgets its newest bytes and says so: 308 with a lower offset on a legal boundary.
    WrongOffset,
    /// An upload session is gone for good: 404.
    SessionGone,
    /// The token that was sent is dead from now on.
    TokenExpired,
    /// Read the body no faster than this.
    SlowBytesPerS(u64),
}

impl From<Deed> for Hurt {
    fn from(deed: Deed) -> Hurt {
        Hurt::Deed(deed)
    }
}

impl From<StatusAnswer> for Hurt {
    fn from(answer: StatusAnswer) -> Hurt {
        Hurt::Status(answer)
    }
}

impl From<u16> for Hurt {
    fn from(status: u16) -> Hurt {
        Hurt::Status(StatusAnswer { status, ..StatusAnswer::default() })
    }
}

/// A plan with its accounts, as `GET /api/faults` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub id: u64,
    #[serde(flatten)]
    pub fault: Fault,
    /// Matching calls seen since planning.
    pub seen: u64,
    pub done: bool,
    /// Sandbox time of its happening.
    pub done_at_ms: Option<i64>,
    /// `seq` of the call it happened to.
    pub call: Option<u64>,
}

/// What a plan is held against.
pub(crate) struct Named<'a> {
    /// Platform id, as in the announcement's apps.
    pub(crate) platform: &'a str,
    pub(crate) api: &'a str,
    /// File names and titles the call is about.
    pub(crate) names: &'a [String],
}

/// The list of plans.
#[derive(Default)]
pub(crate) struct Plans {
    list: Mutex<Vec<Plan>>,
}

impl Plans {
    pub(crate) fn add(&self, faults: Vec<Fault>) -> Vec<u64> {
        let mut list = lock(&self.list);
        let mut ids = Vec::new();
        for fault in faults {
            let id = list.last().map_or(1, |plan: &Plan| plan.id + 1);
            list.push(Plan { id, fault, seen: 0, done: false, done_at_ms: None, call: None });
            ids.push(id);
        }
        ids
    }

    pub(crate) fn list(&self) -> Vec<Plan> {
        lock(&self.list).clone()
    }

    pub(crate) fn clear(&self) {
        lock(&self.list).clear();
    }

    /// Counts this call against every open plan it matches and hands out the first that is due. Two plans due at the same call
    /// do not both fire: the later one takes the next call.
    pub(crate) fn take(&self, of: &Named<'_>, call: u64, now_ms: i64) -> Option<(u64, Hurt)> {
        let mut list = lock(&self.list);
        let mut due = None;
        for (index, plan) in list.iter_mut().enumerate() {
            if plan.done || !matches(&plan.fault, of) {
                continue;
            }
            plan.seen += 1;
            if due.is_none() && plan.seen >= plan.fault.nth.unwrap_or(1) {
                due = Some(index);
            }
        }
        let plan = list.get_mut(due?)?;
        plan.done = true;
        plan.done_at_ms = Some(now_ms);
        plan.call = Some(call);
        Some((plan.id, plan.fault.hurt.clone()))
    }
}

fn matches(fault: &Fault, of: &Named<'_>) -> bool {
    let named = match fault.api.strip_suffix('*') {
        // The pages a person clicks through are not API calls; a plan that wants one names it.
        Some("") => !of.api.starts_with("auth."),
        Some(start) => of.api.starts_with(start),
        None => fault.api == of.api,
    };
    named
        && fault.file.as_ref().is_none_or(|wanted| of.names.iter().any(|name| name == wanted))
        && fault.platform.as_ref().is_none_or(|wanted| wanted == of.platform)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn named<'a>(api: &'a str, names: &'a [String]) -> Named<'a> {
        Named { platform: "youtube", api, names }
    }

    fn plan(json: &str) -> Plans {
        let plans = Plans::default();
        plans.add(serde_json::from_str(json).unwrap());
        plans
    }

    #[test]
    fn every_form_of_the_contract_is_read() {
        let plans = plan(
            r#"[{"api":"a","do":{"status":429,"retry_after":1}},{"api":"a","do":{"status":403,"reason":"quotaExceeded","domain":"youtube.quota"}},
                {"api":"a","do":{"cut_after":9}},{"api":"a","do":"cut"},{"api":"a","do":"lost"},{"api":"a","do":{"stall_ms":1}},{"api":"a","do":"html"},
                {"api":"a","do":"wrong_offset"},{"api":"a","do":"session_gone"},{"api":"a","do":"token_expired"},{"api":"a","do":{"slow_bytes_per_s":7}},{"api":"a","do":{"status_after":500}},
                {"api":"a","do":{"answer_after":{"status":200,"body":"<html>"}}},{"api":"a","do":{"stall_after_ms":1}},{"api":"a","do":"half_answer"},
                {"api":"a","do":{"status":302,"body":"{}","headers":{"location":"https://x"}}}]"#,
        );
        let fired: Vec<_> =
            (0..16).filter_map(|n| plans.take(&named("a", &[]), n, 0)).map(|(id, _)| id).collect();
        assert_eq!(fired, (1..=16).collect::<Vec<_>>(), "one call each, in the order planned");
        assert!(matches!(plans.list()[2].fault.hurt, Hurt::Deed(Deed::CutAfter(9))));
        assert!(serde_json::from_str::<Vec<Fault>>(r#"[{"api":"a","do":"explode"}]"#).is_err());
        assert!(serde_json::from_str::<Vec<Fault>>(r#"[{"api":"a","do":"cut","when":1}]"#).is_err());
    }

    #[test]
    fn the_nth_matching_call_is_hurt_and_no_other() {
        let plans = plan(r#"[{"api":"put","nth":3,"do":"cut"},{"api":"put","file":"cake.mp4","do":"lost"}]"#);
        let cake = ["cake.mp4".to_string()];
        assert!(plans.take(&named("put", &[]), 1, 0).is_none());
        assert!(plans.take(&named("get", &cake), 2, 0).is_none());
        assert_eq!(plans.take(&named("put", &cake), 3, 0).unwrap().0, 2);
        assert_eq!(plans.take(&named("put", &cake), 4, 50).unwrap().0, 1);
        assert!(plans.take(&named("put", &cake), 5, 0).is_none());
        let list = plans.list();
        assert_eq!((list[0].done_at_ms, list[0].call, list[1].call), (Some(50), Some(4), Some(3)));
    }

    #[test]
    fn a_star_spares_the_pages_of_the_browser() {
        let plans = plan(r#"[{"api":"*","do":"cut"},{"api":"videos.insert.*","do":"cut"}]"#);
        assert!(plans.take(&named("auth.page", &[]), 1, 0).is_none());
        assert_eq!(plans.take(&named("token", &[]), 2, 0).unwrap().0, 1);
        assert!(plans.take(&named("videos.list", &[]), 3, 0).is_none());
        assert_eq!(plans.take(&named("videos.insert.put", &[]), 4, 0).unwrap().0, 2);
    }

    #[test]
    fn one_platform_of_several_is_hurt() {
        let plans = plan(r#"[{"api":"*","platform":"tiktok","do":"cut"}]"#);
        assert!(plans.take(&named("videos.list", &[]), 1, 0).is_none());
        let of = |api| Named { platform: "tiktok", api, names: &[] };
        assert!(plans.take(&of("auth.tiktok.page"), 2, 0).is_none());
        assert_eq!(plans.take(&of("tiktok.token"), 3, 0).unwrap().0, 1);
    }
}
