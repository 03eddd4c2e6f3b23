//! The bytes that arrive: counted, hashed, and (unless told otherwise) kept in a file. In memory mode the file has no name and goes
//! with the process; with a home it lies under `bytes/`. Memory stays flat however long the body is: frames go as they come through
//! a short channel to a thread that hashes and writes them. Bytes under a home are kept for a day at most (`KEPT`); what stands on the
//! platforms stays without them. Not here: what the bytes are for.

use anyhow::Context;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A file of kept bytes. Every access seeks first, so readers and a writer can share it.
pub(crate) type Kept = Arc<Mutex<File>>;

/// Where a platform's own numbers of blobs begin, so that no two platforms ever mean the same file. Google's begin at 1; the next
/// platform takes the next multiple.
pub(crate) const TIKTOK_BLOBS: u64 = 1 << 40;
pub(crate) const META_BLOBS: u64 = 2 << 40;

/// How long bytes lie under a home: they are whole copies of somebody's videos, and nothing looks at them later than that.
pub(crate) const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Where the bytes of a home lie.
pub(crate) fn folder_of(home: &Path) -> PathBuf {
    home.join("bytes")
}

fn files(dir: &Path) -> impl Iterator<Item = (PathBuf, std::fs::Metadata)> + use<> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .filter(|(_, meta)| meta.is_file())
}

/// How many bytes lie under this home.
pub(crate) fn size(home: &Path) -> u64 {
    files(&folder_of(home)).map(|(_, meta)| meta.len()).sum()
}

/// Deletes the bytes under this home that were last written so long ago; with zero, all.
pub(crate) fn forget(home: &Path, older_than: Duration) -> std::io::Result<()> {
    for (path, meta) in files(&folder_of(home)) {
        let age = meta.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        if older_than.is_zero() || age >= older_than {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

pub(crate) struct Store {
    dir: Option<PathBuf>,
    open: Mutex<HashMap<u64, Kept>>,
}

impl Store {
    pub(crate) fn new(home: Option<&PathBuf>) -> anyhow::Result<Store> {
        let dir = home.map(|home| folder_of(home));
        if let Some(dir) = &dir {
            std::fs::create_dir_all(dir).context("making the sandbox's folder for bytes")?;
        }
        Ok(Store { dir, open: Mutex::default() })
    }

    /// The file of blob `id`, made when it is not there.
    pub(crate) fn file(&self, id: u64) -> std::io::Result<Kept> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = open.get(&id) {
            return Ok(kept.clone());
        }
        let file = match &self.dir {
            Some(dir) => File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(dir.join(id.to_string()))?,
            None => tempfile::tempfile()?,
        };
        let kept = Arc::new(Mutex::new(file));
        open.insert(id, kept.clone());
        Ok(kept)
    }

    pub(crate) fn remove(&self, id: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(dir) = &self.dir {
            // Already gone is as good.
            let _ = std::fs::remove_file(dir.join(id.to_string()));
        }
    }

    /// Are the bytes of blob `id` still here?
    pub(crate) fn has(&self, id: u64) -> bool {
        match &self.dir {
            Some(dir) => dir.join(id.to_string()).exists(),
            None => self.open.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id),
        }
    }

    /// Closes what was deleted from the folder, so that the disk gets its space back.
    pub(crate) fn close_deleted(&self) {
        if let Some(dir) = &self.dir {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|id, _| dir.join(id.to_string()).exists());
        }
    }

    /// Keeps a small whole thing (a thumbnail, a caption track).
    pub(crate) fn put(&self, id: u64, bytes: &[u8]) -> std::io::Result<()> {
        let kept = self.file(id)?;
        let mut file = kept.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)
    }

    /// Up to `len` bytes from `offset`; fewer at the end.
    pub(crate) fn read(&self, id: u64, offset: u64, len: usize) -> std::io::Result<Bytes> {
        if !self.has(id) {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        let kept = self.file(id)?;
        let mut file = kept.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        let mut out = Vec::with_capacity(len);
        (&mut *file).take(len as u64).read_to_end(&mut out)?;
        Ok(out.into())
    }
}

/// How far a body has come. `marks` are the newest granularity boundaries with the hash as it was there, so that an interrupted or
/// forgetful upload can go back to one; going back further goes to zero.
pub(crate) struct Progress {
    /// Bytes taken in so far, contiguous from zero.
    pub(crate) at: u64,
    hasher: Option<blake3::Hasher>,
    marks: VecDeque<(u64, Option<blake3::Hasher>)>,
    granularity: u64,
    file: Option<Kept>,
}

