//! Entries of several data folders in one vault.

#![allow(clippy::unwrap_used)]

use super::listing::{EntryKind, list, wipe};
use super::*;
use crate::event::Events;
use crate::platform::Identity;
use crate::schedule::lead::MissedRule;
use crate::store::World;
use crate::vault::Vault;
use crate::vault::memory::MemoryVault;
use jiff::Timestamp;
use std::path::Path;

const MIRA: &str = "UC-mira";
const JONAS: &str = "UC-jonas";

struct Folder {
    place: tempfile::TempDir,
    store: Store,
    secrets: Secrets,
}

impl Folder {
    fn new(vault: &Arc<MemoryVault>) -> Folder {
        let place = tempfile::tempdir().unwrap();
        let (store, secrets) = opened(place.path(), vault);
        Folder { place, store, secrets }
    }

    fn id(&self) -> &str {
        self.store.folder_id()
    }

    /// The row of a developer app and of a channel that signed in through it.
    async fn channel(&self, remote_id: &str) -> i64 {
        let remote_id = remote_id.to_string();
        let write = move |tx: &mut crate::store::Tx| {
            let app = app::NewApp {
                platform: "youtube",
                client_id: "client",
                way: "",
                quotas: &Default::default(),
                flags: &Default::default(),
                redirect: None,
                config: None,
            };
            let app = app::upsert(tx, &app, Timestamp::UNIX_EPOCH)?;
            let identity = Identity {
                name: format!("channel {remote_id}"),
                remote_id,
                handle: None,
                url: None,
                live: serde_json::Value::Null,
            };
            let new = account::Connected {
                platform: "youtube",
                app,
                identity: &identity,
                scopes: &[],
                sign_in_ends: None,
                way: "",
                person: None,
            };
            account::connect(tx, &new, &MissedRule::default(), Timestamp::UNIX_EPOCH)
        };
        self.store.write(write).await.unwrap()
    }

    async fn rename_row(&self, remote_id: &'static str) {
        self.store
            .write(move |tx| {
                crate::engine::sql(tx.execute("UPDATE account SET remote_id = ?1", [remote_id])).map(|_| ())
            })
            .await
            .unwrap();
    }
}

fn opened(folder: &Path, vault: &Arc<MemoryVault>) -> (Store, Secrets) {
    let store = Store::open(&folder.join("slipway.db"), World::Sandbox, Events::default()).unwrap();
    let secrets = Secrets::new(VaultHandle::new(vault.clone()), store.clone());
    (store, secrets)
}

async fn token(secrets: &Secrets, id: i64) -> Result<Option<String>, SecretFault> {
    let entry = secrets.account(id).await?;
    Ok(entry.and_then(|entry| entry.refresh).map(|token| token.expose().clone()))
}

#[tokio::test]
async fn two_data_folders_share_a_vault_and_no_entry() {
    let vault = Arc::new(MemoryVault::new());
    let (a, b) = (Folder::new(&vault), Folder::new(&vault));
    let (mira, jonas) = (a.channel(MIRA).await, b.channel(JONAS).await);
    assert_eq!(mira, jonas, "both are the first row of their queue");
    a.secrets.keep_refresh(mira, Some("token-m".to_string().into())).await.unwrap();
    b.secrets.keep_refresh(jonas, Some("token-j".to_string().into())).await.unwrap();
    a.secrets.keep_app(1, &"app-a".to_string().into()).await.unwrap();
    b.secrets.keep_app(1, &"app-b".to_string().into()).await.unwrap();
    assert_eq!(token(&a.secrets, mira).await, Ok(Some("token-m".into())));
    assert_eq!(token(&b.secrets, jonas).await, Ok(Some("token-j".into())));
    assert_eq!(a.secrets.app(1).await.unwrap().unwrap().expose(), "app-a");
    b.secrets.wipe_account(jonas).await.unwrap();
    b.secrets.wipe_app(1).await.unwrap();
    assert_eq!(token(&b.secrets, jonas).await, Ok(None));
    assert_eq!(token(&a.secrets, mira).await, Ok(Some("token-m".into())), "wiping in one leaves the other");
    assert_eq!(a.secrets.app(1).await.unwrap().unwrap().expose(), "app-a");
}

#[tokio::test]
async fn the_entry_of_another_channel_is_neither_used_nor_wiped_and_a_sign_in_replaces_it() {
    let vault = Arc::new(MemoryVault::new());
    let folder = Folder::new(&vault);
    let id = folder.channel(MIRA).await;
    folder.secrets.keep_refresh(id, Some("token-m".to_string().into())).await.unwrap();
    let memo_key = folder.secrets.account(id).await.unwrap().unwrap().memo_key;
    // A backup came back in which the first row is another channel.
    folder.rename_row(JONAS).await;
    let (_, again) = opened(folder.place.path(), &vault);
    let problem = Problem::from(again.account(id).await.err().unwrap());
    assert_eq!((problem.code, problem.fix), (Code::WrongChannel, Fix::SignIn { account: id }));
    assert!(matches!(again.memo_key(id).await, Err(SecretFault::OtherChannel { .. })));
    again.wipe_account(id).await.unwrap();
    assert_eq!(vault.keys(), [format!("home/{}/account/{id}", folder.id())], "it is not ours to wipe");

    again.keep_refresh(id, None).await.unwrap();
    assert_eq!(token(&again, id).await, Ok(None), "the other channel's token does not live on");
    again.keep_refresh(id, Some("token-j".to_string().into())).await.unwrap();
    let entry = again.account(id).await.unwrap().unwrap();
    assert_eq!(entry.refresh.unwrap().expose(), "token-j");
    assert_ne!(entry.memo_key.expose(), memo_key.expose(), "nor its memo key");
}

