//! The pages a person sees in the browser: Facebook's dialog (contract instagram 3.1) and Instagram's (2.1). Who are you, which Pages,
//! what may the app do, yes or no. Works without script.
//!
//! To drive it by program: `GET /v25.0/dialog/oauth?…` (or `/oauth/authorize?…` at www.instagram.com), read the hidden `request` and the
//! form's action, and post `request`, `account` (`mira`, `jonas`, `ada`, `tove`), `scope` (repeated), on Facebook also `page` (ids,
//! repeated; with none at all every Page of that person is meant), and `decision` (`allow` or `deny`). The answer is a 302 to the app.
//!
//! A `config_id` of Facebook's dialog stands in the place of scopes, if the settings know it (Facebook Login for Business).
//!
//! Not imitated: a session (`auth_type`, `force_reauth` change nothing), `response_type=token`, the look. Mistakes of the app stay on this
//! page and are never sent to it. Unsure: the words about a configuration; that scopes beside one are ignored.

use super::books::{AppName, Books, Code, Consent, Given};
use super::people::{Instagram, PEOPLE, Person as Someone, person};
use super::redirect;
use super::route::WWW_INSTAGRAM;
use crate::consent::{self, Form, Person, Tick};
use crate::exchange::{Answer, Ask, escape};
use crate::world::{World, random_text};
use bytes::Bytes;
use std::fmt::Write as _;

/// Permissions of Facebook Login, with what the page says of them. The first is given with every sign-in.
const FACEBOOK: [(&str, &str); 19] = [
    ("public_profile", "Your name and profile picture"),
    ("email", "Your e-mail address"),
    ("pages_show_list", "Show a list of the Pages you manage"),
    ("pages_read_engagement", "Read content posted on the Page"),
    ("pages_manage_posts", "Create and manage content on your Page"),
    ("pages_manage_engagement", "Create and manage comments on your Page"),
    ("pages_manage_metadata", "Manage accounts, settings and webhooks for a Page"),
    ("pages_read_user_content", "Read user content on your Page"),
    ("pages_messaging", "Manage and access Page conversations"),
    ("publish_video", "Publish live video to your timeline, groups and Pages"),
    ("read_insights", "Read insights of your Pages"),
    ("business_management", "Manage your business"),
    ("ads_management", "Manage ads for ad accounts that you have access to"),
    ("ads_read", "Read your ads"),
    ("instagram_basic", "Access profile and posts from the Instagram account connected to your Page"),
    (
        "instagram_content_publish",
        "Upload media and create posts for the Instagram account connected to your Page",
    ),
    ("instagram_manage_comments", "Manage comments for the Instagram account connected to your Page"),
    ("instagram_manage_insights", "Access insights for the Instagram account connected to your Page"),
    (
        "instagram_manage_contents",
        "Manage and delete content of the Instagram account connected to your Page",
    ),
];

/// Permissions of Instagram Login. The first is given with every sign-in.
const INSTAGRAM: [(&str, &str); 5] = [
    ("instagram_business_basic", "View profile and access media"),
    ("instagram_business_content_publish", "Access and publish content"),
    ("instagram_business_manage_comments", "Access and manage comments"),
    ("instagram_business_manage_messages", "Access and manage messages"),
    ("instagram_business_manage_insights", "Access and manage insights"),
];

fn known(app: AppName) -> &'static [(&'static str, &'static str)] {
    match app {
        AppName::InstagramLogin => &INSTAGRAM,
        _ => &FACEBOOK,
    }
}

/// The dialog of either host.
pub(crate) fn page(world: &World, ask: &Ask) -> Answer {
    let settings = world.settings().meta;
    let mut books = world.meta.books();
    match read(&books, ask, &settings) {
        Err(mistake) => error_page(mistake.0, &mistake.1),
        Ok(consent) => {
            let request = random_text(24);
            let html = form(&request, &consent);
            books.consents.insert(request, consent);
            Answer::html(200, html).header("cache-control", "no-store")
        }
    }
}

/// Meta's own error page: a title and one line.
struct Mistake(&'static str, String);

fn read(books: &Books, ask: &Ask, settings: &crate::settings::meta::Meta) -> Result<Consent, Mistake> {
    let need = |name: &str| ask.query(name).filter(|value| !value.is_empty());
    let instagram = ask.host == WWW_INSTAGRAM;
    let app = need("client_id").and_then(|id| books.app_of(id));
    let app = app.filter(|app| (*app == AppName::InstagramLogin) == instagram).ok_or_else(|| {
        let about = "The provided app ID does not look like a valid app ID.";
        Mistake("Invalid App ID", about.into())
    })?;
    let redirect_uri = need("redirect_uri")
        .ok_or_else(|| Mistake("Error", "The parameter redirect_uri is required".into()))?;
    if !redirect::allowed(redirect_uri, app, settings) {
        let about = "This redirect failed because the redirect URI is not whitelisted in the app's client OAuth settings.";
        return Err(Mistake("URL blocked", about.into()));
    }
    match need("response_type") {
        Some("code") => {}
        // Facebook takes a missing one for a code; Instagram requires it.
        None if !instagram => {}
        _ => return Err(Mistake("Error", "Invalid response_type".into())),
    }
    let mut scopes: Vec<String> = Vec::new();
    if !instagram {
        scopes.push(FACEBOOK[0].0.into());
    }
    let asked = match need("config_id").filter(|_| !instagram) {
        Some(config) => configured(config, ask, settings)?,
        None if settings.demands_config && !instagram => {
            let about =
                "This app needs at least one supported permission: name a configuration by config_id.";
            return Err(Mistake("Feature unavailable", about.into()));
        }
        None => need("scope").unwrap_or_default().to_string(),
    };
    for scope in asked.split([',', ' ']).map(str::trim).filter(|scope| !scope.is_empty()) {
        let lacks = settings.app_lacks.iter().any(|lacked| lacked == scope);
        if lacks || !known(app).iter().any(|(name, _)| *name == scope) {
            return Err(Mistake("Invalid scopes", format!("Invalid Scopes: {scope}")));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.into());
        }
    }
    if instagram && !scopes.iter().any(|scope| scope == INSTAGRAM[0].0) {
        return Err(Mistake("Invalid scopes", format!("{} is required", INSTAGRAM[0].0)));
    }
    Ok(Consent {
        app,
        redirect_uri: redirect_uri.into(),
        scopes,
        state: ask.query("state").map(String::from),
    })
}

