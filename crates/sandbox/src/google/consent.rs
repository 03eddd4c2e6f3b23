//! The page a person sees in the browser (contract youtube 1.2, 1.3): who are you, what may the app do, yes or no. Works without script.
//!
//! To drive it by program: `GET /o/oauth2/v2/auth?…` and read the hidden `request` from the form, then `POST /signin/consent` on the same
//! host as a form with `request`, `account` (`mira`, `jonas` or `ada`), `scope` (repeated, whole names; what is left out is unticked)
//! and `decision` (`allow` or `deny`). The answer is a 302 to the app's loopback address.
//!
//! Not imitated: a session (one picks the account each time, `prompt` changes nothing), the "unverified app" warning, Google's look.
//! Mistakes of the app stay on this page and are never sent to it.

use super::bearer::PREFIX;
use super::books::{Books, Challenge, Code, Consent};
use super::people::{CREATORS, creator};
use crate::consent::{self, Form, Person, Tick};
use crate::exchange::{Answer, Ask};
use crate::world::{World, random_text};
use bytes::Bytes;
use url::Url;

/// Scopes that can be asked for, with what the page says of them. The first three are identity and cannot be unticked.
const SCOPES: [(&str, &str); 12] = [
    ("openid", "Know who you are on Google"),
    ("userinfo.email", "See your e-mail address"),
    ("userinfo.profile", "See your name and picture"),
    ("youtube.upload", "Manage your YouTube videos (upload)"),
    ("youtube.readonly", "View your YouTube account"),
    ("youtube", "Manage your YouTube account"),
    (
        "youtube.force-ssl",
        "See, edit, and permanently delete your YouTube videos, ratings, comments and captions",
    ),
    ("youtubepartner", "View and manage your assets and associated content on YouTube"),
    ("yt-analytics.readonly", "View YouTube Analytics reports for your YouTube content"),
    ("yt-analytics-monetary.readonly", "View monetary and non-monetary YouTube Analytics reports"),
    ("analytics.readonly", "See your Google Analytics data"),
    ("webmasters.readonly", "View Search Console data for your verified sites"),
];

fn short(scope: &str) -> &str {
    match scope {
        "email" => "userinfo.email",
        "profile" => "userinfo.profile",
        scope => scope.strip_prefix(PREFIX).unwrap_or(scope),
    }
}

fn is_identity(scope: &str) -> bool {
    ["openid", "userinfo.email", "userinfo.profile"].contains(&short(scope))
}

fn known(scope: &str) -> Option<&'static str> {
    let named = scope == "openid" || scope == "email" || scope == "profile" || scope.starts_with(PREFIX);
    SCOPES.iter().find(|(name, _)| named && *name == short(scope)).map(|(_, about)| *about)
}

/// `GET /o/oauth2/v2/auth`
pub(crate) fn page(world: &World, ask: &Ask) -> Answer {
    let settings = world.settings();
    let mut books = world.google.books(world.now_ms());
    match read(&books, ask, settings.require_pkce) {
        Err(mistake) => error_page(mistake.0, mistake.1),
        Ok(consent) => {
            let request = random_text(24);
            let html = form(&request, &consent, ask.query("login_hint"));
            books.consents.insert(request, consent);
            Answer::html(200, html).header("cache-control", "no-store")
        }
    }
}

/// Google's own error page: code and one line of explanation.
struct Mistake(&'static str, &'static str);

fn read(books: &Books, ask: &Ask, require_pkce: bool) -> Result<Consent, Mistake> {
    let need = |name: &str| ask.query(name).filter(|value| !value.is_empty());
    let client =
        need("client_id").ok_or(Mistake("invalid_request", "Missing required parameter: client_id"))?;
    if client != books.app.client_id {
        return Err(Mistake("invalid_client", "The OAuth client was not found."));
    }
    let redirect_uri =
        need("redirect_uri").ok_or(Mistake("invalid_request", "Missing required parameter: redirect_uri"))?;
    if !is_loopback(redirect_uri) {
        return Err(Mistake(
            "redirect_uri_mismatch",
            "The redirect URI in the request is not allowed for this client.",
        ));
    }
    match need("response_type") {
        None => return Err(Mistake("invalid_request", "Required parameter is missing: response_type")),
        Some("code") => {}
        Some(_) => return Err(Mistake("invalid_request", "Invalid response_type for this client.")),
    }
    let scopes: Vec<String> =
        ask.query("scope").unwrap_or_default().split_whitespace().map(String::from).collect();
    if scopes.is_empty() {
        return Err(Mistake("invalid_request", "Missing required parameter: scope"));
    }
    if scopes.iter().any(|scope| known(scope).is_none()) {
        return Err(Mistake("invalid_scope", "Some requested scopes were invalid."));
    }
    let challenge = match (need("code_challenge"), ask.query("code_challenge_method")) {
        (None, None) if require_pkce => {
            return Err(Mistake("invalid_request", "Missing required parameter: code_challenge"));
        }
        (None, None) => None,
        (None, Some(_)) => {
            return Err(Mistake("invalid_request", "code_challenge_method needs a code_challenge"));
        }
        // A missing method means plain (RFC 7636): an app that forgets it fails at the token endpoint.
        (Some(value), None | Some("plain")) => Some(Challenge { value: value.into(), s256: false }),
        (Some(value), Some("S256")) => {
            let sha256 = value.len() == 43
                && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !sha256 {
                return Err(Mistake("invalid_request", "Invalid code_challenge for method S256."));
            }
            Some(Challenge { value: value.into(), s256: true })
        }
        (Some(_), Some(_)) => return Err(Mistake("invalid_request", "Invalid code_challenge_method.")),
    };
    Ok(Consent {
        redirect_uri: redirect_uri.into(),
        scopes,
        state: ask.query("state").map(String::from),
        challenge,
    })
}

