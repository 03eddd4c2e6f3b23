//! The splitting, against a keychain of the Windows kind that can fail at any chosen write, read or erasure.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

/// Slots of at most 2,560 bytes. Every call is counted; the one chosen to fail does, and all after it, as after a
/// crash, until `heal`.
#[derive(Default)]
struct SmallSlots {
    inside: Mutex<Inside>,
}

type Held = BTreeMap<String, Vec<u8>>;

#[derive(Default)]
struct Inside {
    slots: Held,
    calls: usize,
    dies_at: Option<usize>,
    /// The write that dies took effect and only its answer was lost.
    lands: bool,
    forgets_writes_to: Option<String>,
}

impl SmallSlots {
    fn die_at(&self, call: usize, lands: bool) {
        let mut inside = self.inside.lock().unwrap();
        (inside.calls, inside.dies_at, inside.lands) = (0, Some(call), lands);
    }

    fn heal(&self) -> bool {
        let mut inside = self.inside.lock().unwrap();
        inside.dies_at.take().is_some_and(|at| inside.calls > at)
    }

    fn names(&self) -> Vec<String> {
        self.inside.lock().unwrap().slots.keys().cloned().collect()
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.inside.lock().unwrap().slots);
    }

    /// Runs one change; the fault comes before or after it took effect, as planned.
    fn act<T>(
        &self,
        change: impl FnOnce(&mut Inside) -> Result<T, VaultFault>,
        is_write: bool,
    ) -> Result<T, VaultFault> {
        let mut inside = self.inside.lock().unwrap();
        let call = inside.calls;
        inside.calls += 1;
        match inside.dies_at {
            Some(at) if call > at => Err(VaultFault::Locked),
            Some(at) if call == at => {
                if inside.lands && is_write {
                    change(&mut inside)?;
                }
                Err(VaultFault::Locked)
            }
            _ => change(&mut inside),
        }
    }
}

impl Slots for SmallSlots {
    fn read(&self, slot: &str) -> Result<Option<SecretBytes>, VaultFault> {
        self.act(|inside| Ok(inside.slots.get(slot).map(|v| SecretBytes::from(v.as_slice()))), false)
    }

    fn write(&self, slot: &str, value: &[u8]) -> Result<(), VaultFault> {
        self.act(
            |inside| {
                if value.len() > SLOT_CAP {
                    return Err(VaultFault::broken("over the cap"));
                }
                if inside.forgets_writes_to.as_deref() != Some(slot) {
                    inside.slots.insert(slot.to_owned(), value.to_vec());
                }
                Ok(())
            },
            true,
        )
    }

    fn erase(&self, slot: &str) -> Result<bool, VaultFault> {
        self.act(|inside| Ok(inside.slots.remove(slot).is_some()), true)
    }
}

fn secret(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8 ^ seed).collect()
}

fn read(slots: &SmallSlots) -> Result<Option<Vec<u8>>, VaultFault> {
    get(slots, "account/17").map(|found| found.map(|secret| secret.expose().clone()))
}

#[test]
fn every_length_around_the_cap_comes_back() {
    let check = |length: usize, slots_used: usize| {
        let slots = SmallSlots::default();
        set(&slots, "account/17", &secret(length, 3)).unwrap();
        assert_eq!(read(&slots).unwrap().unwrap(), secret(length, 3), "{length} bytes");
        assert_eq!(slots.names().len(), slots_used, "{length} bytes: {:?}", slots.names());
        assert!(remove(&slots, "account/17").unwrap());
        assert_eq!(slots.names(), [""; 0]);
        assert!(!remove(&slots, "account/17").unwrap());
    };
    check(0, 1);
    check(1, 1);
    check(2_559, 1);
    check(2_560, 2);
    check(2_561, 3);
    check(5_120, 3);
    check(5_121, 4);
    check(10_240, 5);
    check(SLOT_CAP * MOST_PARTS, 1 + MOST_PARTS);
}

#[test]
fn too_long_is_refused_and_the_old_secret_stays() {
    let slots = SmallSlots::default();
    set(&slots, "account/17", b"old").unwrap();
    let fault = set(&slots, "account/17", &secret(SLOT_CAP * MOST_PARTS + 1, 1)).unwrap_err();
    assert!(matches!(fault, VaultFault::Broken { .. }));
    assert_eq!(read(&slots).unwrap().unwrap(), b"old");
}

