//! YouTube as data: hosts, sign-in, limits, options, quotas. No behaviour.
//!
//! Rules that data cannot say (how tags are counted, 15 minutes for unverified channels) are in `check`.

use slipway_core::facts::*;

/// The one scope we ask for, unless its owner wants less: uploads, reading, edits, thumbnails, playlists and captions all take it
/// (discovery document `youtube.v3`, revision 20261104); `youtube` alone would not do for captions.
pub(crate) const SCOPE: &str = "https://www.googleapis.com/auth/youtube.force-ssl";
/// For uploads and thumbnails alone; not even for reading back, so another goes with it.
const UPLOAD: &str = "https://www.googleapis.com/auth/youtube.upload";
const READ: &str = "https://www.googleapis.com/auth/youtube.readonly";
/// The app asks for more than uploads.
pub(crate) const MANAGE: &str = "manage";
pub(crate) const MIDNIGHT: &str = "America/Los_Angeles";
/// Sessions are said to be finite and no more; Google's other upload services keep them a week. The careful side.
pub(crate) const SESSION_S: u64 = 6 * 24 * 3600;

const AS_OF: &str = "2026-11";

pub(crate) static FACTS: Facts = Facts {
    id: "youtube",
    name: "YouTube",
    hosts: &["accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com", "youtube.googleapis.com"],
    sign_in: SignInFacts {
        console: "https://console.cloud.google.com/",
        steps: &[
            StepFact::plain("Make a project. In its library of APIs find YouTube Data API v3 and enable it."),
            StepFact::copied(
                "In Google Auth Platform choose External, and under Data access add this scope.",
                SCOPE,
            ),
            StepFact::copied(
                "If you want uploads alone, without changes and cancels from here, add these two in its place and switch off managing below.",
                "https://www.googleapis.com/auth/youtube.upload,https://www.googleapis.com/auth/youtube.readonly",
            ),
            StepFact::plain(
                "Add your own account as a test user, then each sign-in lasts 7 days. Or press Publish app, then it lasts.",
            ),
            StepFact::plain(
                "Under Clients make an OAuth client of the type Desktop app, and copy its id and secret here.",
            ),
        ],
        authorize: ("accounts.google.com", "/o/oauth2/v2/auth"),
        token: ("oauth2.googleapis.com", "/token"),
        revoke: Some(RevokeFact::RefreshToken { at: ("oauth2.googleapis.com", "/revoke") }),
        pkce: Pkce::S256,
        // Labelled optional for desktop clients, and answered `client_secret is missing.` without it.
        secret: true,
        client_id_field: "client_id",
        scope_separator: " ",
        scopes: &[
            ScopeFact {
                scope: SCOPE,
                required: true,
                when: Some((MANAGE, true)),
                why: "Without it Slipway cannot upload, schedule, edit or read back your videos.",
            },
            ScopeFact {
                scope: UPLOAD,
                required: true,
                when: Some((MANAGE, false)),
                why: "Without it Slipway cannot upload your videos.",
            },
            ScopeFact {
                scope: READ,
                required: true,
                when: Some((MANAGE, false)),
                why: "Without it Slipway cannot read back what it uploaded, so it could not tell you that a video is public.",
            },
        ],
        // `select_account` lets people pick among their channels; `consent` asks again for what was left unticked before.
        extra: &[("access_type", "offline"), ("prompt", "select_account consent")],
        redirect_path: "/",
        redirect_host: "127.0.0.1",
        rotates: false,
        // Everything the person granted to any client of the same project (Using OAuth 2.0 for installed apps, "Revoking a token").
        revokes_all: true,
        // No scope that Slipway asks for names the person.
        grantee: Grantee::Unknown,
        // A client id begins with the number of its project.
        project_until: Some('-'),
        access_page: Some("https://myaccount.google.com/connections"),
        ..SignInFacts::PLAIN
    },
    app_flags: &[AppFlagFact {
        key: MANAGE,
        label: "Ask to manage the channel",
        help: "Needed to change and cancel posts, and for unlisted posts at a time, playlists and captions. Without it Slipway asks to upload and to read alone: the least that publishing takes.",
        default: true,
    }],
    words: &[
        WordFact {
            field: WordField::Title,
            label: "Title",
            required: true,
            max: 100,
            unit: Unit::Chars,
            forbidden: &['<', '>'],
            as_of: AS_OF,
        },
        WordFact {
            field: WordField::Caption,
            label: "Description",
            required: false,
            max: 5000,
            unit: Unit::Bytes,
            forbidden: &['<', '>'],
            as_of: AS_OF,
        },
    ],
    media: MediaFacts {
        // The API takes `video/*`; these are the types our probe and the common systems name.
        mimes: &[
            "video/mp4",
            "video/x-m4v",
            "video/quicktime",
            "video/x-matroska",
            "video/webm",
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
            "application/octet-stream",
        ],
        max_size: 274_877_906_944,
        max_duration_ms: Some(12 * 3600 * 1000),
        min_duration_ms: 1,
        as_of: AS_OF,
        ..MediaFacts::PLAIN
    },
    options: OPTIONS,
    quotas: &[
        QuotaFact {
            bucket: "uploads",
            label: "Uploads",
            per_day: 100,
            resets_in: MIDNIGHT,
            as_of: "2026-06-01",
        },
        QuotaFact {
            bucket: "pool",
            label: "Everything else (units)",
            per_day: 10_000,
            resets_in: MIDNIGHT,
            as_of: "2026-06-01",
        },
    ],
    privacy_note: Some(
        "An upload that says nothing of its privacy is public on YouTube, so Slipway always says it, and reads back after each post which one really applies.",
    ),
    // The watch page; upright videos fill it with bars at their sides.
    preview: PreviewFact { frame: (16, 9), covered: (0, 0, 60, 0), caption_cut: Some(157), as_of: AS_OF },
    processing_s_per_min: 30,
    session_s: SESSION_S,
    as_of: AS_OF,
    source: "YouTube Data API v3: discovery document revision 20261104, reference, quota table, resumable upload guide; Google OAuth 2.0 for installed apps",
    ..Facts::PLAIN
};

