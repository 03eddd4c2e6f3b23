//! Who is asking: the bearer token, whether it lives, how often it has asked this minute, and whether its scopes allow the call
//! (contract tiktok 3). A refusal by count has no `Retry-After`, and is not counted itself.

use super::books::Books;
use super::errors::{Refusal, invalid_token, refuse};
use super::people::{Creator, creator};
use super::route::Op;
use crate::exchange::Ask;
use crate::settings::tiktok::TikTok as Settings;
use crate::world::World;

/// A caller whose token is good for this call.
pub(crate) struct Who {
    pub(crate) creator: &'static Creator,
    pub(crate) scopes: Vec<String>,
}

impl Who {
    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

const MINUTE_MS: i64 = 60_000;

pub(crate) fn who(
    books: &mut Books,
    ask: &Ask,
    op: Op,
    settings: &Settings,
    now_ms: i64,
) -> Result<Who, Refusal> {
    let token = sent(ask).ok_or_else(invalid_token)?;
    let access = books
        .access
        .get(token)
        .filter(|access| access.dies_ms > now_ms)
        .cloned()
        .ok_or_else(invalid_token)?;
    let creator = creator(&access.owner).ok_or_else(invalid_token)?;
    if let Some(most) = op.per_minute(settings) {
        let recent = books.recent.entry((token.to_string(), op)).or_default();
        while recent.front().is_some_and(|at| *at <= now_ms - MINUTE_MS) {
            recent.pop_front();
        }
        if recent.len() as u64 >= most {
            return Err(refuse(
                429,
                "rate_limit_exceeded",
                "The API rate limit was exceeded. Please try again later.",
            ));
        }
        recent.push_back(now_ms);
    }
    let who = Who { creator, scopes: access.scopes };
    if op.scopes().iter().any(|scope| who.may(scope)) { Ok(who) } else { Err(not_granted()) }
}

pub(crate) fn not_granted() -> Refusal {
    let message = "The user did not authorize the scope required for completing this request.";
    refuse(401, "scope_not_authorized", message)
}

fn sent(ask: &Ask) -> Option<&str> {
    let (kind, token) = ask.header("authorization")?.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A planned expiry: the token of this request is dead from now on.
pub(crate) fn kill_sent(world: &World, ask: &Ask) {
    if let Some(token) = sent(ask) {
        world.tiktok.books().access.remove(token);
    }
}
