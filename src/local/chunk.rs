//! Cuts a document's text in chunks that can be found and quoted by themselves.

use super::blocks::{Block, Kind, begins_item, blocks};

/// The size, in bytes, that a chunk is filled to.
const TARGET: usize = 900;
/// A block of code up to this size stays whole, so that a command is not torn apart.
const WHOLE_CODE: usize = 1800;

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The headings above it, outermost first, with ` › ` between them.
    pub(super) heading: String,
    pub(super) body: String,
}

/// Cuts a text at its headings and, in long sections, between paragraphs. A text that is not blank gives a chunk.
pub(super) fn chunks(text: &str) -> Vec<Chunk> {
    let mut blocks = blocks(text);
    if blocks.iter().all(|block| matches!(block.kind, Kind::Heading(_))) {
        // Nothing but headings: they are the text.
        blocks.iter_mut().for_each(|block| block.kind = Kind::Text);
    }
    let mut chunks = Vec::new();
    let mut headings: Vec<(usize, &str)> = Vec::new();
    let mut body = String::new();
    for (number, &block) in blocks.iter().enumerate() {
        if let Kind::Heading(level) = block.kind {
            push(&mut chunks, &headings, &mut body);
            headings.retain(|(above, _)| *above < level);
            let has_text = blocks.get(number + 1).is_some_and(|next| match next.kind {
                Kind::Heading(below) => below > level,
                Kind::Code | Kind::Text => true,
            });
            if has_text {
                headings.push((level, block.text));
            } else {
                // With nothing below it, it is the text itself.
                body.push_str(block.text);
                push(&mut chunks, &headings, &mut body);
            }
            continue;
        }
        for piece in pieces(block) {
            if !body.is_empty() && body.len() + piece.len() > TARGET {
                push(&mut chunks, &headings, &mut body);
            }
            if !body.is_empty() {
                body.push_str("\n\n");
            }
            body.push_str(piece);
        }
    }
    push(&mut chunks, &headings, &mut body);
    chunks
}

fn push(chunks: &mut Vec<Chunk>, headings: &[(usize, &str)], body: &mut String) {
    if !body.trim().is_empty() {
        let path: Vec<&str> = headings.iter().map(|(_, heading)| *heading).collect();
        chunks.push(Chunk { heading: path.join(" › "), body: std::mem::take(body) });
    }
    body.clear();
}

/// A block whole, or a large one in pieces.
fn pieces(block: Block<'_>) -> Vec<&str> {
    let most = if block.kind == Kind::Code { WHOLE_CODE } else { TARGET };
    let mut rest = block.text;
    let mut pieces = Vec::new();
    while rest.len() > most {
        let (piece, after) = rest.split_at(cut(&rest[..rest.floor_char_boundary(TARGET)], block.kind));
        pieces.push(piece.trim_end());
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Where a piece ends: before the last item or row, else after the last sentence, line or word; code ends at a line.
fn cut(window: &str, kind: Kind) -> usize {
    let after = |mark: &str| window.rfind(mark).map(|at| at + mark.len());
    let mut items = window.match_indices('\n').map(|(at, mark)| at + mark.len());
    let item = items.rfind(|at| begins_item(&window[*at..]));
    let sentence = after(". ").max(after(".\n"));
    let soft = if kind == Kind::Code { None } else { item.or(sentence) };
    soft.or_else(|| after("\n")).or_else(|| after(" ")).unwrap_or(window.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn chunks_know_the_headings_above_them() {
        let text = "Intro.\n# Guide\nWelcome.\n## Cron\nAdd a line:\n\n    0 3 * * * kbsync\n# Other\nEnd.";
        let cut: Vec<_> = chunks(text).into_iter().map(|chunk| (chunk.heading, chunk.body)).collect();
        let expected = [
            ("", "Intro."),
            ("Guide", "Welcome."),
            ("Guide › Cron", "Add a line:\n\n    0 3 * * * kbsync"),
            ("Other", "End."),
        ];
        assert_eq!(cut, expected.map(|(heading, body)| (heading.to_owned(), body.to_owned())));
    }

    #[test]
    fn long_sections_are_cut_between_paragraphs() {
        let paragraph = "word ".repeat(80);
        let text = format!("# A\n{}", [paragraph.as_str(); 6].join("\n\n"));
        let cut = chunks(&text);
        assert_eq!(cut.len(), 3);
        assert!(cut.iter().all(|chunk| chunk.heading == "A" && chunk.body.len() <= TARGET));
    }

    #[test]
    fn a_command_of_some_length_stays_whole() {
        let code = format!("```\n{}```", "tool --flag value\n".repeat(60));
        let cut = chunks(&format!("Before.\n\n{code}\n\nAfter."));
        assert!(cut.iter().any(|chunk| chunk.body.contains(&code)), "{cut:?}");
    }

    #[test]
    fn long_lists_are_cut_between_items() {
        let item = format!("- {}\n  and more of it\n", "word ".repeat(40));
        let cut = chunks(&item.repeat(12));
        assert!(cut.len() > 2);
        assert!(cut.iter().all(|chunk| chunk.body.starts_with("- word") && chunk.body.ends_with("more of it")));
    }

    #[test]
    fn headings_alone_are_text() {
        assert_eq!(chunks("# One\n## Two"), [Chunk { heading: String::new(), body: "One\n\nTwo".to_owned() }]);
        assert_eq!(chunks(" \n\n"), []);
    }

    #[test]
    fn heading__without_text_below__is_a_chunk() {
        let text = "# Handbook\n\n# Install\n\nrun apt\n\n## Okapi 4711\n\n## Giraffe 4712\n\nat nine\n### Last\n";
        let cut: Vec<_> = chunks(text).into_iter().map(|chunk| (chunk.heading, chunk.body)).collect();
        let expected = [
            ("", "Handbook"),
            ("Install", "run apt"),
            ("Install", "Okapi 4711"),
            ("Install › Giraffe 4712", "at nine"),
            ("Install › Giraffe 4712", "Last"),
        ];
        assert_eq!(cut, expected.map(|(heading, body)| (heading.to_owned(), body.to_owned())));
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "(#{1,3} |[a-zé]{1,9}|[ .]|\n|```\n|=== ?|[a-z ]{700}){0,40}") {
            let kept: String =
                chunks(&text).into_iter().map(|chunk| format!("{} {}\n", chunk.heading, chunk.body)).collect();
            let bare = |text: &str| {
                let mut words: Vec<&str> = text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
                words.sort_unstable();
                words.dedup();
                words.join(" ")
            };
            if text.split_whitespace().all(|word| word.len() < 600) {
                prop_assert_eq!(bare(&kept), bare(&text));
            }
            for chunk in chunks(&text) {
                prop_assert!(chunk.body.len() <= TARGET + WHOLE_CODE);
                prop_assert!(!chunk.body.trim().is_empty());
            }
        }
    }
}
