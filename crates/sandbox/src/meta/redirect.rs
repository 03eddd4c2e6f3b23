//! The way back to the app (contract instagram 2.4, 3.3): which addresses are taken, and where the browser is sent.
//!
//! There is no TLS here. An https address that is registered is therefore played by the page's own host: `https://creator.example/x.html`
//! becomes `<page>/redirect/creator.example/x.html`, with whatever was put there by `Sandbox::serve_static`.

use super::books::{AppName, Consent};
use crate::exchange::Answer;
use crate::settings::meta::Meta as Settings;
use crate::world::World;
use url::Url;

/// Facebook Login takes `http://localhost` on any port while the app is in development mode; 127.0.0.1 is not the same to it.
/// Everything else is https, registered, and equal to the byte. Instagram Login knows https only.
pub(crate) fn allowed(redirect_uri: &str, app: AppName, settings: &Settings) -> bool {
    let Ok(url) = Url::parse(redirect_uri) else { return false };
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.scheme() {
        "https" => settings.redirects.iter().any(|known| known == redirect_uri),
        "http" => app != AppName::InstagramLogin && !settings.live_app && url.host_str() == Some("localhost"),
        _ => false,
    }
}

pub(crate) fn granted(world: &World, consent: &Consent, code: &str, instagram: bool) -> Answer {
    back(world, consent, &[("code", code)], instagram)
}

pub(crate) fn denied(world: &World, consent: &Consent, instagram: bool) -> Answer {
    let pairs: [(&str, &str); 3] = match instagram {
        true => [
            ("error", "access_denied"),
            ("error_reason", "user_denied"),
            ("error_description", "The user denied your request"),
        ],
        false => [
            ("error_reason", "user_denied"),
            ("error", "access_denied"),
            ("error_description", "Permissions error"),
        ],
    };
    back(world, consent, &pairs, false)
}

fn back(world: &World, consent: &Consent, pairs: &[(&str, &str)], instagram: bool) -> Answer {
    // It was read when the dialog opened.
    let Ok(mut url) = Url::parse(&consent.redirect_uri) else { return Answer::text(400, "no way back") };
    url.query_pairs_mut().extend_pairs(pairs);
    if let Some(state) = &consent.state {
        url.query_pairs_mut().append_pair("state", state);
    }
    if instagram {
        // Instagram's mark, which is no part of the last parameter.
        url.set_fragment(Some("_"));
    }
    let to = match url.scheme() {
        "https" => {
            let rest = url.as_str().trim_start_matches("https://");
            format!("{}/redirect/{rest}", world.base(crate::hosts::PAGE))
        }
        _ => url.into(),
    };
    Answer::redirect(&to).header("cache-control", "no-store")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_while_developing_and_exact_https_always() {
        let developing = Settings::default();
        let live = Settings { live_app: true, ..Settings::default() };
        let page = "https://creator.example/slipway.html";
        for (address, facebook, facebook_live, instagram) in [
            ("http://localhost:4000/", true, false, false),
            ("http://localhost/callback?x=1", true, false, false),
            ("http://127.0.0.1:4000/", false, false, false),
            ("http://[::1]:4000/", false, false, false),
            ("http://localhost.evil.example/", false, false, false),
            ("http://localhost:4000/#x", false, false, false),
            (page, true, true, true),
            ("https://creator.example/slipway.html/", false, false, false),
            ("https://creator.example/slipway.html?x=1", false, false, false),
            ("https://localhost:4000/", false, false, false),
            ("slipway://callback", false, false, false),
            ("", false, false, false),
        ] {
            assert_eq!(allowed(address, AppName::Facebook, &developing), facebook, "{address}");
            assert_eq!(allowed(address, AppName::Instagram, &live), facebook_live, "{address}, live");
            assert_eq!(
                allowed(address, AppName::InstagramLogin, &developing),
                instagram,
                "{address}, Instagram"
            );
        }
    }
}
