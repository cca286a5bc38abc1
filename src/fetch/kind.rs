//! What kind of file a page is.

use url::Url;

use super::Fetched;
use crate::model::{binary_kind_of, has_pdf_end, zip_parts};

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

impl Fetched {
    /// What kind of file it is, as an extension: `html`, `pdf`, `docx`, `md` or `txt`.
    ///
    /// # Errors
    /// In words for its owner, when it is none of these, or has no end.
    pub fn kind(&self) -> Result<&'static str, String> {
        let kind = kind_of(&self.media_type, &self.url, &self.body)?;
        let cut = match kind {
            "pdf" => (!has_pdf_end(&self.body)).then_some("a PDF"),
            "docx" => zip_parts(&self.body).is_none().then_some("a Word document"),
            _ => None,
        };
        cut.map_or(Ok(kind), |what| Err(format!("it is {what} without its end, so it broke off")))
    }
}

/// Media types that say nothing, or only that a browser is to save it: the name and the first bytes tell.
const UNSAID: [&str; 12] = [
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/zip",
    "application/force-download",
    "application/x-force-download",
    "application/download",
    "application/x-download",
    "application/x-pdf",
    "application/acrobat",
    "application/vnd.pdf",
    "text/pdf",
];

/// The kind that a media type stands for.
fn said(media_type: &str) -> Option<&'static str> {
    TYPES.iter().find(|(name, _)| *name == media_type).map(|(_, kind)| *kind)
}

/// Whether a media type promises text.
pub(super) fn is_text(media_type: &str) -> bool {
    said(media_type).is_some_and(|kind| matches!(kind, "html" | "txt" | "md"))
}

fn is_docx(body: &[u8]) -> bool {
    let parts = zip_parts(body).filter(|_| body.starts_with(b"PK\x03\x04"));
    parts.is_some_and(|parts| parts.content_types && parts.document)
}

/// A body without what may stand before its first sign.
fn beginning(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii_start();
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start()
}

fn begins_with(body: &[u8], start: &str) -> bool {
    body.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
}

/// Whether a body without a type of its own is HTML: a server that has lost its table of types sends all as plain text.
fn is_html(body: &[u8]) -> bool {
    let body = beginning(body);
    let is_tag = body.get(5).is_some_and(|next| *next == b'>' || next.is_ascii_whitespace());
    begins_with(body, "<!doctype html") || (begins_with(body, "<html") && is_tag)
}

/// What a body is that its site should have worked on before it sent a page, in words for its owner.
fn unserved(body: &[u8]) -> Option<&'static str> {
    let body = beginning(body);
    // An instruction of XML has a name right behind its beginning.
    let is_code = begins_with(body, "<?php")
        || match body {
            [b'<', b'?', next, ..] => *next == b'=' || next.is_ascii_whitespace(),
            [b'<', b'%', next, ..] => b"@=-!".contains(next) || next.is_ascii_whitespace(),
            _ => false,
        };
    if is_code {
        return Some("it is source code that its site should have run, and may hold passwords, so it is not taken");
    }
    let is_pointer = begins_with(body, "version https://git-lfs.github.com/spec/");
    is_pointer.then_some("it is a pointer of Git LFS, and not the file that its site should send")
}

