//! What one entry of the vault says: whose it is, and the secret. Pure.
//!
//! An entry names the data folder, the platform and the channel (or developer app) it belongs to, so that no row of another queue
//! can use it. Not here: where entries are kept (`vault`), and who compares them with a row (`secrets`).

use crate::sensitive::{SecretBytes, SecretString};
use crate::vault::VaultFault;
use crate::vault::seal::MemoKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The version of an entry's layout.
const VERSION: u64 = 2;

/// The key of a value of a data folder, e.g. `home/<id>/account/17`.
pub(super) fn key(home: &str, name: &str) -> String {
    format!("home/{home}/{name}")
}

/// The data folder and the name that a key stands for.
pub(super) fn parts(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("home/")?.split_once('/')
}

pub(super) fn account_name(id: i64) -> String {
    format!("account/{id}")
}

pub(super) fn app_name(id: i64) -> String {
    format!("app/{id}")
}

/// Is it the name of a sign-in or of an app's secret, and not of a value of the folder itself?
pub(super) fn is_secret(name: &str) -> bool {
    name.starts_with("account/") || name.starts_with("app/")
}

/// Whose an entry is: a channel or a developer app, as the platform calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Such as `youtube`.
    pub platform: String,
    /// The channel's id at the platform, or the client id of the developer app.
    pub id: String,
    /// What people call it; may change without making it another one.
    pub name: String,
}

impl Owner {
    /// Is it the same channel or app? Its name does not matter.
    pub fn is(&self, other: &Owner) -> bool {
        self.platform == other.platform && self.id == other.id
    }
}

/// The data folder that an entry belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub id: String,
    pub path: PathBuf,
}

/// An entry as it was read. Its secret stays in `value`.
pub(super) struct Entry {
    pub home: Home,
    /// None: a value of the data folder itself.
    pub owner: Option<Owner>,
    value: Zeroizing<String>,
}

impl Entry {
    /// # Errors
    /// `Damaged` when it is no entry of ours, `Broken` when a newer version wrote it.
    pub fn read(bytes: &SecretBytes) -> Result<Entry, VaultFault> {
        let value: Value =
            serde_json::from_slice(bytes.expose()).map_err(|_| VaultFault::damaged("an entry"))?;
        match value["v"].as_u64() {
            Some(VERSION) => {}
            Some(newer) if newer > VERSION => {
                return Err(VaultFault::broken("an entry was written by a newer Slipway"));
            }
            _ => return Err(VaultFault::damaged("an entry")),
        }
        let text = |key: &str| value[key].as_str().map(str::to_string);
        let (Some(id), Some(path)) = (text("home"), text("path")) else {
            return Err(VaultFault::damaged("an entry"));
        };
        let owner = match (text("platform"), text("id")) {
            (Some(platform), Some(id)) => {
                Some(Owner { platform, name: text("name").unwrap_or_else(|| id.clone()), id })
            }
            _ => None,
        };
        let home = Home { id, path: path.into() };
        Ok(Entry { home, owner, value: Zeroizing::new(value["secret"].to_string()) })
    }

    fn secret(&self) -> Result<Value, VaultFault> {
        serde_json::from_str(&self.value).map_err(|_| VaultFault::damaged("an entry"))
    }

    /// The refresh token and the memo key of a channel.
    pub fn account(&self) -> Result<(Option<SecretString>, Arc<MemoKey>), VaultFault> {
        let secret = self.secret()?;
        let memo_key = secret["memo_key"]
            .as_str()
            .and_then(|text| BASE64.decode(text).ok())
            .and_then(|bytes| MemoKey::from_secret(&SecretBytes::from(bytes)).ok())
            .ok_or_else(|| VaultFault::damaged("a channel's memo key"))?;
        Ok((secret["refresh_token"].as_str().map(SecretString::from), Arc::new(memo_key)))
    }

    /// The secret of a developer app.
    pub fn app(&self) -> Result<SecretString, VaultFault> {
        let secret = self.secret()?;
        secret.as_str().map(SecretString::from).ok_or_else(|| VaultFault::damaged("a developer app's secret"))
    }

    /// A value of the data folder.
    pub fn bytes(&self) -> Result<SecretBytes, VaultFault> {
        let secret = self.secret()?;
        let bytes = secret.as_str().and_then(|text| BASE64.decode(text).ok());
        bytes.map(SecretBytes::from).ok_or_else(|| VaultFault::damaged("a value of the data folder"))
    }
}

