//! Characters that are not displayed, by what they are to those who read a text.

/// Whether nobody sees a character wherever it stands. A terminal may obey control characters, and a model may read tags.
pub fn is_unseen(c: char) -> bool {
    is_bidi(c) || is_without_width(c) || is_tag(c) || (c.is_control() && !c.is_whitespace())
}

/// Those that scripts of Asia and emoji need, to be joined or kept apart.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Variation selectors: one after a character chooses its form, many in a row are a text of their own.
pub fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// What could play with a terminal: what nobody sees, and what begins a line.
pub fn plays_with_terminal(c: char) -> bool {
    c.is_control() || is_line_end(c) || is_unseen(c)
}

/// What some readers of a file take for the end of a line, or for nothing, or refuse.
pub fn is_lost_in_files(c: char) -> bool {
    is_line_end(c) || is_joiner(c) || is_unseen(c) || u32::from(c) & 0xfffe == 0xfffe
}

/// What parts no word in a search. It is a set of its own: the fingerprints of pages are made of words, and with another set
/// pages that have not changed would seem to have.
pub fn parts_no_word(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Those that turn the direction of writing.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_without_width(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
}

/// Tags, and what stands unused beside them.
fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets__of_characters__hold_what_they_are_for() {
        for c in
            ['\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0041}', '\u{3164}', '\u{ad}', '\u{1b}', '\u{fff9}']
        {
            assert!(is_unseen(c) && plays_with_terminal(c) && is_lost_in_files(c), "{c:?}");
        }
        for c in ['\u{200d}', '\u{fe0f}', '\u{2028}', '\n', 'a', 'ß', '漢'] {
            assert!(!is_unseen(c), "{c:?}");
        }
        assert!(plays_with_terminal('\u{2028}') && plays_with_terminal('\u{85}') && !plays_with_terminal('\u{200d}'));
        assert!(is_lost_in_files('\u{200d}') && is_lost_in_files('\u{ffff}') && !is_lost_in_files('\u{1f600}'));
        // These are in the fingerprints of pages.
        let parting: Vec<_> = ('\0'..=char::MAX).filter(|c| parts_no_word(*c)).collect();
        assert_eq!((parting.len(), parting[0]), (41, '\u{ad}'));
    }
}