/// Judges by what its origin says, which first bytes may contradict, else by its name and its beginning.
fn kind_of(media_type: &str, url: &Url, body: &[u8]) -> Result<&'static str, String> {
    if let Some(what) = unserved(body) {
        return Err(what.to_owned());
    }
    if let Some(kind) = said(media_type) {
        let kind = if media_type == "text/plain" && is_html(body) { "html" } else { kind };
        let found = binary_kind_of(body).filter(|_| is_text(media_type));
        return found.map_or(Ok(kind), |found| Err(format!("it is {found}, though its origin says {media_type}")));
    }
    let unsaid = UNSAID.contains(&media_type);
    let extension = url.path().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let by_name =
        extension.and_then(|extension| ["pdf", "docx", "md", "txt"].into_iter().find(|kind| *kind == extension));
    match by_name {
        Some(kind @ ("md" | "txt")) if unsaid && binary_kind_of(body).is_none() => Ok(kind),
        Some(kind @ ("pdf" | "docx")) if unsaid => Ok(kind),
        _ if unsaid && body.starts_with(b"%PDF-") => Ok("pdf"),
        _ if unsaid && is_docx(body) => Ok("docx"),
        _ if media_type.is_empty() && body.trim_ascii_start().starts_with(b"<") => Ok("html"),
        _ if media_type.is_empty() => Err("its origin does not say of what type it is".to_owned()),
        _ => Err(format!("it is {media_type}; HTML, PDF, DOCX, Markdown and plain text are read")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fetch::{SentSecrets, Validators};

    #[test]
    fn file__without_its_end__has_broken_off() {
        let url = Url::parse("https://e.com/a").unwrap();
        let judged = |media_type: &str, body: &[u8]| {
            let (body, media_type, url) = (body.to_vec(), media_type.to_owned(), url.clone());
            let (charset, refresh, validators) = (None, None, Validators::default());
            let (moved, age, room, secrets) = (None, Duration::ZERO, None, SentSecrets::default());
            Fetched { url, moved, media_type, charset, refresh, body, validators, age, secrets, room }.kind()
        };
        let corpus = |file: &str| std::fs::read(format!("{}/docs/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for (file, media_type, kind) in [
            ("cheat-sheet.pdf", "application/pdf", "pdf"),
            ("security-questionnaire.docx", "application/zip", "docx"),
            ("security-questionnaire.docx", TYPES[6].0, "docx"),
        ] {
            let bytes = corpus(file);
            let cut = judged(media_type, &bytes[..bytes.len() / 2]);
            let url = Url::parse("https://e.com/a.docx").unwrap();
            assert_eq!(kind_of(media_type, &url, &bytes), Ok(kind));
            assert_eq!(judged(media_type, &bytes), Ok(kind));
            assert!(cut.is_err(), "{file}: {cut:?}");
        }
        assert_eq!(judged("application/pdf", b"%PDF-1.7").unwrap_err(), "it is a PDF without its end, so it broke off");
    }

    #[test]
    fn body__that_its_site_should_have_run__is_no_page() {
        let kind = |media_type: &str, body: &str| {
            kind_of(media_type, &Url::parse("https://e.com/a.md").unwrap(), body.as_bytes())
        };
        for body in [
            "<?php echo 1;",
            "\u{feff}\n <?PHP\necho 1;",
            "<?= $title ?><html>",
            "<? include 'a'; ?>",
            "<%@ page language=\"java\" %><html>",
            "<%= render %>",
            "<% Dim a %>",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        ] {
            for media_type in ["text/html", "text/plain", "text/markdown", "application/pdf", "", "application/zip"] {
                let why = kind(media_type, body).expect_err(body);
                assert!(why.contains("source code") || why.contains("Git LFS"), "{why}");
            }
        }
        for body in ["<?xml version='1.0'?><html>", "<p><?php echo 1;", "version https://git-lfs.github.com/ is a tool"]
        {
            assert_eq!(kind("text/html", body), Ok("html"), "{body}");
        }
    }

    #[test]
    fn kinds_of_pages() {
        let url = |text: &str| Url::parse(text).unwrap();
        for (media_type, address, body, expected) in [
            ("text/html", "https://e.com/a.pdf", "", Some("html")),
            ("application/pdf", "https://e.com/a", "", Some("pdf")),
            ("application/octet-stream", "https://e.com/a.PDF", "", Some("pdf")),
            ("application/octet-stream", "https://e.com/a", "%PDF-1.7", Some("pdf")),
            ("application/force-download", "https://e.com/get?id=7", "%PDF-1.7", Some("pdf")),
            ("application/x-pdf", "https://e.com/a", "%PDF-1.7", Some("pdf")),
            ("application/x-pdf", "https://e.com/a", "<html>", None),
            ("application/zip", "https://e.com/a.docx?x", "PK", Some("docx")),
            ("", "https://e.com/", " <!doctype html>", Some("html")),
            ("", "https://e.com/", "hello", None),
            ("image/png", "https://e.com/a.md", "", None),
            ("application/json", "https://e.com/a.txt", "{}", None),
            ("text/html", "https://e.com/a", "\u{89}PNG", Some("html")),
            ("text/html", "https://e.com/a", "GIF89a", None),
            ("text/plain", "https://e.com/a.docx", "PK\u{3}\u{4}", None),
            ("text/plain", "https://e.com/a", "\r\n<!DOCTYPE html><p>", Some("html")),
            ("text/plain", "https://e.com/a", "\u{feff}<HTML lang=en>", Some("html")),
            ("text/plain", "https://e.com/a", "<html>", Some("html")),
            ("text/plain", "https://e.com/a", "<htmlx>", Some("txt")),
            ("text/plain", "https://e.com/a", "Write <html> first", Some("txt")),
            ("text/markdown", "https://e.com/a", "<!doctype html>", Some("md")),
            ("text/html", "https://e.com/a.pdf", "%PDF-1.7", None),
            ("application/octet-stream", "https://e.com/a.md", "PK\u{3}\u{4}", None),
        ] {
            assert_eq!(kind_of(media_type, &url(address), body.as_bytes()).ok(), expected, "{media_type} {address}");
        }
    }
}
