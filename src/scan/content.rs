//! Content checks: whether a file's bytes are of the kind that its extension says, decided on the bytes that are hashed.

mod pointer;

use std::fmt;

use crate::model::{DocPath, MinHash, MinHasher, binary_kind_of, has_pdf_end, zip_parts};

/// Bytes that are kept of a file's beginning.
const HEAD: usize = 4 * 1024;
/// Bytes that are kept of a file's end: a DOCX with ten thousand parts has its directory in these.
const TAIL: usize = 1024 * 1024;
/// A PDF's header is within this many bytes: scanners and mail gateways write something before it.
const PDF_HEADER_WITHIN: usize = 1024;
/// Zeros at a file's end that are more than padding.
const ZERO_TAIL: usize = 4 * 1024;

/// Why a file's bytes are not a document of the kind that its extension says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// It has no bytes, or none but white space.
    Blank,
    /// It is zeros, or ends in them: its size was written and its content was not.
    Zeros,
    /// It stands for content that is elsewhere.
    Pointer {
        /// Which tool wrote it.
        tool: &'static str,
        /// How to get the content.
        fetch: &'static str,
    },
    /// It is encrypted by this tool.
    Encrypted(&'static str),
    /// It is of another kind.
    OtherKind {
        /// What it should be.
        expected: &'static str,
        /// What it is, where that can be told.
        found: Option<&'static str>,
    },
    /// Without its end: a ZIP archive without its directory, a PDF without its mark.
    Truncated(&'static str),
    /// It has NUL bytes, which no text has.
    Binary,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("it is empty but for white space"),
            Self::Zeros => f.write_str("its content is zero bytes, as after a power failure; restore it"),
            Self::Pointer { tool, fetch } => write!(f, "it is a {tool} pointer, not the document; {fetch}"),
            Self::Encrypted(tool) => write!(f, "it is encrypted by {tool}"),
            Self::OtherKind { expected, found: Some(found) } => write!(f, "it is {found}, not {expected}"),
            Self::OtherKind { expected, found: None } => write!(f, "it is not {expected}, though its name says so"),
            Self::Truncated(kind) => write!(f, "it is {kind} without its end, so it was cut off"),
            Self::Binary => f.write_str("it is not text: it has NUL bytes (save UTF-16 with a byte order mark)"),
        }
    }
}

/// What an extension promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pdf,
    Docx,
    Text,
    /// Nothing that can be checked.
    Other,
}

impl Kind {
    fn of(path: &DocPath) -> Self {
        match path.extension().as_str() {
            "pdf" => Self::Pdf,
            "docx" => Self::Docx,
            "md" | "txt" | "text" | "markdown" | "mdx" => Self::Text,
            _ => Self::Other,
        }
    }
}

/// Checks a file's bytes while they are read for their hash. Memory does not grow with the file.
#[derive(Debug)]
pub(super) struct ContentCheck {
    kind: Kind,
    size: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
    /// The last byte before this chunk, where it is the first half of a UTF-16 unit.
    half: Option<u8>,
    all_zero: bool,
    /// Nothing but white space, byte order marks and, as UTF-16 has them, NULs.
    blank: bool,
    /// The beginning of a character, as far as it was read.
    character: Vec<u8>,
    has_nul: bool,
    has_nul_unit: bool,
    words: MinHasher,
}

impl ContentCheck {
    pub(super) fn new(path: &DocPath) -> Self {
        Self {
            kind: Kind::of(path),
            size: 0,
            head: Vec::new(),
            tail: Vec::new(),
            half: None,
            all_zero: true,
            blank: true,
            character: Vec::new(),
            has_nul: false,
            has_nul_unit: false,
            words: MinHasher::default(),
        }
    }

