//! Files that are small and become large: each must be refused in little time, and within half the usual memory.

use std::io::{Cursor, Read, Write};
use std::time::Duration;

use kbsync::extract::{Extractor, Limits};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::extractor;
use crate::hostile::reason;

fn halved() -> Extractor {
    extractor().with_limits(Limits { memory: 256 << 20, ..Limits::default() })
}

/// A ZIP whose entries are written piece by piece.
fn zip<'a>(entries: impl IntoIterator<Item = (String, &'a [u8], usize)>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, piece, times) in entries {
        zip.start_file(name, options).unwrap();
        for _ in 0..times {
            zip.write_all(piece).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn document(body: &str) -> Vec<u8> {
    zip([("word/document.xml".to_owned(), body.as_bytes(), 1)])
}

#[tokio::test]
async fn a_gigabyte_of_zeros() {
    let zeros = vec![0; 1 << 20];
    let bomb = zip([("word/document.xml".to_owned(), &zeros[..], 1 << 10)]);
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    assert_eq!(reason(&halved(), "a.docx", &bomb).await, "the DOCX is damaged: it unpacks to more than 64 MiB");
}

#[tokio::test]
async fn a_gigabyte_over_several_parts() {
    let piece = vec![b' '; 1 << 20];
    let relations = r#"<Relationships><Relationship Type="x/styles" Target="s.xml"/></Relationships>"#;
    let bomb = zip([
        ("word/document.xml".to_owned(), &piece[..], 40),
        ("word/_rels/document.xml.rels".to_owned(), relations.as_bytes(), 1),
        ("word/s.xml".to_owned(), &piece[..], 40),
    ]);
    assert_eq!(reason(&halved(), "a.docx", &bomb).await, "the DOCX is damaged: it unpacks to more than 64 MiB");
}

#[tokio::test]
async fn a_hundred_thousand_entries() {
    let bomb = zip((0..100_000).map(|n| (format!("word/{n}"), &b""[..], 0)));
    let reason = reason(&halved(), "a.docx", &bomb).await;
    assert_eq!(reason, "the DOCX is damaged: it has no word/document.xml");
}

#[tokio::test]
async fn a_million_elements_deep() {
    let nested = format!("<w:document>{}", "<w:tbl><w:tr><w:tc><w:p>".repeat(250_000));
    let reason = reason(&halved(), "a.docx", &document(&nested)).await;
    assert_eq!(reason, "the DOCX is damaged: its elements nest deeper than 512");
}

#[tokio::test]
async fn entities_within_entities() {
    let mut laughs = String::from(r#"<!DOCTYPE d [<!ENTITY l0 "lol">"#);
    for n in 1..10 {
        laughs += &format!(r#"<!ENTITY l{n} "{}">"#, format!("&l{};", n - 1).repeat(10));
    }
    laughs += "]><w:document><w:body><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:body></w:document>";
    let reason = reason(&halved(), "a.docx", &document(&laughs)).await;
    assert_eq!(reason, "the DOCX is damaged: it has a DTD, which a DOCX may not");
}

#[tokio::test]
async fn more_text_than_anybody_reads() {
    let text = format!("<w:document><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:document>", "word ".repeat(4 << 20));
    assert_eq!(reason(&halved(), "a.docx", &document(&text)).await, "its text is longer than 16 MiB");
}

#[tokio::test]
async fn a_page_of_a_gigabyte() {
    let spaces = vec![b' '; 1 << 20];
    let reason = reason(&halved(), "a.pdf", &pdf(&packed(&spaces, 1 << 10), b"")).await;
    let refusals = ["needed more than 256 MiB of memory", "no text could be read from it (a scan?)"];
    assert!(refusals.contains(&reason.as_str()), "{reason}");
}

/// The parser recurs, and overflows its stack.
#[tokio::test]
async fn a_million_arrays_deep() {
    for (content, object) in [(packed(&[b'['; 1 << 20], 1), vec![]), (packed(b" ", 1), vec![b'['; 1 << 20])] {
        let reason = reason(&halved(), "a.pdf", &pdf(&content, &object)).await;
        assert_eq!(reason, "the PDF is damaged: it nests too deeply");
    }
}

/// Crossing lines in which the parser looks for tables: it would be at it for minutes. There are so few that what it needs
/// of memory until then stays far below the limit.
#[tokio::test]
async fn a_parser_that_does_not_end() {
    let mut lines = String::new();
    for n in 0..200_000 {
        lines += &format!("{} {} m {} {} l S ", n % 500, n % 700, n * 7 % 500, n % 700);
    }
    let hurried = extractor().with_limits(Limits { time: Duration::from_millis(500), ..Limits::default() });
    let reason = reason(&hurried, "a.pdf", &pdf(&packed(lines.as_bytes(), 1), b"")).await;
    assert_eq!(reason, "took longer than 0.5 s");
}

/// A PDF with one page of this content stream, and one more object.
fn pdf(content: &[u8], object: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {} /Filter /FlateDecode >>\nstream\n", content.len());
    let objects = [
        &b"<< /Type /Catalog /Pages 2 0 R /Extra 5 0 R >>"[..],
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        &[head.as_bytes(), content, b"\nendstream"].concat(),
        object,
    ];
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (n, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", pdf.len());
        pdf.extend([format!("{} 0 obj\n", n + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let trailer = format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", objects.len() + 1, pdf.len());
    pdf.extend((table + &trailer).as_bytes());
    pdf
}

/// A piece, so many times, as `FlateDecode` unpacks it: what a ZIP holds of it, after the header of RFC 1950. The
/// checksum at the end is left out, and no reader of PDF insists on it.
fn packed(piece: &[u8], times: usize) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(zip([("content".to_owned(), piece, times)]))).unwrap();
    let mut packed = vec![0x78, 0x9c];
    archive.by_index_raw(0).unwrap().read_to_end(&mut packed).unwrap();
    packed
}
