//! Instagram as data: hosts, two ways to sign in, limits. No behaviour. The options are in `options`.
//!
//! Rules that data cannot say (a story's sixty seconds, hashtags in a caption) are in `check`.

use super::options::OPTIONS;
use crate::graph::sign_in::PORTFOLIO;
use crate::graph::{API, UPLOADS, sign_in};
use slipway_core::facts::*;

/// The host of channels that signed in by Instagram itself.
pub(crate) const GRAPH_INSTAGRAM: &str = "graph.instagram.com";
/// `SignInFacts::way` of Instagram Login.
pub(crate) const INSTAGRAM_LOGIN: &str = "instagram_login";

/// A container that was not published ends after this long (Instagram Platform, IG Container: `EXPIRED`).
pub(crate) const LIFE_S: i64 = 24 * 3600;
/// Containers are made at most this long before the minute: four hours are left for a late one.
pub(crate) const AHEAD_S: u64 = 20 * 3600;

pub(crate) const MB: u64 = 1_000_000;
pub(crate) const AS_OF: &str = "2026-11";

pub(crate) static FACTS: Facts = Facts {
    id: "instagram",
    name: "Instagram",
    hosts: &[sign_in::DIALOG, API, UPLOADS, "www.instagram.com", "api.instagram.com", GRAPH_INSTAGRAM],
    sign_in: SignInFacts {
        label: "Facebook Login",
        note: Some(
            "For professional accounts that are linked to a Facebook Page. Videos go up straight from this computer.",
        ),
        steps: &[
            StepFact::plain(
                "Make an app of the type Other, then Business. Add the products Instagram and Facebook Login for Business: only with that one Instagram takes videos from a computer.",
            ),
            StepFact::copied(
                "Slipway asks for these permissions. Meta shows no dialog at all if the app lacks one of them; portfolios and comments can be switched off below.",
                "instagram_basic,instagram_content_publish,instagram_manage_comments,pages_show_list,pages_read_engagement,business_management",
            ),
            sign_in::WHERE_IT_ANSWERS,
            sign_in::NUMBER_AND_SECRET,
        ],
        scopes: FACEBOOK_SCOPES,
        ..sign_in::FACEBOOK_LOGIN
    },
    also: &[SignInFacts {
        way: INSTAGRAM_LOGIN,
        label: "Instagram Login",
        note: Some(
            "Needs no Facebook Page, but Instagram takes no file from this computer this way: each post needs a public https address where Instagram fetches the same video. Several videos in one post and paid partnerships are not possible either. Choose Facebook Login unless you have no Page.",
        ),
        console: "https://developers.facebook.com/apps/",
        steps: &[
            StepFact::plain(
                "Make an app for the use case Manage messaging & content on Instagram, set up with Instagram Login.",
            ),
            StepFact::plain(
                "Under Generate access tokens add your account, and accept the invitation in the Instagram app: Settings, Website permissions, Apps and websites.",
            ),
            StepFact::plain(
                "Copy the Instagram app ID and its secret here; they differ from those of the Meta app.",
            ),
            StepFact::plain(
                "To connect press Generate token there and paste the token here. Or sign in by browser: put the page below on any web space, and register its address under Business login settings.",
            ),
            StepFact::copied(
                "For the browser add these permissions.",
                "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_comments",
            ),
        ],
        authorize: ("www.instagram.com", "/oauth/authorize"),
        token: ("api.instagram.com", "/oauth/access_token"),
        asked_by: AskedBy::PostForm,
        // The token endpoint says 400 for a code that is wrong or used (Business login, 2026-10); graph.instagram.com says the
        // numbers of Graph.
        errors: OAuthErrors::Coded {
            grant: &[190, 400],
            app: &[101],
            app_said: sign_in::APP_SAID,
            passing: &[-1, -2, 1, 2, 4, 17, 32, 613],
        },
        renew: Renew::Exchange {
            long: TradeFact {
                at: (GRAPH_INSTAGRAM, "/access_token"),
                grant_type: "ig_exchange_token",
                token_field: "access_token",
                client_id: false,
                client_secret: true,
            },
            again: TradeFact {
                at: (GRAPH_INSTAGRAM, "/refresh_access_token"),
                grant_type: "ig_refresh_token",
                token_field: "access_token",
                client_id: false,
                client_secret: false,
            },
            days: 60,
        },
        pkce: Pkce::None,
        secret: true,
        scope_separator: ",",
        scopes: INSTAGRAM_SCOPES,
        // Or the account that the browser happens to know would be taken without a question.
        extra: &[("force_reauth", "true")],
        redirects: &[RedirectKind::HttpsPage],
        paste: Some(
            "a token from the app dashboard (Instagram, API setup with Instagram login, Generate token)",
        ),
        // Nothing ends a token of this way but its owner, here (Instagram Help Center, Apps and websites).
        access_page: Some("https://www.instagram.com/accounts/manage_access/"),
        ..SignInFacts::PLAIN
    }],
    app_flags: &[PORTFOLIO, COMMENTS],
    words: &[WordFact {
        field: WordField::Caption,
        label: "Caption",
        required: false,
        max: 2200,
        unit: Unit::Chars,
        forbidden: &[],
        as_of: AS_OF,
    }],
    media: MediaFacts {
        mimes: &["video/mp4", "video/quicktime", "video/x-m4v"],
        // An older text said 1 GB; the reference of 2026-10 says 300 MB.
        max_size: 300 * MB,
        max_duration_ms: Some(15 * 60 * 1000),
        min_duration_ms: 3000,
        max_width: Some(1920),
        frame_rate: Some((23.0, 60.0)),
        aspect: Some((0.01, 10.0)),
        as_of: AS_OF,
        ..MediaFacts::PLAIN
    },
    options: OPTIONS,
    terms: true,
    privacy_note: Some(
        "Everybody who may see the profile sees the post. That posts of an app in development mode are public is what people report, and no document promises it: look at your first one from another account.",
    ),
    // The reel as the app shows it: title bar above, buttons at the right, name and caption below.
    preview: PreviewFact {
        frame: (9, 16),
        covered: (110, 120, 220, 0),
        caption_cut: Some(125),
        as_of: AS_OF,
    },
    ahead_s: Some(AHEAD_S),
    processing_s_per_min: 60,
    session_s: 23 * 3600,
    as_of: AS_OF,
    source: "Instagram Platform: content publishing, IG User media and media_publish, IG Container, resumable upload, error codes, content_publishing_limit, business login (2026-10); Graph API v25.0",
    ..Facts::PLAIN
};

