//! All that a Graph call has before it, and how lists are paged: by cursors, with the whole address of the next page (contract facebook 1,
//! instagram 7). That address bears the token, as in the world.

use super::bearer::Who;
use super::books::Books;
use super::errors::{Refusal, parameter};
use super::params::Params;
use crate::exchange::{Answer, Ask};
use crate::settings::meta::Meta as Settings;
use crate::world::World;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) struct Desk<'a> {
    pub(crate) world: &'a World,
    pub(crate) books: &'a mut Books,
    pub(crate) who: Who,
    pub(crate) ask: &'a Ask,
    pub(crate) params: &'a Params,
    pub(crate) now: i64,
    pub(crate) settings: Settings,
    /// `v25.0`
    pub(crate) version: String,
}

impl Desk<'_> {
    pub(crate) fn fields(&self) -> Option<&str> {
        self.params.get("fields")
    }

    /// One page of a list; each entry with what its cursor is made of.
    pub(crate) fn page_of(&self, nodes: Vec<(String, Value)>) -> Result<Answer, Refusal> {
        let limit = self.params.number("limit")?.unwrap_or(25);
        let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
        let limit = limit.ok_or_else(|| parameter("Param limit must be from 1 to 100"))?;
        let limit = limit.min(self.settings.most_entries.max(1));
        let at = |name: &str| -> Result<Option<usize>, Refusal> {
            let Some(cursor) = self.params.get(name) else { return Ok(None) };
            let key = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|key| String::from_utf8(key).ok());
            let found = key.and_then(|key| nodes.iter().position(|(id, _)| *id == key));
            found.map(Some).ok_or_else(|| parameter("Invalid cursors values"))
        };
        let (first, end) = match (at("after")?, at("before")?) {
            (Some(after), _) => (after + 1, (after + 1 + limit).min(nodes.len())),
            (None, Some(before)) => (before.saturating_sub(limit), before),
            (None, None) => (0, limit.min(nodes.len())),
        };
        let shown = &nodes[first.min(end)..end];
        let mut answer = json!({ "data": shown.iter().map(|(_, node)| node).collect::<Vec<_>>() });
        if let (Some((newest, _)), Some((oldest, _))) = (shown.first(), shown.last()) {
            let cursor = |key: &String| BASE64_URL_SAFE_NO_PAD.encode(key);
            answer["paging"] = json!({ "cursors": { "before": cursor(newest), "after": cursor(oldest) } });
            if end < nodes.len() {
                answer["paging"]["next"] = self.address("after", &cursor(oldest)).into();
            }
            if first > 0 {
                answer["paging"]["previous"] = self.address("before", &cursor(newest)).into();
            }
        }
        Ok(Answer::json(200, &answer))
    }

    fn address(&self, name: &str, cursor: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = self
            .ask
            .query
            .iter()
            .filter(|(key, _)| !["after", "before", "access_token"].contains(&key.as_str()));
        query.extend_pairs(kept).append_pair("access_token", &self.who.text).append_pair(name, cursor);
        format!("{}{}?{}", self.ask.base, self.ask.path, query.finish())
    }
}
