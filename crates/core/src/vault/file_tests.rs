//! The file vault on a real disk. Opening costs an Argon2id run each, so the stories share where they can.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

struct Place {
    // Held for its drop: the folder goes with it.
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.vault");
        Self { _folder: folder, path }
    }

    fn open(&self, passphrase: &str) -> Result<FileVault, VaultFault> {
        FileVault::open(&self.path, passphrase.into())
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }
}

fn found(vault: &FileVault, key: &str) -> Option<Vec<u8>> {
    vault.get(key).unwrap().map(|secret| secret.expose().clone())
}

#[test]
fn keeps_secrets_between_openings_and_shows_none_on_disk() {
    let place = Place::new();
    let vault = place.open("correct horse").unwrap();
    vault.check().unwrap();
    assert_eq!(vault.kind(), VaultKind::File);
    assert_eq!(found(&vault, "account/17"), None);
    assert!(!vault.remove("account/17").unwrap());
    vault.set("account/17", b"refresh-token-of-alice").unwrap();
    vault.set("app/3", &[7; 10_000]).unwrap();
    vault.set("memo/17", b"").unwrap();
    vault.set("account/17", b"newer-token-of-alice").unwrap();
    assert!(vault.remove("memo/17").unwrap());
    drop(vault);

    let again = place.open("correct horse").unwrap();
    assert_eq!(found(&again, "account/17").unwrap(), b"newer-token-of-alice");
    assert_eq!(found(&again, "app/3").unwrap(), [7; 10_000]);
    assert_eq!(found(&again, "memo/17"), None);

    for name in ["secrets.vault", "secrets.vault.lock"] {
        let bytes = fs::read(place.path.with_file_name(name)).unwrap();
        for needle in [&b"token-of-alice"[..], b"account/17", b"correct horse"] {
            assert!(!bytes.windows(needle.len()).any(|w| w == needle), "{name}");
        }
    }
    assert!(!place.path.with_file_name("secrets.vault.new").exists());
    assert!(vault_refuses_bad_keys(&again));
}

fn vault_refuses_bad_keys(vault: &FileVault) -> bool {
    vault.set("", b"x").is_err() && vault.get("a b").is_err() && vault.remove("a#b").is_err()
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it_also_after_a_write() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let vault = place.open("correct horse").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path), 0o600);
    // A crash left a half-written file that everybody may read: neither its bytes nor its mode survive.
    let left = beside(&place.path, ".new");
    fs::write(&left, b"half").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o666)).unwrap();
    vault.set("account/17", b"token").unwrap();
    assert_eq!(mode(&place.path), 0o600);
    assert_eq!(mode(&beside(&place.path, ".lock")), 0o600);
    assert_eq!(found(&vault, "account/17").unwrap(), b"token");
}

#[test]
fn a_wrong_passphrase_is_told_from_a_damaged_file() {
    let place = Place::new();
    assert_eq!(place.open("").err(), Some(VaultFault::WrongPassphrase));
    assert!(!place.path.exists());
    let vault = place.open("correct horse").unwrap();
    vault.set("account/17", b"token").unwrap();
    let sound = place.bytes();
    assert_eq!(place.open("Correct horse").err(), Some(VaultFault::WrongPassphrase));
    assert_eq!(place.open("").err(), Some(VaultFault::WrongPassphrase));
    assert_eq!(place.bytes(), sound);

    // The vault is open: every changed byte and every cut is damage, and none is a wrong passphrase.
    for at in 0..sound.len() {
        let mut bent = sound.clone();
        bent[at] ^= 1;
        fs::write(&place.path, &bent).unwrap();
        assert!(matches!(vault.get("account/17"), Err(VaultFault::FileDamaged { .. })), "byte {at}");
        fs::write(&place.path, &sound[..at]).unwrap();
        assert!(matches!(vault.check(), Err(VaultFault::FileDamaged { .. })), "cut at {at}");
    }
    // Nor does a set paper over it.
    assert!(matches!(vault.set("account/17", b"other"), Err(VaultFault::FileDamaged { .. })));
    assert_eq!(place.bytes(), sound[..sound.len() - 1]);
    // Opening a damaged file, with its secrets or its salt hit, says the same.
    for at in [25, 45, sound.len() - 1] {
        let mut bent = sound.clone();
        bent[at] ^= 1;
        fs::write(&place.path, &bent).unwrap();
        assert!(matches!(place.open("correct horse"), Err(VaultFault::FileDamaged { .. })), "byte {at}");
    }
    fs::write(&place.path, b"").unwrap();
    assert!(matches!(place.open("correct horse"), Err(VaultFault::FileDamaged { .. })));
    fs::write(&place.path, &sound).unwrap();
    assert_eq!(found(&vault, "account/17").unwrap(), b"token");

    fs::remove_file(&place.path).unwrap();
    assert!(matches!(vault.get("account/17"), Err(VaultFault::FileDamaged { .. })));
    assert!(matches!(vault.set("account/17", b"x"), Err(VaultFault::FileDamaged { .. })));
    assert!(!place.path.exists(), "a new file would hide the loss");
}

