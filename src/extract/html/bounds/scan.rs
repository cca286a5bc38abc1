//! The scan of a page: its open elements, much as the parser keeps them.

use std::ops::Range;

use super::{
    Bounds, MAX_ATTRIBUTES, Part,
    tags::{
        BLOCK, BOUNDARY, CELL, CLEARS, FOREIGN, FORMATTING, Groups, HEADING, HTML, IMPLIED, ITEM, ONLY_ONE, RAW,
        READING, ROWS, SPECIAL, TABLE, TRANSPARENT, Tag, TooMany, VOID,
    },
    too_many_attributes,
};

/// The parser repeats no more open elements that are the same.
const MAX_ALIKE: usize = 3;
/// How far up an end tag moves an open `<b>`, `<font>` or the like, a block at a time.
const MAX_MOVES: usize = 8;

/// An element on the stack.
struct Open<'h> {
    name: &'h [u8],
    groups: Groups,
    /// Its number among those that are repeated.
    repeated: Option<usize>,
}

impl Open<'_> {
    fn is_named(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// An element that is repeated until it is closed.
struct Repeated<'h> {
    number: usize,
    name: &'h [u8],
    /// Its tag.
    text: &'h [u8],
}

pub(super) struct Scan<'b, 'h> {
    bounds: &'b mut Bounds,
    open: Vec<Open<'h>>,
    /// `None` where a cell or the like begins: what was open before is not repeated in it.
    formatting: Vec<Option<Repeated<'h>>>,
    /// Whether each of the repeated elements is on the stack.
    is_open: Vec<bool>,
    /// Whether a form is open: one in it is no element.
    form: bool,
    /// Whether MathML may have HTML in it, where no element closes itself.
    foreign_html: bool,
}

impl<'b, 'h> Scan<'b, 'h> {
    pub(super) fn new(bounds: &'b mut Bounds) -> Self {
        Self { bounds, open: Vec::new(), formatting: Vec::new(), is_open: Vec::new(), form: false, foreign_html: false }
    }

    /// Scans a page, passing on its parts in order.
    pub(super) fn page(&mut self, html: &'h [u8], mut see: impl FnMut(Part, Range<usize>)) -> Result<(), String> {
        let at = |rest: &[u8]| html.len() - rest.len();
        let mut rest = html;
        while let Some(text) = rest.iter().position(|byte| *byte == b'<') {
            self.text(&rest[..text]);
            let (begin, open) = (at(rest), at(rest) + text);
            see(Part::Text, begin..open);
            rest = &rest[text + 1..];
            let (mut part, mut raw) = (Part::Tag, None);
            rest = match rest {
                [b'!', b'-', b'-', comment @ ..] => {
                    part = Part::Unseen;
                    after_comment(comment)
                }
                [b'/', first, ..] if first.is_ascii_alphabetic() => {
                    let (tag, after) = parsed(&rest[1..])?;
                    match &tag {
                        Some(tag) => self.end(tag),
                        None => part = Part::Unseen,
                    }
                    after
                }
                [first, ..] if first.is_ascii_alphabetic() => {
                    let (tag, after) = parsed(rest)?;
                    if tag.is_none() {
                        part = Part::Unseen;
                    }
                    raw = tag.filter(|tag| self.start(tag));
                    after
                }
                [b'!' | b'?' | b'/', ..] => {
                    part = Part::Unseen;
                    rest.iter().position(|byte| *byte == b'>').map_or(&[], |at| &rest[at + 1..])
                }
                _ => {
                    part = Part::Text;
                    rest
                }
            };
            see(part, open..at(rest));
            if let Some(tag) = raw {
                let text = at(rest);
                rest = after_raw(rest, tag.name);
                let is_code = tag.is_named("script") || tag.is_named("style");
                see(if is_code { Part::Code } else { Part::Text }, text..at(rest));
            }
            self.bounds.limit(self.open.len())?;
        }
        self.text(rest);
        see(Part::Text, at(rest)..html.len());
        self.bounds.limit(self.open.len())
    }

