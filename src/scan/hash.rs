//! Hashing documents, one at a time or many at once.

use std::{
    fs::File,
    io::{self, Read},
    sync::{Mutex, mpsc},
    thread::Scope,
};

use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::{
    Root,
    content::{ContentCheck, Defect},
    listing::look_at,
};
use crate::model::{ContentHash, DocPath, Fingerprint, MinHash};

/// A file's hash, and what the file looked like before and after it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// SHA-256 of its bytes.
    pub hash: ContentHash,
    /// The signature of its words, where it is text.
    pub min_hash: Option<MinHash>,
    /// The look, the same before and after.
    pub fingerprint: Fingerprint,
}

/// Why a document was not read. The pass goes on; the document waits for the next look.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// It is no longer there.
    #[error("the file is gone")]
    Gone,
    /// It changed while it was read.
    #[error("the file changed while it was read; it is read again at the next look")]
    Changing,
    /// Something else is in its place: a folder, a FIFO, or a symlink that is not followed or leads out of the root.
    #[error("it is not a regular file in the collection's folder")]
    NotAFile,
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// It was read, and its content is not of the kind that its name says.
    #[error("{defect}")]
    Defective {
        /// What is wrong with it.
        defect: Defect,
        /// The look, the same before and after.
        fingerprint: Fingerprint,
    },
}

impl From<Errno> for HashError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::NOTDIR => Self::Gone,
            // A symlink, one out of the root, and what a socket answers.
            Errno::LOOP | Errno::XDEV | Errno::NXIO => Self::NotAFile,
            error => Self::Unreadable(error.to_string()),
        }
    }
}

/// Larger reads are no faster; smaller ones cost up to a quarter more.
const READ: usize = 128 * 1024;

/// Reads, hashes and checks a document.
///
/// # Errors
/// When it is gone, cannot be read, changed while it was read, or is not what its name says.
pub fn hash(root: &Root, path: &DocPath) -> Result<Hashed, HashError> {
    hash_with(root, path, &mut vec![0; READ], &mut || ())
}

/// The same with a buffer, and something to do after each read, by which tests change the file in time.
pub(super) fn hash_with(
    root: &Root,
    path: &DocPath,
    buffer: &mut [u8],
    after_read: &mut dyn FnMut(),
) -> Result<Hashed, HashError> {
    let mut file = root.open_document(path)?;
    let (_, fingerprint) = look_at(&file)?;
    let (mut hasher, mut check) = (Sha256::new(), ContentCheck::new(path));
    let mut left = fingerprint.size;
    loop {
        let read = match file.read(buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(HashError::Unreadable(error.to_string())),
        };
        // A file that grows as fast as it is read would never end.
        left = left.checked_sub(read as u64).ok_or(HashError::Changing)?;
        hasher.update(&buffer[..read]);
        check.update(&buffer[..read]);
        after_read();
    }
    let (_, after) = look_at(&file)?;
    if left != 0 || after != fingerprint {
        return Err(HashError::Changing);
    }
    let min_hash = check.finish().map_err(|defect| HashError::Defective { defect, fingerprint })?;
    Ok(Hashed { hash: ContentHash(hasher.finalize().into()), min_hash, fingerprint })
}

/// What an open file looks like now.
///
/// # Errors
/// As the system says.
pub fn fingerprint(file: &File) -> io::Result<Fingerprint> {
    Ok(look_at(file)?.1)
}

/// Hashes the documents that come from `jobs` with up to `depth` threads, and hands each result, in the order in which
/// they are done, to `sink` on the calling thread. Returns when the sender of the jobs is dropped and all is handed over.
///
/// Cold small files want many reads under way at once more than they want processors; 16 is a good depth. There is one
/// thread more than there was work for at most, and no more than `depth` results wait, so a slow `sink` slows the reading.
pub fn hash_many<T: Send>(
    root: &Root,
    depth: usize,
    jobs: mpsc::Receiver<(T, DocPath)>,
    mut sink: impl FnMut(T, DocPath, Result<Hashed, HashError>),
) {
    let depth = depth.max(1);
    let (done, results) = mpsc::sync_channel(depth);
    let work = HashWork { root, jobs: Mutex::new(jobs) };
    std::thread::scope(|scope| {
        let work = &work;
        scope.spawn(move || work.run(scope, depth - 1, done));
        for (tag, path, result) in results {
            sink(tag, path, result);
        }
    });
}

/// What the hashing threads share.
struct HashWork<'a, T> {
    root: &'a Root,
    jobs: Mutex<mpsc::Receiver<(T, DocPath)>>,
}

/// Where a hashing thread hands over what it has done.
type Done<T> = mpsc::SyncSender<(T, DocPath, Result<Hashed, HashError>)>;

impl<T: Send> HashWork<'_, T> {
    /// One thread. When it has got something to do, the next one begins to wait in its place, as long as `more` are allowed.
    fn run<'s>(&'s self, scope: &'s Scope<'s, '_>, mut more: usize, done: Done<T>) {
        let mut buffer = Vec::new();
        while let Some((tag, path)) = next_job(&self.jobs) {
            if let Some(fewer) = more.checked_sub(1) {
                let done = done.clone();
                scope.spawn(move || self.run(scope, fewer, done));
                more = 0;
            }
            buffer.resize(READ, 0);
            let result = hash_with(self.root, &path, &mut buffer, &mut || ());
            if done.send((tag, path, result)).is_err() {
                return;
            }
        }
    }
}

/// Waits for the next job; `None` when there will be none. One thread waits in the queue, the others for their turn.
fn next_job<T>(jobs: &Mutex<mpsc::Receiver<T>>) -> Option<T> {
    let jobs = jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    jobs.recv().ok()
}
