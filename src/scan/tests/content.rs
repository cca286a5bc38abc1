//! Files whose bytes are of another kind than their name says.

use super::*;
use crate::scan::{Defect, HashError, hash::hash_with};

/// A ZIP archive with these parts.
fn zip(parts: &[&str]) -> Vec<u8> {
    let mut archive = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for part in parts {
        archive.start_file(*part, ::zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut archive, part.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const WORD: [&str; 3] = ["[Content_Types].xml", "_rels/.rels", "word/document.xml"];
const LFS: &str = "version https://git-lfs.github.com/spec/v1\n\
                   oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

/// What a file of this name is judged to be, read in pieces of each size.
fn judged(name: &str, content: &[u8]) -> Result<(), Defect> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), content).unwrap();
    let root = Root::open(dir.path(), false).unwrap();
    let results =
        [1, 3, 64, 4096, 128 * 1024].map(|size| match hash_with(&root, &doc(name), &mut vec![0; size], &mut || ()) {
            Ok(_) => Ok(()),
            Err(HashError::Defective { defect, .. }) => Err(defect),
            Err(error) => panic!("{error}"),
        });
    // A byte order mark is seen in one piece or not: that only tells white space from text.
    assert!(results[2..].iter().all(|result| *result == results[4]), "{name}: {results:?}");
    results[4]
}

#[test]
fn content__of_its_kind__is_read() {
    let utf16: Vec<u8> = "\u{feff}Größe\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_be: Vec<u8> = "\u{feff}Größe\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let odd = [&utf16[..], b"x"].concat();
    let late_header = [&b"\r\n".repeat(500)[..], b"%PDF-1.7\n%%EOF"].concat();
    let with_comment = [&zip(&WORD)[..], b"signature"].concat();
    let padded = [b"%PDF-1.4\n%%EOF\n".as_slice(), &[0; 9_000]].concat();
    let latin1 = b"Gr\xf6\xdfe";
    let sound: [(&str, &[u8]); 22] = [
        ("a.pdf", b"%PDF-1.4 and more\n%%EOF\n<!-- a gateway -->"),
        ("b.PDF", &late_header),
        ("c.pdf", &padded),
        ("d.docx", &zip(&WORD)),
        ("e.DOCX", &with_comment),
        ("f.docx", &zip(&["[content_types].xml", "word/document2.xml"])),
        ("g.md", b"# Text\n"),
        ("h.md", b"<h1 align=center>Title</h1>\n"),
        ("i.md", b"\xef\xbb\xbfx"),
        ("j.md", b"{\"a\": 1}"),
        ("k.txt", &utf16),
        ("l.txt", &utf16_be),
        ("m.txt", &odd),
        ("n.txt", latin1),
        ("o.txt", b"<html>a note about tags"),
        ("p.md", b"version https://git-lfs.github.com/spec/v1 is what a pointer begins with\n"),
        ("q.md", b"Content is kept in .git/annex/objects/ by git-annex.\nA second line."),
        ("r.mdx", b"export const a = 1\n"),
        ("s.markdown", b"x"),
        ("t.text", b"PK is a ZIP\n"),
        ("u.md", b"oid and size are keys"),
        ("v.md", b"version: 2\nsize: 3\n"),
    ];
    for (name, content) in sound {
        assert_eq!(judged(name, content), Ok(()), "{name}");
    }
}