/// The permissions of a configuration, as a list with commas.
fn configured(config: &str, ask: &Ask, settings: &crate::settings::meta::Meta) -> Result<String, Mistake> {
    let known = settings.configs.get(config);
    let known = known.ok_or_else(|| Mistake("Error", "Invalid parameter: config_id".into()))?;
    if ask.query("override_default_response_type") != Some("true") {
        let about = "A code is answered with override_default_response_type=true only.";
        return Err(Mistake("Error", about.into()));
    }
    Ok(known.join(","))
}

/// The answer of the form.
pub(crate) fn decided(world: &World, ask: &Ask, body: &Bytes) -> Answer {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let all = |name: &str| -> Vec<String> {
        fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    };
    let now = world.now_ms();
    let mut books = world.meta.books();
    let Some(consent) = field("request").and_then(|request| books.consents.remove(request)) else {
        return error_page("Error", "This sign-in has been answered already, or was never begun.");
    };
    let instagram = ask.host == WWW_INSTAGRAM;
    if field("decision") != Some("allow") {
        return redirect::denied(world, &consent, instagram);
    }
    let Some(someone) = field("account").and_then(person) else {
        return error_page("Error", "Pick an account.");
    };
    if instagram && someone.professional().is_none() {
        let about =
            "Only professional accounts can be connected: switch to a business or creator account first.";
        return error_page("Not available", about);
    }
    let given = given(
        someone,
        &consent,
        &all("scope"),
        fields.iter().any(|(key, _)| key == "page").then(|| all("page")),
    );
    let code = format!("AQ{}", random_text(120));
    world.secret(&format!("{}.code", consent.app.noted()), &code);
    let answer = redirect::granted(world, &consent, &code, instagram);
    books.codes.push(Code {
        code,
        app: consent.app,
        redirect_uri: consent.redirect_uri,
        given,
        issued_ms: now,
        used: false,
    });
    answer
}

fn given(someone: &Someone, consent: &Consent, ticked: &[String], pages: Option<Vec<String>>) -> Given {
    let first = known(consent.app)[0].0;
    let keep = |scope: &String| scope == first || ticked.contains(scope);
    let (scopes, declined) = consent.scopes.iter().cloned().partition(keep);
    let own = someone.pages.iter().map(|page| page.id.to_string());
    let pages = match pages {
        // A browser that shows no such question has ticked them all.
        None => own.collect(),
        Some(ticked) => own.filter(|id| ticked.contains(id)).collect(),
    };
    Given { owner: someone.key.into(), scopes, declined, pages }
}

fn form(request: &str, consent: &Consent) -> String {
    let instagram = consent.app == AppName::InstagramLogin;
    let people = PEOPLE.iter().filter(|someone| !instagram || someone.instagram.is_some());
    let people = people.enumerate().map(|(n, someone)| Person {
        key: someone.key,
        name: someone.name,
        about: match &someone.instagram {
            Some(Instagram::Professional(account)) if instagram => format!("@{}", account.username),
            Some(Instagram::Personal { username }) if instagram => format!("@{username}, a personal account"),
            _ => someone.about.into(),
        },
        checked: n == 0,
    });
    let about =
        |scope: &str| known(consent.app).iter().find(|(name, _)| *name == scope).map(|(_, about)| *about);
    let first = known(consent.app)[0].0;
    let ticks = consent.scopes.iter().map(|scope| Tick {
        value: scope.clone(),
        about: about(scope).unwrap_or_default().into(),
        small: scope.clone(),
        fixed: scope == first,
    });
    Form {
        title: match instagram {
            true => "Slipway wants access to your Instagram account",
            false => "Slipway wants access to your Facebook account",
        },
        action: if instagram { "/oauth/authorize/confirm" } else { "/v25.0/dialog/oauth/confirm" },
        request,
        people: people.collect(),
        ticks: ticks.collect(),
        more: if instagram { String::new() } else { pages() },
    }
    .page()
}

/// Which Pages; those of another person than the one chosen mean nothing.
fn pages() -> String {
    let mut rows = String::new();
    for someone in &PEOPLE {
        for page in someone.pages {
            let _ = write!(
                rows,
                "<label class=row><input type=checkbox name=page value=\"{}\" checked><span>{}<br><small>{}'s</small></span></label>",
                page.id,
                escape(page.name),
                escape(someone.name)
            );
        }
    }
    format!("<h2>Which Pages</h2>{rows}")
}

fn error_page(title: &str, about: &str) -> Answer {
    Answer::html(400, consent::error_page(about, title))
}
