//! The charset of a page: what the server said, else what the page says of itself, else what it looks like.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::extract::plain;

/// How far into a page its own word about the charset is looked for. The standard says 1,024 bytes; licences in
/// comments push it further down.
const PRESCAN: usize = 4 << 10;

/// What stands within words of Western languages, and is no letter: `l·l`, `d’été`, `Café–Küche`, `l’«été»`.
const JOINTS: [char; 14] = ['\u{a0}', '\u{ad}', '·', '‘', '’', '“', '”', '„', '«', '»', '–', '—', '…', '•'];

/// Where one in this many of the words beyond ASCII is in no Western language, the text is in none.
const STRANGE: usize = 4;

/// A page as text. A byte order mark is surer than anything that somebody says, and so is UTF-8 that is valid.
pub(super) fn decode<'a>(bytes: &'a [u8], said: Option<&str>) -> Cow<'a, str> {
    let said = said.and_then(|said| Encoding::for_label(said.trim().as_bytes()));
    plain::decode_as(bytes, &in_order(said, declared(bytes), || is_western(bytes)))
}

/// The charsets to try, in order. By the WHATWG's standard the server's word counts before the page's. Many servers say
/// `ISO-8859-1` of all pages, which is windows-1252: that counts unless the bytes contradict it.
fn in_order(
    said: Option<&'static Encoding>,
    declared: Option<&'static Encoding>,
    is_western: impl FnOnce() -> bool,
) -> [Option<&'static Encoding>; 2] {
    let is_default = said == Some(WINDOWS_1252) && declared.is_some_and(|declared| declared != WINDOWS_1252);
    if is_default && !is_western() { [declared, said] } else { [said, declared] }
}

/// Whether bytes may be text in windows-1252. Nearly all bytes are characters in it, but hardly any word has three letters
/// beyond ASCII in a row, or a sign such as `¤` or `³` between letters.
fn is_western(bytes: &[u8]) -> bool {
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let words = text.split(|c: char| c.is_ascii() && !c.is_ascii_alphabetic());
    let (mut special, mut strange) = (0, 0);
    for word in words.filter(|word| !word.is_ascii()) {
        let chars: Vec<char> = word.chars().collect();
        special += 1;
        strange += usize::from(chars.windows(3).any(is_strange));
    }
    strange * STRANGE < special.max(1)
}

/// Whether three characters do not follow each other in a word of a Western language.
fn is_strange(chars: &[char]) -> bool {
    let &[first, second, third] = chars else { return false };
    let is_sign = !second.is_ascii() && !second.is_alphabetic() && !JOINTS.contains(&second);
    let are_letters = first.is_alphabetic() && third.is_alphabetic();
    let are_special = chars.iter().all(|c| !c.is_ascii() && c.is_alphabetic());
    are_special || (is_sign && are_letters)
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
        for said in [Some("utf-8"), Some("iso-8859-1"), None] {
            let (latin, _, _) = WINDOWS_1252.encode("<meta charset=utf-8><p>Größe für Männer");
            assert!(decode(&latin, said).ends_with("Größe für Männer"), "{said:?}");
        }
        assert_eq!(decode("\u{feff}цена".as_bytes(), Some("koi8-r")), "цена", "the mark wins");
        assert_eq!(decode("<meta charset=utf-16>цена".as_bytes(), None), "<meta charset=utf-16>цена");
        assert_eq!(decode("<p>цена".as_bytes(), None), "<p>цена");
    }

    #[test]
    fn servers_default__beside_what_the_page_says__is_believed_unless_the_bytes_contradict_it() {
        let german = "Größe à la carte, «naïve» Café–Küche für Männer d’été, l·l, 3 m² à 20 °C, Foo®, ÄÖ";
        let texts: [(&str, &str); 12] = [
            ("windows-1252", german),
            ("windows-1252", "Große Straße im Süden: Übergröße, Ärger und Öl für jeden"),
            ("windows-1251", "Цена этой книги и ещё одна"),
            ("koi8-r", "Цена этой книги и ещё одна"),
            ("iso-8859-5", "Цена этой книги и ещё одна"),
            ("iso-8859-7", "Η τιμή του βιβλίου και άλλα"),
            ("windows-1255", "מחיר הספר הזה ועוד"),
            ("windows-1256", "سعر هذا الكتاب وغيره"),
            ("shift_jis", "返金についてのページ"),
            ("euc-jp", "返金についてのページ"),
            ("gbk", "关于退款的页面和价格"),
            ("iso-8859-2", "Zażółć gęślą jaźń, miało być więcej, była żółta małpa"),
        ];
        for (charset, text) in texts {
            let encoding = Encoding::for_label(charset.as_bytes()).unwrap();
            let encode = |named: &str| encoding.encode(&format!("<meta charset={named}>{text}")).0.into_owned();
            for header in ["ISO-8859-1", " iso-8859-1 ", "latin1", "us-ascii", "windows-1252"] {
                assert!(decode(&encode(charset), Some(header)).ends_with(text), "{charset}, {header}");
            }
            // Any other charset was chosen.
            assert!(decode(&encode("windows-1250"), Some(charset)).ends_with(text), "{charset}");
        }
        let (latin, _, _) = WINDOWS_1252.encode(german);
        for page in ["windows-1251", "iso-8859-2", "windows-1250", "iso-8859-15", "koi8-r", "shift_jis", "gbk", "utf-8"]
        {
            let page = [format!("<meta charset={page}>").as_bytes(), &latin].concat();
            assert!(decode(&page, Some("ISO-8859-1")).ends_with(german), "{page:?}");
        }
        // UTF-8 with a byte that is none.
        let mixed = ["<meta charset=utf-8>Größe für Männer".as_bytes(), b"\xf6"].concat();
        assert!(decode(&mixed, Some("ISO-8859-1")).contains("Größe für Männer"));
    }
}
