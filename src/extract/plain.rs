//! Plain text and Markdown: finding the charset, refusing what is not text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8};

use super::front_matter;
use crate::model::charset_by_evidence;

/// The text of a .txt file, or `None` when the bytes are not text.
///
/// A byte order mark decides the charset; without one it is UTF-8 where that is valid, else the likeliest legacy charset.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    Some(decode(bytes)).filter(|text| is_text(text, STRAY)).map(Cow::into_owned)
}

/// A stray control character is no reason to reject a log: more than one in this many characters is.
pub(super) const STRAY: usize = 100;

/// Whether this is text: at most one in `one_in` characters is binary.
pub(super) fn is_text(text: &str, one_in: usize) -> bool {
    let binary = text.chars().filter(|&c| is_binary(c)).count();
    binary * one_in <= text.chars().count()
}

/// The text of a .md file: as it stands, with its front matter as Markdown.
pub(super) fn markdown(bytes: &[u8]) -> Option<String> {
    text(bytes).map(|text| front_matter::as_markdown(&text))
}

/// Text in the first charset that is named and that it can be in. Who names one knows less than a byte order mark does,
/// and than the bytes themselves.
pub(super) fn decode_as<'a>(bytes: &'a [u8], named: &[Option<&'static Encoding>]) -> Cow<'a, str> {
    let named = named.iter().flatten().filter(|_| Encoding::for_bom(bytes).is_none());
    let named = named.map(|encoding| charset_by_evidence(bytes, encoding));
    let mut read = named.filter_map(|encoding| {
        let (text, ..) = encoding.decode_without_bom_handling(bytes);
        // Bytes that are a character of UTF-8 together are so by no chance: then its name and they say the same.
        let most = if encoding == UTF_8 { ONE_IN_NAMED_UTF_8 } else { ONE_IN };
        is_likely(&text, most).then_some(text)
    });
    read.next().unwrap_or_else(|| decode(bytes))
}

/// At most one in this many characters beyond ASCII may be invalid: in text that is declared as UTF-8, and in other text.
const ONE_IN_NAMED_UTF_8: usize = 2;
const ONE_IN: usize = 5;

/// Whether a text seems to be in the charset that it was read in: at most one in `one_in` characters beyond ASCII is none.
fn is_likely(text: &str, one_in: usize) -> bool {
    let special = text.chars().filter(|c| !c.is_ascii()).count();
    let none = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    none * one_in <= special
}

/// Text in whatever charset it seems to be.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Some(text) = iso_2022_jp(bytes) {
        return text;
    }
    // A character that was cut in two, or came from elsewhere, says nothing of the others.
    let text = String::from_utf8_lossy(bytes);
    if is_likely(&text, ONE_IN) {
        return text;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow).decode_without_bom_handling(bytes).0
}

/// Text in the charset of Japanese mail, in which all bytes are ASCII: what begins with these escapes is Japanese.
fn iso_2022_jp(bytes: &[u8]) -> Option<Cow<'_, str>> {
    const ESCAPES: [&[u8]; 4] = [b"\x1b$@", b"\x1b$B", b"\x1b(I", b"\x1b(J"];
    if !bytes.contains(&b'\x1b') || !bytes.is_ascii() || !bytes.windows(3).any(|part| ESCAPES.contains(&part)) {
        return None;
    }
    let text = ISO_2022_JP.decode_without_bom_handling_and_without_replacement(bytes)?;
    (!text.is_ascii()).then_some(text)
}

fn is_binary(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets() {
        let umlauts = "Übergrößen und Rückläufer, jährlich überprüft";
        let utf16: Vec<u8> = [0xfeff].into_iter().chain(umlauts.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let latin1: Vec<u8> = umlauts.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let with_mark = format!("\u{feff}{umlauts}");
        for bytes in [umlauts.as_bytes(), with_mark.as_bytes(), &utf16, &latin1] {
            assert_eq!(text(bytes).as_deref(), Some(umlauts));
        }
        let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode("Папка документов и страниц, которые нужно хранить");
        assert_eq!(text(&cyrillic).as_deref(), Some("Папка документов и страниц, которые нужно хранить"));
    }

    #[test]
    fn charset__of_which_all_bytes_are_ascii__is_known_by_its_escapes() {
        for text in ["返金についてのページ", "日本語 and English\n", "ｶﾅ"] {
            let (bytes, ..) = ISO_2022_JP.encode(text);
            assert_eq!(decode(&bytes), ISO_2022_JP.decode(&bytes).0, "{text}");
            assert!(!decode(&bytes).contains('\x1b'), "{text}");
        }
        for text in ["\x1b[31mred\x1b[0m", "a\x1b$Bb", "\x1b"] {
            assert_eq!(decode(text.as_bytes()), text);
        }
    }

    #[test]
    fn charsets__that_a_text_is_not_in__are_not_believed() {
        let umlauts = "Übergrößen und Rückläufer, jährlich überprüft";
        let latin1: Vec<u8> = umlauts.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let (utf8, latin) = (Some(UTF_8), Some(encoding_rs::WINDOWS_1252));
        for named in [&[utf8, latin][..], &[utf8, utf8], &[utf8], &[latin, utf8], &[None]] {
            assert_eq!(decode_as(&latin1, named), umlauts, "{named:?}");
        }
        // Bytes that are valid UTF-8 are so by no chance.
        let russian = Encoding::for_label(b"koi8-r");
        for named in [&[latin][..], &[latin, utf8], &[utf8, latin], &[russian, latin], &[None]] {
            assert_eq!(decode_as(umlauts.as_bytes(), named), umlauts, "{named:?}");
        }
        for (bytes, text) in [
            (&b"It\xe2\x80\x99s a caf\xe9."[..], "It\u{2019}s a caf\u{fffd}."),
            (b"You\xe2\x80\x99ll \xe2\x80\x93 Cr\xc3...", "You\u{2019}ll \u{2013} Cr\u{fffd}..."),
            (b"Gr\xf6\xdfe f\xfcr 5 \xe2\x82\xac", "Gr\u{f6}\u{df}e f\u{fc}r 5 \u{e2}\u{201a}\u{ac}"),
            (b"caf\xe9", "caf\u{e9}"),
        ] {
            assert_eq!(decode_as(bytes, &[utf8]), text);
        }
        // One character that was cut in two says nothing of the others.
        let cut = [umlauts.as_bytes(), b"\xc3"].concat();
        assert_eq!(decode_as(&cut, &[utf8, latin]), format!("{umlauts}\u{fffd}"));
        assert_eq!(decode(&cut), format!("{umlauts}\u{fffd}"), "of the first bytes of a file");
    }

    #[test]
    fn binary_is_not_text() {
        assert_eq!(text(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0"), None);
        assert_eq!(text(b"P\0l\0a\0i\0n\0"), None, "UTF-16 without its mark");
        let log = format!("{}\0 one stray NUL", "a line of a log file\n".repeat(20));
        assert_eq!(text(log.as_bytes()).as_deref(), Some(log.as_str()));
    }
}
