//! Evidence for UTF-8 against the charset that somebody names: text in another one is hardly ever valid UTF-8 by chance.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Characters beyond ASCII that do not come by chance where pairs of bytes are characters, too.
const SURE: usize = 8;

/// The charset of bytes that somebody says are in `label`: that one, or UTF-8 where they are valid in it and not only
/// ASCII. A wrong label of a single-byte charset turns every character into another one without any error, and so does one
/// of UTF-16, in which every ASCII character has a zero.
pub fn charset_by_evidence(bytes: &[u8], label: &'static Encoding) -> &'static Encoding {
    if label == UTF_16LE || label == UTF_16BE {
        return if !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok() { UTF_8 } else { label };
    }
    let beyond_ascii = |text: &str| text.chars().filter(|c| !c.is_ascii()).take(SURE).count();
    let found = std::str::from_utf8(bytes).map_or(0, beyond_ascii);
    if found >= if label.is_single_byte() { 1 } else { SURE } { UTF_8 } else { label }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charset_by_evidence__bytes_that_are_utf8__are_so_whatever_is_said() {
        for (label, bytes, expected) in [
            ("iso-8859-1", "Preis: 5 €".as_bytes(), "utf-8"),
            ("windows-1251", "цена".as_bytes(), "utf-8"),
            ("iso-8859-1", b"Gr\xf6\xdfe", "windows-1252"),
            ("iso-8859-1", b"plain", "windows-1252"),
            ("iso-8859-1", b"Gr\xc3\xb6\xdfe", "windows-1252"),
            ("windows-1251", b"\xf6\xe5\xed\xe0", "windows-1251"),
            ("gbk", "茶是一种热饮，起源于中国".as_bytes(), "utf-8"),
            ("gbk", "€".as_bytes(), "gbk"),
            ("shift_jis", b"\x83e\x83X\x83g", "shift_jis"),
            ("utf-8", "цена".as_bytes(), "utf-8"),
            // What .NET writes into a string and sends as UTF-8 names UTF-16.
            ("utf-16", b"<p>plain</p>", "utf-8"),
            ("utf-16be", "<p>Größe</p>".as_bytes(), "utf-8"),
            ("utf-16", b"<\0p\0>\0", "utf-16le"),
            ("utf-16", b"\x8c\x83/n\xed\x70\x6e\x98", "utf-16le"),
        ] {
            let (label, expected) = (Encoding::for_label(label.as_bytes()), Encoding::for_label(expected.as_bytes()));
            assert_eq!(charset_by_evidence(bytes, label.unwrap()), expected.unwrap(), "{label:?} {bytes:?}");
        }
    }
}