/// As with `PORTFOLIO`.
const COMMENTS: AppFlagFact = AppFlagFact {
    key: "comments",
    label: "Ask to manage comments",
    help: "Needed to switch off the comments of a post. Switch this off if the app was not given that permission: Meta then shows \"Invalid Scopes\" in place of its dialog.",
    default: true,
};

const FACEBOOK_SCOPES: &[ScopeFact] = &[
    ScopeFact {
        scope: "instagram_basic",
        required: true,
        when: None,
        why: "Without it Slipway cannot see your Instagram account, nor read a post back.",
    },
    ScopeFact {
        scope: "instagram_content_publish",
        required: true,
        when: None,
        why: "Without it Slipway cannot post.",
    },
    ScopeFact {
        scope: "pages_show_list",
        required: true,
        when: None,
        why: "Your Instagram account is found through the Facebook Page it is linked to; without this the list is empty.",
    },
    ScopeFact {
        scope: "pages_read_engagement",
        required: true,
        when: None,
        why: "Facebook hands out the Page's token, which the Instagram account acts under, only with it.",
    },
    ScopeFact {
        scope: "business_management",
        required: false,
        when: Some((PORTFOLIO.key, true)),
        why: "Only needed if the Page belongs to a business portfolio; without it such Pages are missing from the list.",
    },
    ScopeFact {
        scope: "instagram_manage_comments",
        required: false,
        when: Some((COMMENTS.key, true)),
        why: "Without it Slipway cannot switch off the comments of a post.",
    },
];

const INSTAGRAM_SCOPES: &[ScopeFact] = &[
    ScopeFact {
        scope: "instagram_business_basic",
        required: true,
        when: None,
        why: "Without it Slipway cannot see your Instagram account, nor read a post back.",
    },
    ScopeFact {
        scope: "instagram_business_content_publish",
        required: true,
        when: None,
        why: "Without it Slipway cannot post.",
    },
    ScopeFact {
        scope: "instagram_business_manage_comments",
        required: false,
        when: Some((COMMENTS.key, true)),
        why: "Without it Slipway cannot switch off the comments of a post.",
    },
];
