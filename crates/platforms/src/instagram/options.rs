//! What may be chosen for a post on Instagram, as data (IG User media reference, 2026-10).
//!
//! Left out on purpose: product tags (need a shop), licensed audio and sponsors (need ids from catalogues we do not show), alternative
//! texts (of pictures only). Not here: what the choices become on the wire (`write`).

use super::facts::{AS_OF, MB};
use slipway_core::facts::*;

const PLAIN: OptionFact = OptionFact { as_of: AS_OF, ..OptionFact::PLAIN };

/// Only reels have these.
const REEL: Option<(&str, &[&str])> = Some(("kind", &["reel"]));

pub(crate) const OPTIONS: &[OptionFact] = &[
    OptionFact {
        key: "kind",
        label: "Post as",
        help: "A video in the feed is a reel, too. A story lasts 24 hours and shows no caption.",
        kind: OptionKind::OneOf { choices: &[("reel", "Reel or feed video"), ("story", "Story")] },
        required: true,
        default: Some(r#""reel""#),
        ..PLAIN
    },
    OptionFact {
        key: "more_videos",
        label: "Further videos",
        help: "Up to nine more make one post to swipe through. Each is 3 to 60 seconds long, and all are cropped to the shape of the first.",
        kind: OptionKind::Videos {
            mimes: &["video/mp4", "video/quicktime", "video/x-m4v"],
            max_size: 300 * MB,
            most: 9,
        },
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "share_to_feed",
        label: "Show it in the feed, too",
        help: "Otherwise it is found in the Reels tab only.",
        kind: OptionKind::Flag,
        default: Some("true"),
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "thumb_offset",
        label: "Cover at",
        help: "The moment of the video whose picture becomes the cover. If left out: the first.",
        kind: OptionKind::Number { min: 0, max: 900_000, unit: "milliseconds" },
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "cover_url",
        label: "Cover picture (address)",
        help: "A public https address of a JPEG up to 8 MB, ideally 9:16. Instagram takes covers from an address only and never from a computer. It wins over \"Cover at\".",
        kind: OptionKind::Text { max: 2000, unit: Unit::Chars },
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "collaborators",
        label: "Invite as collaborators",
        help: "Up to three user names. The post shows on their profiles once they accept.",
        kind: OptionKind::Names { most: 3 },
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "user_tags",
        label: "Tag people",
        help: "Up to twenty user names.",
        kind: OptionKind::Names { most: 20 },
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "location_id",
        label: "Place",
        help: "The number of a Facebook Page that has a location.",
        kind: OptionKind::Text { max: 30, unit: Unit::Chars },
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "audio_name",
        label: "Name of the sound",
        help: "What the reel's own sound is called. It can be named once and not changed by us later.",
        // No length is documented; this is a courtesy to the reader.
        kind: OptionKind::Text { max: 255, unit: Unit::Chars },
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "trial",
        label: "Trial reel",
        help: "Shown first to people who do not follow you. Not every account has trial reels.",
        kind: OptionKind::OneOf {
            choices: &[
                ("no", "No"),
                ("MANUAL", "Yes; I share it with my followers myself"),
                ("SS_PERFORMANCE", "Yes; Instagram shares it if it does well"),
            ],
        },
        default: Some(r#""no""#),
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "comments",
        label: "Allow comments",
        help: "Switched off right after the post is there.",
        kind: OptionKind::Flag,
        default: Some("true"),
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "ai_generated",
        label: "Made with AI",
        help: "Say yes if realistic pictures or sounds were made or changed with AI. Instagram shows a label.",
        kind: OptionKind::Flag,
        default: Some("false"),
        ..PLAIN
    },
    OptionFact {
        key: "paid_partnership",
        label: "Paid partnership",
        help: "Say yes if someone paid you or gave you something for it. Instagram shows a label. Only for channels that signed in by Facebook Login.",
        kind: OptionKind::Flag,
        default: Some("false"),
        depends_on: REEL,
        ..PLAIN
    },
    OptionFact {
        key: "video_url",
        label: "Address of the video",
        help: "Only for channels that signed in by Instagram Login: a public https address of this same video, where Instagram fetches it. Others send the file from this computer.",
        kind: OptionKind::Text { max: 2000, unit: Unit::Chars },
        ..PLAIN
    },
];
