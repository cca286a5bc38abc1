//! Insights as a table for other programs (RFC 4180), one question a row.

use super::{super::print::printable_text, Insights, Reason};

const HEAD: [&str; 6] = ["kind", "question", "count", "share_answered", "first_asked", "documents"];

/// The table, with its head.
pub(super) fn table(insights: &Insights) -> String {
    let mut table = row(HEAD.map(text));
    for top in &insights.top {
        let (count, share) = (top.count.to_string(), top.resolved_rate.to_string());
        table += &row([text("asked"), text(&top.question), count, share, String::new(), String::new()]);
    }
    for (gap, documents) in &insights.gaps {
        let document = |document: &crate::coverage::Document| {
            let reason = Reason { why: &document.why, config: &insights.config };
            format!("{}/{} ({reason})", document.collection, document.path)
        };
        let documents: Vec<String> = documents.iter().map(document).collect();
        let first_asked = gap.first_asked.map(|at| text(&at.to_string())).unwrap_or_default();
        let (count, documents) = (gap.count.to_string(), text(&documents.join("; ")));
        table += &row([text("gap"), text(&gap.question), count, String::new(), first_asked, documents]);
    }
    table
}

fn row(cells: [String; 6]) -> String {
    cells.join(",") + "\r\n"
}

/// A cell of text, in quotes: programs do not agree on what parts cells. What a spreadsheet would take for a formula,
/// even where it parts cells at `;` or a tab and leaves quotes alone, gets an apostrophe before it.
fn text(of: &str) -> String {
    let mut text = String::from("\"");
    let mut begins = true;
    for c in printable_text(of).chars() {
        if begins && "=+-@＝＋－＠".contains(c) {
            text.push('\'');
        }
        begins = matches!(c, ';' | '\t') || begins && (c.is_whitespace() || c == '"');
        if c == '"' {
            text.push('"');
        }
        text.push(c);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted() {
        for (of, expected) in [
            ("plain", "\"plain\""),
            ("", "\"\""),
            ("a, b", "\"a, b\""),
            ("say \"it\"", "\"say \"\"it\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            (" spaces ", "\" spaces \""),
        ] {
            assert_eq!(text(of), expected, "{of:?}");
        }
    }

    #[test]
    fn formulas_are_defused() {
        for (of, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", " '=1"),
            ("＝1", "'＝1"),
            ("How much?;=1+1", "How much?;'=1+1"),
            ("How much? ; =1; -2", "How much? ; '=1; '-2"),
            ("How much?\t=1", "How much?\t'=1"),
            ("a;\"=1", "a;\"\"'=1"),
            ("=HYPERLINK(\"http://x\",\"y\")", "'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")"),
            ("a=b-c", "a=b-c"),
            ("a well-known - thing", "a well-known - thing"),
        ] {
            assert_eq!(text(of), format!("\"{expected}\""), "{of:?}");
        }
    }
}
