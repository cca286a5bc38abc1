//! The ZIP around a DOCX: its parts, and what relates them.

use std::io::{Cursor, Read};

use quick_xml::events::Event;
use zip::ZipArchive;
use zip::result::ZipError;

use super::{attribute, damaged, reader};
use crate::extract::refusal::Refusal;

/// How many bytes the parts that are read may unpack to, together. A thousand pages are about a third of this.
const MAX_UNPACKED: u64 = 64 << 20;

/// What an OLE compound file begins with: Word's encrypted DOCX, and its .doc.
const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// An open DOCX.
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

/// One relationship of a part: the last word of its type, and the part it points to.
pub(super) struct Relation {
    kind: String,
    target: String,
}

impl<'a> Package<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.starts_with(&OLE) {
            return Err(refuse_ole(bytes));
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        Ok(Self { archive, left: MAX_UNPACKED })
    }

    /// The XML of a part, if there is such a part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        let entry = match self.archive.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => return Err(Refusal::Encrypted),
            Err(error) => return Err(damaged(error)),
        };
        // The sizes that a ZIP declares are not to be trusted: what counts is what comes out.
        let mut bytes = Vec::new();
        entry.take(self.left + 1).read_to_end(&mut bytes)?;
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| Refusal::Damaged(format!("it unpacks to more than {} MiB", MAX_UNPACKED >> 20)))?;
        String::from_utf8(bytes).map(Some).map_err(|_| Refusal::Damaged(format!("{name} is not UTF-8")))
    }

    /// The part of a kind that a part relates to, if there is one.
    pub(super) fn related(&mut self, relations: &[Relation], kind: &str) -> Result<Option<String>, Refusal> {
        target(relations, kind).map_or(Ok(None), |name| self.part(name))
    }

    /// The relationships of a part, or of the whole package for "".
    pub(super) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, Refusal> {
        let (folder, name) = part.rsplit_once('/').map_or(("", part), |(folder, name)| (folder, name));
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let Some(xml) = self.part(&format!("{folder}_rels/{name}.rels"))? else { return Ok(Vec::new()) };
        let mut reader = reader(&xml);
        let mut relations = Vec::new();
        loop {
            let element = match reader.read_event().map_err(damaged)? {
                Event::Start(element) if element.local_name().as_ref() == "Relationship" => element,
                Event::Eof => return Ok(relations),
                _ => continue,
            };
            if let (Some(kind), Some(target)) = (attribute(&element, "Type"), attribute(&element, "Target")) {
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                let target = target.strip_prefix('/').map_or_else(|| format!("{folder}{target}"), str::to_owned);
                relations.push(Relation { kind, target });
            }
        }
    }
}

/// The part that the first relationship of a kind points to.
pub(super) fn target<'r>(relations: &'r [Relation], kind: &str) -> Option<&'r str> {
    relations.iter().find(|relation| relation.kind == kind).map(|relation| relation.target.as_str())
}

fn refuse_ole(bytes: &[u8]) -> Refusal {
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(stream.len()).any(|window| window == stream) {
        Refusal::Encrypted
    } else {
        Refusal::Damaged("it is an old Word .doc; save it as .docx".into())
    }
}
