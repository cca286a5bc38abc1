//! What kind of file a page is.

use url::Url;

use super::Fetched;

/// The media types that are read, and the extension of what each is.
const TYPES: [(&str, &str); 7] = [
    ("text/html", "html"),
    ("application/xhtml+xml", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
    ("application/pdf", "pdf"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
];

/// How what is packed with gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Fetched {
    /// What kind of file it is, as an extension: `html`, `pdf`, `docx`, `md` or `txt`.
    ///
    /// # Errors
    /// In words for its owner, when it is none of these.
    pub fn kind(&self) -> Result<&'static str, String> {
        kind_of(&self.media_type, &self.url, &self.body)
    }
}

/// Judges by what its origin says, else by its name and its beginning.
fn kind_of(media_type: &str, url: &Url, body: &[u8]) -> Result<&'static str, String> {
    let is_text = media_type.starts_with("text/") || media_type.ends_with("xml");
    if is_text && body.starts_with(&GZIP) {
        return Err(format!("it is packed with gzip, and its origin says that it is {media_type}"));
    }
    if let Some((_, kind)) = TYPES.iter().find(|(name, _)| *name == media_type) {
        return Ok(kind);
    }
    let unsaid = matches!(media_type, "" | "application/octet-stream" | "binary/octet-stream" | "application/zip");
    let extension = url.path().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let by_name =
        extension.and_then(|extension| ["pdf", "docx", "md", "txt"].into_iter().find(|kind| *kind == extension));
    match by_name {
        Some(kind) if unsaid => Ok(kind),
        _ if unsaid && body.starts_with(b"%PDF-") => Ok("pdf"),
        _ if media_type.is_empty() && body.trim_ascii_start().starts_with(b"<") => Ok("html"),
        _ if media_type.is_empty() => Err("its origin does not say of what type it is".to_owned()),
        _ => Err(format!("it is {media_type}; HTML, PDF, DOCX, Markdown and plain text are read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_pages() {
        let url = |text: &str| Url::parse(text).unwrap();
        for (media_type, address, body, expected) in [
            ("text/html", "https://e.com/a.pdf", "", Some("html")),
            ("application/pdf", "https://e.com/a", "", Some("pdf")),
            ("application/octet-stream", "https://e.com/a.PDF", "", Some("pdf")),
            ("application/octet-stream", "https://e.com/a", "%PDF-1.7", Some("pdf")),
            ("application/zip", "https://e.com/a.docx?x", "PK", Some("docx")),
            ("", "https://e.com/", " <!doctype html>", Some("html")),
            ("", "https://e.com/", "hello", None),
            ("image/png", "https://e.com/a.md", "", None),
            ("application/json", "https://e.com/a.txt", "{}", None),
        ] {
            assert_eq!(kind_of(media_type, &url(address), body.as_bytes()).ok(), expected, "{media_type} {address}");
        }
        let packed = kind_of("text/html", &url("https://e.com/"), &[0x1f, 0x8b, 8, 0]);
        assert!(packed.is_err(), "its bytes are no text");
    }
}
