//! The real keychain: a GNOME Keyring of our own, on a session bus of our own, in an empty home.
//!
//! Each story runs this test program again under `dbus-run-session` and ends only what it started; the keychain of
//! the person at the machine is never touched. The bus is set up without service activation, so a secret service is
//! there when the story starts one and not before. Not here: macOS and Windows, whose keychains cannot be had empty;
//! their size limit is imitated in the unit tests of `vault::parts`.

#![cfg(target_os = "linux")]

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::json;
use slipway_core::clock::Clock;
use slipway_core::engine::{Engine, House as Parts};
use slipway_core::vault::keychain::KeychainVault;
use slipway_core::vault::{Vault, VaultFault, VaultHandle, VaultKind};
use slipway_core::wire::hosts::Hosts;
use slipway_stories::binary::{Place, Said};
use slipway_stories::{Person, call};

const REAL: &str = "slipway";
const SANDBOX: &str = "slipway.sandbox";
const TOKEN: &[u8] = b"refresh-token-of-alice";

#[test]
fn secrets_are_set_read_replaced_and_forgotten() {
    on_a_bus("secrets_are_set_read_replaced_and_forgotten", |house| {
        let _daemon = house.start_keyring();
        let vault = KeychainVault::new(REAL);
        vault.check().expect("an open keyring");
        assert_eq!(vault.kind(), VaultKind::Keychain);
        assert_eq!(found(&vault, "account/17"), None);
        assert!(!vault.remove("account/17").expect("remove"));

        vault.set("account/17", TOKEN).expect("set");
        assert_eq!(found(&vault, "account/17").as_deref(), Some(TOKEN));
        vault.set("account/17", b"newer").expect("replace");
        vault.set("app/3", b"").expect("an empty secret");
        assert_eq!(found(&vault, "account/17").as_deref(), Some(&b"newer"[..]));
        assert_eq!(found(&vault, "app/3").as_deref(), Some(&b""[..]));
        // Another program sees two items: it is the real keychain, and replacing did not add one.
        assert_eq!(items_of(REAL), 2);

        assert!(vault.remove("account/17").expect("remove"));
        assert!(!vault.remove("account/17").expect("remove again"));
        assert_eq!(found(&vault, "account/17"), None);
        assert_eq!(items_of(REAL), 1);
    });
}

#[test]
fn a_long_secret_is_kept_in_parts_and_leaves_none() {
    on_a_bus("a_long_secret_is_kept_in_parts_and_leaves_none", |house| {
        let _daemon = house.start_keyring();
        let vault = KeychainVault::new(REAL);
        let long = |seed: u8| (0..10_240).map(|at: usize| (at % 251) as u8 ^ seed).collect::<Vec<_>>();
        vault.set("account/17", &long(1)).expect("set 10 kB");
        assert_eq!(found(&vault, "account/17"), Some(long(1)));
        assert_eq!(items_of(REAL), 1 + 4);
        vault.set("account/17", &long(2)).expect("replace 10 kB");
        assert_eq!(found(&vault, "account/17"), Some(long(2)));
        assert_eq!(items_of(REAL), 1 + 4);
        vault.set("account/17", TOKEN).expect("replace by a short one");
        assert_eq!(found(&vault, "account/17").as_deref(), Some(TOKEN));
        assert_eq!(items_of(REAL), 1);
        vault.set("account/17", &long(3)).expect("set 10 kB again");
        assert!(vault.remove("account/17").expect("remove"));
        assert_eq!(items_of(REAL), 0);
    });
}

#[test]
fn the_sandbox_cannot_see_the_real_accounts() {
    on_a_bus("the_sandbox_cannot_see_the_real_accounts", |house| {
        let _daemon = house.start_keyring();
        let (real, sandbox) = (KeychainVault::new(REAL), KeychainVault::new(SANDBOX));
        real.set("account/17", TOKEN).expect("set");
        assert_eq!(found(&sandbox, "account/17"), None);
        assert!(!sandbox.remove("account/17").expect("remove"));
        sandbox.set("account/17", b"practice").expect("set in the sandbox");
        assert_eq!(found(&real, "account/17").as_deref(), Some(TOKEN));
        assert!(real.remove("account/17").expect("remove"));
        assert_eq!(found(&sandbox, "account/17").as_deref(), Some(&b"practice"[..]));
    });
}

