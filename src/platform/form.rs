//! The form that a document goes up in: which files can, under which name, and how they are read.

use std::io::{self, Seek};

use reqwest::multipart::{Form, Part};
use tokio_util::io::ReaderStream;

use super::Upload;

/// Bytes that are read at once from a file that goes up.
const READ_SIZE: usize = 64 << 10;

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

/// A form of the file and one field of text. The file is read from its start.
pub(super) fn form((field, text): (&'static str, &str), upload: &Upload) -> io::Result<Form> {
    let (name, media_type) = sent_as(&upload.name);
    let mut file = upload.file.try_clone()?;
    file.rewind()?;
    let reader = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(file), upload.size);
    let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(reader, READ_SIZE));
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
