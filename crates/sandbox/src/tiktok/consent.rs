//! The page a person sees in the browser (contract tiktok 2.1 to 2.3, Login Kit for Desktop).
//!
//! To drive it by program: `GET /v2/auth/authorize/?…` and read the hidden `request` from the form, then `POST /v2/auth/consent/` on the
//! same host as a form with `request`, `account` (`mira`, `jonas` or `ada`), `scope` (repeated; what is left out is unticked) and
//! `decision` (`allow` or `deny`). The answer is a 302 to the app's loopback address.
//!
//! Not imitated: a session, so `disable_auto_auth` changes nothing; TikTok's look. Mistakes of the app stay on this page and are never
//! sent to it.

use super::books::{Books, Code, Consent};
use super::people::{CREATORS, creator};
use crate::consent::{Form, Person, Tick, error_page};
use crate::exchange::{Answer, Ask};
use crate::settings::tiktok::TikTok as Settings;
use crate::world::{World, random_text};
use bytes::Bytes;
use std::fmt::Write as _;

/// The app's scopes, all six, and what the page says of them. The first comes with Login Kit and cannot be unticked.
const SCOPES: [(&str, &str); 6] = [
    (BASIC, "Read your profile info (avatar, display name)"),
    (
        "user.info.profile",
        "Read your additional profile information, such as bio description, profile link and account verification status",
    ),
    (
        "user.info.stats",
        "Read your profile engagement statistics, such as like count, follower count, following count and video count",
    ),
    ("video.list", "Read your public videos on TikTok"),
    ("video.upload", "Upload draft content to TikTok to further edit and post"),
    ("video.publish", "Post content to TikTok"),
];

const BASIC: &str = "user.info.basic";

/// What is registered for Login Kit on the desktop: any port of these, and nothing else.
const REGISTERED: [&str; 2] = ["http://127.0.0.1:*/callback/", "http://localhost:*/callback/"];

fn known(scope: &str) -> Option<&'static str> {
    SCOPES.iter().find(|(name, _)| *name == scope).map(|(_, about)| *about)
}

/// `GET /v2/auth/authorize/`
pub(crate) fn page(world: &World, ask: &Ask) -> Answer {
    let settings = world.settings().tiktok;
    let mut books = world.tiktok.books();
    match read(&books, ask, &settings) {
        Err(mistake) => refused(mistake),
        Ok(consent) => {
            let request = random_text(24);
            let html = form(&request, &consent, &settings);
            books.consents.insert(request, consent);
            Answer::html(200, html).header("cache-control", "no-store")
        }
    }
}

