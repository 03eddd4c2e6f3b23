//! Facebook Pages as data: hosts, sign-in, limits, options. No behaviour.
//!
//! Rules that hang on the kind (a reel is upright and short, a video is not) are in `check`. Left out on purpose: targeting and feed
//! targeting (whole audiences as JSON, for advertisers), drafts, stories, photos, comments and insights.

use crate::graph::sign_in::{DIALOG, FACEBOOK_LOGIN, NUMBER_AND_SECRET, PORTFOLIO, WHERE_IT_ANSWERS};
use crate::graph::{API, UPLOADS};
use slipway_core::facts::*;

const AS_OF: &str = "2026-11";
/// The Reels Publishing API's page was last changed then.
const REELS: &str = "2026-07-30";

/// Facebook takes a time that is more than ten minutes ahead (Reels Publishing API, publish a reel, 2026-07-30). One more for the
/// call's own way and for clocks that differ.
pub(crate) const NEAREST_S: i64 = 11 * 60;
/// And at most 29 days; pages about other posts say 30 or 75, so this is the careful one. Ten minutes less, for clocks.
pub(crate) const FARTHEST_S: i64 = 29 * 86_400 - 600;
/// The engine sends no byte earlier; an hour within the far end, so that nothing has to wait again.
const AHEAD_S: u64 = 29 * 86_400 - 3600;

pub(crate) static FACTS: Facts = Facts {
    id: "facebook",
    name: "Facebook",
    hosts: &[DIALOG, API, UPLOADS],
    sign_in: SignInFacts {
        steps: &[
            StepFact::plain(
                "Make an app of the type Other, then Business, and add the product Facebook Login for Business. Apps made for the use case Facebook Login are refused the permissions of Pages.",
            ),
            StepFact::copied(
                "Slipway asks for these permissions. Meta shows no dialog at all if the app lacks one of them; the last can be switched off below.",
                "pages_show_list,pages_read_engagement,pages_manage_posts,business_management",
            ),
            WHERE_IT_ANSWERS,
            NUMBER_AND_SECRET,
        ],
        scopes: SCOPES,
        ..FACEBOOK_LOGIN
    },
    app_flags: &[
        AppFlagFact {
            key: "live",
            label: "The Meta app is live",
            help: "An app begins in development mode. What it posts then is seen, as far as is known, only by people who have a role on the app. Switch it to Live in the app's dashboard, then say so here.",
            default: false,
        },
        PORTFOLIO,
    ],
    words: &[
        WordFact {
            field: WordField::Title,
            label: "Title",
            required: false,
            // Not documented; what the Page's own composer takes.
            max: 255,
            unit: Unit::Chars,
            forbidden: &[],
            as_of: AS_OF,
        },
        WordFact {
            field: WordField::Caption,
            label: "Description",
            required: false,
            // Not documented for reels and videos; the limit of a post's text.
            max: 63_206,
            unit: Unit::Chars,
            forbidden: &[],
            as_of: AS_OF,
        },
    ],
    media: MediaFacts {
        // "MP4 recommended"; what else is taken is listed with Meta's own example of the Reels Publishing API.
        mimes: &[
            "video/mp4",
            "video/x-m4v",
            "video/quicktime",
            "video/x-matroska",
            "video/mpeg",
            "video/mp2t",
            "video/x-msvideo",
            "video/vnd.avi",
            "video/avi",
            "video/x-ms-wmv",
            "video/x-ms-asf",
            "video/x-flv",
            "video/3gpp",
            "video/3gpp2",
            "video/ogg",
        ],
        // Page videos; the page about reels names no size.
        max_size: 10_000_000_000,
        max_duration_ms: Some(240 * 60 * 1000),
        // A millisecond less than anything that could be watched; a reel's three seconds are in `check`.
        min_duration_ms: 1,
        as_of: AS_OF,
        ..MediaFacts::PLAIN
    },
    options: OPTIONS,
    privacy_note: Some(
        "What a Page posts is public. While your Meta app is in development mode, Facebook may show it only to people who have a role on the app.",
    ),
    // A reel fills the phone; name, text and buttons lie over its lower part and its right edge.
    preview: PreviewFact { frame: (9, 16), covered: (70, 110, 200, 0), caption_cut: Some(72), as_of: AS_OF },
    ahead_s: Some(AHEAD_S),
    processing_s_per_min: 60,
    // Not documented. A broken upload is asked about whenever it is taken up again, and begun anew when it is gone.
    session_s: 24 * 3600,
    as_of: AS_OF,
    source: "Reels Publishing API (2026-07-30); Page Videos; Resumable Upload API; Graph API v25.0: Page, Video, VideoStatus; Facebook Login",
    ..Facts::PLAIN
};

