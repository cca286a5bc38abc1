//! Pages that are ingested by their address: fetched once, and read as text.

use std::{error::Error, sync::OnceLock, time::Duration};

use reqwest::{Certificate, Client, header};
use sha2::{Digest, Sha256};

use crate::model::ContentHash;

/// The largest page taken, in bytes.
const MAX_PAGE: usize = 5 << 20;
const TIME_OUT: Duration = Duration::from_secs(30);

/// A fetched page.
pub(super) struct Page {
    pub(super) text: String,
    /// The hash of its bytes as they came.
    pub(super) hash: ContentHash,
}

/// Why a page cannot be read; shown as the failed job's `error`.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    #[error("{url} cannot be fetched: {cause}")]
    Fetch { url: String, cause: String },
    #[error("{url} answers {status}")]
    Status { url: String, status: u16 },
    #[error("{url} is {kind}; only text, Markdown and HTML pages are read")]
    Kind { url: String, kind: String },
    #[error("{url} is larger than {} MiB", MAX_PAGE >> 20)]
    Size { url: String },
}

/// Fetches a page and reads its text.
pub(super) async fn fetch(url: &str) -> Result<Page, PageError> {
    let failed = |error: reqwest::Error| PageError::Fetch { url: url.to_owned(), cause: root_cause(&error) };
    let client = client().map_err(failed)?;
    let mut answer = client.get(url).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(PageError::Status { url: url.to_owned(), status: answer.status().as_u16() });
    }
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_PAGE {
            return Err(PageError::Size { url: url.to_owned() });
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = match kind.as_str() {
        "text/plain" | "text/markdown" => text.into_owned(),
        "text/html" | "application/xhtml+xml" => strip_tags(&text),
        _ => return Err(PageError::Kind { url: url.to_owned(), kind }),
    };
    Ok(Page { text, hash: ContentHash(Sha256::digest(&bytes).into()) })
}

/// What began an error: a refused connection rather than "a request could not be sent".
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// One client for all pages, made when the first is wanted.
fn client() -> Result<Client, reqwest::Error> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    // Whoever installed a provider before is right too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || Client::builder().timeout(TIME_OUT).user_agent("kbsync-local");
    let client = builder().build().or_else(|_| {
        // A machine without certificates of its own.
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|root| Certificate::from_der(root));
        builder().tls_certs_only(roots.collect::<Result<Vec<_>, _>>()?).build()
    })?;
    Ok(CLIENT.get_or_init(|| client).clone())
}

/// The text of a page: without tags, scripts and styles, with headings as Markdown and a line for each block.
fn strip_tags(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        push_words(&mut text, &rest[..open]);
        rest = &rest[open..];
        let end =
            if rest.starts_with("<!--") { rest.find("-->").map(|at| at + 3) } else { rest.find('>').map(|at| at + 1) };
        let Some(end) = end else { return text };
        let tag = rest[1..end].trim_end_matches('>').to_ascii_lowercase();
        rest = &rest[end..];
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        match name.as_str() {
            "script" | "style" | "head" | "noscript" | "template" => {
                let close = format!("</{name}");
                let Some(skip) = find_ignoring_case(rest, &close) else { return text };
                rest = &rest[skip..];
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                text.push_str("\n\n");
                text.push_str(&"#".repeat(usize::from(name.as_bytes()[1] - b'0')));
                text.push(' ');
            }
            "li" => text.push_str("\n- "),
            "br" | "br/" | "tr" | "/li" | "dd" | "dt" => text.push('\n'),
            "p" | "/p" | "div" | "/div" | "section" | "ul" | "/ul" | "ol" | "/ol" | "pre" | "/pre" | "table"
            | "/table" | "/h1" | "/h2" | "/h3" | "/h4" | "/h5" | "/h6" | "article" | "blockquote" => {
                text.push_str("\n\n")
            }
            "td" | "th" => text.push(' '),
            _ => {}
        }
    }
    push_words(&mut text, rest);
    text
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Appends text between tags: white space as one blank, the common entities as what they mean.
fn push_words(text: &mut String, raw: &str) {
    for (number, word) in raw.split(|c: char| c.is_whitespace()).enumerate() {
        if number > 0 && !text.ends_with(char::is_whitespace) {
            text.push(' ');
        }
        let mut word = word.to_owned();
        for (entity, meaning) in
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
        {
            word = word.replace(entity, meaning);
        }
        text.push_str(&word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_as_text() {
        let html = "<!doctype html><html><head><title>x</title></head><body><!-- a > b --><h2 class=\"a\">Set\nup</h2>\
                    <p>Run <code>a &amp;&amp; b</code>.</p><SCRIPT>if (1 < 2) {}</script><ul><li>one<li>two</ul>end<br";
        let text = strip_tags(html);
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["## Set up", "Run a && b.", "- one", "- two", "end"]);
    }
}