#[test]
fn a_locked_keychain_is_locked_and_not_empty() {
    on_a_bus("a_locked_keychain_is_locked_and_not_empty", |house| {
        let daemon = house.start_keyring();
        let vault = Arc::new(KeychainVault::new(REAL));
        vault.set("account/17", TOKEN).expect("set");
        lock_the_keyring();

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let handle = VaultHandle::new(vault.clone());
            assert_eq!(handle.check().await, Err(VaultFault::Locked));
            assert_eq!(handle.get("account/17").await.err(), Some(VaultFault::Locked));
            // Nothing is stored here, but that cannot be known while it is locked.
            assert_eq!(handle.get("account/18").await.err(), Some(VaultFault::Locked));
            assert_eq!(handle.set("account/17", b"other").await, Err(VaultFault::Locked));
            assert_eq!(handle.set("account/18", b"other").await, Err(VaultFault::Locked));
            assert_eq!(handle.remove("account/17").await, Err(VaultFault::Locked));
        });
        // A vault that meets it locked from the start says the same.
        assert_eq!(KeychainVault::new(REAL).get("account/17").err(), Some(VaultFault::Locked));

        // The person logs in anew and gives the password: nothing was lost or changed meanwhile.
        drop(daemon);
        wait_for_keyring(false);
        let _daemon = house.start_keyring();
        vault.check().expect("open again");
        assert_eq!(found(&vault, "account/17").as_deref(), Some(TOKEN));
        assert_eq!(found(&vault, "account/18"), None);
        assert_eq!(items_of(REAL), 1);
        house.assert_no_file_shows(TOKEN);
    });
}

#[test]
fn without_a_secret_service_it_is_absent_until_one_starts() {
    on_a_bus("without_a_secret_service_it_is_absent_until_one_starts", |house| {
        let vault = KeychainVault::new(REAL);
        assert_absent(&vault);
        assert_eq!(house.files(), Vec::<PathBuf>::new(), "a fallback that nobody asked for");

        // The app may start at log-in before the keyring does, and the keyring may start anew beneath it.
        let daemon = house.start_keyring();
        vault.set("account/17", TOKEN).expect("set, now that there is a keyring");
        drop(daemon);
        wait_for_keyring(false);
        assert_absent(&vault);
        let _daemon = house.start_keyring();
        assert_eq!(found(&vault, "account/17").as_deref(), Some(TOKEN));
        house.assert_no_file_shows(TOKEN);
    });
}

#[test]
fn the_keychain_lists_our_keys_and_nobody_elses() {
    on_a_bus("the_keychain_lists_our_keys_and_nobody_elses", |house| {
        let _daemon = house.start_keyring();
        let (real, sandbox) = (KeychainVault::new(REAL), KeychainVault::new(SANDBOX));
        assert!(real.lists());
        assert_eq!(real.keys(), Ok(Some(Vec::new())));
        real.set("home/0a/account/1", TOKEN).expect("set");
        // In several items, and one key all the same.
        real.set("home/0b/account/1", &[7; 9_000]).expect("set 9 kB");
        sandbox.set("home/0c/account/1", TOKEN).expect("set in the sandbox");
        let keys = ["home/0a/account/1", "home/0b/account/1"].map(str::to_string).to_vec();
        assert_eq!(real.keys(), Ok(Some(keys)));
        lock_the_keyring();
        assert_eq!(real.keys(), Err(VaultFault::Locked), "a closed keychain is not an empty one");
    });
}

/// Two data folders on one keychain; one is deleted, as an uninstall does.
#[test]
fn what_a_deleted_folder_left_in_the_keychain_is_listed_and_wiped() {
    on_a_bus("what_a_deleted_folder_left_in_the_keychain_is_listed_and_wiped", |house| {
        let _daemon = house.start_keyring();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let hosts = json!({"hosts": {"www.googleapis.com": "http://127.0.0.1:9"}});
            let open = |folder: &Path| {
                Engine::open(Parts {
                    folder: folder.to_path_buf(),
                    hosts: Hosts::from_json(&hosts).expect("hosts"),
                    vault: Arc::new(KeychainVault::new(SANDBOX)),
                    platforms: slipway_platforms::all(),
                    clock: Clock::system(),
                })
                .expect("open")
            };
            let app = json!({"platform": "youtube", "client_id": "client", "client_secret": "hush-hush"});
            let (kept, left) = (house.0.join("kept"), house.0.join("left"));
            for folder in [&kept, &left] {
                call(&open(folder), "apps.add", app.clone()).await.expect("apps.add");
            }
            assert_eq!(items_of(SANDBOX), 2);
            fs::remove_dir_all(&left).expect("uninstall");
            let engine = open(&kept);
            let view = call(&engine, "vault.list", json!({})).await.expect("vault.list");
            assert_eq!(view["folders"][1]["place"], "gone", "{view:#}");
            assert_eq!(view["folders"][1]["path"], left.to_string_lossy().as_ref());
            assert!(!view.to_string().contains("hush"), "{view:#}");
            let wiped = call(&engine, "vault.wipe", json!({"orphans": true})).await.expect("vault.wipe");
            assert_eq!(wiped["entries"], 1, "{wiped:#}");
            assert_eq!(items_of(SANDBOX), 1, "the folder that is there keeps its own");
        });
    });
}

