//! Markdown as its readers see it: without comments, without what its HTML hides, and without definitions that nothing uses.

use std::{collections::HashSet, ops::Range};

use dom_query::{Document, NodeRef};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::{
    bounds::{self, Bounds, Part},
    depth, hidden,
    panels::Panels,
    scripts::Scripts,
    unseen::{self, Context},
};
use crate::extract::refusal::Refusal;

/// Elements whose text is not shown.
const UNSHOWN: &[&str] = &[
    "annotation",
    "annotation-xml",
    "audio",
    "canvas",
    "datalist",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "script",
    "style",
    "template",
    "textarea",
    "title",
    "video",
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
    let Pieces { html, texts, mut unseen } = outline.pieces(text)?;
    let shown = shown(&html)?;
    let hidden: Vec<_> =
        texts.into_iter().enumerate().filter(|(number, _)| !shown.contains(number)).map(|(_, text)| text).collect();
    let hidden_words = hidden.iter().map(|piece| text[piece.clone()].split_whitespace().count()).sum();
    unseen.extend(outline.unused.into_iter().chain(hidden));
    unseen.sort_by_key(|cut| cut.start);
    let (mut kept, mut at) = (String::with_capacity(text.len()), 0);
    for cut in unseen {
        kept.push_str(text.get(at..cut.start).unwrap_or_default());
        at = at.max(cut.end);
    }
    kept.push_str(&text[at..]);
    Ok(Markdown { text: kept, hidden_words })
}

/// What Markdown makes of HTML.
#[derive(Default)]
struct Outline {
    /// With a sign in the place of each of its texts, and its own HTML as it is.
    html: String,
    chunks: Vec<Chunk>,
    /// Where unused definitions are.
    unused: Vec<Range<usize>>,
}

/// A part of Markdown that is none of its marks.
struct Chunk {
    /// Where it is in the outline.
    at: Range<usize>,
    source: Range<usize>,
    is_html: bool,
}

/// An outline with numbers in the place of its texts.
#[derive(Default)]
struct Pieces {
    html: String,
    /// Where the texts are, by their numbers.
    texts: Vec<Range<usize>>,
    /// Where comments, scripts and the like are.
    unseen: Vec<Range<usize>>,
}

impl Outline {
    fn of(text: &str) -> Self {
        let mut outline = Self::default();
        let mut events =
            Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).into_offset_iter();
        let mut used = HashSet::new();
        for (event, source) in events.by_ref() {
            match event {
                // Its lines follow.
                Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
                Event::Html(html) | Event::InlineHtml(html) => outline.chunk(&html, source, true),
                Event::Start(tag) => {
                    if let Tag::Link { id, .. } | Tag::Image { id, .. } = &tag {
                        used.insert(id.to_lowercase());
                    }
                    outline.html.push_str(&format!("<{}>", name(&tag.to_end())));
                }
                Event::End(tag) => outline.html.push_str(&format!("</{}>", name(&tag))),
                Event::SoftBreak | Event::HardBreak | Event::Rule => outline.html.push(' '),
                _ => outline.chunk(".", source, false),
            }
        }
        for (label, definition) in events.reference_definitions().iter() {
            let says_something = definition.title.is_some() || definition.dest.contains(char::is_whitespace);
            if says_something && !used.contains(&label.to_lowercase()) {
                outline.unused.push(definition.span.clone());
            }
        }
        outline
    }

    fn chunk(&mut self, html: &str, source: Range<usize>, is_html: bool) {
        let begin = self.html.len();
        self.html.push_str(html);
        self.chunks.push(Chunk { at: begin..self.html.len(), source, is_html });
    }

    /// Separates its texts from what browsers take for a tag, a comment or a script, whichever block that ends in.
    fn pieces(&self, text: &str) -> Result<Pieces, Refusal> {
        let mut pieces = Pieces::default();
        for (part, range) in Bounds::default().parts(&self.html)? {
            if matches!(part, Part::Tag | Part::Code) {
                pieces.html.push_str(&self.html[range.clone()]);
            }
            for (source, is_html) in self.sources(range) {
                match part {
                    Part::Tag => {}
                    Part::Text if is_html && text[source.clone()].trim().is_empty() => pieces.html.push(' '),
                    Part::Text => {
                        // The line end of a quote stays in it.
                        let end = if is_html { text[source.clone()].trim_end().len() } else { source.len() };
                        let source = source.start..source.start + end;
                        pieces.html.push_str(&format!("{MARK}{}{MARK}", pieces.texts.len()));
                        pieces.texts.push(source);
                    }
                    Part::Code | Part::Unseen if is_html => pieces.unseen.push(source),
                    // Without its number in the outline it is hidden.
                    Part::Code | Part::Unseen => pieces.texts.push(source),
                }
            }
        }
        Ok(pieces)
    }

    /// Where a part of the outline comes from, and whether that is HTML.
    fn sources(&self, part: Range<usize>) -> impl Iterator<Item = (Range<usize>, bool)> {
        let first = self.chunks.partition_point(|chunk| chunk.at.end <= part.start);
        self.chunks[first..].iter().take_while(move |chunk| chunk.at.start < part.end).map(move |chunk| {
            let Chunk { at, source, is_html } = chunk;
            // A line of a quote that goes on in a tag has more in the Markdown.
            if source.len() != at.len() {
                return (source.clone(), *is_html);
            }
            let begin = source.start + part.start.saturating_sub(at.start);
            (begin..source.end - at.end.saturating_sub(part.end), *is_html)
        })
    }
}

