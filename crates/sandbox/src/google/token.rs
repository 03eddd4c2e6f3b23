//! oauth2.googleapis.com: `/token`, `/revoke`, `/tokeninfo` (contract youtube 1.4, 1.5, 1.7).
//! Not imitated: DPoP, `invalid_rapt`, service accounts, device codes; the `id_token` is well formed but signed by nobody.
//! Unsure, and lenient here: client credentials in a Basic header are taken; a code survives a wrong verifier.

use super::books::{Access, Books, Code, Refresh};
use super::people::{Creator, creator};
use crate::exchange::{Answer, Ask};
use crate::faults::StatusAnswer;
use crate::settings::Settings;
use crate::world::{World, random_text};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Milliseconds an authorization code is good for.
const CODE_LIFE_MS: i64 = 600_000;
/// Seconds a refresh token lives when the app is in testing.
const TESTING_LIFE_S: i64 = 604_800;
/// Live refresh tokens of one account for one client; the oldest goes silently.
const MOST_GRANTS: usize = 100;

type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

fn read(body: &Bytes) -> Fields {
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn refuse(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

/// A planned status in OAuth's shape.
pub(crate) fn planned(plan: &StatusAnswer) -> Answer {
    let error = match plan.status {
        400 => "invalid_grant",
        401 => "invalid_client",
        429 => "rate_limit_exceeded",
        _ => "internal_failure",
    };
    let description = plan.message.as_deref().unwrap_or("A planned fault of the sandbox.");
    let answer = refuse(plan.status, plan.reason.as_deref().unwrap_or(error), description);
    match plan.retry_after {
        Some(seconds) => answer.header("retry-after", &seconds.to_string()),
        None => answer,
    }
}

/// A planned expiry: the refresh token of this request is dead.
pub(crate) fn kill_sent(world: &World, body: &Bytes) {
    let fields = read(body);
    let token = field(&fields, "refresh_token").unwrap_or_default();
    world.google.books(world.now_ms()).refresh.retain(|refresh| refresh.token != token);
}

/// `POST /token`
pub(crate) fn token(world: &World, ask: &Ask, body: &Bytes) -> Answer {
    if ask.content_type() != "application/x-www-form-urlencoded" {
        return refuse(400, "invalid_request", "The request body must be application/x-www-form-urlencoded.");
    }
    let fields = read(body);
    let now = world.now_ms();
    let settings = world.settings();
    let mut books = world.google.books(now);
    let grant = match field(&fields, "grant_type") {
        None => return refuse(400, "invalid_request", "Required parameter is missing: grant_type"),
        Some(grant @ ("authorization_code" | "refresh_token")) => grant,
        Some(other) => return refuse(400, "unsupported_grant_type", &format!("Invalid grant_type: {other}")),
    };
    if let Err(answer) = client(&books, ask, &fields) {
        return answer;
    }
    let made = match grant {
        "authorization_code" => exchange(&mut books, &fields, &settings, now),
        _ => refresh(&mut books, &fields, &settings, now),
    };
    match made {
        Err(answer) => answer,
        Ok(made) => {
            for name in ["access_token", "refresh_token", "id_token"] {
                if let Some(secret) = made[name].as_str() {
                    world.secret(&format!("youtube.{name}"), secret);
                }
            }
            Answer::json(200, &made).header("cache-control", "no-store")
        }
    }
}

fn client(books: &Books, ask: &Ask, fields: &Fields) -> Result<(), Answer> {
    let basic =
        ask.header("authorization").and_then(|value| value.strip_prefix("Basic ")).and_then(|coded| {
            let text = String::from_utf8(BASE64_STANDARD.decode(coded.trim()).ok()?).ok()?;
            let (id, secret) = text.split_once(':')?;
            Some((id.to_string(), secret.to_string()))
        });
    let (id, secret) = match basic {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => {
            (field(fields, "client_id").map(String::from), field(fields, "client_secret").map(String::from))
        }
    };
    let Some(id) = id else {
        return Err(refuse(400, "invalid_request", "Could not determine client ID from request."));
    };
    if id != books.app.client_id {
        return Err(refuse(401, "invalid_client", "The OAuth client was not found."));
    }
    match secret {
        // Desktop clients too, and with PKCE too.
        None => Err(refuse(400, "invalid_request", "client_secret is missing.")),
        Some(secret) if secret != books.app.client_secret => {
            Err(refuse(401, "invalid_client", "Unauthorized"))
        }
        Some(_) => Ok(()),
    }
}

fn exchange(books: &mut Books, fields: &Fields, settings: &Settings, now: i64) -> Result<Value, Answer> {
    let bad = |description: &str| Err(refuse(400, "invalid_grant", description));
    let Some(sent) = field(fields, "code") else {
        return Err(refuse(400, "invalid_request", "Missing required parameter: code"));
    };
    let Some(code) = books.codes.iter().find(|code| code.code == sent) else {
        return bad("Malformed auth code.");
    };
    if let Some(grant) = code.used {
        // A code seen twice has leaked: what came of it dies (RFC 6749 4.1.2).
        books.revoke_grant(grant);
        return bad("Bad Request");
    }
    if now >= code.issued_ms + CODE_LIFE_MS {
        return bad("Bad Request");
    }
    match field(fields, "redirect_uri") {
        None => return Err(refuse(400, "invalid_request", "Missing required parameter: redirect_uri")),
        Some(uri) if uri != code.redirect_uri => {
            return Err(refuse(400, "redirect_uri_mismatch", "Bad Request"));
        }
        Some(_) => {}
    }
    verify(code, field(fields, "code_verifier"))?;
    let (owner, scopes, sent) = (code.owner.clone(), code.scopes.clone(), code.code.clone());
    let (answer, grant) = give(books, &owner, scopes, settings, now);
    if let Some(code) = books.codes.iter_mut().find(|code| code.code == sent) {
        code.used = Some(grant);
    }
    Ok(answer)
}

/// A new grant with both its tokens, and its number.
pub(crate) fn give(
    books: &mut Books,
    owner: &str,
    scopes: Vec<String>,
    settings: &Settings,
    now: i64,
) -> (Value, u64) {
    let grant = books.serial();
    let fresh = Refresh {
        token: format!("1//0{}", random_text(80)),
        grant,
        owner: owner.into(),
        scopes,
        used_ms: now,
        dies_ms: settings.testing_mode.then_some(now + TESTING_LIFE_S * 1000),
    };
    let mut answer = issue(books, &fresh, settings, now);
    answer["refresh_token"] = fresh.token.clone().into();
    books.refresh.push(fresh);
    let live = books.refresh.iter().filter(|token| token.owner == owner).count();
    if live > MOST_GRANTS
        && let Some(oldest) = books.refresh.iter().find(|token| token.owner == owner).map(|token| token.grant)
    {
        books.revoke_grant(oldest);
    }
    (answer, grant)
}

fn verify(code: &Code, verifier: Option<&str>) -> Result<(), Answer> {
    let bad = |description: &str| Err(refuse(400, "invalid_grant", description));
    let (challenge, verifier) = match (&code.challenge, verifier) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return bad("code_verifier or verifier is not needed."),
        (Some(_), None) => return bad("Missing code verifier."),
        (Some(challenge), Some(verifier)) => (challenge, verifier),
    };
    let proper = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let shown = match challenge.s256 {
        true => BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
        false => verifier.to_string(),
    };
    if !proper || shown != challenge.value { bad("Invalid code verifier.") } else { Ok(()) }
}

fn refresh(books: &mut Books, fields: &Fields, settings: &Settings, now: i64) -> Result<Value, Answer> {
    let Some(sent) = field(fields, "refresh_token") else {
        return Err(refuse(400, "invalid_request", "Missing required parameter: refresh_token"));
    };
    let live = |token: &&mut Refresh| token.token == sent && token.dies_ms.is_none_or(|dies| dies > now);
    let Some(known) = books.refresh.iter_mut().find(live) else {
        return Err(refuse(400, "invalid_grant", "Token has been expired or revoked."));
    };
    known.used_ms = now;
    let known = known.clone();
    Ok(issue(books, &known, settings, now))
}

fn issue(books: &mut Books, grant: &Refresh, settings: &Settings, now: i64) -> Value {
    let token = format!("ya29.a0{}", random_text(120));
    let dies_ms = now + settings.access_token_s * 1000;
    books.access.retain(|_, access| access.dies_ms > now);
    books.access.insert(
        token.clone(),
        Access { grant: grant.grant, owner: grant.owner.clone(), scopes: grant.scopes.clone(), dies_ms },
    );
    let mut answer = json!({
        "access_token": token,
        "expires_in": settings.access_token_s - 1,
        "scope": grant.scopes.join(" "),
        "token_type": "Bearer",
    });
    if let Some(dies) = grant.dies_ms {
        answer["refresh_token_expires_in"] = ((dies - now) / 1000 - 1).into();
    }
    let who = creator(&grant.owner)
        .filter(|_| grant.scopes.iter().any(|scope| scope == "openid" || scope.contains("userinfo.")));
    if let Some(who) = who {
        answer["id_token"] = id_token(books, who, settings, now).into();
    }
    answer
}

fn id_token(books: &Books, who: &Creator, settings: &Settings, now: i64) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "RS256", "kid": "sandbox", "typ": "JWT" }));
    let claims = part(json!({
        "iss": "https://accounts.google.com", "azp": books.app.client_id, "aud": books.app.client_id, "sub": who.id,
        "email": who.email, "email_verified": true, "name": who.name,
        "iat": now / 1000, "exp": now / 1000 + settings.access_token_s,
    }));
    format!("{head}.{claims}.{}", random_text(86))
}

