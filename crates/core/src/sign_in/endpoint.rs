//! The token and revocation endpoints: what is asked, and what an answer means.
//!
//! Only a structured `error` field, in a JSON object with a status below 500, decides that a grant or an app is refused (C29); a page
//! of a proxy that happens to hold the same word is a passing fault. Not here: whether to ask again.

use super::request::Request;
use super::{Access, AppCredentials, Given, Granted, Way};
use crate::clock::Clock;
use crate::facts::{OAuthErrors, RevokeFact};
use crate::platform::{Body, Call, Reply, Target};
use crate::sensitive::SecretString;
use crate::wire::{Bearer, Files, Gauge, Sent, Wire};
use jiff::{SignedDuration, Timestamp};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthorizationCode, Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeVerifier, RefreshToken, RequestTokenError,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use url::form_urlencoded;

/// Taken when an answer does not say how long its token lives; a 401 cures a guess that is too long.
const USUAL_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// No lifetime is believed beyond this: it keeps odd numbers inside what a calendar can hold.
const LONGEST_LIFE_S: u64 = 10 * 366 * 86_400;

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no token")]
pub(super) enum No {
    /// The code or the refresh token is not, or no longer, good.
    Grant {
        detail: String,
    },
    /// The developer app is refused.
    App {
        detail: String,
    },
    /// Passing.
    Later {
        after: Option<Duration>,
        detail: String,
    },
    Offline,
    /// A structured refusal that none of the above covers.
    Unknown {
        detail: String,
    },
    /// Not a host of this platform, or not in this world.
    Host {
        host: String,
    },
}

impl No {
    /// What a structured `error` means (RFC 6749, 4.1.2.1 and 5.2, and Google's `deleted_client` and `disabled_client`).
    pub(super) fn from_error(error: &str, detail: String) -> No {
        match error {
            "invalid_grant" => No::Grant { detail },
            "invalid_client" | "unauthorized_client" | "deleted_client" | "disabled_client" => {
                No::App { detail }
            }
            "temporarily_unavailable" | "server_error" | "slow_down" => No::Later { after: None, detail },
            _ => No::Unknown { detail },
        }
    }

    pub(super) fn later(detail: impl Into<String>) -> No {
        No::Later { after: None, detail: detail.into() }
    }
}

/// Lifetime of the refresh token in seconds, under either of its names in use.
#[derive(Debug, Deserialize, Serialize)]
struct Ends {
    #[serde(default, alias = "refresh_expires_in")]
    refresh_token_expires_in: Option<u64>,
}

impl ExtraTokenFields for Ends {}

type Answer = StandardTokenResponse<Ends, BasicTokenType>;
type Speaker<Token> = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    Token,
>;

/// Trades the code of a redirect for tokens.
pub(super) async fn trade(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    request: &Request,
    code: &SecretString,
) -> Result<Granted, No> {
    let before = clock.now();
    let answer = speaker(wire, way, app)?
        .exchange_code(AuthorizationCode::new(code.expose().clone()))
        .set_redirect_uri(Cow::Borrowed(&request.redirect))
        .set_pkce_verifier(PkceCodeVerifier::new(request.verifier.expose().clone()))
        .request_async(&carrier(wire, way))
        .await
        .map_err(why)?;
    let mut granted = read_grant(way, &answer, before)?;
    if answer.scopes().is_none() {
        // An answer may leave them out when they are what was asked for (RFC 6749, 5.1).
        granted.scopes = app.scopes(way);
    }
    Ok(granted)
}

/// Trades a refresh token for an access token.
pub(super) async fn renew(
    wire: &Wire,
    clock: &Clock,
    way: Way,
    app: &AppCredentials,
    refresh: &SecretString,
) -> Result<Granted, No> {
    let before = clock.now();
    let answer = speaker(wire, way, app)?
        .exchange_refresh_token(&RefreshToken::new(refresh.expose().clone()))
        .request_async(&carrier(wire, way))
        .await
        .map_err(why)?;
    read_grant(way, &answer, before)
}

/// Gives a token back, in the way this platform has for it.
pub(super) async fn revoke(wire: &Wire, way: Way, app: &AppCredentials, given: Given<'_>) -> Result<(), No> {
    let Some(fact) = &way.sign_in.revoke else { return Ok(()) };
    let access = given.access.unwrap_or(given.refresh);
    let (sent, token) = match fact {
        RevokeFact::RefreshToken { at } => {
            let form = vec![("token", given.refresh.expose().clone())];
            (send(wire, way, "oauth.revoke", at.0, at.1, form).await?, given.refresh)
        }
        RevokeFact::AccessToken { at } => {
            let mut form = vec![
                (way.sign_in.client_id_field, app.client_id.clone()),
                ("token", access.expose().clone()),
            ];
            if let Some(secret) = &app.client_secret {
                form.push(("client_secret", secret.expose().clone()));
            }
            (send(wire, way, "oauth.revoke", at.0, at.1, form).await?, access)
        }
        RevokeFact::Delete { at } => {
            let call = Call::new("oauth.revoke", http::Method::DELETE, Target::At(at.0, at.1.into()));
            let bearer = Bearer { proof: app.proof(way), ..Bearer::new(Arc::new(given.refresh.clone())) };
            (carried(wire, way, call, Some(&bearer)).await?, given.refresh)
        }
    };
    let (reply, hidden) = (sent, vec![token.clone()]);
    let told = refusal(way, &reply, &hidden);
    match told {
        None if reply.ok() => Ok(()),
        // It had forgotten it already.
        Some(Refusal { means: Means::Grant, .. }) if reply.status < 500 => Ok(()),
        Some(Refusal { error, .. }) if reply.status < 500 && error == "invalid_token" => Ok(()),
        _ => Err(verdict(way, &reply, &hidden)),
    }
}