/// The numbers of the texts that are shown.
fn shown(html: &str) -> Result<HashSet<usize>, Refusal> {
    let document = Document::from(html);
    let root = document.root();
    depth::flatten(&root);
    bounds::check_tree(&root)?;
    unseen::mark(&root, Context::Markdown);
    let panels = Panels::of(&root);
    let has_scripts = Scripts::of(&root, false).has_programs();
    let is_shown = |element: &NodeRef<'_>| {
        let is_opened = || has_scripts || hidden::opens_without_scripts(element, &panels);
        !UNSHOWN.iter().any(|name| element.has_name(name))
            && !unseen::is_never_shown(element)
            && (!hidden::is_unseen(element) || hidden::is_panel(element, &panels) && is_opened())
    };
    let (mut shown, mut todo) = (HashSet::new(), vec![root]);
    while let Some(node) = todo.pop() {
        if node.is_text() {
            shown.extend(node.text().split(MARK).filter_map(|number| number.parse::<usize>().ok()));
        }
        todo.extend(node.children_it(false).filter(|child| !child.is_element() || is_shown(child)));
    }
    Ok(shown)
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
            ("<div hidden>\n\nEvil\n\n</div>\n\nHot", "<div hidden>\n\n\n\n</div>\n\nHot", 1),
            ("<div hidden>\n\n> Evil\n\n</div>", "<div hidden>\n\n> \n\n</div>", 1),
            ("<div hidden>\n\n```\nEvil\n```\n\n</div>", "<div hidden>\n\n```\n```\n\n</div>", 1),
            (
                "<table hidden>\n<tr><td>\n\nEvil\n\n</td></tr></table>",
                "<table hidden>\n<tr><td>\n\n\n\n</td></tr></table>",
                1,
            ),
            ("- <div hidden>Evil\n\n  Evil two\n\n  </div>", "- <div hidden>\n\n  \n\n  </div>", 3),
            ("> <div\n> hidden>\n> Evil\n> </div>\n\nHot", "> <div\n> hidden>\n> \n> </div>\n\nHot", 1),
            ("> a <b\n> hidden>Evil</b> Hot", "> a <b\n> hidden></b> Hot", 1),
            ("<ul><li>a<li hidden>Evil</ul>", "<ul><li>a<li hidden></ul>", 1),
            (
                "<div hidden class=answer style='display:none'><p>Evil</p></div>",
                "<div hidden class=answer style='display:none'><p></p></div>",
                1,
            ),
            (
                "<style>.tab-panel{display:none}</style>\n\n<p class=tab-panel x-show>Evil</p>",
                "<style></style>\n\n<p class=tab-panel x-show></p>",
                1,
            ),
            // As the parser of browsers has it.
            ("<div hidden></p>Evil</div>", "<div hidden></p></div>", 1),
            ("<b hidden></i>Evil</b>", "<b hidden></i></b>", 1),
            ("<div title=\"</div>\" hidden>Evil</div>", "<div title=\"</div>\" hidden></div>", 1),
            ("<div hidden\n\nEvil", "<div hidden\n\n", 1),
            ("<div><!-- a\n\nEvil\n\n--></div>", "<div>\n\n\n", 2),
            ("Hot <!-- a --!> tea <!-- b -->", "Hot  tea ", 0),
            ("<!-->It is hot.", "It is hot.", 0),
            // What is no HTML.
            ("<?x Evil ?>\n\nHot", "\n\nHot", 0),
            ("Hot <!X Evil>", "Hot ", 0),
            ("<![CDATA[ Evil ]]>\n\nHot", "\n\nHot", 0),
            // What browsers do not show.
            ("Hot <dialog>Evil</dialog>", "Hot <dialog></dialog>", 1),
            ("<div popover>Evil</div>", "<div popover></div>", 1),
            ("<details><summary hidden></summary>Evil</details>", "<details><summary hidden></summary></details>", 1),
            ("<math><annotation>Evil</annotation></math>", "<math><annotation></annotation></math>", 1),
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
            "<div hidden><span></div>It is hot.</span></div>\n",
            "<h2 hidden></h3>It is hot.\n",
            "<div/hidden>It is hot.",
            "> <div hidden>\n\nIt is hot.",
            "<table hidden>\n\nIt is hot.",
            "`<div hidden>`\n\nIt is hot.",
            "It is <i aria-hidden=true>hot</i>.",
            "<div><div hidden></div>It is hot.</div>",
            "<dialog open>It is hot.</dialog>",
            "<button popovertarget=a>More</button>\n\n<div id=a popover>It is hot.</div>",
            "<a href=\"#a\">More</a>\n\n<div id=a hidden><p>It is hot.</p></div>",
            "<button onclick=\"show('abc')\">More</button>\n\n<div id=abc style=\"display:none\"><p>It is hot.</p></div>",
            "<div hidden=until-found>It is hot.</div>",
            "<div>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n</div>",
            "a <",
            "",
        ] {
            assert_eq!(seen(text).unwrap(), Markdown { text: text.to_owned(), hidden_words: 0 }, "{text}");
        }
    }
}