/// The only addresses a desktop client may name: http on this machine, any port, a path if it likes.
fn is_loopback(redirect_uri: &str) -> bool {
    let Ok(url) = Url::parse(redirect_uri) else { return false };
    let host = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    url.scheme() == "http" && host && bare
}

/// `POST /signin/consent`
pub(crate) fn decided(world: &World, body: &Bytes) -> Answer {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let now = world.now_ms();
    let mut books = world.google.books(now);
    let Some(consent) = field("request").and_then(|request| books.consents.remove(request)) else {
        return error_page("invalid_request", "This sign-in has been answered already, or was never begun.");
    };
    let Some(creator) = field("account").and_then(creator).or(match field("decision") {
        Some("deny") => Some(&CREATORS[0]),
        _ => None,
    }) else {
        return error_page("invalid_request", "Pick an account.");
    };
    let ticked: Vec<&str> =
        fields.iter().filter(|(key, _)| key == "scope").map(|(_, value)| value.as_str()).collect();
    let chosen: Vec<String> = match tickable(&consent).len() {
        // With a single scope there is nothing to untick: yes or no.
        0 | 1 => consent.scopes.clone(),
        _ => {
            let keep = |scope: &&String| is_identity(scope) || ticked.contains(&scope.as_str());
            consent.scopes.iter().filter(keep).cloned().collect()
        }
    };
    let mut back = match Url::parse(&consent.redirect_uri) {
        Ok(url) => url,
        Err(_) => return error_page("redirect_uri_mismatch", "The redirect URI cannot be read."),
    };
    // Unsure what the world does when everything is unticked; a refusal here.
    if field("decision") != Some("allow") || chosen.is_empty() {
        back.query_pairs_mut().append_pair("error", "access_denied");
        if let Some(state) = &consent.state {
            back.query_pairs_mut().append_pair("state", state);
        }
        return Answer::redirect(back.as_str());
    }
    let code = format!("4/0A{}", random_text(68));
    if let Some(state) = &consent.state {
        back.query_pairs_mut().append_pair("state", state);
    }
    back.query_pairs_mut()
        .append_pair("iss", "https://accounts.google.com")
        .append_pair("code", &code)
        .append_pair("scope", &chosen.join(" "))
        .append_pair("authuser", "0")
        .append_pair("prompt", "consent");
    world.secret("youtube.code", &code);
    books.codes.push(Code {
        code,
        owner: creator.key.into(),
        scopes: chosen,
        redirect_uri: consent.redirect_uri,
        challenge: consent.challenge,
        issued_ms: now,
        used: None,
    });
    Answer::redirect(back.as_str()).header("cache-control", "no-store")
}

fn tickable(consent: &Consent) -> Vec<&String> {
    consent.scopes.iter().filter(|scope| !is_identity(scope)).collect()
}

fn form(request: &str, consent: &Consent, hint: Option<&str>) -> String {
    let hinted = hint
        .and_then(|hint| CREATORS.iter().find(|c| c.email == hint || c.id == hint))
        .unwrap_or(&CREATORS[0]);
    let people = CREATORS.iter().map(|creator| Person {
        key: creator.key,
        name: creator.name,
        about: format!("{} · {}", creator.email, creator.about),
        checked: creator.key == hinted.key,
    });
    let tickable = tickable(consent);
    let ticks = consent.scopes.iter().map(|scope| Tick {
        value: scope.clone(),
        about: known(scope).unwrap_or_default().into(),
        small: short(scope).into(),
        fixed: tickable.len() < 2 || is_identity(scope),
    });
    Form {
        title: "Slipway wants access to your Google Account",
        action: "/signin/consent",
        request,
        people: people.collect(),
        ticks: ticks.collect(),
        more: String::new(),
    }
    .page()
}

fn error_page(code: &str, about: &str) -> Answer {
    Answer::html(400, consent::error_page(about, &format!("Error 400: {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_over_http_is_a_way_back() {
        for good in [
            "http://127.0.0.1:4000",
            "http://127.0.0.1:4000/callback",
            "http://[::1]:9",
            "http://localhost:1/x?y=z",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "https://127.0.0.1:4000",
            "http://127.0.0.1.evil.example/",
            "http://example.com",
            "http://127.0.0.1:4000/#x",
            "http://user@127.0.0.1:1",
            "urn:ietf:wg:oauth:2.0:oob",
            "slipway:/cb",
            "",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn scopes_are_known_by_their_whole_name() {
        assert!(known("https://www.googleapis.com/auth/youtube.force-ssl").is_some());
        assert!(known("openid").is_some());
        assert!(known("youtube.force-ssl").is_none());
        assert!(known("https://www.googleapis.com/auth/drive").is_none());
    }
}
