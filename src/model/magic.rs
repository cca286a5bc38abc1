//! The first bytes of binary files, which tell what they are whatever their name or type says, and the last ones of a PDF.

/// What binary files begin with.
const MAGIC: [(&[u8], &str); 17] = [
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted Office document"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG\r\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\0\x05\x16\x07", "macOS metadata (AppleDouble)"),
    (b"bplist0", "an Apple property list"),
    (b"\x7fELF", "a program"),
];

/// What a binary file is, by its first bytes; `None` where they tell nothing.
pub fn binary_kind_of(head: &[u8]) -> Option<&'static str> {
    MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind)
}

/// How many last bytes of a PDF may hold its end: servers and mail gateways append to it.
const PDF_END_WITHIN: usize = 8 * 1024;

/// Whether the last bytes of a PDF, but for zeros, have its end. One that was cut off has none.
pub fn has_pdf_end(tail: &[u8]) -> bool {
    const END: &[u8] = b"%%EOF";
    let end = tail.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    tail[end.saturating_sub(PDF_END_WITHIN)..end].windows(END.len()).any(|bytes| bytes == END)
}
