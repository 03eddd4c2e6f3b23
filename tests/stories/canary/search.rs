//! The search itself: each secret in the shapes it could be written down in, through everything that was written or said. And the
//! proof that it finds what is there.

use anyhow::{Context, ensure};
use base64::Engine as _;
use slipway_stories::all_files;
use slipway_stories::binary::{PASSPHRASE, Place};
use std::collections::{BTreeSet, HashMap};

/// Shorter ones could be found anywhere by chance.
const SHORTEST: usize = 16;

/// All shapes of all secrets, by how they begin.
struct Wanted {
    names: Vec<String>,
    shapes: HashMap<[u8; 4], Vec<(usize, Vec<u8>)>>,
}

impl Wanted {
    fn of(secrets: &BTreeSet<String>) -> Wanted {
        let mut wanted = Wanted { names: Vec::new(), shapes: HashMap::new() };
        for secret in secrets {
            let nth = wanted.names.len();
            wanted.names.push(format!(
                "{}… ({} signs)",
                secret.chars().take(4).collect::<String>(),
                secret.len()
            ));
            for shape in shapes(secret) {
                if let Some(first) = shape.first_chunk() {
                    wanted.shapes.entry(*first).or_default().push((nth, shape));
                }
            }
        }
        wanted
    }

    /// Which of them are found there.
    fn found(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut hits = BTreeSet::new();
        for (at, first) in bytes.windows(4).enumerate() {
            let Some(shapes) = first.first_chunk().and_then(|first| self.shapes.get(first)) else { continue };
            hits.extend(
                shapes.iter().filter(|(_, shape)| bytes[at..].starts_with(shape)).map(|(nth, _)| *nth),
            );
        }
        hits.into_iter().map(|nth| format!("{} in {place}", self.names[nth])).collect()
    }
}

fn shapes(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut shapes = BTreeSet::from([secret.as_bytes().to_vec()]);
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    shapes.insert(percent.to_lowercase().into_bytes());
    shapes.insert(percent.into_bytes());
    // In base64 the same text has three faces, by where it begins; the first and last signs of each belong to the neighbours.
    for skip in 0..3 {
        let shifted = [&vec![0; skip][..], secret.as_bytes()].concat();
        for code in [
            base64::engine::general_purpose::STANDARD_NO_PAD,
            base64::engine::general_purpose::URL_SAFE_NO_PAD,
        ] {
            let text = code.encode(&shifted);
            let inner = text.get(4..text.len().saturating_sub(4)).unwrap_or_default();
            if inner.len() >= 12 {
                shapes.insert(inner.as_bytes().to_vec());
            }
        }
    }
    // As JSON and Rust write bytes.
    let list: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
    shapes.insert(list.join(",").into_bytes());
    shapes.insert(list.join(", ").into_bytes());
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    shapes.insert(hex.into_bytes());
    // UTF-16, as Windows would.
    shapes.insert(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    shapes
}

/// Where any secret there was stands in anything that was written or said, and how many were searched for.
fn search(place: &Place) -> anyhow::Result<(usize, Vec<String>)> {
    let state = place.sandbox.state();
    let all = state.secrets.into_iter().chain(state.canaries).chain([PASSPHRASE.to_string()]);
    let secrets: BTreeSet<String> = all.filter(|text| text.len() >= SHORTEST).collect();
    let wanted = Wanted::of(&secrets);
    let mut bad = Vec::new();
    for folder in ["home", "tmp", "user"] {
        for (path, bytes) in all_files(&place.ground.path().join(folder))? {
            bad.extend(wanted.found(&path.display().to_string(), &bytes));
        }
    }
    for said in place.heard() {
        bad.extend(wanted.found(&format!("what `{}` printed", said.asked), said.out.as_bytes()));
        bad.extend(wanted.found(&format!("what `{}` complained", said.asked), said.err.as_bytes()));
    }
    Ok((secrets.len(), bad))
}

/// No secret is anywhere, and of each of these kinds there were as many as this at least: a search for nothing finds nothing.
pub fn nothing_is_found(place: &Place, when: &str, kinds: &[(&str, usize)]) -> anyhow::Result<usize> {
    let there = place.sandbox.state().secret_kinds;
    for (kind, least) in kinds {
        let number = there.get(*kind).copied().unwrap_or_default();
        ensure!(number >= *least, "{when}: {number} of {kind}, and there should be {least}: {there:#?}");
    }
    let (count, bad) = search(place)?;
    ensure!(bad.is_empty(), "{when}:\n{}", bad.join("\n"));
    Ok(count)
}

/// A search that finds nothing proves nothing until it has found something: each shape, planted, is found.
pub fn proves_that_it_finds(place: &Place) -> anyhow::Result<()> {
    let state = place.sandbox.state();
    let planted = place.temp().join("leak");
    let plant = |bytes: &[u8]| -> anyhow::Result<()> {
        std::fs::write(&planted, [b"some words before ", bytes, b" and after"].concat())?;
        let (_, bad) = search(place)?;
        ensure!(bad.iter().any(|line| line.contains("leak")), "a planted secret was not found");
        Ok(())
    };
    let token = state.secrets.last().context("no secret")?.clone();
    plant(token.as_bytes())?;
    plant(PASSPHRASE.as_bytes())?;
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("Bearer {token} and more"));
    plant(base64.as_bytes())?;
    plant(
        format!("x={}", url::form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>())
            .as_bytes(),
    )?;
    plant(&token.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    // Every single one, in one file.
    std::fs::write(&planted, state.secrets.join("\n"))?;
    let (_, bad) = search(place)?;
    let long = state.secrets.iter().filter(|secret| secret.len() >= SHORTEST).count();
    ensure!(bad.len() >= long, "{} of {long} were found", bad.len());
    std::fs::remove_file(planted)?;
    nothing_is_found(place, "after the proof", &[])?;
    Ok(())
}

#[test]
fn a_needle_is_found_wherever_it_lies() {
    let secret = "needle-0123456789";
    let wanted = Wanted::of(&BTreeSet::from([secret.to_string()]));
    for (bytes, is) in [
        (&b"needle-0123456789"[..], true),
        (b"nneneeneedle-0123456789", true),
        (b"needle-012345678", false),
        (b"", false),
        (b"xyz", false),
    ] {
        assert_eq!(wanted.found("here", bytes).len(), usize::from(is), "{bytes:?}");
    }
}