fn speaker(wire: &Wire, way: Way, app: &AppCredentials) -> Result<Speaker<EndpointSet>, No> {
    let (host, path) = way.sign_in.token;
    let address = wire.hosts().address(host, path).ok_or_else(|| No::Host { host: host.into() })?;
    let mut speaker = Speaker::<EndpointNotSet>::new(ClientId::new(app.client_id.clone()))
        // Not every platform takes the Authorization header; all take the form.
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(TokenUrl::from_url(address));
    if let Some(secret) = app.client_secret.as_ref().filter(|_| way.sign_in.secret) {
        speaker = speaker.set_client_secret(ClientSecret::new(secret.expose().clone()));
    }
    Ok(speaker)
}

/// The HTTP client `oauth2` is given. Owns what it needs and is boxed, so that whoever awaits a token may be moved between threads.
fn carrier(
    wire: &Wire,
    way: Way,
) -> impl Fn(HttpRequest) -> futures_util::future::BoxFuture<'static, Result<HttpResponse, No>>
+ Send
+ Sync
+ 'static {
    let wire = wire.clone();
    move |request| {
        let wire = wire.clone();
        Box::pin(async move { ask_for_token(&wire, way, request).await })
    }
}

/// Carries a token request of `oauth2` over the wire, and back only what is an answer with a token in it.
async fn ask_for_token(wire: &Wire, way: Way, request: HttpRequest) -> Result<HttpResponse, No> {
    let (host, path) = way.sign_in.token;
    let mut form = Vec::new();
    let mut sent = Vec::new();
    for (key, value) in form_urlencoded::parse(request.body()) {
        let value = value.into_owned();
        let (key, secret) = match key.as_ref() {
            "grant_type" => ("grant_type", false),
            "client_id" => (way.sign_in.client_id_field, false),
            "redirect_uri" => ("redirect_uri", false),
            "client_secret" => ("client_secret", true),
            "code" => ("code", true),
            "code_verifier" => ("code_verifier", true),
            "refresh_token" => ("refresh_token", true),
            _ => return Err(No::Unknown { detail: "a field we do not know in our own request".into() }),
        };
        if secret {
            sent.push(SecretString::from(value.clone()));
        }
        form.push((key, value));
    }
    let reply = send(wire, way, "oauth.token", host, path, form).await?;
    // Some platforms refuse with a 200, so the field is looked for in every answer.
    if !reply.ok() || refusal(way, &reply, &sent).is_some() {
        return Err(verdict(way, &reply, &sent));
    }
    // The status and the type of the content are judged; `oauth2` is to read the tokens only.
    Ok(HttpResponse::new(reply.body))
}