/// `POST /revoke`: with either kind of token, all that person ever granted to the project is gone.
pub(crate) fn revoke(world: &World, ask: &Ask, body: &Bytes) -> Answer {
    let fields = read(body);
    let Some(token) = field(&fields, "token").or_else(|| ask.query("token")) else {
        return refuse(400, "invalid_request", "Missing required parameter: token");
    };
    let mut books = world.google.books(world.now_ms());
    let by_refresh =
        books.refresh.iter().find(|refresh| refresh.token == token).map(|refresh| refresh.owner.clone());
    match by_refresh.or_else(|| books.access.get(token).map(|access| access.owner.clone())) {
        None => refuse(400, "invalid_token", "Token expired or revoked"),
        Some(owner) => {
            books.revoke_owner(&owner);
            Answer::json(200, &json!({}))
        }
    }
}

/// `/tokeninfo`, the v2 form on www.googleapis.com and the newer one on oauth2.googleapis.com.
pub(crate) fn info(world: &World, ask: &Ask, body: &Bytes) -> Answer {
    let fields = read(body);
    let token = field(&fields, "access_token").or_else(|| ask.query("access_token")).unwrap_or_default();
    let now = world.now_ms();
    let books = world.google.books(now);
    let Some(access) = books.access.get(token).filter(|access| access.dies_ms > now) else {
        return refuse(400, "invalid_token", "Invalid Value");
    };
    let Some(who) = creator(&access.owner) else { return refuse(400, "invalid_token", "Invalid Value") };
    let left = (access.dies_ms - now) / 1000;
    let scope = access.scopes.join(" ");
    let app = &books.app.client_id;
    if ask.host == super::route::WWW {
        return Answer::json(
            200,
            &json!({
                "issued_to": app, "audience": app, "user_id": who.id, "scope": scope, "expires_in": left,
                "email": who.email, "verified_email": true,
            }),
        );
    }
    Answer::json(
        200,
        &json!({
            "azp": app, "aud": app, "sub": who.id, "scope": scope, "exp": (access.dies_ms / 1000).to_string(),
            "expires_in": left.to_string(), "email": who.email, "email_verified": "true", "access_type": "offline",
        }),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::books::Challenge;
    use super::*;

    fn code(challenge: Option<(&str, bool)>) -> Code {
        Code {
            code: String::new(),
            owner: String::new(),
            scopes: Vec::new(),
            redirect_uri: String::new(),
            challenge: challenge.map(|(value, s256)| Challenge { value: value.into(), s256 }),
            issued_ms: 0,
            used: None,
        }
    }

    #[test]
    fn pkce_follows_the_test_vector_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(verify(&code(Some((challenge, true))), Some(verifier)).is_ok());
        assert!(
            verify(&code(Some((challenge, false))), Some(verifier)).is_err(),
            "a forgotten method means plain"
        );
        assert!(verify(&code(Some((verifier, false))), Some(verifier)).is_ok());
        assert!(verify(&code(Some((challenge, true))), None).is_err());
        assert!(verify(&code(Some(("short", false))), Some("short")).is_err(), "43 characters at least");
        assert!(verify(&code(None), Some(verifier)).is_err());
    }
}
