//! The planner is pure, and every plan lies inside both readings of a megabyte (C24).

use crate::tiktok::chunks::{Plan, plans};
use proptest::prelude::*;

fn first(size: u64) -> (u64, u64, u64) {
    let plan = plans(size)[0];
    (plan.count, plan.chunk, plan.size - plan.last_from())
}

#[test]
fn known_sizes() {
    for (size, want) in [
        (1, (1, 1, 1)),
        (4_194_304, (1, 4_194_304, 4_194_304)),
        (64_000_000, (1, 64_000_000, 64_000_000)),
        (64_000_001, (6, 10_000_000, 14_000_001)),
        (66_259_900, (6, 10_000_000, 16_259_900)),
        (70_000_000, (7, 10_000_000, 10_000_000)),
        (94_000_000, (9, 10_000_000, 14_000_000)),
        (128_000_000, (12, 10_000_000, 18_000_000)),
        (150_000_000, (15, 10_000_000, 10_000_000)),
        (4_000_000_000, (400, 10_000_000, 10_000_000)),
        (4_294_967_296, (429, 10_000_000, 14_967_296)),
    ] {
        assert_eq!(first(size), want, "{size}");
    }
    // The alternatives, likeliest first.
    for (size, want) in [
        (1, vec![1]),
        (10_485_759, vec![10_485_759]),
        (10_485_760, vec![10_485_760, 5_242_880]),
        (20_971_519, vec![20_971_519, 10_000_000, 10_485_759, 5_242_880]),
        (20_971_520, vec![20_971_520, 10_000_000, 10_485_760, 5_242_880]),
        (64_000_000, vec![64_000_000, 10_000_000, 10_485_760, 32_000_000, 5_242_880]),
        (64_000_001, vec![10_000_000, 10_485_760, 32_000_000, 5_242_880]),
        (150_000_000, vec![10_000_000, 10_485_760, 32_000_000, 50_000_000, 5_242_880]),
    ] {
        let mut chunks: Vec<u64> = plans(size).iter().map(|plan| plan.chunk).collect();
        let mut want = want;
        want.dedup();
        chunks.dedup();
        assert_eq!(chunks, want, "{size}");
    }
}

/// The borders as a sender walks them.
fn walk(plan: &Plan) -> Vec<(u64, u64)> {
    let (mut at, mut chunks) = (0, Vec::new());
    while let Some(len) = plan.len_at(at) {
        chunks.push((at, len));
        at += len;
        if chunks.len() > 2000 {
            break;
        }
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_covers_the_file_within_both_readings(size in prop_oneof![1u64..6_000_000, 1u64..130_000_000, 1u64..=4_294_967_296]) {
        let plans = plans(size);
        prop_assert!(!plans.is_empty());
        prop_assert!(plans.len() <= 6, "as many openings as TikTok takes in a minute");
        prop_assert!(size <= 64_000_000 || plans.len() >= 2, "a refusal has an alternative");
        for (at, plan) in plans.iter().enumerate() {
            prop_assert!(!plans[..at].contains(plan), "no plan is tried twice");
            let chunks = walk(plan);
            prop_assert_eq!(plan.count, chunks.len() as u64);
            prop_assert_eq!(plan.count, size / plan.chunk);
            prop_assert_eq!(chunks.iter().map(|(_, len)| len).sum::<u64>(), size);
            prop_assert!(plan.count <= 1000);
            if plan.count == 1 {
                prop_assert_eq!(plan.chunk, size);
                prop_assert!(size <= 64_000_000);
            } else {
                for (_, len) in &chunks[..chunks.len() - 1] {
                    prop_assert_eq!(*len, plan.chunk);
                    prop_assert!((5_242_880..=64_000_000).contains(len));
                }
                let (from, last) = chunks[chunks.len() - 1];
                prop_assert_eq!(from, plan.last_from());
                prop_assert!((5_242_880..=128_000_000).contains(&last));
            }
        }
    }

    #[test]
    fn stored_bytes_reach_a_border_and_never_one_beyond(size in 1u64..=4_294_967_296, bytes in any::<u64>(), small in 0u64..4_294_967_296) {
        for plan in plans(size) {
            for bytes in [bytes, small, small % (size + 2)] {
                let reached = plan.reached(bytes);
                prop_assert!(plan.is_border(reached) && reached <= bytes.min(size));
                prop_assert!(reached == size || bytes - reached < plan.len_at(reached).unwrap());
                prop_assert!(plan.len_at(size).is_none());
            }
        }
    }
}

#[test]
fn sizes_nobody_may_send_have_plans_all_the_same() {
    assert_eq!(plans(0), [Plan { size: 0, chunk: 0, count: 1 }]);
    assert_eq!(plans(0)[0].len_at(0), None);
    let huge = plans(u64::MAX);
    assert!(huge[0].last_from() < u64::MAX && huge[0].reached(u64::MAX) == u64::MAX);
}
