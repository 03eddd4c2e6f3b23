//! A way to sign in as data: addresses, fields, scopes, how a token is renewed and refused. Not here: giving access back (`access`).

use super::{Grantee, RevokeFact};
use serde::Serialize;

/// OAuth 2.0 authorisation code; every platform's quirk is a field here.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SignInFacts {
    /// Which of the platform's ways this is; empty for the first.
    pub way: &'static str,
    /// What people call it, e.g. `Instagram Login`; empty where there is one way.
    pub label: &'static str,
    /// What this way can't do, said before anybody goes through it.
    pub note: Option<&'static str>,
    /// Https address of the console where a developer app is made.
    pub console: &'static str,
    /// What a person does there to get one for this way, in order.
    pub steps: &'static [StepFact],
    /// Host (one of `hosts`) and path of the page the user sees.
    pub authorize: (&'static str, &'static str),
    pub token: (&'static str, &'static str),
    /// How a code or a token is asked for at `token`.
    pub asked_by: AskedBy,
    pub errors: OAuthErrors,
    pub renew: Renew,
    pub revoke: Option<RevokeFact>,
    pub pkce: Pkce,
    /// Must the developer app's secret be sent?
    pub secret: bool,
    /// What the client id is called on the wire (TikTok: `client_key`).
    pub client_id_field: &'static str,
    pub scope_separator: &'static str,
    pub scopes: &'static [ScopeFact],
    /// What an app may have in place of scopes in the authorisation request. `None`: this way knows no such thing.
    pub config: Option<ConfigFact>,
    /// Parameter of every call's address that holds HMAC-SHA256 of the call's token, keyed with the app's secret, in hexadecimal
    /// (Meta: `appsecret_proof`). `None`: no such proof.
    pub proof: Option<&'static str>,
    /// Further parameters of the authorisation request.
    pub extra: &'static [(&'static str, &'static str)],
    /// Path after the loopback port, e.g. `/callback`.
    pub redirect_path: &'static str,
    pub redirect_host: &'static str,
    /// Which other addresses than a loopback port of any number the user may register for the answer.
    pub redirects: &'static [RedirectKind],
    /// A token made in the platform's own console may be pasted in place of the browser: what it is called there.
    pub paste: Option<&'static str>,
    /// One sign-in speaks for several channels, each acting under a token of its own (`Question::Token`).
    pub account_tokens: bool,
    /// The answer does not name what was granted; `Question::Scopes` does.
    pub asks_scopes: bool,
    /// Does each refresh hand out a new refresh token that replaces the old?
    pub rotates: bool,
    /// Revoking ends every sign-in of the same person to the same developer project, not only the one that is given back.
    pub revokes_all: bool,
    /// Whose grant a sign-in is. Read where `revokes_all` is true.
    pub grantee: Grantee,
    /// Client ids of one developer project agree up to this character. `None`: each client id is a project of its own.
    pub project_until: Option<char>,
    /// Https address of the page where a person takes the access of an app back.
    pub access_page: Option<&'static str>,
}

/// One step of making a developer app.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StepFact {
    pub text: &'static str,
    /// What is entered there, letter for letter.
    pub copy: Option<&'static str>,
}

impl StepFact {
    pub const fn plain(text: &'static str) -> StepFact {
        StepFact { text, copy: None }
    }

    pub const fn copied(text: &'static str, copy: &'static str) -> StepFact {
        StepFact { text, copy: Some(copy) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// RFC 7636: base64url of SHA-256, no padding.
    S256,
    /// The same hash in hexadecimal (TikTok's desktop login).
    S256Hex,
    /// The platform knows none.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum AskedBy {
    /// RFC 6749, 4.1.3: a form.
    PostForm,
    /// Parameters of the address, by GET.
    GetQuery,
}

/// The shape a token endpoint refuses in, and which of its numbers mean what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "shape", rename_all_fields = "snake_case")]
pub enum OAuthErrors {
    /// RFC 6749, 5.2: `error` is a word.
    Flat,
    /// `error` is an object with a numeric `code`, or `code` stands beside `error_type`.
    Coded {
        /// The code or token is not, or no longer, good.
        grant: &'static [i64],
        /// The developer app is refused.
        app: &'static [i64],
        /// The same, by codes that mean other things as well, where the message holds these words in any case.
        app_said: &'static [(i64, &'static str)],
        /// Passing.
        passing: &'static [i64],
    },
}

/// What becomes of a sign-in as time goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "by", rename_all_fields = "snake_case")]
pub enum Renew {
    /// A refresh token (RFC 6749, 6).
    RefreshToken,
    /// There is no refresh token: the first, short token is traded for a long one, and that for its own successor while it lives.
    /// The long token is what lies in the vault.
    Exchange {
        long: TradeFact,
        again: TradeFact,
        /// How long a long token lives where the answer does not say.
        days: u32,
    },
}

/// One trade of a token for another, by GET with parameters in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TradeFact {
    pub at: (&'static str, &'static str),
    pub grant_type: &'static str,
    /// The parameter that carries the token.
    pub token_field: &'static str,
    pub client_id: bool,
    pub client_secret: bool,
}

/// An address for the answer of a sign-in that a user may register beside "any port of this computer".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RedirectKind {
    /// A loopback address with a port that is always the same.
    FixedPort,
    /// A static https page of the user's own that sends the browser on to this computer; the state begins with the port.
    HttpsPage,
}

/// A set of permissions that is kept with the app at the platform and named by a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigFact {
    /// The parameter of the authorisation request that names it; no scope goes with it.
    pub field: &'static str,
    /// What goes with it besides.
    pub extra: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ScopeFact {
    pub scope: &'static str,
    pub required: bool,
    /// It is asked for only where the app's flag of this name (`AppFlagFact`) has this value. `None`: always.
    pub when: Option<(&'static str, bool)>,
    /// What we can't do without it, said to the user.
    pub why: &'static str,
}

impl SignInFacts {
    /// Authorisation code with PKCE and a refresh token, as most platforms do it (RFC 6749, 7636, 8252).
    pub const PLAIN: SignInFacts = SignInFacts {
        way: "",
        label: "",
        note: None,
        console: "",
        steps: &[],
        authorize: ("", ""),
        token: ("", ""),
        asked_by: AskedBy::PostForm,
        errors: OAuthErrors::Flat,
        renew: Renew::RefreshToken,
        revoke: None,
        pkce: Pkce::S256,
        secret: false,
        client_id_field: "client_id",
        scope_separator: " ",
        scopes: &[],
        config: None,
        proof: None,
        extra: &[],
        redirect_path: "/",
        redirect_host: "127.0.0.1",
        redirects: &[],
        paste: None,
        account_tokens: false,
        asks_scopes: false,
        rotates: false,
        revokes_all: false,
        grantee: Grantee::Unknown,
        project_until: None,
        access_page: None,
    };

    /// Does its answer come to an https page only, and to no address of this computer?
    pub fn needs_a_page(&self) -> bool {
        self.redirects == [RedirectKind::HttpsPage]
    }

    pub fn required_scopes(&self) -> impl Iterator<Item = &'static ScopeFact> + use<> {
        self.scopes.iter().filter(|scope| scope.required)
    }

    /// The scopes that are asked for, of an app of which this is said.
    pub fn scopes_for(
        &self,
        flags: &std::collections::BTreeMap<String, bool>,
    ) -> impl Iterator<Item = &'static ScopeFact> {
        let said = |key: &str| flags.get(key).copied();
        self.scopes.iter().filter(move |scope| scope.when.is_none_or(|(key, value)| said(key) == Some(value)))
    }
}