#[tokio::test]
async fn another_apps_secret_is_never_given_away() {
    let vault = Arc::new(MemoryVault::new());
    let folder = Folder::new(&vault);
    folder.channel(MIRA).await;
    folder.secrets.keep_app(1, &"hush".to_string().into()).await.unwrap();
    let other = |tx: &mut crate::store::Tx| {
        crate::engine::sql(tx.execute("UPDATE app SET client_id = 'another'", [])).map(|_| ())
    };
    folder.store.write(other).await.unwrap();
    let problem = Problem::from(folder.secrets.app(1).await.err().unwrap());
    assert_eq!(
        (problem.code, problem.fix),
        (Code::SecretDamaged, Fix::AddApp { platform: "youtube".into() })
    );
    folder.secrets.keep_app(1, &"new".to_string().into()).await.unwrap();
    assert_eq!(folder.secrets.app(1).await.unwrap().unwrap().expose(), "new");
}

/// The way out that the message names must work.
#[tokio::test]
async fn a_damaged_entry_says_so_and_a_sign_in_replaces_it() {
    let vault = Arc::new(MemoryVault::new());
    let folder = Folder::new(&vault);
    let id = folder.channel(MIRA).await;
    let key = format!("home/{}/account/{id}", folder.id());
    for damage in [&b"\0\xff"[..], b"{}", br#"{"v":1,"refresh_token":"x","memo_key":"AQ=="}"#, b""] {
        vault.set(&key, damage).unwrap();
        let (_, secrets) = opened(folder.place.path(), &vault);
        let problem = Problem::from(secrets.account(id).await.err().unwrap());
        assert_eq!((problem.code, problem.fix), (Code::SecretDamaged, Fix::SignIn { account: id }));
        secrets.keep_refresh(id, Some("new".to_string().into())).await.unwrap();
        assert_eq!(token(&secrets, id).await, Ok(Some("new".into())));
        vault.set(&key, damage).unwrap();
        secrets.wipe_account(id).await.unwrap();
        assert!(vault.keys().is_empty(), "a damaged entry can be wiped");
    }
}

#[tokio::test]
async fn values_of_a_folder_are_its_own() {
    let vault = Arc::new(MemoryVault::new());
    let (a, b) = (Folder::new(&vault), Folder::new(&vault));
    a.secrets.keep_value("generation", b"7").await.unwrap();
    assert_eq!(a.secrets.value("generation").await.unwrap().unwrap().expose(), b"7");
    assert!(b.secrets.value("generation").await.unwrap().is_none());
    assert_eq!(vault.keys(), [format!("home/{}/generation", a.id())]);
}

/// As a keychain lists its items, and as a keychain that cannot.
#[tokio::test]
async fn every_entry_is_listed_with_its_folder_and_owner_and_can_be_wiped() {
    for no_list in [false, true] {
        let vault = Arc::new(MemoryVault::new());
        if no_list {
            vault.set_no_list();
        }
        let (a, b) = (Folder::new(&vault), Folder::new(&vault));
        let (mira, jonas) = (a.channel(MIRA).await, b.channel(JONAS).await);
        a.secrets.keep_refresh(mira, Some("token-m".to_string().into())).await.unwrap();
        a.secrets.keep_app(1, &"hush".to_string().into()).await.unwrap();
        a.secrets.keep_value("generation", b"7").await.unwrap();
        b.secrets.keep_refresh(jonas, Some("token-j".to_string().into())).await.unwrap();
        let handle = VaultHandle::new(vault.clone());
        let listed = list(&handle).await.unwrap();
        let of = |id: &str, kind| {
            listed.iter().filter(|one| one.folder.as_deref() == Some(id) && one.kind == kind).count()
        };
        assert_eq!(listed.len(), 4, "{listed:?}");
        for (folder, kind, count) in [
            (&a, EntryKind::Account, 1),
            (&a, EntryKind::App, 1),
            (&a, EntryKind::Folder, 1),
            (&b, EntryKind::Account, 1),
        ] {
            assert_eq!(of(folder.id(), kind), count);
        }
        let of_b = listed.iter().find(|one| one.folder.as_deref() == Some(b.id())).unwrap();
        assert_eq!(of_b.path.as_deref(), Some(b.place.path()));
        assert_eq!(of_b.owner.as_ref().unwrap().id, JONAS);
        assert!(!format!("{listed:?}").contains("token"), "no secret is shown");

        let mine: Vec<_> = listed.iter().filter(|one| one.folder.as_deref() == Some(a.id())).collect();
        for one in &mine {
            assert!(wipe(&handle, &one.key).await.unwrap());
        }
        assert_eq!(list(&handle).await.unwrap().len(), 1);
        assert_eq!(token(&b.secrets, jonas).await, Ok(Some("token-j".into())));
        wipe(&handle, &of_b.key).await.unwrap();
        assert!(vault.keys().is_empty(), "not even a list is left: {:?}", vault.keys());
    }
}

#[tokio::test]
async fn a_moved_folder_is_listed_where_it_is_once_it_was_used() {
    let vault = Arc::new(MemoryVault::new());
    let folder = Folder::new(&vault);
    let id = folder.channel(MIRA).await;
    folder.secrets.keep_refresh(id, Some("token-m".to_string().into())).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    folder.store.back_up(&elsewhere.path().join("slipway.db")).unwrap();
    let (_, secrets) = opened(elsewhere.path(), &vault);
    assert_eq!(token(&secrets, id).await, Ok(Some("token-m".into())));
    let listed = list(&VaultHandle::new(vault)).await.unwrap();
    assert_eq!(listed[0].path.as_deref(), Some(elsewhere.path()));
}
