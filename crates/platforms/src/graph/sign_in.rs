//! Facebook Login as data: the way to sign in that Facebook Pages and Instagram share (Facebook Login, manual flow and access tokens, as
//! of 2026-11). Each platform adds its own scopes and words.

use super::{API, VERSION};
use slipway_core::facts::*;

/// Hosts a platform with this sign-in must list.
pub(crate) const DIALOG: &str = "www.facebook.com";

const _: () = assert!(matches!(VERSION.as_bytes(), b"v25.0"), "the paths below name the version, too");

const EXCHANGE: TradeFact = TradeFact {
    at: (API, "/v25.0/oauth/access_token"),
    grant_type: "fb_exchange_token",
    token_field: "fb_exchange_token",
    client_id: true,
    client_secret: true,
};

/// Code 1 passes by itself, but for "Error validating client secret." (seen by other programs in 2026).
pub(crate) const APP_SAID: &[(i64, &str)] = &[(1, "client secret")];

/// There is no refresh token: a long user token is traded for its successor while it lives. The tokens Pages act under come from it,
/// have no end of their own, and die with it (password, role, app removed).
pub(crate) const FACEBOOK_LOGIN: SignInFacts = SignInFacts {
    console: "https://developers.facebook.com/apps/",
    authorize: (DIALOG, "/v25.0/dialog/oauth"),
    token: (API, "/v25.0/oauth/access_token"),
    asked_by: AskedBy::GetQuery,
    errors: OAuthErrors::Coded {
        grant: &[190, 102],
        app: &[101],
        app_said: APP_SAID,
        passing: &[-1, 1, 2, 4, 17, 341, 613],
    },
    renew: Renew::Exchange { long: EXCHANGE, again: EXCHANGE, days: 60 },
    revoke: Some(RevokeFact::Delete { at: (API, "/v25.0/me/permissions") }),
    // A flow with PKCE and no secret exists and is documented for testing only.
    pkce: Pkce::None,
    secret: true,
    // Apps with Facebook Login for Business may have configurations, and some demand one in the place of scopes (Facebook Login for
    // Business, "Invoke the login dialog").
    config: Some(ConfigFact { field: "config_id", extra: &[("override_default_response_type", "true")] }),
    // Harmless where the app does not demand it (Graph API, "Secure Graph API calls").
    proof: Some("appsecret_proof"),
    scope_separator: ",",
    // Asks again for what was left unticked before; without it the dialog goes past it in silence.
    extra: &[("auth_type", "rerequest")],
    redirect_path: "/",
    // `http://localhost` is taken while the app is in development mode, `127.0.0.1` never.
    redirect_host: "localhost",
    redirects: &[RedirectKind::FixedPort, RedirectKind::HttpsPage],
    paste: Some("a user access token, from the Graph API Explorer or of a system user"),
    account_tokens: true,
    asks_scopes: true,
    // Every channel of the same app and person: the tokens of all Pages come from one grant (Permissions with Facebook Login,
    // "Revoking Login").
    revokes_all: true,
    grantee: Grantee::Asked,
    // Apps with Page permissions are listed under business integrations (Facebook Help Center).
    access_page: Some("https://www.facebook.com/settings?tab=business_tools"),
    ..SignInFacts::PLAIN
};

/// Where the answer of a sign-in may go, and what is copied at the end; the same for everything behind Facebook Login.
pub(crate) const WHERE_IT_ANSWERS: StepFact = StepFact::plain(
    "Sign in while the app is in development mode: then no address is registered. A live app wants an https page of yours: put the page below on any web space, and register its address under Facebook Login for Business, Settings.",
);
pub(crate) const NUMBER_AND_SECRET: StepFact = StepFact::plain(
    "Under App settings, Basic copy App ID and App secret here. If Meta's dialog wants a configuration, make one with these permissions under Facebook Login for Business, Configurations, and copy its number, too.",
);

/// One permission that an app was not given makes the whole dialog fail, so what posting does without can be left out.
pub(crate) const PORTFOLIO: AppFlagFact = AppFlagFact {
    key: "portfolio",
    label: "Ask for Pages in a business portfolio",
    help: "Pages that belong to a business portfolio are seen with the permission business_management alone. Switch this off if the app was not given it: Meta then shows \"Invalid Scopes\" in place of its dialog.",
    default: true,
};
