//! Markdown as its readers see it: without comments, without what its HTML hides, and without definitions that nothing uses.

use std::{collections::HashSet, ops::Range};

use dom_query::{Document, NodeRef};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::{
    bounds::{self, Bounds},
    depth,
    hidden::{is_hidden, is_panel},
    panels::Panels,
    unseen,
};
use crate::extract::refusal::Refusal;

/// Elements whose text is not shown.
const UNSHOWN: &[&str] = &[
    "audio", "canvas", "datalist", "iframe", "noembed", "noframes", "noscript", "object", "script", "style",
    "template", "textarea", "title", "video",
];
/// What stands around the number of a piece of text: no text has it.
const MARK: char = '\u{fdd0}';

/// A text as it is uploaded and indexed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Markdown {
    /// The text.
    pub text: String,
    /// How many words were left out because they are hidden.
    pub hidden_words: usize,
}

/// Whether Markdown may have something that its readers do not see.
pub(in crate::extract) fn may_hide(text: &str) -> bool {
    text.contains('<') || text.contains("]:")
}

/// Markdown without what its readers do not see.
pub(in crate::extract) fn seen(text: &str) -> Result<Markdown, Refusal> {
    let outline = Outline::of(text);
    let shown = outline.shown()?;
    let hidden =
        outline.pieces.iter().enumerate().filter(|(number, _)| !shown.contains(number)).map(|(_, piece)| piece);
    let hidden: Vec<_> = hidden.cloned().collect();
    let hidden_words = hidden.iter().map(|piece| text[piece.clone()].split_whitespace().count()).sum();
    let mut cuts: Vec<_> = hidden.into_iter().chain(outline.unseen).collect();
    cuts.sort_by_key(|cut| cut.start);
    let (mut kept, mut at) = (String::with_capacity(text.len()), 0);
    for cut in cuts {
        kept.push_str(text.get(at..cut.start).unwrap_or_default());
        at = at.max(cut.end);
    }
    kept.push_str(&text[at..]);
    Ok(Markdown { text: kept, hidden_words })
}

/// What Markdown makes of HTML: with numbers in the place of its texts.
#[derive(Default)]
struct Outline {
    html: String,
    /// Where the texts are.
    pieces: Vec<Range<usize>>,
    /// Where comments and unused definitions are.
    unseen: Vec<Range<usize>>,
}

impl Outline {
    fn of(text: &str) -> Self {
        let mut outline = Self::default();
        let mut events =
            Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).into_offset_iter();
        let mut used = HashSet::new();
        for (event, range) in events.by_ref() {
            match event {
                Event::Start(Tag::HtmlBlock) => outline.html(text, range),
                // The block has it.
                Event::Html(_) | Event::End(TagEnd::HtmlBlock) => {}
                Event::InlineHtml(_) => outline.html(text, range),
                Event::Start(tag) => {
                    if let Tag::Link { id, .. } | Tag::Image { id, .. } = &tag {
                        used.insert(id.to_lowercase());
                    }
                    outline.html.push_str(&format!("<{}>", name(&tag.to_end())));
                }
                Event::End(tag) => outline.html.push_str(&format!("</{}>", name(&tag))),
                Event::SoftBreak | Event::HardBreak | Event::Rule => outline.html.push(' '),
                _ => outline.piece(range),
            }
        }
        for (label, definition) in events.reference_definitions().iter() {
            let says_something = definition.title.is_some() || definition.dest.contains(char::is_whitespace);
            if says_something && !used.contains(&label.to_lowercase()) {
                outline.unseen.push(definition.span.clone());
            }
        }
        outline
    }

    fn piece(&mut self, range: Range<usize>) {
        self.html.push_str(&format!("{MARK}{}{MARK}", self.pieces.len()));
        self.pieces.push(range);
    }

    /// Tags as they are, and the texts between them.
    fn html(&mut self, text: &str, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let rest = &text[at..range.end];
            let piece = at..at + part_end(rest);
            at = piece.end;
            match () {
                () if rest.starts_with("<!--") => self.unseen.push(piece),
                () if is_tag(rest) => {
                    self.html.push_str(&text[piece.clone()]);
                    let raw = raw_text(&text[piece.clone()], &text[piece.end..range.end]);
                    self.html.push_str(raw);
                    at += raw.len();
                    self.unseen.push(piece.end..at);
                }
                () if text[piece.clone()].trim().is_empty() => self.html.push(' '),
                () => self.piece(piece),
            }
        }
    }

    /// The numbers of the texts that are shown.
    fn shown(&self) -> Result<HashSet<usize>, Refusal> {
        Bounds::default().check(&self.html)?;
        let document = Document::from(self.html.as_str());
        let root = document.root();
        depth::flatten(&root);
        bounds::check_tree(&root)?;
        unseen::mark(&root, true);
        let panels = Panels::of(&root);
        let (mut shown, mut todo) = (HashSet::new(), vec![root]);
        while let Some(node) = todo.pop() {
            if node.is_text() {
                shown.extend(node.text().split(MARK).filter_map(|number| number.parse::<usize>().ok()));
            }
            todo.extend(node.children_it(false).filter(|child| !child.is_element() || is_shown(child, &panels)));
        }
        Ok(shown)
    }
}