    /// Takes in the next bytes.
    pub(super) fn update(&mut self, chunk: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&chunk[..room.min(chunk.len())]);
        self.all_zero = self.all_zero && chunk.iter().all(|byte| *byte == 0);
        let marks = if self.size == 0 { mark(chunk) } else { 0 };
        self.blank = self.blank && chunk[marks..].iter().all(|byte| self.is_blank(*byte));
        match self.kind {
            Kind::Text => {
                self.find_nuls(chunk);
                self.words.update(chunk);
            }
            Kind::Pdf | Kind::Docx => self.keep_tail(chunk),
            Kind::Other => {}
        }
        self.size += chunk.len() as u64;
    }

    /// Whether a byte is part of white space or of a byte order mark, or may yet be.
    fn is_blank(&mut self, byte: u8) -> bool {
        if self.character.is_empty() && byte.is_ascii() {
            return byte == 0 || byte.is_ascii_whitespace();
        }
        self.character.push(byte);
        match std::str::from_utf8(&self.character) {
            Ok(text) => {
                let is_blank = text.chars().all(|c| c.is_whitespace() || c == '\u{feff}');
                self.character.clear();
                is_blank
            }
            Err(error) => error.error_len().is_none(),
        }
    }

    fn find_nuls(&mut self, chunk: &[u8]) {
        if chunk.contains(&0) || self.half.is_some() {
            self.has_nul |= chunk.contains(&0);
            let (before, rest) = match self.half {
                Some(half) => (Some([half, chunk.first().copied().unwrap_or(1)]), chunk.get(1..).unwrap_or_default()),
                None => (None, chunk),
            };
            let (units, _) = rest.as_chunks::<2>();
            self.has_nul_unit |= before.iter().chain(units).any(|unit| *unit == [0, 0]);
        }
        let is_odd = (self.size + chunk.len() as u64) % 2 == 1;
        self.half = chunk.last().copied().filter(|_| is_odd);
    }

    fn keep_tail(&mut self, chunk: &[u8]) {
        self.tail.extend_from_slice(chunk);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    /// Judges what was taken in. Gives the signature of its words, where it is text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn finish(self) -> Result<Option<MinHash>, Defect> {
        if self.size == 0 {
            return Err(Defect::Blank);
        }
        if self.all_zero {
            return Err(Defect::Zeros);
        }
        if self.blank && self.character.is_empty() {
            return Err(Defect::Blank);
        }
        if let Some(defect) = pointer::find(&self.head, self.size) {
            return Err(defect);
        }
        match self.kind {
            Kind::Pdf => self.pdf()?,
            Kind::Docx => self.docx()?,
            Kind::Text => self.text()?,
            Kind::Other => {}
        }
        // UTF-16 would give one word a letter.
        Ok(if self.kind == Kind::Text && !self.has_nul { self.words.finish() } else { None })
    }

    fn pdf(&self) -> Result<(), Defect> {
        const HEADER: &[u8] = b"%PDF-";
        let mut starts = self.head.windows(HEADER.len()).take(PDF_HEADER_WITHIN);
        if !starts.any(|bytes| bytes == HEADER) {
            return Err(Defect::OtherKind { expected: "a PDF", found: kind_of(&self.head) });
        }
        if has_pdf_end(&self.tail) {
            return Ok(());
        }
        let zeros = self.tail.iter().rev().take_while(|byte| **byte == 0).count();
        Err(if zeros >= ZERO_TAIL { Defect::Zeros } else { Defect::Truncated("a PDF") })
    }

    fn docx(&self) -> Result<(), Defect> {
        let other = |found| Err(Defect::OtherKind { expected: "a Word document (.docx)", found });
        if !self.head.starts_with(b"PK\x03\x04") {
            return other(kind_of(&self.head));
        }
        match zip_parts(&self.tail) {
            None => Err(Defect::Truncated("a ZIP archive")),
            Some(parts) if parts.content_types && parts.document => Ok(()),
            Some(_) => other(Some("another kind of ZIP archive")),
        }
    }

    fn text(&self) -> Result<(), Defect> {
        let is_utf16 = self.head.starts_with(b"\xff\xfe") || self.head.starts_with(b"\xfe\xff");
        if is_utf16 && !self.has_nul_unit {
            return Ok(());
        }
        match binary_kind_of(&self.head) {
            found @ Some(_) => Err(Defect::OtherKind { expected: "text", found }),
            None if self.has_nul => Err(Defect::Binary),
            None if is_page(&self.head) => Err(Defect::OtherKind { expected: "text", found: Some("an HTML page") }),
            None => Ok(()),
        }
    }
}

/// Whether a text is a whole page, as servers send it in the place of a file. One that begins with a tag may be about HTML.
fn is_page(head: &[u8]) -> bool {
    let text = head[mark(head)..].trim_ascii_start();
    let begins = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()));
    begins("<!doctype html")
}

/// How long the byte order mark is that a text begins with.
fn mark(text: &[u8]) -> usize {
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    marks.iter().find(|mark| text.starts_with(mark)).map_or(0, |mark| mark.len())
}

/// What a file is, by its beginning.
fn kind_of(head: &[u8]) -> Option<&'static str> {
    let text = head[mark(head)..].trim_ascii_start();
    let begins = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()));
    let text_kind = || match text.first() {
        _ if ["<!doctype html", "<html", "<head", "<body", "<script"].iter().any(|tag| begins(tag)) => {
            Some("an HTML page")
        }
        Some(b'<') => Some("XML or HTML"),
        Some(b'{' | b'[') => Some("JSON"),
        Some(_) if !head.contains(&0) && std::str::from_utf8(&head[..head.len().min(64)]).is_ok() => Some("text"),
        _ => None,
    };
    binary_kind_of(head).or_else(text_kind)
}
