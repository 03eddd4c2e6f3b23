//! Sign-ins without a refresh token: a short token is traded for a long one, and that for its own successor while it lives.
//!
//! What `oauth2` expects of an answer (RFC 6749, 5.1) does not hold here: no `token_type`, a list around the answer, permissions as
//! text or list. Not here: when to renew (the engine), and what a refusal means (`endpoint`).

use super::endpoint::{self, No, carried, later_by, refusal, seconds, verdict};
use super::request::Request;
use super::{Access, AppCredentials, Granted, Way};
use crate::clock::Clock;
use crate::facts::{AskedBy, Renew, TradeFact};
use crate::platform::{Body, Call, Reply, Target};
use crate::sensitive::SecretString;
use crate::wire::Wire;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// Trades the code of a redirect for a short token, and that for a long one.
pub(super) async fn sign_in(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    request: &Request,
    code: &SecretString,
) -> Result<Granted, No> {
    let (host, path) = way.sign_in.token;
    let secret = app.client_secret.clone().unwrap_or_default();
    let fields = vec![
        (way.sign_in.client_id_field, app.client_id.clone()),
        ("client_secret", secret.expose().clone()),
        ("redirect_uri", request.redirect.to_string()),
        ("code", code.expose().clone()),
    ];
    let call = match way.sign_in.asked_by {
        AskedBy::GetQuery => {
            by_query(Call::new("oauth.token", http::Method::GET, Target::At(host, path.into())), fields)
        }
        AskedBy::PostForm => {
            let grant = [("grant_type", "authorization_code".to_string())];
            Call::new("oauth.token", http::Method::POST, Target::At(host, path.into()))
                .body(Body::Form(fields.into_iter().chain(grant).collect()))
        }
    };
    let before = clock.now();
    let reply = carried(wire, way, call.header("accept", "application/json"), None).await?;
    let short = read(way, &reply, before, 0, &[secret, code.clone()])?;
    let Renew::Exchange { long, days, .. } = &way.sign_in.renew else { return Ok(short.granted()) };
    let mut granted = trade(wire, clock, way, app, long, *days, &short.token).await?;
    // The first answer may name what was granted; the second never does.
    granted.scopes = match short.scopes {
        Some(scopes) => scopes,
        None => app.scopes(way),
    };
    Ok(granted)
}

/// One trade of a token for a longer or later one. The new token is access and "refresh token" in one.
pub(super) async fn trade(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    fact: &TradeFact,
    days: u32,
    token: &SecretString,
) -> Result<Granted, No> {
    let secret = app.client_secret.clone().unwrap_or_default();
    let mut fields = vec![("grant_type", fact.grant_type.to_string())];
    if fact.client_id {
        fields.push((way.sign_in.client_id_field, app.client_id.clone()));
    }
    if fact.client_secret {
        fields.push(("client_secret", secret.expose().clone()));
    }
    fields.push((fact.token_field, token.expose().clone()));
    let call = Call::new("oauth.exchange", http::Method::GET, Target::At(fact.at.0, fact.at.1.into()));
    let before = clock.now();
    let reply = carried(wire, way, by_query(call, fields).header("accept", "application/json"), None).await?;
    Ok(read(way, &reply, before, days, &[secret, token.clone()])?.granted())
}

/// A long token that could not be traded, taken at its word.
pub(super) fn as_it_is(clock: &Clock, days: u32, token: &SecretString) -> Granted {
    let ends = later_by(clock.now(), days_of(days));
    Token { token: token.clone(), ends: Some(ends), scopes: Some(Vec::new()) }.granted()
}

fn by_query(mut call: Call, fields: Vec<(&'static str, String)>) -> Call {
    for (key, value) in fields {
        call = call.query(key, value);
    }
    call
}

/// What an answer holds.
struct Token {
    token: SecretString,
    ends: Option<Timestamp>,
    scopes: Option<Vec<String>>,
}

impl Token {
    fn granted(self) -> Granted {
        Granted {
            access: Access {
                token: Arc::new(self.token.clone()),
                owner: None,
                proof: None,
                expires_at: self.ends.unwrap_or(Timestamp::MAX),
            },
            refresh: Some(self.token),
            refresh_ends: self.ends,
            scopes: self.scopes.unwrap_or_default(),
        }
    }
}

/// `days` is how long the token lives if the answer does not say; 0: unknown.
fn read(way: Way, reply: &Reply, before: Timestamp, days: u32, sent: &[SecretString]) -> Result<Token, No> {
    if !reply.ok() || refusal(way, reply, sent).is_some() {
        return Err(verdict(way, reply, sent));
    }
    let unreadable = || endpoint::No::later("an answer without a token that can be read");
    let answer = reply.json().ok_or_else(unreadable)?;
    // Instagram's own sign-in answers with a list of one, or flat.
    let answer = answer.get("data").and_then(|list| list.get(0)).unwrap_or(&answer);
    let token =
        answer["access_token"].as_str().filter(|token| !token.trim().is_empty()).ok_or_else(unreadable)?;
    let life = answer["expires_in"].as_u64().filter(|life| *life > 0).map(seconds);
    let life = life.or_else(|| (days > 0).then(|| days_of(days)));
    Ok(Token {
        token: SecretString::from(token),
        ends: life.map(|life| later_by(before, life)),
        scopes: scopes(&answer["permissions"]),
    })
}

fn days_of(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

/// Text with commas, or a list.
fn scopes(said: &Value) -> Option<Vec<String>> {
    let list: Vec<String> = match said {
        Value::String(text) => text.split(',').map(|one| one.trim().to_string()).collect(),
        Value::Array(list) => list.iter().filter_map(|one| one.as_str().map(String::from)).collect(),
        _ => return None,
    };
    Some(list.into_iter().filter(|one| !one.is_empty()).collect())
}