#[test]
fn content__of_another_kind__is_refused_with_what_it_is() {
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 EncryptedPackage";
    let word = zip(&WORD);
    let cut = &word[..word.len() / 2];
    let mut wiped = word.clone();
    let end = wiped.len();
    wiped[end / 2..end - 30].fill(0);
    let sheet = zip(&["[Content_Types].xml", "xl/workbook.xml"]);
    let half_zero = [b"# Note\n".as_slice(), &[0; 4096]].concat();
    let half_zero_pdf = [b"%PDF-1.4\n1 0 obj".as_slice(), &[0; 8192]].concat();
    let utf16_zeros = [b"\xff\xfeA\0".as_slice(), &[0; 100]].concat();
    let other = |expected, found| Defect::OtherKind { expected, found: Some(found) };
    let (pdf, docx) = (|found| other("a PDF", found), |found| other("a Word document (.docx)", found));
    let cut_pdf = [b"%PDF-1.4\n%%EOF\n".as_slice(), &[b'x'; 9_000]].concat();
    let table: [(&str, &[u8], Defect); 44] = [
        ("a.pdf", b"<html><body>502 Bad Gateway</body></html>", pdf("an HTML page")),
        ("b.pdf", b"\n  <!DOCTYPE HTML PUBLIC>", pdf("an HTML page")),
        ("c.pdf", b"{\"error\": \"not found\"}", pdf("JSON")),
        ("d.pdf", b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", pdf("XML or HTML")),
        ("e.pdf", &word, pdf("a ZIP archive")),
        ("f.pdf", b"\x1f\x8b\x08\0", pdf("gzip data")),
        ("g.pdf", b"Not Found", pdf("text")),
        ("h.pdf", b"%PDF", pdf("text")),
        ("i.pdf", b"\x89PNG\r\n\x1a\n", pdf("a picture")),
        ("j.pdf", &half_zero_pdf, Defect::Zeros),
        ("k.pdf", &[0; 500], Defect::Zeros),
        ("l.docx", ole, docx("an old or encrypted Office document")),
        ("m.docx", b"<!doctype html><title>Sign in</title>", docx("an HTML page")),
        ("n.docx", b"{\\rtf1\\ansi}", docx("RTF")),
        ("o.docx", cut, Defect::Truncated("a ZIP archive")),
        ("p.docx", &wiped, Defect::Truncated("a ZIP archive")),
        ("q.docx", b"PK\x03\x04\x14\0\x14\0", Defect::Truncated("a ZIP archive")),
        ("r.docx", &sheet, docx("another kind of ZIP archive")),
        ("s.docx", &zip(&["word/document.xml"]), docx("another kind of ZIP archive")),
        ("t.docx", b"%PDF-1.7", docx("a PDF")),
        ("u.md", &[0; 100], Defect::Zeros),
        ("v.md", &half_zero, Defect::Binary),
        ("w.txt", b"P\0l\0a\0i\0n\0", Defect::Binary),
        ("x.txt", &utf16_zeros, Defect::Binary),
        ("y.md", b"\0\x05\x16\x07\0\x02\0\0Mac OS X", other("text", "macOS metadata (AppleDouble)")),
        ("z.txt", b"%PDF-1.7\n", other("text", "a PDF")),
        ("aa.md", &word, other("text", "a ZIP archive")),
        ("ab.txt", ole, other("text", "an old or encrypted Office document")),
        ("ac.md", b" \n\t\r\n", Defect::Blank),
        ("ad.txt", b"\xef\xbb\xbf\n", Defect::Blank),
        ("ad1.md", b"\xef\xbb\xbf\xef\xbb\xbf \n\xef\xbb\xbf", Defect::Blank),
        ("ad2.md", "\u{a0}\n\u{3000}\u{2028}".as_bytes(), Defect::Blank),
        (
            "ad3.md",
            b"\n<!DOCTYPE html><title>502</title>",
            Defect::OtherKind { expected: "text", found: Some("an HTML page") },
        ),
        (
            "ad4.txt",
            b"\xef\xbb\xbf<!doctype HTML>",
            Defect::OtherKind { expected: "text", found: Some("an HTML page") },
        ),
        ("ae.txt", b"\xff\xfe\n\0 \0", Defect::Blank),
        ("af.md", b"\0GITCRYPT\0abc", Defect::Encrypted("git-crypt")),
        ("ag.md", b"$ANSIBLE_VAULT;1.1;AES256\n6130", Defect::Encrypted("Ansible Vault")),
        ("ah.pdf", b"age-encryption.org/v1\n-> X25519", Defect::Encrypted("age")),
        ("ai.md", b"-----BEGIN PGP MESSAGE-----\n", Defect::Encrypted("PGP")),
        ("aj.pdf", b" ", Defect::Blank),
        ("ak.docx", b"", Defect::Blank),
        ("am.pdf", b"%PDF-1.4 and no end", Defect::Truncated("a PDF")),
        ("an.pdf", &cut_pdf, Defect::Truncated("a PDF")),
        ("al.docx", b"\x89PNG\r\n\x1a\n", docx("a picture")),
    ];
    for (name, content, expected) in table {
        assert_eq!(judged(name, content), Err(expected), "{name}");
    }
}

#[test]
fn content__pointer_to_content_elsewhere__is_refused_whatever_the_name() {
    let crlf = LFS.replace('\n', "\r\n");
    let extended = LFS.replace("oid", "ext-0-foo sha256:00\noid");
    let bare = &LFS[LFS.find("oid").unwrap()..];
    for pointer in [
        LFS,
        &crlf,
        &extended,
        bare,
        &LFS.replace("git-lfs.github.com", "hawser.github.com"),
        "/annex/objects/SHA256E-s123--4d7a.pdf\n",
        "../../.git/annex/objects/xx/yy/SHA256E-s123--4d7a.pdf/SHA256E-s123--4d7a.pdf",
        "#$# git-fat 6f1ed002ab5595859014ebf0951522d9                12345\n",
    ] {
        for name in ["a.md", "a.txt", "a.pdf", "a.docx"] {
            assert!(matches!(judged(name, pointer.as_bytes()), Err(Defect::Pointer { .. })), "{name}: {pointer}");
        }
    }
}
