//! Where the style sheets of a page stand: in `<style>`, and in links that carry their sheet with them.

use std::borrow::Cow;

use dom_query::NodeRef;
use percent_encoding::percent_decode_str;

use super::media::Screens;

/// A sheet, and the screens that it is for.
pub(super) struct Source {
    pub(super) text: String,
    pub(super) screens: Screens,
}

/// The sheets of a page in order, and whether some of its links lead to sheets of other addresses.
pub(super) fn of(root: &NodeRef<'_>) -> (Vec<Source>, bool) {
    let (mut all, mut has_others) = (Vec::new(), false);
    for node in root.descendants_it().filter(|node| node.has_name("style") || node.has_name("link")) {
        let is_css = node.attr("type").is_none_or(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.is_empty() || kind.eq_ignore_ascii_case("text/css")
        });
        let is_unread = node.ancestors_it(None).any(|above| above.has_name("noscript") || above.has_name("template"));
        let text = if node.has_name("style") {
            Some(node.text().to_string())
        } else if is_linked(&node) {
            let sheet = node.attr("href").and_then(|href| data(&href));
            has_others |= sheet.is_none();
            sheet
        } else {
            None
        };
        let screens = Screens::of(&node.attr("media").unwrap_or_default());
        if let Some(text) = text.filter(|_| is_css && !is_unread && !screens.is_empty()) {
            all.push(Source { text, screens });
        }
    }
    (all, has_others)
}

/// Whether a link is to a style sheet that applies.
fn is_linked(link: &NodeRef<'_>) -> bool {
    let rel = link.attr("rel").unwrap_or_default().to_ascii_lowercase();
    let has = |word| rel.split_ascii_whitespace().any(|part| part == word);
    has("stylesheet") && !has("alternate") && !link.has_attr("disabled")
}

/// The style sheet that an address holds: `data:text/css,…`.
pub(super) fn data(address: &str) -> Option<String> {
    let address = address.trim();
    let rest = address.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).map(|_| &address[5..])?;
    let (head, body) = rest.split_once(',')?;
    let head = head.to_ascii_lowercase();
    if !head.trim_start().starts_with("text/css") {
        return None;
    }
    let bytes: Cow<'_, [u8]> = percent_decode_str(body).into();
    let bytes = if head.trim_end().ends_with("base64") { base64(&bytes) } else { bytes.into_owned() };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What base64 stands for, as far as it can be read.
fn base64(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.iter().filter_map(|byte| digit(*byte)) {
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend(u8::try_from((bits >> count) & 0xff));
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data__addresses_that_hold_a_sheet__are_read() {
        for (address, expected) in [
            ("data:text/css,p%7Bcolor:red%7D", Some("p{color:red}")),
            (" DATA:text/CSS;charset=utf-8,p{}", Some("p{}")),
            ("data:text/css;base64,cHtjb2xvcjpyZWR9", Some("p{color:red}")),
            ("data:text/css;base64,cHt9Cg%3D%3D", Some("p{}\n")),
            ("data:text/plain,p{}", None),
            ("/a.css", None),
            ("dätä:", None),
        ] {
            assert_eq!(data(address).as_deref(), expected, "{address}");
        }
    }
}
