//! Files: plain text, Markdown, whole DOCX files, and DOCX files whose parts are given one after the other.

use std::io::{Cursor, Write};

use kbsync::extract::{Kind, decoded, decoded_text, text_here};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// What stands between two parts; no UTF-8 has it.
const END: u8 = 0xff;
const PARTS: [&str; 6] = [
    "word/document.xml",
    "word/styles.xml",
    "word/footnotes.xml",
    "word/_rels/document.xml.rels",
    "_rels/.rels",
    "word/endnotes.xml",
];

pub fn extract(data: &[u8]) {
    let Some((what, bytes)) = data.split_first() else { return };
    match what % 5 {
        0 => text("txt", bytes),
        1 => text("md", bytes),
        2 => {
            let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
            let (charset, page) = bytes.split_at(line);
            let _ = decoded(page, std::str::from_utf8(charset).ok());
        }
        3 => docx(&packed(bytes)),
        _ => docx(bytes),
    }
}

fn text(extension: &str, bytes: &[u8]) {
    let Some(text) = decoded_text(extension, bytes) else { return };
    // No charset makes more than three bytes of one.
    assert!(text.len() <= 3 * bytes.len(), "{} bytes of {}", text.len(), bytes.len());
    if let Ok(valid) = std::str::from_utf8(bytes)
        && extension == "txt"
        // With escapes it is ISO-2022-JP.
        && !bytes.contains(&0x1b)
    {
        assert_eq!(text, valid.strip_prefix('\u{feff}').unwrap_or(valid));
    }
}

fn docx(bytes: &[u8]) {
    if let Some(text) = text_here(Kind::Docx, bytes) {
        assert!(!text.trim().is_empty());
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, part) in PARTS.iter().zip(bytes.split(|byte| *byte == END)) {
        archive.start_file(*name, options).expect("a part");
        archive.write_all(part).expect("its bytes");
    }
    archive.finish().expect("an archive").into_inner()
}