#[test]
fn what_another_process_writes_is_seen_and_kept() {
    let place = Place::new();
    let window = place.open("correct horse").unwrap();
    let cli = place.open("correct horse").unwrap();
    window.set("account/17", b"from the window").unwrap();
    assert_eq!(found(&cli, "account/17").unwrap(), b"from the window");
    cli.set("account/18", b"from the cli").unwrap();
    window.set("account/19", b"again the window").unwrap();
    assert_eq!(found(&window, "account/18").unwrap(), b"from the cli");
    assert!(cli.remove("account/17").unwrap());
    assert_eq!(found(&window, "account/17"), None);

    // Many at once, through the lock: nobody's secret is lost under somebody else's write.
    let vaults = [Arc::new(window), Arc::new(cli)];
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let vault = vaults[number % 2].clone();
            std::thread::spawn(move || vault.set(&format!("app/{number}"), &[number as u8]).unwrap())
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    for number in 0..8 {
        assert_eq!(found(&vaults[0], &format!("app/{number}")).unwrap(), [number as u8]);
    }

    // Somebody put another vault in its place: ours does not guess and does not write over it.
    fs::remove_file(&place.path).unwrap();
    let other = place.open("another horse").unwrap();
    other.set("account/17", b"theirs").unwrap();
    assert_eq!(vaults[0].get("account/17").err(), Some(VaultFault::Locked));
    assert_eq!(vaults[0].set("account/17", b"ours"), Err(VaultFault::Locked));
    assert_eq!(found(&other, "account/17").unwrap(), b"theirs");
}

#[test]
fn every_write_has_a_new_nonce() {
    let place = Place::new();
    let vault = place.open("correct horse").unwrap();
    let mut nonces = std::collections::BTreeSet::new();
    for _ in 0..20 {
        vault.set("account/17", b"token").unwrap();
        assert!(nonces.insert(place.bytes()[52..64].to_vec()));
    }
}

#[test]
fn a_folder_that_is_not_there_is_a_fault_without_its_path() {
    let place = Place::new();
    let path = place.path.with_file_name("nowhere").join("secrets.vault");
    let fault = FileVault::open(&path, "correct horse".into()).err().unwrap();
    assert_eq!(fault.code(), "vault_broken");
    assert!(!fault.to_string().contains("nowhere"), "{fault}");
}

/// C30: an update must not lose accounts. This is a file that version 1 wrote; it must be opened for ever.
#[test]
fn what_version_1_wrote_is_opened() {
    let place = Place::new();
    let file = "\
        U0xJUFZMVAEATAAAAgAAAAEAAADHmdN4LhNyFdPrw5H2j4SYXwJ33FkhQqvIFnRQAo2NxVFpbTt7mmFEl5ZCAakeTc\
        FAd0sgeDLa4vDZfXB1Zj1Q6BPsDq/ImD43T6Ntc3y3g8ft+5dJH/K7UbHWXhX6WYrfHJXpjOvqIpVKBBi7FVA7hh+/\
        mc/IlEc=";
    fs::write(&place.path, STANDARD.decode(file).unwrap()).unwrap();
    let vault = place.open("correct horse").unwrap();
    assert_eq!(found(&vault, "account/17").unwrap(), b"refresh-token-of-alice");
    vault.set("account/17", b"newer").unwrap();
    assert_eq!(found(&vault, "account/17").unwrap(), b"newer");
}