const MARKS: usize = 4;

impl Progress {
    pub(crate) fn new(hash: bool, granularity: u64, file: Option<Kept>) -> Progress {
        let hasher = hash.then(blake3::Hasher::new);
        Progress { at: 0, hasher, marks: VecDeque::new(), granularity: granularity.max(1), file }
    }

    /// Takes up a file that an earlier process had filled to `at`: its hash is worked out again.
    pub(crate) fn taken_up(
        hash: bool,
        granularity: u64,
        file: Option<Kept>,
        at: u64,
    ) -> std::io::Result<Progress> {
        // Bytes that were deleted meanwhile can't be hashed again: then only their number goes on.
        let file = match file {
            Some(kept) => {
                let there = kept.lock().unwrap_or_else(PoisonError::into_inner).metadata()?.len() >= at;
                there.then_some(kept)
            }
            None => None,
        };
        let mut progress = Progress::new(hash && file.is_some(), granularity, file.clone());
        let Some(kept) = file else {
            progress.at = at;
            progress.acknowledge();
            return Ok(progress);
        };
        let mut buffer = vec![0; 1 << 20];
        while progress.at < at {
            let want = usize::try_from(at - progress.at).unwrap_or(usize::MAX).min(buffer.len());
            {
                let mut file = kept.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(progress.at))?;
                file.read_exact(&mut buffer[..want])?;
            }
            progress.count(&buffer[..want]);
        }
        progress.acknowledge();
        Ok(progress)
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if let Some(kept) = &self.file {
            let mut file = kept.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(self.at))?;
            file.write_all(bytes)?;
        }
        self.count(bytes);
        Ok(())
    }

    /// True when taking bytes is nothing but arithmetic, and a thread for it would be waste.
    pub(crate) fn is_light(&self) -> bool {
        self.hasher.is_none() && self.file.is_none()
    }

    fn count(&mut self, mut bytes: &[u8]) {
        if self.granularity == 1 {
            self.hash(bytes);
            self.at += bytes.len() as u64;
            self.mark();
            return;
        }
        while !bytes.is_empty() {
            let to_boundary = self.granularity - self.at % self.granularity;
            let n = usize::try_from(to_boundary).unwrap_or(usize::MAX).min(bytes.len());
            let (now, rest) = bytes.split_at(n);
            self.hash(now);
            self.at += n as u64;
            if self.at.is_multiple_of(self.granularity) {
                self.mark();
            }
            bytes = rest;
        }
    }

    fn hash(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
    }

    fn mark(&mut self) {
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back((self.at, self.hasher.clone()));
    }

    /// What has been acknowledged to the client is never forgotten by an interruption, wherever the boundaries lie.
    pub(crate) fn acknowledge(&mut self) {
        if self.marks.back().is_none_or(|(at, _)| *at < self.at) {
            self.mark();
        }
    }

    /// A changed setting reaches a session with its next body.
    pub(crate) fn set_granularity(&mut self, granularity: u64) {
        self.granularity = granularity.max(1);
    }

    /// Back to the newest boundary at or below `limit`.
    pub(crate) fn back_to(&mut self, limit: u64) {
        while self.marks.back().is_some_and(|(at, _)| *at > limit) {
            self.marks.pop_back();
        }
        match self.marks.back() {
            Some((at, hasher)) => (self.at, self.hasher) = (*at, hasher.clone()),
            None => (self.at, self.hasher) = (0, self.hasher.is_some().then(blake3::Hasher::new)),
        }
    }

    /// Back to the newest boundary: what an interrupted body leaves behind.
    pub(crate) fn settle(&mut self) {
        self.back_to(self.at);
    }

    /// The blake3 of everything taken in, when it was hashed.
    pub(crate) fn hash_hex(&self) -> Option<String> {
        self.hasher.as_ref().map(|hasher| hasher.finalize().to_hex().to_string())
    }
}

/// A running transfer: frames in, the progress back at its end.
pub(crate) enum Intake {
    /// Nothing to do but count.
    Light(Box<Progress>),
    Threaded(tokio::sync::mpsc::Sender<Bytes>, tokio::task::JoinHandle<std::io::Result<Progress>>),
}

