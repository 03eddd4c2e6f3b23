//! Who is asking: the bearer token, whether it lives, and whether its scopes allow the call (contract youtube 1.6 and 2.1).
//! Tokens in the query, which Google still takes, are not taken here: they would end up in logs.

use super::books::Books;
use super::errors::{Refusal, no_channel, refuse, unauthenticated};
use super::people::{Channel, Creator, creator};
use super::route::Op;
use crate::exchange::Ask;
use crate::world::World;
use serde_json::json;

/// A caller whose token is good for this call.
pub(crate) struct Who {
    pub(crate) creator: &'static Creator,
    pub(crate) scopes: Vec<String>,
}

impl Who {
    /// The channel of the account, or the refusal Google gives to accounts without one.
    pub(crate) fn channel(&self) -> Result<&'static Channel, Refusal> {
        self.creator.channel.as_ref().ok_or_else(no_channel)
    }

    pub(crate) fn owns(&self, owner: &str) -> bool {
        self.creator.key == owner
    }
}

pub(crate) const PREFIX: &str = "https://www.googleapis.com/auth/";

pub(crate) fn who(books: &Books, ask: &Ask, op: Op, now_ms: i64) -> Result<Who, Refusal> {
    let Some(token) = sent(ask) else {
        return Err(refuse(401, "required", "global", "Login Required.")
            .at("header", "Authorization")
            .rpc("UNAUTHENTICATED"));
    };
    let access =
        books.access.get(token).filter(|access| access.dies_ms > now_ms).ok_or_else(unauthenticated)?;
    let creator = creator(&access.owner).ok_or_else(unauthenticated)?;
    let enough = access.scopes.iter().any(|scope| {
        let short = scope.strip_prefix(PREFIX).unwrap_or(scope);
        op.scopes().contains(&short)
    });
    if !enough {
        let message = "Request had insufficient authentication scopes.";
        return Err(refuse(403, "insufficientPermissions", "global", message)
            .rpc("PERMISSION_DENIED")
            .details(json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": { "service": "youtube.googleapis.com", "method": op.name() },
            }])));
    }
    Ok(Who { creator, scopes: access.scopes.clone() })
}

fn sent(ask: &Ask) -> Option<&str> {
    let (kind, token) = ask.header("authorization")?.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A planned expiry: the token of this request is dead from now on.
pub(crate) fn kill_sent(world: &World, ask: &Ask) {
    if let Some(token) = sent(ask) {
        world.google.books(world.now_ms()).access.remove(token);
    }
}
