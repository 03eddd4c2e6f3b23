//! How the access of a sign-in ends at a platform, and whose it is. Data alone: what is done with it is in `api/disconnect.rs`.

use serde::Serialize;

/// Who grants access when a channel signs in, and how Slipway learns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// The channel itself: no other channel is ever of the same grant.
    Channel,
    /// A person who may have several channels. `Question::Person` tells which.
    Asked,
    /// A person who may have several channels, and nothing tells which: two sign-ins may always be of one person.
    Unknown,
}

/// How a sign-in is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "by", rename_all_fields = "snake_case")]
pub enum RevokeFact {
    /// RFC 7009: a form with the refresh token.
    RefreshToken { at: (&'static str, &'static str) },
    /// A form with the access token and the developer app.
    AccessToken { at: (&'static str, &'static str) },
    /// `DELETE` with the sign-in's own token as bearer.
    Delete { at: (&'static str, &'static str) },
}
