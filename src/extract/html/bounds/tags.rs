//! Tags as the scan reads them, and the groups of elements that the parser treats alike.

/// What an element is to the parser: a set of the groups below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Groups(u32);

/// It has no content and no end.
pub(super) const VOID: Groups = Groups(1);
/// Its content is text up to its end tag.
pub(super) const RAW: Groups = Groups(1 << 1);
/// It is repeated in each block until it is closed.
pub(super) const FORMATTING: Groups = Groups(1 << 2);
/// It ends a paragraph.
pub(super) const BLOCK: Groups = Groups(1 << 3);
/// No end tag within it closes what is around it.
pub(super) const BOUNDARY: Groups = Groups(1 << 4);
/// The end tag of an element that runs in lines does not close what is around it.
pub(super) const SPECIAL: Groups = Groups(1 << 5);
/// An item ends the one before it through it.
pub(super) const TRANSPARENT: Groups = Groups(1 << 6);
pub(super) const ITEM: Groups = Groups(1 << 7);
pub(super) const CELL: Groups = Groups(1 << 8);
/// A row, or a group of rows or columns.
pub(super) const ROWS: Groups = Groups(1 << 9);
/// Rows and cells are its own: a table, or a template.
pub(super) const TABLE: Groups = Groups(1 << 10);
pub(super) const HEADING: Groups = Groups(1 << 11);
/// It is not HTML, and neither is what is in it.
pub(super) const FOREIGN: Groups = Groups(1 << 12);
/// What is left open in it is not repeated behind it.
pub(super) const CLEARS: Groups = Groups(1 << 13);
/// There is one, whatever the page has.
pub(super) const ONLY_ONE: Groups = Groups(1 << 14);
/// The reading of a character.
pub(super) const READING: Groups = Groups(1 << 15);
/// It ends where a reading begins.
pub(super) const IMPLIED: Groups = Groups(1 << 16);
/// It ends what is not HTML.
pub(super) const HTML: Groups = Groups(1 << 17);

/// The longest name that is known: `blockquote`, `figcaption`.
const LONGEST: usize = 10;

impl Groups {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn is(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    fn of(name: &[u8]) -> Self {
        let mut lower = [0; LONGEST];
        let Some(lower) = lower.get_mut(..name.len()) else { return Self::NONE };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let block = BLOCK.and(SPECIAL);
        let html = block.and(HTML);
        let boundary = BOUNDARY.and(SPECIAL);
        match &*lower {
            b"area" | b"base" | b"basefont" | b"bgsound" | b"col" | b"frame" | b"image" | b"input" | b"keygen"
            | b"link" | b"param" | b"source" | b"track" | b"wbr" => VOID,
            b"br" | b"embed" | b"img" | b"meta" => VOID.and(HTML),
            b"hr" => VOID.and(BLOCK).and(HTML),
            b"script" | b"style" | b"textarea" | b"title" | b"iframe" | b"noembed" | b"noframes" => RAW,
            b"xmp" => RAW.and(BLOCK),
            b"a" | b"font" => FORMATTING,
            b"b" | b"big" | b"code" | b"em" | b"i" | b"nobr" | b"s" | b"small" | b"strike" | b"strong" | b"tt"
            | b"u" => FORMATTING.and(HTML),
            b"ruby" | b"span" | b"sub" | b"sup" | b"var" => HTML,
            b"address" => block.and(TRANSPARENT),
            b"div" => html.and(TRANSPARENT),
            b"p" => html.and(TRANSPARENT).and(IMPLIED),
            b"li" | b"dd" | b"dt" => html.and(ITEM).and(IMPLIED),
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => html.and(HEADING),
            b"blockquote" | b"center" | b"dl" | b"listing" | b"menu" | b"ol" | b"pre" | b"ul" => html,
            b"article" | b"aside" | b"details" | b"dialog" | b"dir" | b"fieldset" | b"figcaption" | b"figure"
            | b"footer" | b"form" | b"header" | b"hgroup" | b"main" | b"nav" | b"plaintext" | b"search"
            | b"section" | b"summary" => block,
            b"table" => html.and(boundary).and(TABLE),
            b"template" => boundary.and(TABLE).and(CLEARS),
            b"td" | b"th" | b"caption" => boundary.and(CELL).and(CLEARS),
            b"tr" | b"tbody" | b"thead" | b"tfoot" | b"colgroup" => ROWS,
            b"applet" | b"marquee" | b"object" => boundary.and(CLEARS),
            b"svg" | b"math" => FOREIGN,
            b"select" => boundary,
            b"button" => SPECIAL,
            b"option" => IMPLIED,
            b"rp" | b"rt" => READING.and(IMPLIED),
            b"html" | b"frameset" => ONLY_ONE,
            b"head" | b"body" => ONLY_ONE.and(HTML),
            _ => Self::NONE,
        }
    }

    /// What an element within SVG or MathML is: in some of them there may be HTML again.
    pub(super) fn of_foreign(name: &[u8], within: &[u8]) -> Self {
        let is_one_of = |names: &[&str]| names.iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes()));
        let holds_html = if within.eq_ignore_ascii_case(b"svg") {
            is_one_of(&["desc", "foreignobject", "title"])
        } else {
            is_one_of(&["mi", "mn", "mo", "ms", "mtext"])
        };
        match holds_html {
            true => BOUNDARY.and(SPECIAL),
            false if is_one_of(&["svg", "math"]) => FOREIGN,
            false => Self::NONE,
        }
    }
}

