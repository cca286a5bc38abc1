//! Safe reading of files that a config names: only regular ones, up to a limit, never blocked by a FIFO.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

use rustix::fs::{Mode, OFlags};

/// Opens a regular file for reading. Symlinks are followed.
///
/// # Errors
/// [`ErrorKind::IsADirectory`] and, for FIFOs, sockets and devices, [`ErrorKind::InvalidInput`]; whatever the system answers.
pub fn open(path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a FIFO waits for a writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !kind.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(file)
}

/// Reads an open file to its end, or up to a limit in bytes.
///
/// # Errors
/// [`ErrorKind::FileTooLarge`] if there is more than that; whatever the system answers.
pub fn read(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn open__what_is_no_regular_file__is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        symlink(at("file"), at("link")).unwrap();
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(read(&open(&at("link")).unwrap(), 4).unwrap(), b"text");
        assert_eq!(read(&open(&at("file")).unwrap(), 3).unwrap_err().kind(), ErrorKind::FileTooLarge);
        for (path, expected) in [
            (at("fifo"), ErrorKind::InvalidInput),
            (folder.path().to_owned(), ErrorKind::IsADirectory),
            ("/dev/null".into(), ErrorKind::InvalidInput),
            (at("none"), ErrorKind::NotFound),
        ] {
            assert_eq!(open(&path).unwrap_err().kind(), expected, "{}", path.display());
        }
    }
}
