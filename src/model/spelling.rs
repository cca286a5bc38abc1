//! The letters of a text however they are spelled, so that encoding hides no word in it.

/// Encodings in one another that are undone.
const LAYERS: usize = 3;
/// The longest name of an entity or a tag.
const LONGEST_NAME: usize = 8;
/// What stands for a sign that is neither letter nor digit.
const OTHER: char = ' ';

/// A letter or digit in ASCII and lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) byte: u8,
    /// The bytes of the text that spell it.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A sign, and the bytes of the text that spell it.
#[derive(Clone, Copy)]
struct Sign {
    c: char,
    start: usize,
    end: usize,
}

/// The letters and digits of a text: as they are, in full width, percent-encoded, as entities, or escaped as in JSON or C, one
/// in the other, whatever signs and tags are between them.
pub(super) fn letters(text: &str) -> Vec<Letter> {
    let sign = |(start, c): (usize, char)| Sign { c: narrow(c), start, end: start + c.len_utf8() };
    let mut signs: Vec<_> = text.char_indices().map(sign).collect();
    for _ in 0..LAYERS {
        let decoded = decoded(&signs);
        if decoded.len() == signs.len() {
            break;
        }
        signs = decoded;
    }
    let letters = signs.into_iter().filter(|sign| sign.c.is_ascii_alphanumeric());
    letters.map(|Sign { c, start, end }| Letter { byte: (c as u8).to_ascii_lowercase(), start, end }).collect()
}

/// A sign in full width as it is in ASCII.
fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

fn decoded(signs: &[Sign]) -> Vec<Sign> {
    let (mut decoded, mut at) = (Vec::with_capacity(signs.len()), 0);
    while let Some(sign) = signs.get(at) {
        let (c, length) = spelled(&signs[at..]).unwrap_or((sign.c, 1));
        decoded.push(Sign { c, start: sign.start, end: signs[at + length - 1].end });
        at += length;
    }
    decoded
}

/// The sign that is encoded at the beginning of these, and by how many of them.
fn spelled(signs: &[Sign]) -> Option<(char, usize)> {
    let at = |n: usize| signs.get(n).map_or('\0', |sign| sign.c);
    // A number of `most` digits or fewer, and where it ends.
    let number = |from: usize, most: usize, radix: u32| {
        let digits = signs.iter().skip(from).take(most).map_while(|sign| sign.c.to_digit(radix));
        digits.fold((0, from), |(number, end), digit| (number * radix + digit, end + 1))
    };
    let exactly = |from: usize, digits: usize, radix: u32| {
        let (number, end) = number(from, digits, radix);
        (end == from + digits).then_some((char::from_u32(number).unwrap_or(OTHER), end))
    };
    let name_end = |from: usize| from + signs.iter().skip(from).take_while(|sign| sign.c.is_ascii_alphabetic()).count();
    match (at(0), at(1), at(2)) {
        ('%', ..) => exactly(1, 2, 16),
        ('\\', 'u', '{') => {
            let (number, end) = number(3, 6, 16);
            (at(end) == '}').then_some((char::from_u32(number).unwrap_or(OTHER), end + 1))
        }
        ('\\', 'u', _) => exactly(2, 4, 16),
        ('\\', 'x', _) => exactly(2, 2, 16),
        ('\\', '0'..='7', _) => exactly(1, 3, 8),
        ('&', '#', x) => {
            let (from, radix) = if x.eq_ignore_ascii_case(&'x') { (3, 16) } else { (2, 10) };
            let (number, end) = number(from, 6, radix);
            let end = end + usize::from(at(end) == ';');
            (end > from).then_some((char::from_u32(number).unwrap_or(OTHER), end))
        }
        ('&', ..) => {
            let end = name_end(1);
            let is_amp = signs[1..end].iter().map(|sign| sign.c).eq("amp".chars());
            let is_name = (2..=LONGEST_NAME + 1).contains(&end) && at(end) == ';';
            is_name.then_some((if is_amp { '&' } else { OTHER }, end + 1))
        }
        ('<', slash, _) => {
            let end = name_end(if slash == '/' { 2 } else { 1 });
            let end = end + usize::from(at(end) == '/');
            (end <= LONGEST_NAME && at(end) == '>').then_some((OTHER, end + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters__in_each_spelling__are_those_of_the_text() {
        for (text, expected) in [
            ("", ""),
            ("Ab-1 é", "ab1"),
            ("%41%62%2", "ab2"),
            ("%2541%252B", "a"),
            ("&#65;&#x42;&#67 &plus;d&amp;#69;&é;", "abcde"),
            (r"\u0041\x42\103\u{44}\u00e9\9", "abcd9"),
            ("a<wbr>b</b>c<br/>d<e f", "abcdef"),
            ("Ａｂ１", "ab1"),
            ("&#99999999;&#xfffffff;&#;%zz\\u12", "99fzzu12"),
        ] {
            let letters = letters(text);
            assert_eq!(
                String::from_utf8(letters.iter().map(|letter| letter.byte).collect()).unwrap(),
                expected,
                "{text}"
            );
            let ends = letters.iter().all(|letter| text.get(letter.start..letter.end).is_some());
            assert!(ends && letters.is_sorted_by(|one, next| one.end <= next.start), "{text}");
        }
    }
}