    /// How many elements are open.
    #[cfg(test)]
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Takes a text: what is left open is repeated around it.
    fn text(&mut self, text: &[u8]) {
        if text.is_empty() || self.formatting.is_empty() {
            return;
        }
        // The parser takes it in pieces, and looks for each what is open.
        let pieces = 1 + text.iter().filter(|byte| matches!(byte, b'&' | b'\n' | b'\r' | 0)).count();
        self.bounds.walked += pieces * self.open.len();
        self.repeat();
    }

    /// Takes a start tag. Gives whether text follows, up to its end tag.
    fn start(&mut self, tag: &Tag<'h>) -> bool {
        let groups = tag.groups;
        self.bounds.elements += 1;
        self.bounds.walked += self.open.len();
        if groups.is(ONLY_ONE) {
            self.bounds.of_page += tag.attributes;
            return false;
        }
        if let Some(around) = self.foreign() {
            let is_html = groups.is(HTML) || (tag.is_named("font") && tag.attributes > 0);
            if !is_html {
                self.foreign_html |= tag.is_named("annotation-xml");
                if !tag.closes_itself || self.foreign_html {
                    let groups = Groups::of_foreign(tag.name, around);
                    self.open.push(Open { name: tag.name, groups, repeated: None });
                }
                return false;
            }
            self.end_foreign();
        }
        if groups.is(BLOCK) {
            self.close_paragraph();
        }
        if groups.is(ITEM) {
            self.close_item(tag);
        } else if groups.is(HEADING) && self.open.last().is_some_and(|open| open.groups.is(HEADING)) {
            self.truncate(self.open.len() - 1);
        } else if tag.is_named("table") {
            // One that stands between rows ends the table that it is in.
            let around = self.open.iter().rev().find(|open| open.groups.is(CELL.and(TABLE)));
            if around.is_some_and(|open| open.is_named(b"table")) {
                self.close(|open| open.groups.is(TABLE), TABLE);
            }
        } else if groups.is(CELL.and(ROWS)) {
            let Some(table) = self.open.iter().rposition(|open| open.groups.is(TABLE)) else { return false };
            self.truncate(table + 1);
            if groups.is(ROWS) {
                return false;
            }
        } else if tag.is_named("button") {
            self.close(|open| open.is_named(b"button"), BOUNDARY);
        } else if tag.is_named("option") && self.open.last().is_some_and(|open| open.is_named(tag.name)) {
            self.truncate(self.open.len() - 1);
        } else if groups.is(READING) {
            self.end_readings();
        } else if tag.is_named("form") && std::mem::replace(&mut self.form, true)
            || tag.is_named("select") && self.close(|open| open.is_named(b"select"), BOUNDARY)
        {
            return false;
        }
        if groups.is(FORMATTING) {
            self.format(tag);
            return false;
        }
        if !groups.is(BLOCK.and(CELL).and(RAW)) {
            self.repeat();
        }
        if groups.is(RAW) {
            // In a field to choose from, most tags are ignored.
            let chooses = self.open.iter().rev().any(|open| open.is_named(b"select"));
            return !chooses || tag.is_named("script") || tag.is_named("textarea");
        }
        if !groups.is(VOID) {
            self.push(tag, None);
        }
        false
    }

    fn end(&mut self, tag: &Tag<'h>) {
        let groups = tag.groups;
        let is_same = |open: &Open<'_>| open.is_named(tag.name);
        // What is not HTML is closed by its name.
        if self.foreign().is_some() && self.close_foreign(tag.name) {
            return;
        }
        if tag.is_named("p") || tag.is_named("br") {
            self.end_foreign();
        }
        if groups.is(FORMATTING) {
            self.end_formatting(tag.name);
        } else if tag.is_named("p") {
            let is_closed = self.close_paragraph();
            self.bounds.elements += usize::from(!is_closed);
        } else if tag.is_named("br") {
            self.bounds.elements += 1;
            self.repeat();
        } else if groups.is(ROWS) {
            self.bounds.walked += self.open.len();
            if let Some(table) = self.open.iter().rposition(|open| open.groups.is(TABLE)) {
                self.truncate(table + 1);
            }
        } else if tag.is_named("template") {
            self.close_unless(is_same, |_| false);
        } else if groups.is(CELL.and(TABLE)) {
            self.close(is_same, TABLE);
        } else if groups.is(HEADING) {
            self.close(|open| open.groups.is(HEADING), BOUNDARY);
        } else if tag.is_named("form") {
            self.end_form();
        } else if groups.is(SPECIAL) {
            self.close(is_same, BOUNDARY);
        } else {
            self.close(is_same, SPECIAL);
        }
    }