/// A tag has too many attributes.
pub(super) struct TooMany;

/// A start tag or an end tag.
pub(super) struct Tag<'h> {
    pub(super) name: &'h [u8],
    pub(super) groups: Groups,
    /// All of it.
    pub(super) text: &'h [u8],
    pub(super) attributes: usize,
    pub(super) closes_itself: bool,
}

impl<'h> Tag<'h> {
    /// The tag at the beginning of a text, behind its `<` or `</`, and what comes after it; `None` where it has no end. Then
    /// the parser drops it as well.
    ///
    /// # Errors
    /// Where it has more than `most` attributes.
    pub(super) fn parse(text: &'h [u8], most: usize) -> Result<(Option<Self>, &'h [u8]), TooMany> {
        let name = text.iter().position(|byte| ends_name(*byte)).unwrap_or(text.len());
        let (mut at, mut attributes) = (name, 0);
        loop {
            at += text[at..].iter().take_while(|byte| is_space(**byte) || **byte == b'/').count();
            let Some(first) = text.get(at) else { return Ok((None, &[])) };
            if *first == b'>' {
                break;
            }
            attributes += 1;
            if attributes > most {
                return Err(TooMany);
            }
            // An equals sign in the first place belongs to the name.
            at += 1;
            at += text[at..].iter().take_while(|byte| !ends_name(**byte) && **byte != b'=').count();
            let spaces = text[at..].iter().take_while(|byte| is_space(**byte)).count();
            if text.get(at + spaces) != Some(&b'=') {
                continue;
            }
            at += spaces + 1;
            at += text[at..].iter().take_while(|byte| is_space(**byte)).count();
            at += match text.get(at) {
                Some(quote @ (b'"' | b'\'')) => {
                    text[at + 1..].iter().position(|byte| byte == quote).map_or(text.len() - at, |end| end + 2)
                }
                _ => text[at..].iter().take_while(|byte| !is_space(**byte) && **byte != b'>').count(),
            };
        }
        let closes_itself = text[..at].ends_with(b"/");
        let (name, rest) = (&text[..name], &text[at + 1..]);
        Ok((Some(Self { name, groups: Groups::of(name), text: &text[..at], attributes, closes_itself }), rest))
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

fn ends_name(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'/' | b'>')
}
