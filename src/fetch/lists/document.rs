//! A list as it was fetched, read as far as it can be: a sitemap, an index of sitemaps, a feed, or plain lines.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use url::Url;

use super::{
    canonical::{resolve, shorten},
    url_file, xml,
};
use crate::{
    fetch::body::gunzip,
    model::{MAX_ADDRESS, charset_by_evidence},
};

/// The most that a list may hold, unpacked, in bytes: the limit of the sitemap protocol.
pub(super) const MAX_SIZE: usize = 50_000_000;
/// The most entries of one list, by the same protocol.
pub(super) const MAX_ENTRIES: usize = 50_000;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a list says.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) names: Names,
    pub(super) entries: Vec<Entry>,
    /// How many entries have no address.
    pub(super) nameless: usize,
    /// Why there may be more than what was read.
    pub(super) defect: Option<Defect>,
}

/// What the entries are the addresses of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Pages,
    Lists,
}

/// One entry, unchecked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) address: String,
    pub(super) lastmod: Option<String>,
    /// Its line, in a list of lines.
    pub(super) line: Option<usize>,
}

/// Why a list was not read, or not to its end.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Defect {
    #[error("it is an HTML page, neither a sitemap nor a feed")]
    Html,
    #[error("it begins with <{}>, so it is neither a sitemap nor a feed", shorten(.0))]
    Root(String),
    #[error("it is neither XML nor plain text with an address on each line")]
    Foreign,
    #[error("it is no valid XML from byte {at} on ({})", shorten(.why))]
    Xml { at: u64, why: String },
    #[error("it breaks off before its end")]
    Cut,
    #[error("it goes on behind its end, and what comes there is not read")]
    GoesOn,
    #[error("what its addresses are relative to (`xml:base`, or its site) is longer than {MAX_ADDRESS} bytes")]
    Base,
    #[error("its gzip data is damaged or cut")]
    Gzip,
    #[error("it unpacks to more than {} MB; what comes after that is not read", MAX_SIZE / 1_000_000)]
    Large,
    #[error("it has more than {MAX_ENTRIES} entries; what comes after that is not read")]
    Many,
}

impl Document {
    pub(super) fn new(names: Names) -> Self {
        Self { names, entries: Vec::new(), nameless: 0, defect: None }
    }

    /// A list of which nothing could be read.
    pub(super) fn unread(defect: Defect) -> Self {
        Self { defect: Some(defect), ..Self::new(Names::Pages) }
    }

    /// Whether another entry may be taken. If not, that is its defect.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.entries.len() + self.nameless < MAX_ENTRIES;
        if !room {
            self.defect = Some(Defect::Many);
        }
        room
    }
}

/// Reads the list at an address. What it is, its content says, for servers often do not know.
pub(super) fn read(body: &[u8], media_type: &str, charset: Option<&str>, from: &Url) -> Document {
    let (bytes, damage) = unpack(body);
    let text = decode(&bytes, charset);
    let mut document = if text.trim_start().starts_with('<') {
        xml::read(&text, from)
    } else if media_type == "text/plain" || body.starts_with(&GZIP) {
        lines(&text, from)
    } else {
        Document::unread(Defect::Foreign)
    };
    // Data that is cut is XML that is cut: the first cause is told.
    document.defect = damage.or(document.defect);
    document
}

fn lines(text: &str, from: &Url) -> Document {
    let mut document = Document::new(Names::Pages);
    for (line, address) in url_file::lines(text.as_bytes()) {
        if !document.has_room() {
            break;
        }
        // A line of words is no reference.
        let is_relative = address.starts_with(['/', '.', '?']) && !address.contains(char::is_whitespace);
        let address = if is_relative { resolve(from, &address) } else { address };
        document.entries.push(Entry { address, lastmod: None, line: Some(line) });
    }
    document
}

/// What was packed with gzip, as far as it can be unpacked; anything else as it is.
fn unpack(body: &[u8]) -> (Cow<'_, [u8]>, Option<Defect>) {
    if !body.starts_with(&GZIP) {
        return (Cow::Borrowed(body), None);
    }
    let (mut bytes, damage) = gunzip(body, MAX_SIZE as u64);
    let large = bytes.len() > MAX_SIZE;
    bytes.truncate(MAX_SIZE);
    let defect = if large { Some(Defect::Large) } else { damage.map(|_| Defect::Gzip) };
    (Cow::Owned(bytes), defect)
}

/// The text, in the charset that its byte order mark names, or the first that the answer's header or the XML itself names
/// and that it can be in.
fn decode<'b>(bytes: &'b [u8], charset: Option<&str>) -> Cow<'b, str> {
    let said = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let named = [said, declared(bytes)].into_iter().flatten().map(|label| charset_by_evidence(bytes, label));
    let mut read = named.map(|encoding| encoding.decode(bytes)).filter(|(.., has_errors)| !has_errors);
    read.next().map_or_else(|| UTF_8.decode(bytes).0, |(text, ..)| text)
}