    /// Opens an element that is repeated until it is closed.
    fn format(&mut self, tag: &Tag<'h>) {
        self.repeat();
        if tag.is_named("a") || tag.is_named("nobr") {
            let is_in = self.open_formatting().any(|entry| entry.name.eq_ignore_ascii_case(tag.name));
            if is_in {
                self.end_formatting(tag.name);
                self.repeat();
            }
        }
        let alike: Vec<_> =
            self.open_formatting().filter(|entry| entry.text == tag.text).map(|entry| entry.number).collect();
        self.bounds.walked += self.open_formatting().count();
        if alike.len() >= MAX_ALIKE {
            let oldest = alike.last().copied();
            self.formatting.retain(|entry| entry.as_ref().map(|entry| entry.number) != oldest);
        }
        let number = self.is_open.len();
        self.is_open.push(true);
        self.formatting.push(Some(Repeated { number, name: tag.name, text: tag.text }));
        self.push(tag, Some(number));
    }

    /// Those that are repeated here, the last one first.
    fn open_formatting(&self) -> impl Iterator<Item = &Repeated<'h>> {
        self.formatting.iter().rev().map_while(Option::as_ref)
    }

    /// Repeats what was left open and is not on the stack any more.
    fn repeat(&mut self) {
        let closed = self.open_formatting().take_while(|entry| !self.is_open[entry.number]).count();
        for at in self.formatting.len() - closed..self.formatting.len() {
            let Some(Repeated { number, name, .. }) = self.formatting[at] else { continue };
            self.is_open[number] = true;
            self.bounds.elements += 1;
            self.bounds.walked += self.open.len();
            self.open.push(Open { name, groups: FORMATTING, repeated: Some(number) });
        }
    }

    /// Takes the end tag of an element that is repeated. What it closes may have blocks in it.
    fn end_formatting(&mut self, name: &[u8]) {
        let depth = self.open.len();
        self.bounds.walked += self.open_formatting().count();
        let entry =
            self.open_formatting().find(|entry| entry.name.eq_ignore_ascii_case(name)).map(|entry| entry.number);
        let Some(number) = entry else {
            self.close(|open| open.is_named(name), SPECIAL);
            return;
        };
        let at = self.open.iter().rposition(|open| open.repeated == Some(number)).filter(|_| self.is_open[number]);
        if at.is_some_and(|at| self.open[at..].iter().any(|open| open.groups.is(BOUNDARY))) {
            return;
        }
        self.formatting.retain(|entry| entry.as_ref().is_none_or(|entry| entry.number != number));
        let Some(at) = at else { return };
        let blocks = self.open[at..].iter().filter(|open| open.groups.is(SPECIAL)).count().min(MAX_MOVES);
        self.bounds.walked += (depth - at) * (blocks + 1);
        self.bounds.elements += blocks;
        if blocks == 0 {
            self.truncate(at);
        } else {
            self.open.remove(at);
        }
    }

    /// Ends all that is not HTML, up to where HTML is around it.
    fn end_foreign(&mut self) {
        while self.foreign().is_some() && self.close(|open| open.groups.is(FOREIGN), BOUNDARY) {}
    }

    /// Ends the form, though elements in it stay open.
    fn end_form(&mut self) {
        if !std::mem::take(&mut self.form) {
            return;
        }
        self.end_implied();
        let found = self.open.iter().rposition(|open| open.is_named(b"form") || open.groups.is(BOUNDARY));
        self.bounds.walked += self.open.len() - found.unwrap_or(0);
        if let Some(at) = found.filter(|at| self.open[*at].is_named(b"form")) {
            self.open.remove(at);
        }
    }

    fn end_implied(&mut self) {
        let ended = self.open.iter().rev().take_while(|open| open.groups.is(IMPLIED)).count();
        self.truncate(self.open.len() - ended);
    }

    /// Closes an element of SVG or MathML.
    fn close_foreign(&mut self, name: &[u8]) -> bool {
        let root = self.open.iter().rposition(|open| open.groups.is(FOREIGN)).unwrap_or(0);
        self.bounds.walked += self.open.len() - root;
        let at = self.open[root..].iter().rposition(|open| open.is_named(name));
        at.into_iter().for_each(|at| self.truncate(root + at));
        at.is_some()
    }

    /// Closes what ends where the reading of a character begins.
    fn end_readings(&mut self) {
        let ruby = self.open.iter().rev().find(|open| open.groups.is(BOUNDARY) || open.is_named(b"ruby"));
        if ruby.is_some_and(|open| open.is_named(b"ruby")) {
            self.end_implied();
        }
    }

    fn close_paragraph(&mut self) -> bool {
        let stops = |open: &Open<'_>| open.groups.is(BOUNDARY) || open.is_named(b"button");
        self.close_unless(|open| open.is_named(b"p"), stops)
    }

    /// Closes the item before this one.
    fn close_item(&mut self, tag: &Tag<'_>) {
        let is_item = |open: &Open<'_>| open.groups.is(ITEM) && open.is_named(b"li") == tag.is_named("li");
        self.close_unless(is_item, |open| open.groups.is(SPECIAL) && !open.groups.is(TRANSPARENT));
    }

    /// Closes the innermost element that is meant, and what is in it, unless one of these is in between.
    fn close(&mut self, is_meant: impl Fn(&Open<'_>) -> bool, stops: Groups) -> bool {
        self.close_unless(is_meant, |open| open.groups.is(stops))
    }

    fn close_unless(&mut self, is_meant: impl Fn(&Open<'_>) -> bool, stops: impl Fn(&Open<'_>) -> bool) -> bool {
        let found = self.open.iter().rposition(|open| is_meant(open) || stops(open));
        self.bounds.walked += self.open.len() - found.unwrap_or(0);
        let meant = found.filter(|at| is_meant(&self.open[*at]));
        meant.into_iter().for_each(|at| self.truncate(at));
        meant.is_some()
    }

    fn push(&mut self, tag: &Tag<'h>, repeated: Option<usize>) {
        self.formatting.extend(tag.groups.is(CLEARS).then_some(None));
        self.open.push(Open { name: tag.name, groups: tag.groups, repeated });
    }

    fn truncate(&mut self, depth: usize) {
        for open in self.open.drain(depth..).rev() {
            if let Some(number) = open.repeated {
                self.is_open[number] = false;
            }
            if open.groups.is(CLEARS) {
                let begins = self.formatting.iter().rposition(Option::is_none).unwrap_or(0);
                self.formatting.truncate(begins);
            }
        }
    }

    /// The element around that is not HTML: SVG or MathML.
    fn foreign(&self) -> Option<&'h [u8]> {
        let around = self.open.iter().rev().find(|open| open.groups.is(FOREIGN.and(SPECIAL)));
        around.filter(|open| open.groups.is(FOREIGN)).map(|open| open.name)
    }
}

fn parsed(text: &[u8]) -> Result<(Option<Tag<'_>>, &[u8]), String> {
    Tag::parse(text, MAX_ATTRIBUTES).map_err(|TooMany| too_many_attributes())
}

fn after_comment(text: &[u8]) -> &[u8] {
    if let [b'>', rest @ ..] | [b'-', b'>', rest @ ..] = text {
        return rest;
    }
    let end = |part: &[u8]| if part.starts_with(b"-->") { 3 } else { usize::from(part.starts_with(b"--!>")) * 4 };
    // A comment that has no end goes on to that of the page.
    let at = (0..text.len()).find(|at| end(&text[*at..]) > 0);
    at.map_or(&[], |at| &text[at + end(&text[at..])..])
}

/// What comes with the end tag of an element whose content is text.
fn after_raw<'h>(text: &'h [u8], name: &[u8]) -> &'h [u8] {
    let is_end = |part: &[u8]| part.starts_with(b"</") && part[2..].eq_ignore_ascii_case(name);
    text.windows(name.len() + 2).position(is_end).map_or(&[], |at| &text[at..])
}
