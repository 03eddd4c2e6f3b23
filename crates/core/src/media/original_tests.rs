//! The fingerprint, the full hash and the watched original.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use super::bytes::LARGEST_READ;
use super::fault::Difference;
use super::fingerprint::{Fingerprint, FullHash, fingerprint, fingerprint_bytes, full_hash};
use super::fixture::mp4;
use super::original::{Original, Stamp, stamp};
use super::tests::{Folder, counted};
use super::*;

/// C19: whatever the size, the same few bytes are read, in small pieces.
#[test]
fn twenty_gigabytes_cost_no_more_than_twenty_megabytes() {
    let folder = Folder::new();
    let twenty = 20 * 1_000_000_000;
    for moov in [Moov::Front, Moov::End] {
        let path = folder.0.path().join("long.mp4");
        if mp4().duration_ms(7_200_000).media_len(twenty).moov(moov).sparse().write(&path).is_err() {
            println!("skipped: this file system has no room for a sparse file of 20 GB");
            return;
        }
        let file = counted(File::open(&path).unwrap());
        let probe = probe_bytes(&file).unwrap();
        assert!(probe.size > twenty);
        assert_eq!((probe.duration_ms, probe.moov), (Some(7_200_000), Some(moov)));
        assert!(file.bytes.get() < 64 << 10, "{} bytes", file.bytes.get());
        assert!(file.largest.get() <= LARGEST_READ);

        let file = counted(File::open(&path).unwrap());
        let print = fingerprint_bytes(&file).unwrap();
        assert_eq!(file.bytes.get(), 4 << 20);
        assert!(file.largest.get() <= 1 << 20);
        assert_eq!(print, fingerprint(&file.source).unwrap());
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn the_fingerprint_notices_what_it_should() {
    fn print(bytes: &[u8]) -> Fingerprint {
        fingerprint_bytes(&bytes.to_vec()).unwrap()
    }
    let whole = 4 << 20;
    for len in
        [0_usize, 1, (1 << 20) - 1, 1 << 20, whole - 1, whole, whole + 1, whole + (64 << 10), 9_999_999]
    {
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let base = print(&bytes);
        assert_eq!(base, print(&bytes));
        assert!(base.as_str().starts_with("f1:") && base.as_str().len() == 67);
        assert_ne!(base, print(&[bytes.clone(), vec![0]].concat()), "one byte more than {len}");
        if len == 0 {
            continue;
        }
        for at in
            [0, len - 1, (1 << 20).min(len - 1), len - (1 << 20).min(len), len.saturating_sub((1 << 20) + 1)]
        {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(base, print(&other), "byte {at} of {len}");
        }
    }
    // Between the samples it does not look; only the full hash does.
    let mut bytes = vec![0; 40 << 20];
    let base = print(&bytes);
    bytes[(1 << 20) + (64 << 10)] = 1;
    assert_eq!(base, print(&bytes));

    let text = String::from(base.clone());
    assert_eq!(Fingerprint::try_from(text.clone()).unwrap(), base);
    for wrong in [&text[3..], &text[..66], "f2:00", "", &text.to_uppercase()] {
        assert!(Fingerprint::try_from(wrong.to_owned()).is_err(), "{wrong}");
        assert!(serde_json::from_value::<FullHash>(wrong.into()).is_err(), "{wrong}");
    }
}

/// The rule is stored with posts, so it must never change under the same prefix.
#[test]
fn the_fingerprint_rule_stays() {
    let small = fingerprint_bytes(&b"slipway".to_vec()).unwrap();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[7, 0, 0, 0, 0, 0, 0, 0]).update(b"slipway");
    assert_eq!(small.as_str(), format!("f1:{}", hasher.finalize().to_hex()));

    let bytes: Vec<u8> = (0..6u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(6u64 << 20).to_le_bytes()).update(&bytes[..1 << 20]).update(&bytes[5 << 20..]);
    for block in 0..32 {
        let start = (1 << 20) + ((4 << 20) - (64 << 10)) * block / 31;
        hasher.update(&bytes[start..start + (64 << 10)]);
    }
    let large = fingerprint_bytes(&bytes).unwrap();
    assert_eq!(large.as_str(), format!("f1:{}", hasher.finalize().to_hex()));
}

#[test]
fn everything_is_hashed_or_broken_off() {
    let folder = Folder::new();
    let bytes = mp4().media_len(3_300_000).bytes();
    let path = folder.file("clip.mp4", &bytes);
    let mut heard = vec![];
    let hash = full_hash(&path, &mut |done| {
        heard.push(done);
        ControlFlow::Continue(())
    });
    let expected = format!("b3:{}", blake3::hash(&bytes).to_hex());
    assert_eq!(hash.unwrap().unwrap().as_str(), expected);
    assert_eq!(heard.last(), Some(&(bytes.len() as u64)));
    assert!(heard.is_sorted() && heard.len() >= 4, "{heard:?}");

    let mut calls = 0;
    let broken_off = full_hash(&path, &mut |_| {
        calls += 1;
        ControlFlow::Break(())
    });
    assert_eq!((broken_off.unwrap(), calls), (None, 1));
    let gone = full_hash(&path.with_extension("gone"), &mut |_| ControlFlow::Continue(()));
    assert_eq!(gone.unwrap_err(), MediaFault::Missing);
}

#[test]
fn a_changed_original_is_refused_and_an_untouched_one_is_not() {
    fn check(topic: &str, hurt: impl FnOnce(&PathBuf), expected: Result<bool, MediaFault>) {
        let folder = Folder::new();
        let path = folder.video("clip.mp4", &mp4());
        let before = Stamp::of_path(&path).unwrap();
        let print = fingerprint(&File::open(&path).unwrap()).unwrap();
        hurt(&path);
        let opened = Original::open(&path, &before, &print);
        if let Ok(original) = &opened {
            assert_eq!(*original.stamp(), Stamp::of_path(&path).unwrap(), "{topic}");
            assert_eq!(original.len(), before.len, "{topic}");
        }
        assert_eq!(opened.map(|original| original.stamp_moved()), expected, "{topic}");
    }
    fn touch(path: &PathBuf) {
        let file = File::options().write(true).open(path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.set_modified(modified + Duration::from_secs(60)).unwrap();
    }
    let changed = |what| Err(MediaFault::Changed { what });
    check("nothing happened", |_| {}, Ok(false));
    check("only the time", touch, Ok(true));
    check(
        "a copy came back from a back-up",
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path.with_extension("new"), bytes).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
            touch(path);
        },
        Ok(true),
    );
    check(
        "another export of the same length",
        |path| {
            mp4().seed(2).write(path).unwrap();
            touch(path);
        },
        changed(Difference::Content),
    );
    check(
        "a longer export",
        |path| mp4().media_len(70_000).write(path).unwrap(),
        changed(Difference::Length),
    );
    check("emptied", |path| fs::write(path, b"").unwrap(), changed(Difference::Length));
    check("deleted", |path| fs::remove_file(path).unwrap(), Err(MediaFault::Missing));
    check(
        "a folder in its place",
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
        Err(MediaFault::NotAFile),
    );
}

