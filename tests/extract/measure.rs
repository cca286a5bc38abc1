//! How much of a file's text is read, and in which order.
//!
//! A word is a run of letters and digits, in lower case; a CJK character is a word of its own. F1 is that of the two
//! bags of words. The order is judged by the F1 of the longest common subsequence of words.

use std::collections::HashMap;
use std::fs;

use futures_util::{StreamExt, stream};

use crate::{corpus, extractor, name};

const WORDS: f64 = 0.95;
const MEAN_WORDS: f64 = 0.985;
const ORDER: f64 = 0.88;
const MEAN_ORDER: f64 = 0.96;

/// Files that are read in another order than poppler's, with the floor that they keep and the reason.
const OTHER_ORDER: [(&str, f64); 3] = [
    // The heading on top of the right column is taken for one across both columns, so its section comes first.
    ("dvips-ghostscript.pdf", 0.65),
    // A chart: its labels stand all over the page, and no order of them is the right one.
    ("matplotlib-type3.pdf", 0.70),
    ("matplotlib-type42.pdf", 0.70),
];

#[tokio::test]
async fn pdfs_read_as_poppler_reads_them() {
    let files = corpus("pdf", "pdf");
    assert!(files.len() >= 20);
    let scores: Vec<(String, f64, f64)> = stream::iter(files)
        .map(|file| async move {
            let expected = words(&fs::read_to_string(file.with_extension("txt")).unwrap());
            let name = name(&file).to_owned();
            let text = extractor().text(&name, &file).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            let read = words(&text);
            (name, f1(in_common(&expected, &read), &expected, &read), f1(in_order(&expected, &read), &expected, &read))
        })
        .buffer_unordered(2)
        .collect()
        .await;
    for (name, words, order) in &scores {
        println!("{words:.3} {order:.3} {name}");
    }
    for (name, words, order) in &scores {
        let order_floor = OTHER_ORDER.iter().find(|(other, _)| other == name).map_or(ORDER, |(_, floor)| *floor);
        assert!(*words >= WORDS, "{name}: word F1 {words:.3}");
        assert!(*order >= order_floor, "{name}: order F1 {order:.3}");
    }
    let mean = |of: fn(&(String, f64, f64)) -> f64| scores.iter().map(of).sum::<f64>() / scores.len() as f64;
    let (mean_words, mean_order) = (mean(|s| s.1), mean(|s| s.2));
    println!("{mean_words:.4} {mean_order:.4} mean");
    assert!(mean_words >= MEAN_WORDS, "mean word F1 {mean_words:.4}");
    assert!(mean_order >= MEAN_ORDER, "mean order F1 {mean_order:.4}");
}

#[tokio::test]
async fn docx_reads_as_expected() {
    for file in corpus("docx", "docx") {
        let expected = fs::read_to_string(file.with_extension("txt")).unwrap();
        assert_eq!(extractor().text(name(&file), &file).await.unwrap(), expected.trim_end(), "{}", name(&file));
    }
}

#[tokio::test]
async fn text_and_markdown_need_no_child() {
    let folder = tempfile::tempdir().unwrap();
    let extractor = kbsync::extract::Extractor::new("/nonexistent".into());
    for (name, bytes, expected) in [
        ("a.txt", &b"\xef\xbb\xbfplain\0 words"[..], "plain words"),
        ("b.MD", b"---\ntitle: B\n---\n# B\n\n```sh\nkbsync plan\n```\n", "# B\n\n```sh\nkbsync plan\n```\n"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, [bytes, &b" and enough of them that one stray character does not matter".repeat(2)].concat())
            .unwrap();
        assert!(extractor.text(name, &file).await.unwrap().starts_with(expected), "{name}");
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        let is_cjk = ('\u{2e80}'..='\u{9fff}').contains(&c);
        if (is_cjk || !c.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
        if is_cjk {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn f1(matched: usize, expected: &[String], read: &[String]) -> f64 {
    2.0 * matched as f64 / (expected.len() + read.len()) as f64
}

fn in_common(expected: &[String], read: &[String]) -> usize {
    let mut bag: HashMap<&str, usize> = HashMap::new();
    for word in expected {
        *bag.entry(word).or_default() += 1;
    }
    let mut matched = 0;
    for word in read {
        if let Some(left) = bag.get_mut(word.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            matched += 1;
        }
    }
    matched
}

/// The length of the longest common subsequence.
fn in_order(expected: &[String], read: &[String]) -> usize {
    let mut row = vec![0; read.len() + 1];
    for word in expected {
        let mut diagonal = 0;
        for (i, other) in read.iter().enumerate() {
            let above = row[i + 1];
            row[i + 1] = if word == other { diagonal + 1 } else { above.max(row[i]) };
            diagonal = above;
        }
    }
    row[read.len()]
}