#[test]
fn growing_and_shrinking_leaves_no_old_part() {
    let slots = SmallSlots::default();
    for (length, seed) in [(9_000, 1), (9_000, 2), (3_000, 3), (12_000, 4), (10, 5), (2_560, 6)] {
        set(&slots, "account/17", &secret(length, seed)).unwrap();
        assert_eq!(read(&slots).unwrap().unwrap(), secret(length, seed));
        let parts = if length < SLOT_CAP { 0 } else { length.div_ceil(SLOT_CAP) };
        assert_eq!(slots.names().len(), 1 + parts, "{:?}", slots.names());
    }
}

/// C28: a set that dies at any call leaves the old secret or the new one, and the next set puts everything right.
#[test]
fn a_set_that_dies_anywhere_never_leaves_a_mixture() {
    let lengths = [0, 10, 2_560, 7_000, 9_000];
    for (old, new) in lengths.iter().flat_map(|old| lengths.map(|new| (*old, new))) {
        for lands in [false, true] {
            let mut at = 0;
            loop {
                let slots = SmallSlots::default();
                set(&slots, "account/17", &secret(old, 1)).unwrap();
                slots.die_at(at, lands);
                let said = set(&slots, "account/17", &secret(new, 2));
                let died = slots.heal();
                let found = read(&slots).unwrap().unwrap();
                let story = format!("{old} to {new}, dies at call {at}, lands: {lands}");
                if said.is_ok() {
                    assert_eq!(found, secret(new, 2), "{story}");
                } else {
                    assert!(found == secret(old, 1) || found == secret(new, 2), "{story}");
                }
                set(&slots, "account/17", &secret(20, 3)).unwrap();
                assert_eq!(slots.names(), ["account/17"], "{story}");
                if !died {
                    assert!(said.is_ok(), "{story}: nothing failed and yet it said so");
                    break;
                }
                at += 1;
            }
            assert!(at >= 5, "the planned faults did not happen");
        }
    }
}

#[test]
fn a_remove_that_dies_is_finished_by_the_next() {
    for lands in [false, true] {
        let mut at = 0;
        loop {
            let slots = SmallSlots::default();
            set(&slots, "account/17", &secret(7_000, 1)).unwrap();
            slots.die_at(at, lands);
            let said = remove(&slots, "account/17");
            let died = slots.heal();
            match read(&slots) {
                Ok(Some(found)) => assert_eq!(found, secret(7_000, 1)),
                Ok(None) | Err(VaultFault::Damaged { .. }) => {}
                Err(other) => panic!("{other}"),
            }
            remove(&slots, "account/17").unwrap();
            assert_eq!(slots.names(), [""; 0], "dies at call {at}");
            if !died {
                assert!(said.unwrap());
                break;
            }
            at += 1;
        }
        assert!(at >= 4, "the planned faults did not happen");
    }
}

#[test]
fn a_missing_swapped_or_altered_part_is_damage() {
    let check = |name: &str, hurt: &dyn Fn(&mut Held)| {
        let slots = SmallSlots::default();
        set(&slots, "account/17", &secret(7_000, 1)).unwrap();
        slots.change(|slots| hurt(slots));
        assert!(matches!(read(&slots), Err(VaultFault::Damaged { .. })), "{name}");
        // Signing in again puts it right.
        set(&slots, "account/17", &secret(7_000, 2)).unwrap();
        assert_eq!(read(&slots).unwrap().unwrap(), secret(7_000, 2), "{name}");
    };
    check("missing", &|slots| drop(slots.remove("account/17#a2")));
    check("altered", &|slots| slots.get_mut("account/17#a2").unwrap()[5] ^= 1);
    check("short", &|slots| slots.get_mut("account/17#a3").unwrap().truncate(100));
    check("swapped", &|slots| {
        let (first, second) = (slots["account/17#a1"].clone(), slots["account/17#a2"].clone());
        slots.insert("account/17#a1".into(), second);
        slots.insert("account/17#a2".into(), first);
    });
    check("empty", &|slots| slots.get_mut("account/17").unwrap().clear());
    check("strange mark", &|slots| slots.get_mut("account/17").unwrap()[0] = 9);
    check("strange generation", &|slots| slots.get_mut("account/17").unwrap()[1] = b'c');
    check("many parts", &|slots| slots.get_mut("account/17").unwrap()[3] = 0xff);
    check("no parts", &|slots| slots.get_mut("account/17").unwrap()[2..4].fill(0));
    check("cut header", &|slots| slots.get_mut("account/17").unwrap().truncate(12));
    check("altered hash", &|slots| slots.get_mut("account/17").unwrap()[20] ^= 1);
}

