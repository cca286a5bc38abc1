//! A page's title, and its place at the head of the content.

use dom_query::Document;

use super::block::Block;
use super::characters::displayed;
use super::inline::Inline;

/// What the page says of its title in its head.
pub(super) fn said(document: &Document) -> String {
    one_line(&document.select_single("head title").text())
}

/// The page's title, which becomes the first block.
///
/// It is the content's main heading where `<title>` says that too, beside the name of the site or the book; a heading that
/// says something else stays where it is.
pub(super) fn settle(said: &str, blocks: &mut Vec<Block>) -> String {
    let main = blocks.iter().position(|block| matches!(block, Block::Heading { level: 1, .. }));
    let first = main.or_else(|| blocks.iter().position(|block| matches!(block, Block::Heading { .. })));
    let heading = first.and_then(|at| match &blocks[at] {
        Block::Heading { text, .. } => Some((at, text.clone())),
        _ => None,
    });
    let says_the_same = |text: &str| {
        let (said, text) = (folded(said), folded(text));
        said == text || (main.is_some() && !text.is_empty() && (said.contains(&text) || text.contains(&said)))
    };
    let (title, written) = match heading {
        Some((at, text)) if (said.is_empty() && (main.is_some() || at == 0)) || says_the_same(&text) => {
            blocks.remove(at);
            (plain(&text), text)
        }
        _ => (said.to_owned(), escaped(said)),
    };
    if !title.is_empty() && !blocks.is_empty() {
        blocks.insert(0, Block::Heading { level: 1, text: written });
    }
    title
}

/// A title's letters and digits, as they are compared.
fn folded(title: &str) -> String {
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn one_line(text: &str) -> String {
    displayed(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let mut inline = Inline::default();
    inline.text(text);
    inline.line()
}

/// A heading's text without its markup.
fn plain(markdown: &str) -> String {
    let mut plain = String::new();
    let mut rest = markdown.chars().filter(|c| *c != '`').peekable();
    while let Some(c) = rest.next() {
        let is_escape = c == '\\' && rest.peek().is_some_and(char::is_ascii_punctuation);
        plain.extend((!is_escape).then_some(c).or_else(|| rest.next()));
    }
    plain
}
