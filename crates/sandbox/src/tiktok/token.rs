//! open.tiktokapis.com `/v2/oauth/token/` and `/v2/oauth/revoke/` (contract tiktok 2.4 to 2.6): forms in, flat JSON out.
//! Unsure: the HTTP status of a refusal (a setting), whether a mistake burns the code (not here), whether a refresh prolongs the 365 days
//! (not here), which word goes with which description (only a few were seen).

use super::books::{Access, Books, Code, Grant};
use super::errors::flat;
use crate::exchange::{Answer, Ask};
use crate::settings::tiktok::TikTok as Settings;
use crate::world::{World, random_text};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

type Fields = Vec<(String, String)>;

/// Why a token call is refused: the word and the sentence.
struct No(&'static str, &'static str);

const MALFORMED: No = No("invalid_request", "The request parameters are malformed.");
const EXPIRED_CODE: No = No("invalid_grant", "Authorization code is expired.");

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

fn read(ask: &Ask, body: &Bytes) -> Result<Fields, No> {
    if ask.content_type() != "application/x-www-form-urlencoded" {
        return Err(MALFORMED);
    }
    Ok(url::form_urlencoded::parse(body).into_owned().collect())
}

/// `POST /v2/oauth/token/`
pub(crate) fn token(world: &World, ask: &Ask, body: &Bytes) -> Answer {
    let now = world.now_ms();
    let settings = world.settings().tiktok;
    let mut books = world.tiktok.books();
    let made = read(ask, body).and_then(|fields| {
        client(&books, &fields)?;
        match field(&fields, "grant_type") {
            Some("authorization_code") => exchange(&mut books, &fields, &settings, now),
            Some("refresh_token") => refresh(&mut books, &fields, &settings, now),
            Some(_) => Err(No("unsupported_grant_type", "The grant type is not supported.")),
            None => Err(MALFORMED),
        }
    });
    match made {
        Err(No(error, description)) => flat(settings.oauth_error_status, error, description, now),
        Ok(made) => {
            for name in ["access_token", "refresh_token"] {
                world.secret(&format!("tiktok.{name}"), made[name].as_str().unwrap_or_default());
            }
            Answer::json(200, &made).header("cache-control", "no-store")
        }
    }
}

fn client(books: &Books, fields: &Fields) -> Result<(), No> {
    let (Some(key), Some(secret)) = (field(fields, "client_key"), field(fields, "client_secret")) else {
        return Err(MALFORMED);
    };
    if key != books.app.client_id || secret != books.app.client_secret {
        return Err(No("invalid_client", "Client key or secret is incorrect."));
    }
    Ok(())
}

fn exchange(books: &mut Books, fields: &Fields, settings: &Settings, now: i64) -> Result<Value, No> {
    let (Some(sent), Some(redirect_uri), Some(verifier)) =
        (field(fields, "code"), field(fields, "redirect_uri"), field(fields, "code_verifier"))
    else {
        return Err(MALFORMED);
    };
    let live = |code: &&mut Code| code.code == sent && !code.used && code.dies_ms > now;
    let code = books.codes.iter_mut().find(live).ok_or(EXPIRED_CODE)?;
    if redirect_uri != code.redirect_uri {
        return Err(No("invalid_request", "Redirect_uri is not matched with the uri when requesting code."));
    }
    if !verifies(verifier, &code.challenge) {
        return Err(No("invalid_request", "Code verifier or code challenge is invalid."));
    }
    code.used = true;
    let (owner, scopes) = (code.owner.clone(), code.scopes.clone());
    Ok(give(books, &owner, scopes, settings, now))
}

/// Hexadecimal, unlike RFC 7636.
fn verifies(verifier: &str, challenge: &str) -> bool {
    let proper = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let digest = Sha256::digest(verifier.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    proper && hex == challenge
}

/// A new grant with both its tokens.
pub(crate) fn give(
    books: &mut Books,
    owner: &str,
    scopes: Vec<String>,
    settings: &Settings,
    now: i64,
) -> Value {
    let grant = Grant {
        number: books.serial(),
        owner: owner.into(),
        scopes,
        refresh_token: refresh_token(),
        dies_ms: now + settings.refresh_token_s * 1000,
    };
    books.grants.push(grant.clone());
    issue(books, &grant, settings, now)
}

fn refresh_token() -> String {
    format!("rft.{}", random_text(60))
}

fn refresh(books: &mut Books, fields: &Fields, settings: &Settings, now: i64) -> Result<Value, No> {
    let sent = field(fields, "refresh_token").ok_or(MALFORMED)?;
    let live = |grant: &&mut Grant| grant.refresh_token == sent && grant.dies_ms > now;
    let Some(grant) = books.grants.iter_mut().find(live) else {
        return Err(No("invalid_grant", "Refresh token is invalid or expired."));
    };
    if settings.rotate_refresh {
        grant.refresh_token = refresh_token();
    }
    let grant = grant.clone();
    Ok(issue(books, &grant, settings, now))
}

fn issue(books: &mut Books, grant: &Grant, settings: &Settings, now: i64) -> Value {
    let token = format!("act.{}", random_text(64));
    books.access.retain(|_, access| access.dies_ms > now);
    let access = Access {
        grant: grant.number,
        owner: grant.owner.clone(),
        scopes: grant.scopes.clone(),
        dies_ms: now + settings.access_token_s * 1000,
    };
    books.access.insert(token.clone(), access);
    json!({
        "access_token": token,
        "expires_in": settings.access_token_s,
        "open_id": super::people::creator(&grant.owner).map(|creator| creator.open_id).unwrap_or_default(),
        "refresh_token": grant.refresh_token,
        "refresh_expires_in": (grant.dies_ms - now) / 1000,
        "scope": grant.scopes.join(","),
        "token_type": "Bearer",
    })
}

/// `POST /v2/oauth/revoke/`: with the access token. All that this creator granted to the app is gone.
pub(crate) fn revoke(world: &World, ask: &Ask, body: &Bytes) -> Answer {
    let now = world.now_ms();
    let mut books = world.tiktok.books();
    let revoked = read(ask, body).and_then(|fields| {
        client(&books, &fields)?;
        let token = field(&fields, "token").ok_or(MALFORMED)?;
        let owner = books.access.get(token).map(|access| access.owner.clone());
        let owner = owner.ok_or(No("invalid_grant", "Access token is invalid or expired."))?;
        books.revoke_owner(&owner, now);
        Ok(())
    });
    match revoked {
        Ok(()) => Answer::empty(200),
        Err(No(error, description)) => {
            flat(world.settings().tiktok.oauth_error_status, error, description, now)
        }
    }
}

/// A planned expiry: the refresh token of this request is dead.
pub(crate) fn kill_sent(world: &World, body: &Bytes) {
    let fields: Fields = url::form_urlencoded::parse(body).into_owned().collect();
    let token = field(&fields, "refresh_token").unwrap_or_default();
    world.tiktok.books().grants.retain(|grant| grant.refresh_token != token);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contract tiktok 2.2: the vectors of its table.
    #[test]
    fn the_challenge_is_lowercase_hexadecimal() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3";
        assert!(verifies(verifier, challenge));
        assert!(!verifies(verifier, &challenge.to_uppercase()));
        assert!(!verifies(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), "the one of RFC 7636");
        let plain = "A".repeat(43);
        assert!(verifies(&plain, "0f007385b6f9d4b7eeb2748605afe1a984a0a3bfa3f014d09e2a784ce9e5cd1a"));
        assert!(!verifies(&"A".repeat(42), challenge), "43 characters at least");
    }
}