fn is_shown(element: &NodeRef<'_>, panels: &Panels) -> bool {
    !UNSHOWN.iter().any(|name| element.has_name(name)) && (!is_hidden(element) || is_panel(element, panels))
}

fn is_tag(text: &str) -> bool {
    text.strip_prefix('<').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)))
}

/// Where the comment, the tag or the text ends that HTML begins with.
fn part_end(html: &str) -> usize {
    if html.starts_with("<!--") {
        return html.find("-->").map_or(html.len(), |end| end + 3);
    }
    if !is_tag(html) {
        return html.char_indices().skip(1).find(|(_, c)| *c == '<').map_or(html.len(), |(at, _)| at);
    }
    let mut quote = None;
    for (at, byte) in html.bytes().enumerate() {
        match (quote, byte) {
            (Some(mark), _) if byte == mark => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return at + 1,
            _ => {}
        }
    }
    html.len()
}

/// What stands behind a tag whose text is no HTML, as far as it is that.
fn raw_text<'t>(tag: &str, behind: &'t str) -> &'t str {
    let is_raw = |name: &str| {
        let after = tag.get(1..=name.len()).filter(|start| start.eq_ignore_ascii_case(name));
        after.is_some() && tag[name.len() + 1..].starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/')
    };
    let Some(name) = ["script", "style"].into_iter().find(|name| is_raw(name)) else { return "" };
    let is_end = |at: &usize| behind.get(at + 2..at + 2 + name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name));
    let end = behind.match_indices("</").map(|(at, _)| at).find(is_end).unwrap_or(behind.len());
    &behind[..end]
}

/// The element that a part of Markdown becomes.
fn name(tag: &TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph => "p",
        TagEnd::Heading(_) => "h2",
        TagEnd::BlockQuote(_) => "blockquote",
        TagEnd::CodeBlock => "pre",
        TagEnd::List(_) => "ul",
        TagEnd::Item => "li",
        TagEnd::Table => "table",
        TagEnd::TableHead => "thead",
        TagEnd::TableRow => "tr",
        TagEnd::TableCell => "td",
        TagEnd::Emphasis => "em",
        TagEnd::Strong => "strong",
        TagEnd::Link => "a",
        _ => "span",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seen__markdown_with_hidden_parts__has_what_its_readers_see() {
        for (text, expected, words) in [
            (
                "# Tea\n\nIt is <span style=\"display:none\">Evil words </span>hot.\n",
                "# Tea\n\nIt is <span style=\"display:none\"></span>hot.\n",
                2,
            ),
            ("It is <span hidden class=ad>Evil </span>hot.", "It is <span hidden class=ad></span>hot.", 1),
            ("It is<!-- Evil\nwords --> hot.", "It is hot.", 0),
            ("<!-- Evil\n\nwords -->\nIt is hot.", "\nIt is hot.", 0),
            (
                "<div style='display:none'>\n\nEvil **words**\n\n- Evil\n\n</div>\n\nHot.",
                "<div style='display:none'>\n\n****\n\n- \n\n</div>\n\nHot.",
                3,
            ),
            ("<p style=\"font-size:0\">Evil</p>\n\nHot.", "<p style=\"font-size:0\"></p>\n\nHot.", 1),
            ("<style>.x{opacity:0}</style>\n\nHot <b class=x>Evil</b>", "<style></style>\n\nHot <b class=x></b>", 1),
            ("Hot.\n\n[//]: # (Evil words)\n", "Hot.\n\n\n", 0),
            ("Hot.\n\n[x]: <> \"Evil words\"", "Hot.\n\n", 0),
            ("a <template>Evil</template>b", "a <template></template>b", 1),
            ("> <div style=\"opacity:0\">Evil</div>\n\nHot", "> <div style=\"opacity:0\"></div>\n\nHot", 1),
        ] {
            let seen = seen(text).unwrap();
            assert_eq!((seen.text.as_str(), seen.hidden_words), (expected, words), "{text}");
        }
        for text in [
            "# Tea\n\n<b>It</b> is <br> 1 < 2, a<b, `<!-- x -->` and <https://e.com/>.\n",
            "```html\n<!-- x --><p hidden>y</p>\n```\n",
            "<details><summary>More</summary>\n\nIt is hot.\n\n</details>\n",
            "<table><tr><td>5 < 6</td></tr></table>\n",
            "See [the shop][s], ![tea][T] and [s].\n\n[s]: https://e.com \"The shop\"\n[t]: /tea.png 'Tea'\n[u]: https://e.com/u\n",
            "<img alt=\"Tea > milk\" src=a.png> and *so* on\n",
            "<div>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n</div>",
            "a <",
            "",
        ] {
            assert_eq!(seen(text).unwrap(), Markdown { text: text.to_owned(), hidden_words: 0 }, "{text}");
        }
    }
}
