//! Facebook Login's tokens (contract instagram 3.2, facebook 1): a code for a user token, that for a long-lived one, the Page's from it;
//! `debug_token`, `me/permissions` and taking them back.
//! Unsure, from memory: the codes 101 and 1 for a wrong app, the sub-codes 36007 to 36009 about codes, ten minutes for a code, that a
//! Page's token read with a short-lived one ends with it, what `debug_token` says to a token that is none.

use super::Desk;
use super::bearer::{Who, known};
use super::books::{AppName, Books, Code, Given, Token, TokenKind};
use super::errors::{Refusal, missing, parameter, permission, refuse, success};
use super::params::Params;
use crate::exchange::Answer;
use crate::settings::meta::Meta as Settings;
use crate::world::{World, random_text};
use serde_json::{Value, json};

/// Milliseconds a code of Facebook's is good for.
const CODE_LIFE_MS: i64 = 600_000;

/// `/oauth/access_token`: a code or a living token for a token.
pub(crate) fn token(world: &World, params: &Params) -> Result<Answer, Refusal> {
    let now = world.now_ms();
    let settings = world.settings().meta;
    let mut books = world.meta.books();
    let app = client(&books, params)?;
    let (given, long) = match params.get("grant_type") {
        Some("fb_exchange_token") => (renewed(&books, app, params, &settings, now)?, true),
        None | Some("authorization_code") => (exchanged(&mut books, app, params, now)?, false),
        Some(_) => return Err(parameter("Invalid grant_type")),
    };
    let seconds = if long { settings.long_token_s } else { settings.short_token_s };
    let text = books.give(world, app, TokenKind::User { long }, given, now, Some(now + seconds * 1000));
    let mut answer = json!({ "access_token": text, "token_type": "bearer" });
    if settings.tells_expires_in {
        answer["expires_in"] = seconds.into();
    }
    Ok(Answer::json(200, &answer))
}

fn client(books: &Books, params: &Params) -> Result<AppName, Refusal> {
    let id = params.get("client_id").ok_or_else(|| refuse(101, "Missing client_id parameter."))?;
    let app = books.app_of(id).filter(|app| *app != AppName::InstagramLogin);
    let app = app.ok_or_else(|| {
        refuse(101, "Error validating application. Cannot get application info due to a system error.")
    })?;
    match params.get("client_secret") {
        None => Err(refuse(1, "Missing client_secret parameter.")),
        Some(secret) if secret != books.app(app).client_secret => {
            Err(refuse(1, "Error validating client secret."))
        }
        Some(_) => Ok(app),
    }
}

fn exchanged(books: &mut Books, app: AppName, params: &Params, now: i64) -> Result<Given, Refusal> {
    let sent = params.get("code").ok_or_else(|| refuse(1, "Missing authorization code"))?;
    let redirect_uri = params.need("redirect_uri")?;
    let code = take(books, app, sent, redirect_uri, now, CODE_LIFE_MS).map_err(|wrong| match wrong {
        Wrong::Unknown => refuse(100, "Invalid verification code format."),
        Wrong::Used => refuse(100, "This authorization code has been used.").sub(36_009),
        Wrong::Old => refuse(100, "This authorization code has expired.").sub(36_007),
        Wrong::Elsewhere => refuse(
            100,
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
        )
        .sub(36_008),
    })?;
    Ok(code.given)
}

/// What is wrong with a code.
pub(crate) enum Wrong {
    Unknown,
    Used,
    Old,
    Elsewhere,
}

/// Uses a code up.
pub(crate) fn take(
    books: &mut Books,
    app: AppName,
    sent: &str,
    redirect_uri: &str,
    now: i64,
    life_ms: i64,
) -> Result<Code, Wrong> {
    let known = books.codes.iter_mut().find(|code| code.code == sent && code.app == app);
    let code = known.ok_or(Wrong::Unknown)?;
    if code.used {
        return Err(Wrong::Used);
    }
    if now >= code.issued_ms + life_ms {
        return Err(Wrong::Old);
    }
    if code.redirect_uri != redirect_uri {
        return Err(Wrong::Elsewhere);
    }
    code.used = true;
    Ok(code.clone())
}

/// Only a living token of the same app is traded for a longer one; a Page's is not.
fn renewed(
    books: &Books,
    app: AppName,
    params: &Params,
    settings: &Settings,
    now: i64,
) -> Result<Given, Refusal> {
    let sent = params.need("fb_exchange_token")?;
    let who = known(books, sent, settings, now)?;
    if who.token.app != app {
        return Err(refuse(190, "The access token does not belong to this application"));
    }
    match who.token.kind {
        TokenKind::User { .. } => Ok(who.token.given),
        _ => Err(parameter("fb_exchange_token must be a user access token")),
    }
}

impl Books {
    /// A fresh token, noted as a secret.
    pub(crate) fn give(
        &mut self,
        world: &World,
        app: AppName,
        kind: TokenKind,
        given: Given,
        now: i64,
        dies_ms: Option<i64>,
    ) -> String {
        let start = if app == AppName::InstagramLogin { "IGAA" } else { "EAA" };
        let text = format!("{start}{}", random_text(160));
        world.secret(&format!("{}.{}", app.noted(), kind.noted()), &text);
        self.tokens.insert(text.clone(), Token { app, kind, given, issued_ms: now, dies_ms });
        text
    }

    /// The Page's token as this user token gets to read it: the same one each time, while it lives.
    pub(crate) fn page_token(&mut self, world: &World, who: &Who, page: &str, now: i64) -> String {
        let TokenKind::User { long } = who.token.kind else { return who.text.clone() };
        let kind = TokenKind::Page { page: page.into(), of: who.text.clone() };
        if let Some((text, _)) = self.tokens.iter().find(|(_, token)| token.kind == kind) {
            return text.clone();
        }
        let dies_ms = if long { None } else { who.token.dies_ms };
        self.give(world, who.token.app, kind, who.token.given.clone(), now, dies_ms)
    }
}

