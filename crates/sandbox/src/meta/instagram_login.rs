//! Instagram Login's tokens (contract instagram 2.2, 2.3): a code for a token of an hour, that for one of sixty days, that again for its
//! successor. Errors at api.instagram.com have a shape of their own.
//! Unsure: the code and text of a refresh that comes too early or of a token that is no short one (100 here), whether the old token
//! lives on beside its successor (it does here).

use super::Desk;
use super::bearer::known;
use super::books::{AppName, Given, TokenKind};
use super::errors::{Refusal, flat, parameter, refuse};
use super::params::Params;
use super::token::{Wrong, need, take};
use crate::exchange::Answer;
use crate::settings::meta::{Answers, Meta as Settings};
use crate::world::World;
use serde_json::json;

/// Milliseconds a code of Instagram's is good for.
const CODE_LIFE_MS: i64 = 3_600_000;
/// Milliseconds a short-lived token lives.
const SHORT_LIFE_MS: i64 = 3_600_000;
/// Milliseconds before which a long-lived token is not refreshed.
const YOUNG_MS: i64 = 86_400_000;

/// `POST api.instagram.com/oauth/access_token`
pub(crate) fn token(world: &World, params: &Params) -> Answer {
    let now = world.now_ms();
    let settings = world.settings().meta;
    let mut books = world.meta.books();
    let app = &books.apps.instagram_login;
    let field = |name: &str| params.get(name).unwrap_or_default();
    if field("client_id") != app.client_id {
        return flat(400, "Invalid platform app");
    }
    if field("client_secret") != app.client_secret {
        return flat(400, "Invalid client secret");
    }
    if field("grant_type") != "authorization_code" {
        return flat(400, "Invalid grant_type");
    }
    let app = AppName::InstagramLogin;
    let taken = take(&mut books, app, field("code"), field("redirect_uri"), now, CODE_LIFE_MS);
    let code = match taken {
        Ok(code) => code,
        Err(Wrong::Elsewhere) => {
            return flat(
                400,
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
            );
        }
        Err(_) => return flat(400, "Matching code was not found or was already used"),
    };
    let scopes = code.given.scopes.clone();
    let account = super::people::person(&code.given.owner).and_then(|person| person.professional());
    let id = account.map_or("0", |account| account.id);
    let kind = TokenKind::Instagram { long: false };
    let text = books.give(world, app, kind, code.given, now, Some(now + SHORT_LIFE_MS));
    let body = match settings.answers {
        Answers::Docs => json!({ "data": [{
            "access_token": text, "user_id": id, "permissions": scopes.join(","),
        }] }),
        // A number beyond what a double holds.
        Answers::Field => json!({
            "access_token": text, "user_id": id.parse::<u64>().unwrap_or(0), "permissions": scopes,
        }),
    };
    Answer::json(200, &body)
}

/// `GET graph.instagram.com/access_token`
pub(crate) fn long(world: &World, params: &Params) -> Result<Answer, Refusal> {
    grant_type(params, "ig_exchange_token")?;
    let secret = need(params, "client_secret")?;
    let settings = world.settings().meta;
    if secret != world.meta.books().apps.instagram_login.client_secret {
        return Err(refuse(1, "Error validating client secret."));
    }
    let (given, kind, _) = living(world, params, &settings)?;
    if kind != (TokenKind::Instagram { long: false }) {
        return Err(parameter("The access token is not a short-lived one"));
    }
    Ok(Answer::json(200, &fresh(world, given, &settings)))
}

/// `GET graph.instagram.com/refresh_access_token`
pub(crate) fn refresh(world: &World, params: &Params) -> Result<Answer, Refusal> {
    grant_type(params, "ig_refresh_token")?;
    let settings = world.settings().meta;
    let (given, kind, issued_ms) = living(world, params, &settings)?;
    if kind != (TokenKind::Instagram { long: true }) {
        return Err(parameter("The access token is not a long-lived one"));
    }
    if world.now_ms() < issued_ms + YOUNG_MS {
        return Err(parameter("The access token is less than 24 hours old and cannot be refreshed yet"));
    }
    if !given.scopes.iter().any(|scope| scope == "instagram_business_basic") {
        return Err(super::errors::permission(10, "instagram_business_basic"));
    }
    let permissions = given.scopes.join(",");
    let mut answer = fresh(world, given, &settings);
    answer["permissions"] = permissions.into();
    Ok(Answer::json(200, &answer))
}

fn grant_type(params: &Params, wanted: &str) -> Result<(), Refusal> {
    match need(params, "grant_type")? == wanted {
        true => Ok(()),
        false => Err(parameter("Invalid grant_type")),
    }
}

fn living(world: &World, params: &Params, settings: &Settings) -> Result<(Given, TokenKind, i64), Refusal> {
    let sent = need(params, "access_token")?;
    let who = known(&world.meta.books(), sent, settings, world.now_ms())?;
    if who.token.app != AppName::InstagramLogin {
        return Err(refuse(190, "Invalid OAuth access token - Cannot parse access token"));
    }
    Ok((who.token.given, who.token.kind, who.token.issued_ms))
}

fn fresh(world: &World, given: Given, settings: &Settings) -> serde_json::Value {
    let now = world.now_ms();
    let kind = TokenKind::Instagram { long: true };
    let dies_ms = Some(now + settings.long_token_s * 1000);
    let text = world.meta.books().give(world, AppName::InstagramLogin, kind, given, now, dies_ms);
    let mut answer = json!({ "access_token": text, "token_type": "bearer" });
    if settings.tells_expires_in {
        answer["expires_in"] = settings.long_token_s.into();
    }
    answer
}

/// `GET graph.instagram.com/me`: flat, or wrapped as the documentation has it.
pub(crate) fn me(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let node = super::accounts::professional(desk, id)?;
    Ok(Answer::json(
        200,
        &match desk.settings.answers {
            Answers::Docs => json!({ "data": [node] }),
            Answers::Field => node,
        },
    ))
}