#[test]
fn without_a_session_bus_it_is_absent() {
    let name = "without_a_session_bus_it_is_absent";
    tell(name, Command::new(this_program()), |house| {
        assert_absent(&KeychainVault::new(REAL));
        assert_eq!(house.files(), Vec::<PathBuf>::new(), "a fallback that nobody asked for");
    });
}

fn assert_absent(vault: &KeychainVault) {
    assert_eq!(vault.check(), Err(VaultFault::Absent));
    assert_eq!(vault.get("account/17").err(), Some(VaultFault::Absent));
    assert_eq!(vault.set("account/17", TOKEN), Err(VaultFault::Absent));
    assert_eq!(vault.remove("account/17"), Err(VaultFault::Absent));
}

fn found(vault: &KeychainVault, key: &str) -> Option<Vec<u8>> {
    vault.get(key).expect("get").map(|secret| secret.expose().clone())
}

/// A place whose commands reach this bus, with its first channel signed in through this vault.
async fn place(vault: &'static str) -> Place {
    let mut place = Place::new().await.expect("a place");
    let bus = env::var("DBUS_SESSION_BUS_ADDRESS").expect("a bus");
    place.env.push(("DBUS_SESSION_BUS_ADDRESS".into(), bus));
    place.vault = vault;
    place.connect("youtube", &Person::default()).await.and_then(Said::done).expect("signed in");
    place
}

/// A run by this vault leaves the post waiting, says which vault is wanted, and calls no sign-in dead.
async fn is_the_wrong_vault(place: &mut Place, vault: &'static str, wanted: &str) {
    place.vault = vault;
    let seed = place.heard().len() as u64;
    let film = place.video(&format!("{seed}.mp4"), 60_000, seed).expect("a video");
    let id = place.post(&film, "Waits", &[]).await.expect("queued");
    let process = place.start(&["run"]).expect("a run");
    for nth in 0.. {
        let shown = place.show(id).await.expect("shown");
        if shown["problem"]["code"] == "wrong_vault" {
            assert_eq!(shown["state"], "parked", "{shown:#}");
            assert!(
                shown["problem"]["message"].as_str().is_some_and(|text| text.contains(wanted)),
                "{shown:#}"
            );
            break;
        }
        assert!(nth < 600, "{shown:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    process.stop().await.expect("stopped");
    let accounts = place.json(&["accounts"]).await.and_then(|said| said.json()).expect("channels");
    assert_eq!(accounts[0]["state"], "ok", "{accounts:#}");
}

async fn goes_out(place: &mut Place, vault: &'static str) {
    place.vault = vault;
    let said = place.run(&["run", "--until-idle"]).await.expect("a run");
    assert_eq!(said.code, Some(0), "{said:?}");
    let due =
        place.json(&["list", "--state", "published"]).await.and_then(|said| said.json()).expect("a list");
    assert_eq!(due.as_array().map(Vec::len), Some(place.videos().len()), "{due:#}");
}

#[test]
fn the_wrong_vault_changes_nothing_and_is_named() {
    on_a_bus("the_wrong_vault_changes_nothing_and_is_named", |house| {
        let daemon = house.start_keyring();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            // Signed in through the file: the keychain is another vault, and what is not said is remembered.
            let mut filed = place("file").await;
            is_the_wrong_vault(&mut filed, "keychain", "--vault file").await;
            let refused = filed.connect("youtube", &Person::default()).await.expect("answered");
            assert_eq!(
                (refused.code, refused.problem().ok().as_deref()),
                (Some(6), Some("wrong_vault")),
                "{refused:?}"
            );
            assert_eq!(items_of(SANDBOX), 0, "something was stored beside the file");
            goes_out(&mut filed, "").await;

            // Signed in through the keychain: the other way round.
            let mut ringed = place("keychain").await;
            is_the_wrong_vault(&mut ringed, "file", "without --vault").await;
            goes_out(&mut ringed, "").await;
            // The keyring of somebody else, or an emptied one, is told apart from a sign-in that ended.
            drop(daemon);
            wait_for_keyring(false);
            fs::remove_dir_all(house.0.join(".local/share/keyrings")).expect("the keyring's files");
            let _daemon = house.start_keyring();
            is_the_wrong_vault(&mut ringed, "keychain", "holds none of this data folder's sign-ins").await;
            ringed.connect("youtube", &Person::default()).await.and_then(Said::done).expect("signed in anew");
            goes_out(&mut ringed, "").await;
        });
    });
}