/// Only what a post needs. An app whose use case lacks a permission that is asked for shows no dialog at all, so comments and insights
/// are asked for when there is something that uses them.
const SCOPES: &[ScopeFact] = &[
    ScopeFact {
        scope: "pages_show_list",
        required: true,
        when: None,
        why: "Without it Slipway cannot see which Pages are yours.",
    },
    ScopeFact {
        scope: "pages_read_engagement",
        required: true,
        when: None,
        why: "Without it Slipway cannot read back what it posted, so it could not tell you that a post is public.",
    },
    ScopeFact {
        scope: "pages_manage_posts",
        required: true,
        when: None,
        why: "Without it Slipway cannot post, schedule, edit or take back anything on your Pages.",
    },
    ScopeFact {
        scope: "business_management",
        required: false,
        when: Some((PORTFOLIO.key, true)),
        why: "Without it Slipway does not see Pages that belong to a business portfolio.",
    },
];

const PLAIN: OptionFact = OptionFact { as_of: AS_OF, ..OptionFact::PLAIN };

const OPTIONS: &[OptionFact] = &[
    OptionFact {
        key: "kind",
        label: "Post it as",
        help: "A reel is upright and 3 to 90 seconds long. A video may be up to 240 minutes long; an upright one stays a draft that nobody sees, so post it as a reel.",
        kind: OptionKind::OneOf { choices: &[("reel", "Reel"), ("video", "Video")] },
        required: true,
        default: Some(r#""reel""#),
        amendable: false,
        as_of: REELS,
        ..PLAIN
    },
    OptionFact {
        key: "thumbnail",
        label: "Cover",
        help: "JPEG or PNG, up to 10 MB. It is set once Facebook has processed the video.",
        kind: OptionKind::File { mimes: &["image/jpeg", "image/png"], max_size: 10_000_000 },
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "captions",
        label: "Captions",
        help: "A .srt file.",
        kind: OptionKind::File { mimes: &["application/x-subrip"], max_size: 10_000_000 },
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "captions_language",
        label: "Language of the captions",
        help: "Facebook wants language and country, e.g. pt-BR; a language alone is given its most common country.",
        kind: OptionKind::Language,
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "place",
        label: "Place",
        help: "The number of the place's Page; it stands in the Page's settings under its transparency information.",
        kind: OptionKind::Text { max: 40, unit: Unit::Chars },
        depends_on: Some(("kind", &["reel"])),
        amendable: false,
        as_of: REELS,
        ..PLAIN
    },
    OptionFact {
        key: "collaborators",
        label: "Invite as collaborators",
        help: "Numbers of Pages or profiles, with commas. Each gets an invitation; Facebook allows ten a day.",
        kind: OptionKind::Names { most: 10 },
        amendable: false,
        as_of: REELS,
        ..PLAIN
    },
    OptionFact {
        key: "category",
        label: "Category",
        help: "",
        kind: OptionKind::OneOf { choices: CATEGORIES },
        depends_on: Some(("kind", &["video"])),
        ..PLAIN
    },
    OptionFact {
        key: "embeddable",
        label: "Others may embed it",
        help: "",
        kind: OptionKind::Flag,
        default: Some("true"),
        depends_on: Some(("kind", &["video"])),
        ..PLAIN
    },
];

/// `content_category` of a Page's video (Graph API v25.0, Page videos).
const CATEGORIES: &[(&str, &str)] = &[
    ("BEAUTY_FASHION", "Beauty and fashion"),
    ("BUSINESS", "Business"),
    ("CARS_TRUCKS", "Cars and trucks"),
    ("COMEDY", "Comedy"),
    ("CUTE_ANIMALS", "Cute animals"),
    ("ENTERTAINMENT", "Entertainment"),
    ("FAMILY", "Family"),
    ("FOOD_HEALTH", "Food and health"),
    ("HOME", "Home"),
    ("LIFESTYLE", "Lifestyle"),
    ("MUSIC", "Music"),
    ("NEWS", "News"),
    ("POLITICS", "Politics"),
    ("SCIENCE", "Science"),
    ("SPORTS", "Sports"),
    ("TECHNOLOGY", "Technology"),
    ("VIDEO_GAMING", "Video games"),
    ("OTHER", "Other"),
];
