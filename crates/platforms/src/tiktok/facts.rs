//! TikTok as data: hosts, sign-in, limits, and the posting screen its guidelines prescribe. No behaviour.
//!
//! The sentences of the posting screen are TikTok's own (Content Sharing Guidelines, required UX, 2026-09-11) and are not to be
//! reworded. Rules that data cannot say (an app that was not audited, at least one of two boxes) are in `check`.

use slipway_core::facts::*;

/// An upload's address lives one hour (Content Posting API, direct post reference); all of the file has to be there by then.
pub(crate) const ADDRESS_S: u64 = 3600;

pub(crate) const DIRECT: &str = "direct";
pub(crate) const INBOX: &str = "inbox";
pub(crate) const PUBLIC: &str = "PUBLIC_TO_EVERYONE";
pub(crate) const ONLY_ME: &str = "SELF_ONLY";
pub(crate) const AUDITED: &str = "audited";
/// The app was given the scope that drafts need.
pub(crate) const DRAFTS: &str = "drafts";

const MUSIC: (&str, &str) =
    ("Music Usage Confirmation", "https://www.tiktok.com/legal/page/global/music-usage-confirmation/en");
const BRANDED: (&str, &str) =
    ("Branded Content Policy", "https://www.tiktok.com/legal/page/global/bc-policy/en");

pub(crate) const AT_LEAST_ONE: &str =
    "You need to indicate if your content promotes yourself, a third party, or both.";
const NOT_PRIVATE: &str = "Branded content visibility cannot be set to private.";

const AS_OF: &str = "2026-09-11";