#[test]
fn while_it_is_sent_the_original_is_watched() {
    fn check(topic: &str, hurt: impl FnOnce(&PathBuf), expected: Result<(), MediaFault>) {
        let folder = Folder::new();
        let path = folder.video("clip.mp4", &mp4());
        let file = File::open(&path).unwrap();
        let original = Original::open(&path, &stamp(&file).unwrap(), &fingerprint(&file).unwrap()).unwrap();
        hurt(&path);
        assert_eq!(original.verify_still_same(), expected, "{topic}");
        if expected.is_ok() {
            let mut sent = vec![0; original.len() as usize];
            original.read_exact_at(0, &mut sent).unwrap();
            assert!(sent == mp4().bytes(), "{topic}");
        }
        let mut past = [0; 8];
        let beyond = original.read_exact_at(original.len() + 1_000_000, &mut past);
        assert_eq!(beyond, Err(MediaFault::Changed { what: Difference::Length }));
        assert_eq!(original.read_at(original.len() + 1_000_000, &mut past), Ok(0));
    }
    let changed = |what| Err(MediaFault::Changed { what });
    check("nothing happened", |_| {}, Ok(()));
    check("renamed", |path| fs::rename(path, path.with_extension("mov")).unwrap(), Ok(()));
    #[cfg(unix)]
    check(
        "renamed, and another took its place",
        |path| {
            fs::rename(path, path.with_extension("mov")).unwrap();
            mp4().seed(9).write(path).unwrap();
        },
        Ok(()),
    );
    #[cfg(unix)]
    {
        let grow = |len: u64| {
            move |path: &PathBuf| File::options().write(true).open(path).unwrap().set_len(len).unwrap()
        };
        check("grown", grow(100_000), changed(Difference::Length));
        check("cut", grow(100), changed(Difference::Length));
        check(
            "touched",
            |path| {
                let file = File::options().write(true).open(path).unwrap();
                let later = file.metadata().unwrap().modified().unwrap() + Duration::from_secs(5);
                file.set_modified(later).unwrap();
            },
            changed(Difference::Modified),
        );
    }
}

#[test]
fn stamps_differ_by_the_weightiest_thing() {
    let base = Stamp { len: 10, modified_ns: Some(5), identity: Some((1, 2)) };
    let check = |other: Stamp, expected: Option<&str>| {
        assert_eq!(base.same_as(&other), expected, "{other:?}");
        assert_eq!(other.same_as(&base), expected, "{other:?}");
    };
    check(base, None);
    check(Stamp { len: 11, modified_ns: Some(6), identity: Some((1, 3)) }, Some("length"));
    check(Stamp { identity: Some((1, 3)), modified_ns: Some(6), ..base }, Some("identity"));
    check(Stamp { modified_ns: Some(6), ..base }, Some("modified"));
    check(Stamp { modified_ns: None, identity: None, ..base }, None);
    let json = serde_json::to_string(&base).unwrap();
    assert_eq!(serde_json::from_str::<Stamp>(&json).unwrap(), base);
}
