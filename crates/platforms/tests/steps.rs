//! The steps to a developer app of one's own are those the sign-in then relies on, letter for letter.

#![allow(clippy::unwrap_used)]

use slipway_core::facts::{RedirectKind, SignInFacts};
use std::collections::BTreeSet;

fn ways() -> Vec<(&'static str, &'static SignInFacts)> {
    let all = slipway_platforms::all();
    let facts = all.iter().map(|one| one.facts());
    facts.flat_map(|facts| facts.ways().map(|way| (facts.id, way))).collect()
}

#[test]
fn every_way_to_sign_in_has_its_steps_and_a_console() {
    for (platform, way) in ways() {
        assert!(way.console.starts_with("https://"), "{platform}: {}", way.console);
        assert!(way.steps.len() >= 4, "{platform} {}", way.way);
        for step in way.steps {
            assert!(step.text.ends_with('.') && step.text.len() < 240, "{platform}: {}", step.text);
        }
    }
}

#[test]
fn the_scopes_to_copy_are_those_that_are_asked_for() {
    for (platform, way) in ways() {
        let asked: BTreeSet<_> = way.scopes.iter().map(|scope| scope.scope).collect();
        let copied =
            way.steps.iter().filter_map(|step| step.copy).filter(|copy| !copy.starts_with("http://"));
        let copied: BTreeSet<_> = copied.flat_map(|copy| copy.split(',')).collect();
        assert_eq!(copied, asked, "{platform} {}", way.way);
    }
}

/// Where an address has to be registered, it is the one the answer is listened for at, with a star for its port.
#[test]
fn the_address_to_register_is_the_one_that_is_listened_at() {
    let mut told = 0;
    for (platform, way) in ways() {
        for copy in way.steps.iter().filter_map(|step| step.copy).filter(|copy| copy.starts_with("http://")) {
            assert_eq!(copy, format!("http://{}:*{}", way.redirect_host, way.redirect_path), "{platform}");
            assert!(way.redirects.contains(&RedirectKind::FixedPort), "{platform}: no port of one's own");
            told += 1;
        }
    }
    assert_eq!(told, 1, "TikTok wants one registered");
}