pub(crate) static FACTS: Facts = Facts {
    id: "tiktok",
    name: "TikTok",
    // Upload addresses name hosts of their own: documented are open-upload. and upload.us., seen were open-upload-va. and others.
    hosts: &["www.tiktok.com", "open.tiktokapis.com", "*.tiktokapis.com"],
    sign_in: SignInFacts {
        console: "https://developers.tiktok.com/apps/",
        steps: &[
            StepFact::plain("Connect a new app, with Desktop among its platforms."),
            StepFact::copied(
                "Add Login Kit, and under Desktop register this address, with the star and the slash at its end. If the portal refuses the star, put a port number there and name the address below.",
                "http://127.0.0.1:*/callback/",
            ),
            StepFact::copied(
                "Add the Content Posting API, switch Direct Post on in it, and give the app these scopes.",
                "user.info.basic,video.publish,video.upload",
            ),
            StepFact::plain(
                "Make a sandbox of the app with your account among its target users, or submit the app for review.",
            ),
            StepFact::plain(
                "Copy its client key and client secret here; those of the sandbox if you made one.",
            ),
        ],
        authorize: ("www.tiktok.com", "/v2/auth/authorize/"),
        token: ("open.tiktokapis.com", "/v2/oauth/token/"),
        revoke: Some(RevokeFact::AccessToken { at: ("open.tiktokapis.com", "/v2/oauth/revoke/") }),
        // Login Kit for Desktop: the lower-case hexadecimal digest, unlike everybody else's.
        pkce: Pkce::S256Hex,
        secret: true,
        client_id_field: "client_key",
        scope_separator: ",",
        scopes: &[
            ScopeFact {
                scope: "user.info.basic",
                required: true,
                when: None,
                why: "Without it Slipway cannot tell whose TikTok account this is.",
            },
            ScopeFact {
                scope: "video.publish",
                required: true,
                when: None,
                why: "Without it Slipway can neither post for you nor ask what your account may choose.",
            },
            ScopeFact {
                scope: "video.upload",
                required: true,
                when: Some((DRAFTS, true)),
                why: "Without it Slipway cannot put drafts into your TikTok inbox.",
            },
        ],
        // Always show the page, so that another account may be chosen.
        extra: &[("disable_auto_auth", "1")],
        redirect_path: "/callback/",
        redirect_host: "127.0.0.1",
        redirects: &[RedirectKind::FixedPort],
        rotates: true,
        revokes_all: true,
        // A TikTok account is its own person: revoking ends what this creator granted, nobody else's.
        grantee: Grantee::Channel,
        access_page: Some("https://www.tiktok.com/setting"),
        ..SignInFacts::PLAIN
    },
    app_flags: &[
        AppFlagFact {
            key: AUDITED,
            label: "TikTok has audited this app for Direct Post",
            help: "Until then TikTok lets it post only to private accounts and for the creator's own eyes, for at most 5 creators a day. Drafts to the inbox are free of this.",
            default: false,
        },
        AppFlagFact {
            key: DRAFTS,
            label: "Ask for drafts in the inbox",
            help: "Needed to put videos into the TikTok inbox as drafts. Switch this off if the app was not given video.upload: TikTok then shows an error in place of its page.",
            default: true,
        },
    ],
    words: &[WordFact {
        field: WordField::Caption,
        label: "Caption",
        required: false,
        max: 2200,
        unit: Unit::Utf16,
        forbidden: &[],
        as_of: AS_OF,
    }],
    media: MediaFacts {
        // Media Transfer Guide: MP4, WebM, MOV. An .m4v is an MP4.
        mimes: &["video/mp4", "video/x-m4v", "video/quicktime", "video/webm"],
        // 4 GB in either reading of it.
        max_size: 4_000_000_000,
        // The longest that was ever seen in an account's own terms (2026-08).
        max_duration_ms: Some(3_600_000),
        max_duration_live: Some("/terms/max_video_post_duration_sec"),
        side: Some((360, 4096)),
        frame_rate: Some((23.0, 60.0)),
        as_of: AS_OF,
        ..MediaFacts::PLAIN
    },
    options: OPTIONS,
    // Of each user's token: both inits, creator_info, status (Content Posting API references); user info (rate limits, 2026-08-04).
    rates: &[
        RateFact { calls: &["tiktok.video.init", "tiktok.inbox.init"], per_minute: 6, as_of: AS_OF },
        RateFact { calls: &["tiktok.creator_info"], per_minute: 20, as_of: AS_OF },
        RateFact { calls: &["tiktok.status.fetch"], per_minute: 30, as_of: AS_OF },
        RateFact { calls: &["tiktok.user.info"], per_minute: 600, as_of: "2026-08-04" },
    ],
    terms: true,
    privacy_note: Some(
        "Until TikTok has audited your developer app, it takes direct posts only while the account is private, and only \"Only me\". TikTok tells no app which privacy a post has in the end: what was chosen is shown.",
    ),
    // The app's buttons at the right, the caption below, the tabs above; measured by eye, TikTok publishes no numbers.
    preview: PreviewFact {
        frame: (9, 16),
        covered: (70, 120, 190, 40),
        caption_cut: Some(90),
        as_of: "2026-09",
    },
    // Direct post guide: 512 MB in under 30 s, 1 GB in about a minute.
    processing_s_per_min: 30,
    // Ten minutes less than the hour: the last chunk has to get there, too.
    session_s: ADDRESS_S - 600,
    as_of: AS_OF,
    source: "TikTok for Developers: Login Kit for Desktop, token management, Content Posting API (direct post, upload, creator info, status, media transfer guide, content sharing guidelines), rate limits",
    ..Facts::PLAIN
};

/// TikTok takes no change of what it holds by any call.
const PLAIN: OptionFact = OptionFact { amendable: false, as_of: AS_OF, ..OptionFact::PLAIN };
const WHEN_DIRECT: Option<(&str, &[&str])> = Some(("mode", &[DIRECT]));
const WHEN_DISCLOSED: Option<(&str, &[&str])> = Some(("disclosure", &["true"]));

