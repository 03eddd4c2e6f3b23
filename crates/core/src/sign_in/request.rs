//! The address of the consent page, with a state and a verifier made for this one sign-in. Not here: waiting for the answer.

use super::endpoint::No;
use super::loopback::Landing;
use super::{AppCredentials, Way};
use crate::facts::{Pkce, SignInFacts};
use crate::sensitive::SecretString;
use crate::wire::hosts::Hosts;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use url::Url;

/// One sign-in under way. It has no `Debug`: the address holds the state.
pub(super) struct Request {
    pub url: Url,
    /// 256 random bits.
    pub state: SecretString,
    /// 256 random bits in 43 characters (RFC 7636, 4.1).
    pub verifier: SecretString,
    /// Must be the same byte for byte when the code is traded (RFC 6749, 4.1.3).
    pub redirect: RedirectUrl,
}

pub(super) fn prepare(
    hosts: &Hosts,
    way: Way,
    app: &AppCredentials,
    landing: &Landing,
) -> Result<Request, No> {
    let Way { facts, sign_in } = way;
    let redirect = landing.redirect.clone();
    let (host, path) = sign_in.authorize;
    let page = hosts
        .address(host, path)
        .filter(|_| facts.hosts.contains(&host))
        .ok_or_else(|| No::Host { host: host.into() })?;
    let client = BasicClient::new(ClientId::new(app.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(page))
        .set_redirect_uri(redirect.clone());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut authorize = client.authorize_url(|| {
        let random = CsrfToken::new_random_len(32);
        match landing.state_port {
            // The page that sends the browser on reads the port from the front of the state.
            Some(port) => CsrfToken::new(format!("{port}.{}", random.secret())),
            None => random,
        }
    });
    authorize = match (sign_in.config, app.config.as_deref()) {
        // Its own set of permissions stands in the place of scopes.
        (Some(fact), Some(config)) => fact
            .extra
            .iter()
            .fold(authorize.add_extra_param(fact.field, config.to_string()), |ask, (key, value)| {
                ask.add_extra_param(*key, *value)
            }),
        _ => authorize.add_scopes(app.scopes(way).into_iter().map(Scope::new)),
    };
    authorize = match sign_in.pkce {
        Pkce::S256 => authorize.set_pkce_challenge(challenge),
        Pkce::S256Hex => authorize
            .add_extra_param("code_challenge", hex_challenge(&verifier))
            .add_extra_param("code_challenge_method", "S256"),
        Pkce::None => authorize,
    };
    for (key, value) in sign_in.extra {
        authorize = authorize.add_extra_param(*key, *value);
    }
    let (url, state) = authorize.url();
    Ok(Request {
        url: in_the_platforms_words(url, sign_in),
        state: state.into_secret().into(),
        verifier: verifier.into_secret().into(),
        redirect,
    })
}

/// The same parameters under the names and with the separator of this platform.
fn in_the_platforms_words(url: Url, sign_in: &SignInFacts) -> Url {
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(key, value)| match key.as_ref() {
            "client_id" => (sign_in.client_id_field.to_string(), value.into_owned()),
            "scope" => (key.into_owned(), value.split(' ').collect::<Vec<_>>().join(sign_in.scope_separator)),
            _ => (key.into_owned(), value.into_owned()),
        })
        .collect();
    let mut url = url;
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url
}

/// Lower-case hexadecimal SHA-256 of the verifier, see `Pkce::S256Hex`.
fn hex_challenge(verifier: &PkceCodeVerifier) -> String {
    Sha256::digest(verifier.secret()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hex_challenge_is_the_known_one() {
        // Vectors reckoned with another program.
        for (verifier, challenge) in [
            (
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3",
            ),
            (&"A".repeat(43), "0f007385b6f9d4b7eeb2748605afe1a984a0a3bfa3f014d09e2a784ce9e5cd1a"),
        ] {
            assert_eq!(hex_challenge(&PkceCodeVerifier::new(verifier.to_string())), challenge);
        }
    }
}
