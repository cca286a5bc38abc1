//! The charset of a page: what the server said, else what the page says of itself, else what it looks like.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::extract::plain;

/// How far into a page its own word about the charset is looked for. The standard says 1,024 bytes; licences in
/// comments push it further down.
const PRESCAN: usize = 4 << 10;

/// What servers say of all pages, whatever they are in. Nearly all bytes are text in it.
const DEFAULTS: [&str; 4] = ["ascii", "iso-8859-1", "latin1", "us-ascii"];

/// A page as text. A byte order mark is surer than anything that somebody says, and what a page says of itself is surer
/// than a server's default.
pub(super) fn decode<'a>(bytes: &'a [u8], said: Option<&str>) -> Cow<'a, str> {
    let label = said.unwrap_or_default().trim().to_ascii_lowercase();
    let (said, declared) = (Encoding::for_label(label.as_bytes()), declared(bytes));
    let is_readable = |encoding: &&'static Encoding| !encoding.decode_without_bom_handling(bytes).1;
    let first = declared.filter(|page| DEFAULTS.contains(&label.as_str()) && is_readable(page));
    plain::decode_as(bytes, &[first, said, declared])
}

/// The charset that the page declares in a `<meta>` or in its XML declaration.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String = bytes.iter().take(PRESCAN).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let label =
        if head.trim_start().starts_with("<?xml") { value_after(head.split("?>").next()?, "encoding") } else { None };
    let label = label.or_else(|| {
        head.split("<meta").skip(1).find_map(|meta| value_after(meta.split('>').next().unwrap_or_default(), "charset"))
    })?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // Whoever could read the declaration byte by byte does not read UTF-16.
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

/// What stands after `name=`, in quotes or not.
fn value_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = text.split(name).nth(1)?.trim_start().strip_prefix('=')?;
    value
        .trim_start_matches([' ', '"', '\''])
        .split(['"', '\'', ';', ' ', '/'])
        .next()
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_believed() {
        let (legacy, _, _) = encoding_rs::WINDOWS_1251.encode("цена");
        let page = |head: &str| [head.as_bytes(), &legacy].concat();
        for (head, said) in [
            ("<p>", Some("windows-1251")),
            ("<meta charset=koi8-r>", Some(" Windows-1251 ")),
            ("<META CHARSET = 'windows-1251'>", None),
            (r#"<meta name=a><meta http-equiv="Content-Type" content="text/html; charset=windows-1251">"#, None),
            (r#"<meta http-equiv=Content-Type content=text/html;charset=windows-1251>"#, Some("no-such-charset")),
            ("<?xml version='1.0' encoding='windows-1251'?>", None),
        ] {
            assert!(decode(&page(head), said).ends_with("цена"), "{head} {said:?}");
        }
        for (head, said) in [
            ("<meta charset=utf-8>", Some("iso-8859-1")),
            ("<meta charset=windows-1252>", None),
            ("<meta charset=windows-1252>", Some("utf-8")),
            ("", Some("windows-1251")),
        ] {
            assert!(decode(format!("{head}цена").as_bytes(), said).ends_with("цена"), "{head} {said:?}");
        }
        // A server's default says less than the page; any other charset was chosen.
        let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode("<meta charset=windows-1251>цена");
        for said in ["ISO-8859-1", " iso-8859-1 ", "latin1", "us-ascii"] {
            assert!(decode(&cyrillic, Some(said)).ends_with("цена"), "{said}");
        }
        let (japanese, _, _) = encoding_rs::SHIFT_JIS.encode("<meta charset=shift_jis>返金についてのページ");
        assert!(decode(&japanese, Some("ISO-8859-1")).ends_with("返金についてのページ"));
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("<meta charset=shift_jis>Größe à la carte");
        assert!(decode(&latin, Some("ISO-8859-1")).ends_with("Größe à la carte"), "it is not what it says");
        for said in [Some("utf-8"), Some("iso-8859-1"), None] {
            let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("<meta charset=utf-8><p>Größe für Männer");
            assert!(decode(&latin, said).ends_with("Größe für Männer"), "{said:?}");
        }
        assert_eq!(decode("\u{feff}цена".as_bytes(), Some("koi8-r")), "цена", "the mark wins");
        assert_eq!(decode("<meta charset=utf-16>цена".as_bytes(), None), "<meta charset=utf-16>цена");
        assert_eq!(decode("<p>цена".as_bytes(), None), "<p>цена");
    }
}