const OPTIONS: &[OptionFact] = &[
    OptionFact {
        key: "mode",
        label: "How it is posted",
        help: "Posted by itself at its minute, or put into your TikTok inbox then, where you write the caption and post it in the app.",
        kind: OptionKind::OneOf { choices: &[(DIRECT, "Post directly"), (INBOX, "Draft in my inbox")] },
        required: true,
        default: Some(r#""direct""#),
        ..PLAIN
    },
    OptionFact {
        key: "privacy",
        label: "Who can watch this video",
        help: "TikTok says what your account may choose, and wants it chosen by hand.",
        kind: OptionKind::OneOf {
            choices: &[
                (PUBLIC, "Everyone"),
                ("FOLLOWER_OF_CREATOR", "Followers"),
                ("MUTUAL_FOLLOW_FRIENDS", "Friends"),
                (ONLY_ME, "Only me"),
            ],
        },
        required: true,
        depends_on: WHEN_DIRECT,
        allowed: Some("/terms/privacy_level_options"),
        excludes: &[Exclusion {
            value: ONLY_ME,
            other: "branded_content",
            other_value: "true",
            why: NOT_PRIVATE,
        }],
        ..PLAIN
    },
    OptionFact {
        key: "allow_comment",
        in_view: true,
        label: "Allow Comment",
        help: "",
        default: Some("false"),
        depends_on: WHEN_DIRECT,
        off_when: Some((
            "/terms/comment_disabled",
            "comments are switched off in this account's TikTok settings.",
        )),
        ..PLAIN
    },
    OptionFact {
        key: "allow_duet",
        in_view: true,
        label: "Allow Duet",
        help: "",
        default: Some("false"),
        depends_on: WHEN_DIRECT,
        off_when: Some(("/terms/duet_disabled", "duets are switched off in this account's TikTok settings.")),
        ..PLAIN
    },
    OptionFact {
        key: "allow_stitch",
        in_view: true,
        label: "Allow Stitch",
        help: "",
        default: Some("false"),
        depends_on: WHEN_DIRECT,
        off_when: Some((
            "/terms/stitch_disabled",
            "stitches are switched off in this account's TikTok settings.",
        )),
        ..PLAIN
    },
    OptionFact {
        key: "disclosure",
        in_view: true,
        label: "Disclose video content",
        help: "Turn on to disclose that this video promotes goods or services in exchange for something of value. It may promote yourself, a third party, or both.",
        default: Some("false"),
        depends_on: WHEN_DIRECT,
        ..PLAIN
    },
    OptionFact {
        key: "your_brand",
        label: "Your brand",
        help: "You are promoting yourself or your own business. The video will be labelled as \"Promotional content\".",
        default: Some("false"),
        depends_on: WHEN_DISCLOSED,
        ..PLAIN
    },
    OptionFact {
        key: "branded_content",
        label: "Branded content",
        help: "You are promoting another brand or a third party. The video will be labelled as \"Paid partnership\", also if it is your brand as well.",
        default: Some("false"),
        depends_on: WHEN_DISCLOSED,
        excludes: &[Exclusion { value: "true", other: "privacy", other_value: ONLY_ME, why: NOT_PRIVATE }],
        ..PLAIN
    },
    OptionFact {
        key: "ai_generated",
        label: "AI-generated content",
        help: "Say yes if realistic pictures or sound were made with AI. TikTok shows a label.",
        default: Some("false"),
        depends_on: WHEN_DIRECT,
        ..PLAIN
    },
    OptionFact {
        key: "cover_ms",
        label: "Frame of the cover",
        help: "How far into the video the cover is taken; the first frame if left out. TikTok takes no picture of your own.",
        kind: OptionKind::Number { min: 0, max: 3_600_000, unit: "milliseconds" },
        depends_on: WHEN_DIRECT,
        ..PLAIN
    },
    OptionFact {
        key: "consent",
        label: "Declaration",
        help: "Given when you plan the post; nothing is sent before. After posting, TikTok may need some minutes until it shows the video.",
        kind: OptionKind::Consent {
            says: &[
                ConsentText {
                    when: None,
                    text: "By posting, you agree to TikTok's Music Usage Confirmation",
                    links: &[MUSIC],
                },
                ConsentText {
                    when: Some(("branded_content", &["true"])),
                    text: "By posting, you agree to TikTok's Branded Content Policy and Music Usage Confirmation",
                    links: &[BRANDED, MUSIC],
                },
            ],
        },
        required: true,
        depends_on: WHEN_DIRECT,
        ..PLAIN
    },
];