#[test]
fn a_keychain_that_forgets_is_caught_and_the_old_secret_stays() {
    for slot in ["account/17#b2", "account/17"] {
        let slots = SmallSlots::default();
        set(&slots, "account/17", &secret(7_000, 1)).unwrap();
        slots.inside.lock().unwrap().forgets_writes_to = Some(slot.to_owned());
        let fault = set(&slots, "account/17", &secret(7_000, 2)).unwrap_err();
        assert!(matches!(fault, VaultFault::Broken { .. }), "{slot}");
        assert_eq!(read(&slots).unwrap().unwrap(), secret(7_000, 1), "{slot}");
    }
}

/// A reader in another process: between its header and its parts, a new secret is set.
#[test]
fn a_reader_that_is_overtaken_reads_again() {
    struct Overtaken(SmallSlots, Mutex<bool>);
    impl Slots for Overtaken {
        fn read(&self, slot: &str) -> Result<Option<SecretBytes>, VaultFault> {
            let found = self.0.read(slot);
            if slot == "account/17" && !std::mem::replace(&mut *self.1.lock().unwrap(), true) {
                set(&self.0, "account/17", &secret(8_000, 2))?;
            }
            found
        }
        fn write(&self, _: &str, _: &[u8]) -> Result<(), VaultFault> {
            unreachable!("a reader does not write")
        }
        fn erase(&self, _: &str) -> Result<bool, VaultFault> {
            unreachable!("a reader does not erase")
        }
    }
    let slots = SmallSlots::default();
    set(&slots, "account/17", &secret(7_000, 1)).unwrap();
    let overtaken = Overtaken(slots, Mutex::new(false));
    let found = get(&overtaken, "account/17").unwrap().unwrap();
    assert_eq!(*found.expose(), secret(8_000, 2));
    assert!(*overtaken.1.lock().unwrap());
}

/// C30: an update must not lose accounts. These are the bytes that version 1 wrote; they must be read for ever.
#[test]
fn what_version_1_stored_is_read() {
    let slots = SmallSlots::default();
    slots.change(|slots| drop(slots.insert("account/17".into(), b"\x01token".to_vec())));
    assert_eq!(read(&slots).unwrap().unwrap(), b"token");

    let mut header = vec![2, b'b', 2, 0, 1, 10, 0, 0];
    let hash = "b9a625afeb4d3677e7ab5762c2d3b5239d888306d5f25bbc4054f89a08f0bafe";
    header.extend_from_slice(blake3::Hash::from_hex(hash).unwrap().as_bytes());
    slots.change(|slots| {
        slots.insert("account/17".into(), header);
        slots.insert("account/17#b1".into(), vec![b'x'; 2_560]);
        slots.insert("account/17#b2".into(), vec![b'x'; 1]);
    });
    assert_eq!(read(&slots).unwrap().unwrap(), [b'x'; 2_561]);
}

#[test]
fn keys_that_could_name_a_part_are_refused() {
    let slots = SmallSlots::default();
    assert!(set(&slots, "account/17#a1", b"x").is_err());
    assert!(get(&slots, "").is_err());
    assert!(remove(&slots, "account/17#a1").is_err());
    assert_eq!(slots.names(), [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_stored_bytes_are_read_without_panic(
        head in proptest::collection::vec(any::<u8>(), 0..60),
        part in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let slots = SmallSlots::default();
        slots.change(|slots| {
            slots.insert("account/17".into(), head);
            slots.insert("account/17#a1".into(), part);
        });
        let _ = read(&slots);
        remove(&slots, "account/17").unwrap();
        prop_assert!(slots.names().is_empty());
    }
}