const PLAIN: OptionFact = OptionFact { as_of: AS_OF, ..OptionFact::PLAIN };

const OPTIONS: &[OptionFact] = &[
    OptionFact {
        key: "privacy",
        label: "Who can see it",
        help: "Public with a time in the future: YouTube publishes it by itself. Unlisted or private with a time: this computer must be awake then.",
        kind: OptionKind::OneOf {
            choices: &[("public", "Public"), ("unlisted", "Unlisted"), ("private", "Private")],
        },
        required: true,
        default: Some(r#""public""#),
        ..PLAIN
    },
    OptionFact {
        key: "made_for_kids",
        label: "Made for kids",
        help: "Your own legal declaration (COPPA and similar laws): say yes if the video is directed at children. YouTube switches off comments and personalised ads then. Slipway sends \"no\" unless you say otherwise.",
        kind: OptionKind::Flag,
        required: true,
        default: Some("false"),
        ..PLAIN
    },
    OptionFact {
        key: "synthetic_media",
        label: "Altered or synthetic content",
        help: "Say yes if realistic scenes, people or events were made or changed with AI or other tools. YouTube shows a label.",
        kind: OptionKind::Flag,
        default: Some("false"),
        ..PLAIN
    },
    OptionFact {
        key: "category",
        label: "Category",
        help: "YouTube's number of a category; 22 is People & Blogs.",
        kind: OptionKind::Live { what: "categories" },
        default: Some(r#""22""#),
        ..PLAIN
    },
    OptionFact {
        key: "tags",
        label: "Tags",
        help: "Together at most 500 characters; commas between them count, and a tag with a space counts two more.",
        kind: OptionKind::Tags { max_total: 500 },
        ..PLAIN
    },
    OptionFact {
        key: "playlist",
        label: "Playlist",
        help: "The video is added to it once YouTube holds the video.",
        kind: OptionKind::Live { what: "playlists" },
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "thumbnail",
        label: "Thumbnail",
        help: "JPEG or PNG, up to 50 MB. The channel must be verified by phone.",
        kind: OptionKind::File { mimes: &["image/jpeg", "image/png"], max_size: 52_428_800 },
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "captions",
        label: "Captions",
        help: "A caption file (.srt, .vtt, .sbv, .ttml …), up to 100 MB.",
        kind: OptionKind::File {
            mimes: &[
                "application/x-subrip",
                "text/vtt",
                "text/plain",
                "text/xml",
                "application/ttml+xml",
                "application/octet-stream",
            ],
            max_size: 104_857_600,
        },
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "captions_language",
        label: "Language of the captions",
        help: "If left out: the spoken language, or else the language of title and description.",
        kind: OptionKind::Language,
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "captions_name",
        label: "Name of the captions",
        help: "What viewers see in the player's menu beside the language. Left empty, it is the language's tag: YouTube wants a name.",
        kind: OptionKind::Text { max: 150, unit: Unit::Chars },
        amendable: false,
        ..PLAIN
    },
    OptionFact {
        key: "language",
        label: "Language of title and description",
        help: "",
        kind: OptionKind::Language,
        ..PLAIN
    },
    OptionFact {
        key: "audio_language",
        label: "Spoken language",
        help: "",
        kind: OptionKind::Language,
        ..PLAIN
    },
    OptionFact { key: "recording_date", label: "Recorded on", help: "", kind: OptionKind::Date, ..PLAIN },
    OptionFact {
        key: "paid_promotion",
        label: "Paid promotion",
        help: "Say yes if someone paid you or gave you something for it. YouTube tells viewers.",
        kind: OptionKind::Flag,
        default: Some("false"),
        ..PLAIN
    },
    OptionFact {
        key: "licence",
        label: "Licence",
        help: "",
        kind: OptionKind::OneOf {
            choices: &[
                ("youtube", "Standard YouTube licence"),
                ("creativeCommon", "Creative Commons - Attribution"),
            ],
        },
        default: Some(r#""youtube""#),
        ..PLAIN
    },
    OptionFact {
        key: "embeddable",
        label: "Others may embed it",
        help: "",
        kind: OptionKind::Flag,
        default: Some("true"),
        ..PLAIN
    },
    OptionFact {
        key: "public_stats",
        label: "Everyone sees its statistics",
        help: "Views and likes are seen on the watch page in any case.",
        kind: OptionKind::Flag,
        default: Some("true"),
        ..PLAIN
    },
    OptionFact {
        key: "notify_subscribers",
        label: "Notify subscribers",
        help: "Fixed at the upload; cannot be changed later.",
        kind: OptionKind::Flag,
        default: Some("true"),
        depends_on: Some(("privacy", &["public"])),
        amendable: false,
        ..PLAIN
    },
];