/// The parameter that TikTok's own error page names.
struct Mistake(&'static str);

fn refused(mistake: Mistake) -> Answer {
    Answer::html(400, error_page("Something went wrong. We couldn’t log in with TikTok.", mistake.0))
}

fn read(books: &Books, ask: &Ask, settings: &Settings) -> Result<Consent, Mistake> {
    let need = |name: &'static str| ask.query(name).filter(|value| !value.is_empty()).ok_or(Mistake(name));
    if need("client_key")? != books.app.client_id {
        return Err(Mistake("client_key"));
    }
    let redirect_uri = need("redirect_uri")?;
    if redirect_uri.len() >= 512 || !REGISTERED.iter().any(|registered| fits(redirect_uri, registered)) {
        return Err(Mistake("redirect_uri"));
    }
    if need("response_type")? != "code" {
        return Err(Mistake("response_type"));
    }
    // Comma-separated: a client that sends spaces asks for one scope with a strange name.
    let scopes: Vec<String> = need("scope")?.split(',').map(String::from).collect();
    if scopes.iter().any(|scope| known(scope).is_none()) {
        return Err(Mistake("scope"));
    }
    let state = need("state")?.to_string();
    let challenge = need("code_challenge")?;
    let hex = challenge.len() == 64
        && challenge.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !hex && !settings.challenge_checked_late {
        return Err(Mistake("code_challenge"));
    }
    if need("code_challenge_method")? != "S256" {
        return Err(Mistake("code_challenge_method"));
    }
    Ok(Consent { redirect_uri: redirect_uri.into(), scopes, state, challenge: challenge.into() })
}

/// Compared as text: the port is free under a `*`, but there has to be one.
fn fits(address: &str, registered: &str) -> bool {
    let Some((before, after)) = registered.split_once('*') else { return address == registered };
    let port = address.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap_or_default();
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// `POST /v2/auth/consent/`
pub(crate) fn decided(world: &World, body: &Bytes) -> Answer {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let now = world.now_ms();
    let settings = world.settings().tiktok;
    let mut books = world.tiktok.books();
    // Answered already, or never begun.
    let Some(consent) = field("request").and_then(|request| books.consents.remove(request)) else {
        return refused(Mistake("request"));
    };
    let back = |answers: &[(&str, &str)]| {
        let mut address = format!("{}?", consent.redirect_uri);
        for (index, (name, value)) in answers.iter().enumerate() {
            let _ = write!(address, "{}{name}={}", if index == 0 { "" } else { "&" }, encoded(value));
        }
        Answer::redirect(&address).header("cache-control", "no-store")
    };
    let ticked: Vec<&str> =
        fields.iter().filter(|(key, _)| key == "scope").map(|(_, value)| value.as_str()).collect();
    let granted: Vec<String> = consent
        .scopes
        .iter()
        .filter(|scope| *scope == BASIC || ticked.contains(&scope.as_str()))
        .cloned()
        .collect();
    // Unsure what the world does when everything is unticked; a refusal here.
    if field("decision") != Some("allow") || granted.is_empty() {
        return back(&[
            ("error", "access_denied"),
            ("error_description", "The user has denied the authorization request."),
            ("state", &consent.state),
        ]);
    }
    let Some(creator) = field("account").and_then(creator) else { return refused(Mistake("account")) };
    let code = format!("{}*{}!{}.s1", random_text(48), random_text(1), random_text(4));
    world.secret("tiktok.code", &code);
    let answer = back(&[("code", &code), ("scopes", &granted.join(",")), ("state", &consent.state)]);
    books.codes.push(Code {
        code,
        owner: creator.key.into(),
        scopes: granted,
        redirect_uri: consent.redirect_uri,
        challenge: consent.challenge,
        dies_ms: now + settings.code_s * 1000,
        used: false,
    });
    answer
}

/// Percent-encoded down to what no address ever changes: `*` and `!` too, as TikTok does.
fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn form(request: &str, consent: &Consent, settings: &Settings) -> String {
    let people = CREATORS.iter().enumerate().map(|(index, creator)| {
        let named = |list: &[String]| list.iter().any(|name| name == creator.key);
        let account = if named(&settings.private_accounts) { "private account" } else { "public account" };
        let banned = if named(&settings.banned) { ", banned from posting" } else { "" };
        Person {
            key: creator.key,
            name: creator.nickname,
            about: format!("@{} · {account}{banned}", creator.username),
            checked: index == 0,
        }
    });
    let ticks = consent.scopes.iter().map(|scope| Tick {
        value: scope.clone(),
        about: known(scope).unwrap_or_default().into(),
        small: scope.clone(),
        fixed: scope == BASIC,
    });
    Form {
        title: "Slipway wants to access your TikTok account",
        action: "/v2/auth/consent/",
        request,
        people: people.collect(),
        ticks: ticks.collect(),
        more: String::new(),
    }
    .page()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_registered_is_a_way_back() {
        let registered = |address: &str| REGISTERED.iter().any(|pattern| fits(address, pattern));
        for good in ["http://127.0.0.1:4000/callback/", "http://localhost:1/callback/"] {
            assert!(registered(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1/callback/",
            "http://127.0.0.1:/callback/",
            "http://127.0.0.1:4000/callback",
            "http://127.0.0.1:4000/",
            "http://127.0.0.1:4000/callback/?x=1",
            "http://127.0.0.1:4000/callback/#x",
            "http://127.0.0.1:99999/callback/",
            "http://127.0.0.1:4000@evil.example:1/callback/",
            "https://127.0.0.1:4000/callback/",
            "http://[::1]:4000/callback/",
            "http://example.com:4000/callback/",
        ] {
            assert!(!registered(bad), "{bad}");
        }
    }

    #[test]
    fn stars_and_exclamation_marks_are_encoded_on_the_way_back() {
        assert_eq!(encoded("aB9*0!7.s1"), "aB9%2A0%217.s1");
        assert_eq!(encoded("a,b é/+"), "a%2Cb%20%C3%A9%2F%2B");
    }
}