impl Intake {
    pub(crate) fn begin(mut progress: Progress) -> Intake {
        if progress.is_light() {
            return Intake::Light(Box::new(progress));
        }
        // A few frames of slack keep socket and hash both busy; more would only be memory.
        let (frames, mut arriving) = tokio::sync::mpsc::channel::<Bytes>(4);
        let thread = tokio::task::spawn_blocking(move || {
            while let Some(frame) = arriving.blocking_recv() {
                progress.take(&frame)?;
            }
            Ok(progress)
        });
        Intake::Threaded(frames, thread)
    }

    /// Hands one frame on. False when the other side has failed; `end` then says why.
    pub(crate) async fn take(&mut self, frame: Bytes) -> bool {
        match self {
            Intake::Light(progress) => progress.take(&frame).is_ok(),
            Intake::Threaded(frames, _) => frames.send(frame).await.is_ok(),
        }
    }

    pub(crate) async fn end(self) -> anyhow::Result<Progress> {
        match self {
            Intake::Light(progress) => Ok(*progress),
            Intake::Threaded(frames, thread) => {
                drop(frames);
                thread.await.context("the thread that keeps bytes")?.context("keeping the bytes of an upload")
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn stuff(len: usize) -> Vec<u8> {
        (0..len).map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn an_interrupted_body_keeps_whole_granules_and_its_hash_follows() {
        let store = Store::new(None).unwrap();
        let all = stuff(10_000);
        let mut progress = Progress::new(true, 1024, Some(store.file(1).unwrap()));
        progress.take(&all[..3000]).unwrap();
        progress.settle();
        assert_eq!(progress.at, 2048);
        progress.take(&all[2048..]).unwrap();
        assert_eq!(progress.hash_hex().unwrap(), blake3::hash(&all).to_hex().to_string());
        assert_eq!(store.read(1, 0, 20_000).unwrap(), all);
    }

    #[test]
    fn forgetting_goes_back_one_boundary_or_to_zero() {
        let all = stuff(9 * 1024);
        let mut progress = Progress::new(true, 1024, None);
        progress.take(&all).unwrap();
        progress.back_to(progress.at - 1);
        assert_eq!(progress.at, 8 * 1024);
        assert_eq!(progress.hash_hex().unwrap(), blake3::hash(&all[..8 * 1024]).to_hex().to_string());
        progress.back_to(1024);
        assert_eq!((progress.at, progress.hash_hex().unwrap()), (0, blake3::hash(b"").to_hex().to_string()));
    }

    #[test]
    fn an_upload_goes_on_without_bytes_that_were_deleted() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(Some(&home.path().to_path_buf())).unwrap();
        store.put(7, &stuff(5000)).unwrap();
        assert_eq!(size(home.path()), 5000);
        forget(home.path(), KEPT).unwrap();
        assert!(store.has(7), "younger than a day");
        forget(home.path(), Duration::ZERO).unwrap();
        store.close_deleted();
        assert_eq!((size(home.path()), store.has(7)), (0, false));
        assert!(store.read(7, 0, 10).is_err(), "deleted bytes are no empty bytes");
        let mut progress = Progress::taken_up(true, 1000, Some(store.file(7).unwrap()), 4000).unwrap();
        progress.take(&stuff(1000)).unwrap();
        assert_eq!((progress.at, progress.hash_hex()), (5000, None));
        assert_eq!(size(home.path()), 0, "half a video is not begun again");
    }

    #[test]
    fn bytes_older_than_a_day_are_deleted() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(Some(&home.path().to_path_buf())).unwrap();
        for (id, age) in [(1, KEPT + Duration::from_secs(60)), (2, KEPT - Duration::from_secs(60))] {
            store.put(id, b"a video").unwrap();
            let file =
                File::options().write(true).open(home.path().join("bytes").join(id.to_string())).unwrap();
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
        }
        forget(home.path(), KEPT).unwrap();
        assert_eq!((store.has(1), store.has(2)), (false, true));
    }

    #[test]
    fn a_body_is_taken_up_after_a_restart() {
        let home = tempfile::tempdir().unwrap();
        let all = stuff(300_000);
        let store = Store::new(Some(&home.path().to_path_buf())).unwrap();
        store.put(7, &all[..262_144]).unwrap();
        drop(store);
        let store = Store::new(Some(&home.path().to_path_buf())).unwrap();
        let mut progress = Progress::taken_up(true, 262_144, Some(store.file(7).unwrap()), 262_144).unwrap();
        progress.take(&all[262_144..]).unwrap();
        assert_eq!(progress.hash_hex().unwrap(), blake3::hash(&all).to_hex().to_string());
        store.remove(7);
        assert!(!home.path().join("bytes/7").exists());
    }
}