/// Set in the second run of this program; its value is the empty home.
const HOUSE: &str = "SLIPWAY_KEYCHAIN_STORY";
const PASSWORD: &str = "password of the test keyring";
const PACKAGES: &str = "Install the packages gnome-keyring and dbus-x11 (Debian's names; dbus-x11 brings \
    dbus-run-session and dbus-send along), then run this test again.";

/// An empty home for one story.
struct House(PathBuf);

/// A keyring that this story started; it ends with the story.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself already; that is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a story in a second process, on a session bus that nobody else is on and that ends with it.
fn on_a_bus(name: &str, story: impl FnOnce(&House)) {
    let config = tempfile::NamedTempFile::new().expect("a file for the bus's set-up");
    fs::write(
        config.path(),
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>\
         <policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>\
         <allow own=\"*\"/></policy></busconfig>",
    )
    .expect("write the bus's set-up");
    let mut command = Command::new("dbus-run-session");
    command.arg("--config-file").arg(config.path()).arg("--").arg(this_program());
    tell(name, command, story);
}

/// In the first run: starts `command`, which is this program for the test `name` only, and waits for its verdict.
/// In the second: tells the story.
fn tell(name: &str, mut command: Command, story: impl FnOnce(&House)) {
    if let Some(home) = env::var_os(HOUSE) {
        story(&House(home.into()));
        println!("told: {name}");
        return;
    }
    let home = tempfile::tempdir().expect("an empty home");
    let runtime = tempfile::tempdir().expect("a folder for sockets");
    fs::set_permissions(runtime.path(), fs::Permissions::from_mode(0o700)).expect("sockets for us alone");
    command
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", runtime.path())
        .env(HOUSE, home.path());
    let output = run(command);
    let said =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains(&format!("told: {name}")), "the story was not told:\n{said}");
}

impl House {
    /// Starts a keyring, open, and waits until it is on the bus.
    fn start_keyring(&self) -> Daemon {
        let mut daemon = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Daemon)
            .unwrap_or_else(|error| panic!("gnome-keyring-daemon did not start: {error}. {PACKAGES}"));
        // Dropped after the password: the end of its input is the end of the password.
        let mut input = daemon.0.stdin.take().expect("its input is piped");
        input.write_all(PASSWORD.as_bytes()).expect("give the password");
        drop(input);
        wait_for_keyring(true);
        daemon
    }

    fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).expect("read a folder of the home") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(&self.0, &mut found);
        found
    }

    fn assert_no_file_shows(&self, secret: &[u8]) {
        let files = self.files();
        assert!(!files.is_empty(), "the keyring wrote its file somewhere else");
        for file in files {
            let bytes = fs::read(&file).expect("read a file of the home");
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", file.display());
        }
    }
}

fn this_program() -> PathBuf {
    env::current_exe().expect("the path of this test program")
}

fn run(mut command: Command) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    command.output().unwrap_or_else(|error| panic!("{name} did not start: {error}. {PACKAGES}"))
}

fn on_the_bus(destination: &str, path: &str, method: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("dbus-send");
    command.args(["--session", "--print-reply", &format!("--dest={destination}"), path, method]);
    command.args(arguments);
    let output = run(command);
    assert!(output.status.success(), "{method}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A process of another program comes and goes in its own time, so this is the one place that has to wait for it.
fn wait_for_keyring(wanted: bool) {
    for _ in 0..400 {
        let bus = "org.freedesktop.DBus";
        let owner = &["string:org.freedesktop.secrets"];
        let answer = on_the_bus(bus, "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", owner);
        if answer.contains("boolean true") == wanted {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the keyring is {}on the bus", if wanted { "not " } else { "still " });
}

fn lock_the_keyring() {
    on_the_bus(
        "org.freedesktop.secrets",
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service.Lock",
        &["array:objpath:/org/freedesktop/secrets/collection/login"],
    );
}

/// How many items another program finds under this service name.
fn items_of(namespace: &str) -> usize {
    let answer = on_the_bus(
        "org.freedesktop.secrets",
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service.SearchItems",
        &[&format!("dict:string:string:service,{namespace}")],
    );
    answer.matches("object path").count()
}