/// The encoding in `<?xml version="1.0" encoding="ISO-8859-1"?>`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let (declaration, _) = start.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    Encoding::for_label(value.split(['"', '\'']).nth(1)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn read(body: &[u8], media_type: &str, charset: Option<&str>) -> Document {
        super::read(body, media_type, charset, &Url::parse("https://a/map.xml").unwrap())
    }

    const SITEMAP: &str = "<?xml version='1.0'?><urlset><url><loc>https://a/1</loc><lastmod>2026-01-02</lastmod></url>\
                           <url><loc>https://a/ä</loc></url></urlset>";

    fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_ref()).unwrap();
        packed.finish().unwrap()
    }

    fn addresses(document: &Document) -> Vec<&str> {
        document.entries.iter().map(|entry| entry.address.as_str()).collect()
    }

    #[test]
    fn what_a_list_is_its_content_says() {
        let both = ["https://a/1", "https://a/ä"];
        for media_type in ["", "text/html", "text/plain", "application/xml"] {
            for body in [SITEMAP.as_bytes(), &gzip(SITEMAP), format!("\u{feff}\n {SITEMAP}").as_bytes()] {
                let document = read(body, media_type, None);
                assert_eq!((addresses(&document), &document.defect), (both.to_vec(), &None));
            }
        }
        let padded = [gzip(SITEMAP), gzip("<!-- the end -->"), vec![0; 700]].concat();
        let document = read(&padded, "application/gzip", None);
        assert_eq!((addresses(&document), &document.defect), (both.to_vec(), &None), "padded with zeros");
        let odd = read(b"https://a/1\rhttps://a/2\r", "text/plain", None);
        assert_eq!(addresses(&odd), ["https://a/1", "https://a/2"], "lines that a carriage return alone ends");
        let lines = "# pages\nhttps://a/1\r\n\r\n https://a/ä \n";
        for (body, media_type) in [(lines.into(), "text/plain"), (gzip(lines), "application/gzip")] {
            let document = read(&body, media_type, None);
            assert_eq!((addresses(&document), &document.defect), (both.to_vec(), &None));
            assert_eq!(document.entries[1].line, Some(4));
        }
        assert_eq!(read(br#"{"a": 1}"#, "application/json", None).defect, Some(Defect::Foreign));
    }

    #[test]
    fn charsets_are_honoured() {
        let latin = |declaration: &str| {
            let text = format!("{declaration}<urlset><url><loc>https://a/ä</loc></url></urlset>");
            text.chars().map(|c| c as u8).collect::<Vec<u8>>()
        };
        for (declaration, charset, address) in [
            ("<?xml version='1.0' encoding='ISO-8859-1'?>", None, "https://a/ä"),
            ("<?xml version=\"1.0\" encoding = \"latin1\"?>", None, "https://a/ä"),
            ("", Some("iso-8859-1"), "https://a/ä"),
            ("<?xml version='1.0' encoding='UTF-8'?>", Some("Windows-1252"), "https://a/ä"),
            ("<?xml version='1.0' encoding='ISO-8859-1'?>", Some("UTF-8"), "https://a/ä"),
            ("<?xml version='1.0' encoding='none'?>", Some("nothing"), "https://a/\u{fffd}"),
        ] {
            assert_eq!(addresses(&read(&latin(declaration), "", charset)), [address], "{declaration}");
        }
        for declaration in ["", "<?xml version='1.0' encoding='ISO-8859-1'?>"] {
            let text = format!("{declaration}<urlset><url><loc>https://a/ä</loc></url></urlset>");
            for charset in [Some("iso-8859-1"), Some("koi8-r"), None] {
                assert_eq!(
                    addresses(&read(text.as_bytes(), "", charset)),
                    ["https://a/ä"],
                    "{declaration} {charset:?}"
                );
            }
        }
        let wide: Vec<u8> = format!("\u{feff}{SITEMAP}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(addresses(&read(&wide, "", Some("utf-8"))), ["https://a/1", "https://a/ä"]);
    }

    #[test]
    fn a_list_is_read_as_far_as_it_goes() {
        let mut whole = gzip(SITEMAP);
        let sum = whole.len() - 8;
        whole[sum] ^= 1;
        let document = read(&whole, "", None);
        assert_eq!((document.entries.len(), document.defect), (2, Some(Defect::Gzip)));
        let bomb = format!("<urlset><url><loc>https://a/1</loc></url><!--{}", " ".repeat(MAX_SIZE));
        let document = read(&gzip(bomb), "", None);
        assert_eq!((document.entries.len(), document.defect), (1, Some(Defect::Large)));
        let line = "https://a/1\n";
        let document = read(line.repeat(MAX_ENTRIES).as_bytes(), "text/plain", None);
        assert_eq!((document.entries.len(), document.defect), (MAX_ENTRIES, None));
        let document = read(line.repeat(MAX_ENTRIES + 1).as_bytes(), "text/plain", None);
        assert_eq!((document.entries.len(), document.defect), (MAX_ENTRIES, Some(Defect::Many)));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(
            seed in prop_oneof![Just(SITEMAP.as_bytes().to_vec()), Just(gzip(SITEMAP)), Just(b"https://a/1\n#x".to_vec())],
            edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
            end in any::<proptest::sample::Index>(),
            media_type in prop_oneof!["text/plain", "text/xml"],
        ) {
            let (mut bytes, most) = (seed, 2 + edits.len());
            for (at, byte) in edits {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(end.index(bytes.len() + 1));
            let document = read(&bytes, &media_type, None);
            // Each edit may end a line, and so begin another one.
            prop_assert!(document.entries.len() <= most);
        }

        #[test]
        fn what_is_cut_is_known_to_be_cut(end in 1..SITEMAP.len() - 1) {
            let cut = String::from_utf8_lossy(&SITEMAP.as_bytes()[..end]).into_owned();
            prop_assert!(read(cut.as_bytes(), "text/xml", None).defect.is_some());
            let packed = gzip(SITEMAP);
            let end = end % packed.len();
            prop_assert!(read(&packed[..end], "text/xml", None).defect.is_some());
        }
    }
}