/// `/debug_token`, asked with the app's own token: id, a vertical bar, secret.
pub(crate) fn debug(world: &World, sent: Option<&str>, params: &Params) -> Result<Answer, Refusal> {
    let now = world.now_ms();
    let settings = world.settings().meta;
    let books = world.meta.books();
    let app = sent
        .and_then(|sent| sent.split_once('|'))
        .and_then(|(id, secret)| books.app_of(id).filter(|app| books.app(*app).client_secret == secret));
    let app = app.ok_or_else(|| {
        refuse(190, "Invalid OAuth access token - Cannot parse access token")
            .status(settings.dead_token_status)
    })?;
    let input = params.need("input_token")?;
    let data = match known(&books, input, &settings, now) {
        Ok(who) if who.token.app == app => describe(&books, &who),
        Ok(_) => return Err(parameter("The App_id in the input_token did not match the Viewing App")),
        // That a token is dead is no error of this call.
        Err(_) => json!({
            "is_valid": false, "scopes": [], "error": { "code": 190, "message": "The access token could not be used" },
        }),
    };
    Ok(Answer::json(200, &json!({ "data": data })))
}

fn describe(books: &Books, who: &Who) -> Value {
    let given = &who.token.given;
    let granular: Vec<Value> = given
        .scopes
        .iter()
        .filter(|scope| scope.starts_with("pages_") || scope.starts_with("instagram_"))
        .map(|scope| json!({ "scope": scope, "target_ids": given.pages }))
        .collect();
    let mut data = json!({
        "app_id": books.app(who.token.app).client_id,
        "type": if matches!(who.token.kind, TokenKind::Page { .. }) { "PAGE" } else { "USER" },
        "application": "Slipway",
        "is_valid": true,
        // 0: never.
        "expires_at": who.token.dies_ms.unwrap_or(0) / 1000,
        "issued_at": who.token.issued_ms / 1000,
        "data_access_expires_at": who.token.issued_ms / 1000 + 90 * 86_400,
        "scopes": given.scopes,
        "granular_scopes": granular,
        "user_id": who.person.id,
    });
    if let TokenKind::Page { page, .. } = &who.token.kind {
        data["profile_id"] = page.clone().into();
    }
    data
}

/// `GET /me/permissions`
pub(crate) fn permissions(desk: &Desk<'_>) -> Result<Answer, Refusal> {
    desk.who.is_user()?;
    let given = &desk.who.token.given;
    let line = |scope: &String, status: &str| json!({ "permission": scope, "status": status });
    let granted = given.scopes.iter().map(|scope| line(scope, "granted"));
    let declined = given.declined.iter().map(|scope| line(scope, "declined"));
    Ok(Answer::json(200, &json!({ "data": granted.chain(declined).collect::<Vec<_>>() })))
}

/// `DELETE /me/permissions`: the app is out, and so is every token this person ever gave it. With a name behind it, only that
/// permission goes.
pub(crate) fn take_back(desk: &mut Desk<'_>, one: Option<&str>) -> Result<Answer, Refusal> {
    desk.who.is_user()?;
    let (app, owner) = (desk.who.token.app, desk.who.person.key);
    let same = |token: &Token| token.app == app && token.given.owner == owner;
    match one {
        None => desk.books.kill_all(458, same),
        Some(scope) => {
            if !desk.who.has(scope) {
                return Err(permission(100, scope));
            }
            for token in desk.books.tokens.values_mut().filter(|token| same(token)) {
                token.given.scopes.retain(|given| given != scope);
                token.given.declined.push(scope.into());
            }
        }
    }
    Ok(Answer::json(200, &success()))
}

/// A planned expiry at the token endpoint: what was to be traded is dead.
pub(crate) fn kill_sent(world: &World, params: &Params) {
    let mut books = world.meta.books();
    for name in ["fb_exchange_token", "access_token"] {
        if let Some(token) = params.get(name) {
            books.kill(token, 463);
        }
    }
    if let Some(code) = params.get("code")
        && let Some(code) = books.codes.iter_mut().find(|known| known.code == code)
    {
        code.used = true;
    }
}

/// A token without a browser: long-lived, as the app dashboard hands them out to be pasted.
pub(crate) fn grant(world: &World, app: AppName, account: &str, scopes: &[&str]) -> String {
    let now = world.now_ms();
    let settings = world.settings().meta;
    let mut scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_string()).collect();
    let first = if app == AppName::InstagramLogin { "instagram_business_basic" } else { "public_profile" };
    if !scopes.iter().any(|scope| scope == first) {
        scopes.insert(0, first.into());
    }
    let pages = super::people::person(account).map(|person| person.pages).unwrap_or_default();
    let given = Given {
        owner: account.into(),
        scopes,
        declined: Vec::new(),
        pages: pages.iter().map(|page| page.id.to_string()).collect(),
    };
    let kind = match app {
        AppName::InstagramLogin => TokenKind::Instagram { long: true },
        _ => TokenKind::User { long: true },
    };
    let dies_ms = Some(now + settings.long_token_s * 1000);
    world.meta.books().give(world, app, kind, given, now, dies_ms)
}

/// `need` in the words of the endpoints that ask for a parameter of the address.
pub(crate) fn need<'a>(params: &'a Params, name: &str) -> Result<&'a str, Refusal> {
    params.get(name).ok_or_else(|| missing(name))
}
