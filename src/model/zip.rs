//! The directory at the end of a ZIP archive, as far as it tells a Word document from other archives.

/// An end of central directory without its comment, in bytes.
const END: usize = 22;
/// A header of the central directory without its name, in bytes.
const HEADER: usize = 46;
/// What stands between the directory and its end in a ZIP64 archive, in bytes.
const ZIP64: usize = 56 + 20;

/// The parts that a Word document has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZipParts {
    /// The list of its parts.
    pub content_types: bool,
    /// Its text.
    pub document: bool,
}

/// Reads the directory from the last bytes of an archive; `None` where it is not whole.
pub fn zip_parts(tail: &[u8]) -> Option<ZipParts> {
    // The comment that may follow has at most 65,535 bytes.
    let from = tail.len().saturating_sub(END + usize::from(u16::MAX));
    let end = from + tail[from..].windows(4).rposition(|bytes| bytes == b"PK\x05\x06")?;
    let size = u32_at(tail, end + 12)?;
    u16_at(tail, end + 20)?;
    let is_zip64 = end >= ZIP64 && tail[end - 20..].starts_with(b"PK\x06\x07");
    let end = if is_zip64 { end - ZIP64 } else { end };
    let mut at = end.checked_sub(size)?;
    let mut parts = ZipParts::default();
    while at < end {
        if !tail[at..].starts_with(b"PK\x01\x02") {
            return None;
        }
        let name_len = u16_at(tail, at + 28)?;
        let name = tail.get(at + HEADER..at + HEADER + name_len)?;
        let name = String::from_utf8_lossy(name).replace('\\', "/").to_ascii_lowercase();
        let name = name.trim_start_matches('/');
        parts.content_types |= name == "[content_types].xml";
        // Some writers count: `word/document2.xml`.
        parts.document |= name.starts_with("word/document") && name.ends_with(".xml");
        at += HEADER + name_len + u16_at(tail, at + 30)? + u16_at(tail, at + 32)?;
    }
    (at == end).then_some(parts)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    usize::try_from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).ok()
}
