//! A post held against Facts: what blocks, what is read, what is kept.

use super::*;

#[test]
fn sizes_read_like_sizes() {
    for (count, want) in [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (184_000_000, "184.0 MB"),
        (274_877_906_944, "274.9 GB"),
    ] {
        assert_eq!(bytes(count), want);
    }
}

static OVEN: Facts = Facts {
    id: "oven",
    name: "Oven",
    media: crate::facts::MediaFacts {
        max_duration_ms: Some(600_000),
        max_duration_live: Some("/terms/longest_s"),
        side: Some((360, 4096)),
        frame_rate: Some((23.0, 60.0)),
        aspect: Some((0.5, 2.0)),
        ..crate::facts::MediaFacts::PLAIN
    },
    options: &[
        OptionFact {
            key: "who",
            label: "Who sees it",
            kind: OptionKind::OneOf { choices: &[("all", "All"), ("me", "Only me")] },
            required: true,
            allowed: Some("/terms/who"),
            excludes: &[crate::facts::Exclusion {
                value: "me",
                other: "paid",
                other_value: "true",
                why: "What is paid for can't be private.",
            }],
            ..OptionFact::PLAIN
        },
        OptionFact {
            key: "talk",
            label: "Comments",
            default: Some("false"),
            off_when: Some(("/terms/no_talk", "This account has switched comments off.")),
            ..OptionFact::PLAIN
        },
        OptionFact {
            key: "ad",
            label: "It is an advertisement",
            default: Some("false"),
            ..OptionFact::PLAIN
        },
        OptionFact {
            key: "paid",
            label: "Somebody pays",
            default: Some("false"),
            depends_on: Some(("ad", &["true"])),
            ..OptionFact::PLAIN
        },
        OptionFact {
            key: "agree",
            label: "Your agreement",
            kind: OptionKind::Consent {
                says: &[crate::facts::ConsentText { when: None, text: "I agree.", links: &[] }],
            },
            required: true,
            ..OptionFact::PLAIN
        },
        OptionFact {
            key: "cover_ms",
            label: "Cover",
            kind: OptionKind::Number { min: 0, max: 1000, unit: "milliseconds" },
            ..OptionFact::PLAIN
        },
        OptionFact { key: "with", label: "With", kind: OptionKind::Names { most: 2 }, ..OptionFact::PLAIN },
    ],
    ..Facts::PLAIN
};

fn job(options: Value, live: Value) -> Job {
    let now: Timestamp = "2026-11-22T18:00:00Z".parse().expect("an instant");
    let raw = options.as_object().cloned().unwrap_or_default();
    Job {
        errand: crate::platform::Errand::Publish,
        key: "k".into(),
        now,
        due: None,
        cancelled_at: None,
        media: crate::platform::JobMedia {
            size: 1,
            duration_ms: Some(30_000),
            width: Some(1080),
            height: Some(1920),
            frame_rate: Some(23.976),
            ..Default::default()
        },
        words: Default::default(),
        options: read_options(&OVEN, &raw, now).expect("options of their kinds"),
        sides: Default::default(),
        more: Vec::new(),
        account: crate::platform::JobAccount { name: "Mira".into(), live, ..Default::default() },
        pace: Default::default(),
        remote: None,
    }
}

fn codes(job: &Job) -> Vec<String> {
    let mut said: Vec<String> = check(&OVEN, job, Terms::default())
        .into_iter()
        .map(|problem| match problem.fix {
            Fix::Edit { field } => format!("{} {field}", problem.code.as_str()),
            _ => problem.code.as_str(),
        })
        .collect();
    said.sort();
    said
}

#[test]
fn what_must_be_chosen_by_hand_blocks_until_it_is() {
    assert_eq!(
        codes(&job(serde_json::json!({}), Value::Null)),
        ["option_missing agree", "option_missing who"]
    );
    let chosen = serde_json::json!({"who": "all", "agree": true});
    assert!(codes(&job(chosen.clone(), Value::Null)).is_empty());
    let kept = job(chosen, Value::Null).options["agree"].clone();
    assert_eq!(kept, "2026-11-22T18:00:00Z", "a declaration keeps its instant");
    let again = job(serde_json::json!({"who": "all", "agree": kept}), Value::Null);
    assert_eq!(again.options["agree"], kept, "and is not made again by being saved again");
    let raw = serde_json::json!({"agree": "2031-01-01T00:00:00Z"}).as_object().cloned().unwrap_or_default();
    assert!(read_options(&OVEN, &raw, again.now).is_err(), "nothing is declared ahead of time");
}

#[test]
fn the_channels_terms_and_other_choices_rule_values_out() {
    let terms = serde_json::json!({"terms": {"who": ["me"], "no_talk": true, "longest_s": 20}});
    let wish = serde_json::json!({"who": "all", "talk": true, "agree": true});
    assert_eq!(codes(&job(wish, terms)), ["file_too_long", "option_invalid talk", "option_invalid who"]);
    let paid = |ad: bool| serde_json::json!({"who": "me", "ad": ad, "paid": true, "agree": true});
    assert_eq!(codes(&job(paid(true), Value::Null)), ["option_invalid who"]);
    assert!(codes(&job(paid(false), Value::Null)).is_empty(), "what is out of force rules nothing out");
}

#[test]
fn numbers_and_names_have_bounds() {
    let read = |key: &str, value: Value| {
        let raw: Options = [(key.to_string(), value)].into_iter().collect();
        read_options(&OVEN, &raw, Timestamp::UNIX_EPOCH).map(|options| options[key].clone()).ok()
    };
    assert_eq!(read("cover_ms", "40".into()), Some(40.into()));
    assert_eq!(read("cover_ms", 1001.into()), None);
    assert_eq!(read("cover_ms", "x".into()), None);
    assert_eq!(read("with", "a, b".into()), Some(serde_json::json!(["a", "b"])));
    assert_eq!(read("with", "a,b,c".into()), None);
}

#[test]
fn pictures_are_held_against_size_shape_and_pace() {
    let with = |width, height, rate| {
        let mut job = job(serde_json::json!({"who": "all", "agree": true}), Value::Null);
        job.media = crate::platform::JobMedia {
            width: Some(width),
            height: Some(height),
            frame_rate: Some(rate),
            ..job.media
        };
        codes(&job).len()
    };
    for (width, height, rate, wrong) in [
        (1080, 1920, 30.0, 0),
        (1080, 1920, 23.976, 0),
        (300, 500, 30.0, 1),
        (5000, 4000, 30.0, 1),
        (1080, 3000, 30.0, 1),
        (1080, 1920, 15.0, 1),
        (1080, 1920, 120.0, 1),
    ] {
        assert_eq!(with(width, height, rate), wrong, "{width} × {height} at {rate}");
    }
}

#[test]
fn languages_have_a_shape() {
    for (text, good) in [
        ("en", true),
        ("pt-BR", true),
        ("zh-Hans-CN", true),
        ("e", false),
        ("english!", false),
        ("", false),
        ("en_", false),
    ] {
        assert_eq!(is_language(text), good, "{text}");
    }
}
