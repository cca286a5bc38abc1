//! The form that a document goes up in: which files can, under which name, and how they are read.

use std::{
    io::{self, Seek},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::TryStreamExt;
use reqwest::multipart::{Form, Part};
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use super::Upload;

/// Bytes that are read at once from a file that goes up.
const READ_SIZE: usize = 64 << 10;

/// How many bytes that were read from the file may still be in this machine's buffers.
const MOST_BUFFERED: u64 = 4 << 20;
/// The upload rate of a slow line, in bytes per second.
const SLOW_LINE: u64 = 32 << 10;

/// What goes up under which extension: Cevvo takes PDF, DOCX, TXT and MD (`cevvo-api`, section Ingestion), Nexvio's pages
/// name no others, and these are the same under other names.
const ACCEPTED: [(&str, &str, &str); 7] = [
    ("pdf", "pdf", "application/pdf"),
    ("docx", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("txt", "txt", "text/plain"),
    ("text", "txt", "text/plain"),
    ("md", "md", "text/markdown"),
    ("markdown", "md", "text/markdown"),
    ("mdx", "md", "text/markdown"),
];

/// The extensions of files that can go up, lower case.
pub(super) const EXTENSIONS: [&str; ACCEPTED.len()] = {
    let mut extensions = [""; ACCEPTED.len()];
    let mut i = 0;
    while i < ACCEPTED.len() {
        extensions[i] = ACCEPTED[i].0;
        i += 1;
    }
    extensions
};

/// How far an upload has come.
#[derive(Clone)]
pub(super) struct Progress(Arc<Mutex<Sent>>);

#[derive(Clone, Copy)]
struct Sent {
    bytes: u64,
    began: Instant,
    /// When more was taken last.
    last: Instant,
    is_all: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(Sent { bytes: 0, began: now, last: now, is_all: false })))
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts bytes that were read from the file, which has `of` bytes.
    fn add(&self, bytes: usize, of: u64) {
        let mut sent = self.sent();
        sent.bytes += bytes as u64;
        sent.last = Instant::now();
        sent.is_all = sent.bytes >= of;
    }

    /// Waits until nothing has been read for that time. What the system has taken last may still be on its way.
    pub(super) async fn stalled(&self, patience: Duration) {
        loop {
            let Sent { bytes, began, last, is_all } = *self.sent();
            let buffered = Duration::from_secs(bytes.min(MOST_BUFFERED) / SLOW_LINE);
            let patience = if is_all { patience.max(last - began) + buffered } else { patience };
            if last.elapsed() >= patience {
                return;
            }
            tokio::time::sleep_until(last + patience).await;
        }
    }
}

/// A form of the file and one field of text. The file is read from its start.
pub(super) fn form((field, text): (&'static str, &str), upload: &Upload, progress: Progress) -> io::Result<Form> {
    let (name, media_type) = sent_as(&upload.name);
    let mut file = upload.file.try_clone()?;
    file.rewind()?;
    let reader = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(file), upload.size);
    let size = upload.size;
    let taken = ReaderStream::with_capacity(reader, READ_SIZE).inspect_ok(move |bytes| progress.add(bytes.len(), size));
    let body = reqwest::Body::wrap_stream(taken);
    let part = Part::stream_with_length(body, upload.size).file_name(name);
    let part = part.mime_str(media_type).map_err(io::Error::other)?;
    Ok(Form::new().text(field, text.to_owned()).part("file", part))
}

/// The name and media type that a document goes up under. A form's header carries no control characters.
pub(super) fn sent_as(name: &str) -> (String, &'static str) {
    let name = name.replace(char::is_control, " ");
    let extension = name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase());
    match ACCEPTED.iter().find(|(ours, ..)| *ours == extension) {
        Some((ours, theirs, media_type)) if ours == theirs => (name, media_type),
        Some((ours, theirs, media_type)) => (format!("{}{theirs}", &name[..name.len() - ours.len()]), media_type),
        None => (name, "application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_of_text_and_markdown_go_up_under_the_accepted_one() {
        for (path, name, media_type) in [
            ("guide.markdown", "guide.md", "text/markdown"),
            ("guide.MDX", "guide.md", "text/markdown"),
            ("notes.text", "notes.txt", "text/plain"),
            ("a.b.MD", "a.b.MD", "text/markdown"),
            ("scan.pdf", "scan.pdf", "application/pdf"),
            ("two\nlines\u{1b}.mdx", "two lines .md", "text/markdown"),
        ] {
            assert_eq!(sent_as(path), (name.to_owned(), media_type));
        }
    }
}