async fn send(
    wire: &Wire,
    way: Way,
    name: &'static str,
    host: &'static str,
    path: &str,
    form: Vec<(&'static str, String)>,
) -> Result<Reply, No> {
    let call = Call::new(name, http::Method::POST, Target::At(host, path.into()))
        .header("accept", "application/json")
        .body(Body::Form(form));
    carried(wire, way, call, None).await
}

/// One small call, and its answer.
pub(super) async fn carried(wire: &Wire, way: Way, call: Call, bearer: Option<&Bearer>) -> Result<Reply, No> {
    match wire.send(way.facts.hosts, call, bearer, &Files::default(), &Arc::new(Gauge::default())).await {
        Sent::Reply(reply) => Ok(reply),
        Sent::Offline { .. } => Err(No::Offline),
        Sent::Cut { detail } => Err(No::later(detail)),
        Sent::Forbidden { host } => Err(No::Host { host }),
        Sent::File(_) | Sent::Stopped => Err(No::later("the call was broken off")),
    }
}

/// What a structured refusal says.
pub(super) struct Refusal {
    /// The word of RFC 6749, or the platform's number.
    error: String,
    means: Means,
    /// The error and what was said to it, unless that holds something we sent that must not be seen.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Grant,
    App,
    Passing,
    Unknown,
}

/// What an answer without a token means.
pub(super) fn verdict(way: Way, reply: &Reply, sent: &[SecretString]) -> No {
    let status = reply.status;
    let after = reply.retry_after();
    let refusal = refusal(way, reply, sent);
    let detail = match &refusal {
        Some(refusal) => format!("HTTP {status}: {}", refusal.text),
        None => format!("HTTP {status}"),
    };
    if status >= 500 || status == 429 {
        return No::Later { after, detail };
    }
    match refusal.map(|refusal| refusal.means) {
        Some(Means::Grant) => No::Grant { detail },
        Some(Means::App) => No::App { detail },
        Some(Means::Unknown) => No::Unknown { detail },
        Some(Means::Passing) | None => No::Later { after, detail },
    }
}

/// The refusal in an answer, in the shape this platform has for it; nothing when there is none.
pub(super) fn refusal(way: Way, reply: &Reply, sent: &[SecretString]) -> Option<Refusal> {
    let fields: Value = serde_json::from_slice(&reply.body).ok().filter(Value::is_object)?;
    let (error, means, says) = match way.sign_in.errors {
        OAuthErrors::Flat => {
            let error = match fields.get("error")? {
                Value::String(error) if !error.is_empty() => error.clone(),
                // Something is wrong, but it is not the `error` of RFC 6749.
                Value::Null => return None,
                _ => "unreadable".into(),
            };
            let means = match No::from_error(&error, String::new()) {
                No::Grant { .. } => Means::Grant,
                No::App { .. } => Means::App,
                No::Later { .. } => Means::Passing,
                _ => Means::Unknown,
            };
            (error, means, vec![fields["error_subtype"].clone(), fields["error_description"].clone()])
        }
        OAuthErrors::Coded { grant, app, app_said, passing } => {
            let nested = fields.get("error").filter(|error| error.is_object());
            let flat = fields.get("error_type").is_some().then_some(&fields);
            let told = nested.or(flat)?;
            let code = told["code"].as_i64();
            let words = ["message", "error_message"].map(|key| told[key].as_str().unwrap_or_default());
            let words = words.join(" ").to_ascii_lowercase();
            let by_words = |code: i64| app_said.iter().any(|(n, said)| *n == code && words.contains(said));
            let means = match code {
                Some(code) if by_words(code) => Means::App,
                _ if told["is_transient"] == true => Means::Passing,
                Some(code) if grant.contains(&code) => Means::Grant,
                Some(code) if app.contains(&code) => Means::App,
                Some(code) if passing.contains(&code) => Means::Passing,
                _ => Means::Unknown,
            };
            let number = |value: &Value| value.as_i64().map(|code| Value::String(format!("sub-code {code}")));
            let says = [
                number(&told["error_subcode"]),
                Some(told["message"].clone()),
                Some(told["error_message"].clone()),
            ];
            (
                code.map_or_else(|| "unreadable".into(), |code| format!("code {code}")),
                means,
                says.into_iter().flatten().collect(),
            )
        }
    };
    let says: Vec<String> = std::iter::once(error.as_str())
        .chain(says.iter().filter_map(Value::as_str))
        .filter(|text| !sent.iter().any(|secret| text.contains(secret.expose().as_str())))
        .map(|text| crate::redact::excerpt(text, 160))
        .collect();
    Some(Refusal { error, means, text: says.join(", ") })
}

/// The errors of `oauth2` hold whole answers, so nothing of them is kept but which kind it was.
fn why(error: RequestTokenError<No, BasicErrorResponse>) -> No {
    match error {
        RequestTokenError::Request(no) => no,
        RequestTokenError::ServerResponse(_) | RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            No::later("an answer without a token that can be read")
        }
    }
}

fn read_grant(way: Way, answer: &Answer, before: Timestamp) -> Result<Granted, No> {
    if answer.access_token().secret().trim().is_empty() {
        return Err(No::later("an answer with an empty token"));
    }
    if *answer.token_type() != BasicTokenType::Bearer {
        return Err(No::later("an answer with a token that is no bearer"));
    }
    let is_separator = |c: char| c.is_whitespace() || way.sign_in.scope_separator.contains(c);
    let life = answer.expires_in().map_or(USUAL_LIFE, |life| seconds(life.as_secs()));
    Ok(Granted {
        access: Access {
            token: Arc::new(SecretString::from(answer.access_token().secret().clone())),
            owner: None,
            proof: None,
            expires_at: later_by(before, life),
        },
        refresh: answer
            .refresh_token()
            .filter(|token| !token.secret().trim().is_empty())
            .map(|token| SecretString::from(token.secret().clone())),
        refresh_ends: answer
            .extra_fields()
            .refresh_token_expires_in
            .map(|life| later_by(before, seconds(life))),
        scopes: answer
            .scopes()
            .into_iter()
            .flatten()
            .flat_map(|scope| scope.split(is_separator))
            .filter(|scope| !scope.is_empty())
            .map(String::from)
            .collect(),
    })
}

pub(super) fn seconds(life: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(life.min(LONGEST_LIFE_S)).unwrap_or(0))
}

pub(super) fn later_by(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}
