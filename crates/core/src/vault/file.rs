//! A vault in one encrypted file, for people who have no keychain and chose this knowingly.
//!
//! The key comes from a passphrase by Argon2id, once per [`FileVault::open`]; the passphrase is not kept. Every
//! call takes the lock file beside it, reads the file anew (another process may have changed it), and writes a
//! whole new file that takes the old one's place in one step. Nothing decrypted stays in memory between calls.
//! Not here: the bytes of the file (`file_format`), and where the passphrase comes from.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::file_format::{Cost, FileKey, Secrets};
use super::{Vault, VaultFault, VaultKind, check_key};
use crate::sensitive::{SecretBytes, SecretString};

/// No honest vault comes near this; a longer file is not read into memory.
const LONGEST_FILE: u64 = 16 * 1024 * 1024;

/// The secrets in one file, open with its passphrase.
pub struct FileVault {
    path: PathBuf,
    key: FileKey,
}

impl FileVault {
    /// Opens the file, or makes an empty one when there is none. Deriving the key takes a noticeable part of a
    /// second on purpose; call it off the runtime's threads.
    ///
    /// # Errors
    /// [`VaultFault::WrongPassphrase`] also for an empty passphrase, [`VaultFault::FileDamaged`] when the file is not a
    /// sound vault, [`VaultFault::Broken`] when the disk does not let us.
    pub fn open(path: &Path, passphrase: SecretString) -> Result<Self, VaultFault> {
        if passphrase.expose().is_empty() {
            return Err(VaultFault::WrongPassphrase);
        }
        let _lock = lock(path)?;
        let vault = |key| Self { path: path.to_owned(), key };
        match read(path)? {
            Some(file) => {
                let vault = vault(FileKey::for_file(&passphrase, &file)?);
                vault.key.open(&file)?;
                Ok(vault)
            }
            None => {
                let vault = vault(FileKey::for_new_file(&passphrase, Cost::LEAST)?);
                vault.write(&Secrets::new())?;
                Ok(vault)
            }
        }
    }

    /// The secrets as they are on disk now. The caller holds the lock.
    fn read(&self) -> Result<Secrets, VaultFault> {
        // Making a new, empty file here would hide that every secret is gone.
        let file = read(&self.path)?.ok_or_else(|| VaultFault::file_damaged("the vault file is gone"))?;
        self.key.open(&file)
    }

    /// Puts a new file in place of the old one. The caller holds the lock.
    fn write(&self, secrets: &Secrets) -> Result<(), VaultFault> {
        let file = self.key.close(secrets);
        if file.len() as u64 > LONGEST_FILE {
            return Err(VaultFault::broken("the vault file would be longer than 16 MiB"));
        }
        replace(&self.path, &file).map_err(|error| fault_of(&error))
    }
}

impl Vault for FileVault {
    fn get(&self, key: &str) -> Result<Option<SecretBytes>, VaultFault> {
        check_key(key)?;
        let _lock = lock(&self.path)?;
        Ok(self.read()?.remove(key))
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), VaultFault> {
        check_key(key)?;
        let _lock = lock(&self.path)?;
        let mut secrets = self.read()?;
        secrets.insert(key.to_owned(), SecretBytes::from(value));
        self.write(&secrets)?;
        match self.read()?.get(key) {
            Some(back) if back.expose() == value => Ok(()),
            _ => Err(VaultFault::broken("the file gave back something else than was stored")),
        }
    }

    fn remove(&self, key: &str) -> Result<bool, VaultFault> {
        check_key(key)?;
        let _lock = lock(&self.path)?;
        let mut secrets = self.read()?;
        if secrets.remove(key).is_none() {
            return Ok(false);
        }
        self.write(&secrets)?;
        Ok(true)
    }

    fn keys(&self) -> Result<Option<Vec<String>>, VaultFault> {
        let _lock = lock(&self.path)?;
        Ok(Some(self.read()?.into_keys().collect()))
    }

    fn lists(&self) -> bool {
        true
    }

    fn kind(&self) -> VaultKind {
        VaultKind::File
    }

    fn check(&self) -> Result<(), VaultFault> {
        let _lock = lock(&self.path)?;
        self.read().map(drop)
    }
}

/// Waits until no other process and no other thread works on this vault. The lock ends with the returned file.
///
/// It is a file of its own, because the vault file is replaced at every write and a lock would go with the old one.
/// It is never deleted: two processes could then hold locks on two files of the same name.
fn lock(path: &Path) -> Result<File, VaultFault> {
    let taken = private().create(true).truncate(false).open(beside(path, ".lock")).and_then(|file| {
        file.lock()?;
        Ok(file)
    });
    taken.map_err(|error| fault_of(&error))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, VaultFault> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > LONGEST_FILE => {
            Err(VaultFault::file_damaged("the file is far too long"))
        }
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault_of(&error)),
    }
}

/// After a crash or a power cut there is the old file or the new one, whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The lock makes this name ours; what a crash left under it is of no use.
    let new = beside(path, ".new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().create_new(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    // The new name is on disk only once its folder is; Windows has no such call and needs none.
    #[cfg(unix)]
    File::open(match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    })?
    .sync_all()?;
    Ok(())
}

/// Opens for writing; what it creates only its owner may read. On Windows the folder's own rules say so.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn fault_of(error: &io::Error) -> VaultFault {
    if crate::handles::ran_out(error) {
        return VaultFault::NoHandles;
    }
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            VaultFault::broken("the vault file or its folder may not be written by you")
        }
        // The kind is a fixed phrase; the error's own text could name the path.
        kind => VaultFault::broken(format!("the vault file: {kind}")),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