pub(super) fn of_account(
    home: &Home,
    owner: &Owner,
    refresh: Option<&SecretString>,
    memo_key: &MemoKey,
) -> Zeroizing<String> {
    let secret = json!({
        "refresh_token": refresh.map(|token| token.expose().clone()),
        "memo_key": BASE64.encode(memo_key.expose()),
    });
    written(home, Some(owner), secret)
}

pub(super) fn of_app(home: &Home, owner: &Owner, secret: &SecretString) -> Zeroizing<String> {
    written(home, Some(owner), secret.expose().clone().into())
}

pub(super) fn of_bytes(home: &Home, value: &[u8]) -> Zeroizing<String> {
    written(home, None, BASE64.encode(value).into())
}

fn written(home: &Home, owner: Option<&Owner>, secret: Value) -> Zeroizing<String> {
    Zeroizing::new(
        json!({
            "v": VERSION,
            "home": home.id,
            "path": home.path.to_string_lossy(),
            "platform": owner.map(|owner| &owner.platform),
            "id": owner.map(|owner| &owner.id),
            "name": owner.map(|owner| &owner.name),
            "secret": secret,
        })
        .to_string(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home { id: "0123".into(), path: "/home/mira/.local/share/slipway".into() }
    }

    fn mira() -> Owner {
        Owner { platform: "youtube".into(), id: "UC1".into(), name: "Mira Bakes".into() }
    }

    #[test]
    fn an_entry_names_its_folder_and_owner_and_gives_its_secret_back() {
        let token = SecretString::from("1//refresh");
        let key = MemoKey::generate();
        let bytes = of_account(&home(), &mira(), Some(&token), &key);
        let entry = Entry::read(&SecretBytes::from(bytes.as_bytes())).unwrap();
        assert_eq!((&entry.home, entry.owner.as_ref()), (&home(), Some(&mira())));
        let (refresh, memo_key) = entry.account().unwrap();
        assert_eq!(refresh.unwrap().expose(), "1//refresh");
        assert_eq!(memo_key.expose(), key.expose());

        let bytes = of_app(&home(), &mira(), &SecretString::from("hush"));
        assert_eq!(
            Entry::read(&SecretBytes::from(bytes.as_bytes())).unwrap().app().unwrap().expose(),
            "hush"
        );
        let bytes = of_bytes(&home(), &[0, 255, 7]);
        let entry = Entry::read(&SecretBytes::from(bytes.as_bytes())).unwrap();
        assert_eq!(
            (entry.owner.is_none(), entry.bytes().unwrap().expose().as_slice()),
            (true, &[0, 255, 7][..])
        );
    }

    /// C30: the layout of version 2. Never change this text; a later layout gets a version and a test of its own.
    #[test]
    fn what_version_2_stored_is_read() {
        let stored = r#"{"v":2,"home":"0123","path":"/home/mira/.local/share/slipway","platform":"youtube","id":"UC1",
            "name":"Mira Bakes","secret":{"refresh_token":"1//refresh","memo_key":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}}"#;
        let entry = Entry::read(&SecretBytes::from(stored.as_bytes())).unwrap();
        assert_eq!((&entry.home, entry.owner.as_ref()), (&home(), Some(&mira())));
        let (refresh, memo_key) = entry.account().unwrap();
        assert_eq!((refresh.unwrap().expose().as_str(), memo_key.expose()), ("1//refresh", &[1; 32][..]));
    }

    #[test]
    fn what_is_no_entry_is_damaged_and_a_newer_one_is_not() {
        for (text, code) in [
            ("", "vault_damaged"),
            ("not json", "vault_damaged"),
            (r#"{"v":1,"refresh_token":"1//x","memo_key":"AQ=="}"#, "vault_damaged"),
            (r#"{"v":2,"home":"0123"}"#, "vault_damaged"),
            (r#"{"v":3}"#, "vault_broken"),
        ] {
            let read = Entry::read(&SecretBytes::from(text.as_bytes()));
            assert_eq!(read.err().map(|fault| fault.code()), Some(code), "{text}");
        }
        let app = of_app(&home(), &mira(), &SecretString::from("hush"));
        let entry = Entry::read(&SecretBytes::from(app.as_bytes())).unwrap();
        assert!(matches!(entry.account(), Err(VaultFault::Damaged { .. })), "no entry of a channel");
    }

    #[test]
    fn keys_are_parted_as_they_were_put_together() {
        assert_eq!(parts(&key("0123", &account_name(17))), Some(("0123", "account/17")));
        assert_eq!(parts("account/17"), None);
        assert_eq!(parts("home/0123"), None);
    }
}
