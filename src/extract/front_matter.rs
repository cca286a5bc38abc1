//! Front matter of Markdown: YAML between `---` lines or TOML between `+++` lines, before the text.

/// The keys of a document's title.
const TITLE: &str = "title";

/// A text with its front matter as Markdown: the title as a heading, the rest as rows of a table, as code hosts show it.
/// A text that only begins with a rule has none.
pub(super) fn as_markdown(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let Some((matter, body)) = split(text) else { return text.to_owned() };
    let mut markdown = String::new();
    let mut rows = String::new();
    for (key, value) in values(&matter) {
        if key.eq_ignore_ascii_case(TITLE) {
            if !begins_with_title(body, &value) {
                markdown = format!("# {value}\n\n");
            }
        } else {
            rows.push_str(&format!("| {key} | {value} |\n"));
        }
    }
    if !rows.is_empty() {
        markdown.push_str(&rows);
        markdown.push('\n');
    }
    markdown + body
}

/// The lines of a text's front matter, and the text after it.
fn split(text: &str) -> Option<(Vec<&str>, &str)> {
    let (mark, assigns) = [("---", ':'), ("+++", '=')].into_iter().find(|(mark, _)| text.starts_with(mark))?;
    let mut rest = text.strip_prefix(mark).and_then(line_end)?;
    let mut lines = Vec::new();
    loop {
        let closed = rest.strip_prefix(mark).or_else(|| rest.strip_prefix("...").filter(|_| mark == "---"));
        if let Some(body) = closed.and_then(line_end) {
            return is_matter(&lines, assigns).then_some((lines, body));
        }
        let (line, next) = rest.split_once('\n')?;
        lines.push(line.trim_end());
        rest = next;
    }
}

/// What follows the end of a line, when `text` is at one.
fn line_end(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t', '\r']);
    if text.is_empty() { Some(text) } else { text.strip_prefix('\n') }
}

/// Whether lines between two marks are keys and values, and not the text between two rules.
fn is_matter(lines: &[&str], assigns: char) -> bool {
    let continues = |line: &str| line.starts_with([' ', '\t', '-', '#', '[', ']', '}', '"', '\'']) || line.is_empty();
    match lines.split_first() {
        None => true,
        Some((first, rest)) => {
            let begins = key_and_value(first, assigns).is_some() || first.starts_with(['#', '[']) && assigns == '=';
            let begins = begins || first.starts_with('#') && rest.iter().any(|line| key_and_value(line, ':').is_some());
            begins && rest.iter().all(|line| continues(line) || key_and_value(line, assigns).is_some())
        }
    }
}

fn key_and_value(line: &str, assigns: char) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(assigns)?;
    let key = key.trim_end().trim_matches(['"', '\'']);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '/');
    let sound = key.starts_with(|c: char| c.is_alphabetic() || c == '_') && key.chars().all(plain);
    // In YAML a space follows the colon, so that an address is no key.
    (sound && (assigns == '=' || value.is_empty() || value.starts_with([' ', '\t']))).then_some((key, value.trim()))
}

/// The keys with their values, each on one line; lists and longer texts are gathered.
fn values(lines: &[&str]) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    for line in lines {
        let own = [':', '='].into_iter().find_map(|assigns| key_and_value(line, assigns));
        match own {
            Some((key, value)) => {
                // `|` and `>` only say how the lines below are joined.
                let value = if value.starts_with(['|', '>']) { "" } else { value };
                values.push((key.to_owned(), clean(value)));
            }
            // A comment, or the name of a TOML table.
            None if line.starts_with('#') || line.starts_with('[') && line.ends_with(']') => {}
            None => {
                if let Some((_, value)) = values.last_mut() {
                    let more = clean(line.trim_start().trim_start_matches("- "));
                    value.push_str(if value.is_empty() || more.is_empty() { "" } else { " " });
                    value.push_str(&more);
                }
            }
        }
    }
    values.retain(|(_, value)| !value.is_empty());
    values
}

/// A value without its quotes and brackets, and without what would end a cell of a table.
fn clean(value: &str) -> String {
    value.trim().trim_matches(['"', '\'', '[', ']']).replace('|', "/").trim().to_owned()
}

/// Whether the first line of a text is this title already.
fn begins_with_title(body: &str, title: &str) -> bool {
    let first = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    first.trim_start_matches('#').trim().trim_end_matches('#').trim().eq_ignore_ascii_case(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter__of_any_kind__becomes_a_heading_and_rows() {
        for (given, left) in [
            ("---\ntitle: A\n---\n# A\n", "# A\n"),
            ("---\r\ntitle: A\r\n--- \r\n# A\r\n", "# A\r\n"),
            ("\u{feff}\u{feff}---\ntitle: \"Zebra plan\"\n---\nBody.\n", "# Zebra plan\n\nBody.\n"),
            ("---\ntitle: A\n---", "# A\n\n"),
            ("---\n---\nbody", "body"),
            ("---\ntitle: A: b\n...\nbody", "# A: b\n\nbody"),
            (
                "---\n# a comment\ntags:\n  - okapi\n  - zebra\ndescription: >\n  Two\n  lines\nkeys: [a, b]\n---\nbody",
                "| tags | okapi zebra |\n| description | Two lines |\n| keys | a, b |\n\nbody",
            ),
            ("+++\ntitle = 'A b'\n[extra]\nby = \"Ann | Bob\"\n+++\nbody", "# A b\n\n| by | Ann / Bob |\n\nbody"),
            ("+++\r\ntitle = \"A\"\r\n+++\r\nbody", "# A\n\nbody"),
        ] {
            assert_eq!(as_markdown(given), left, "{given:?}");
        }
    }

    #[test]
    fn text__between_rules_or_unclosed__stays_as_it_is() {
        for text in [
            "---\n\nFIRSTWORD paragraph after a rule.\n\n---\n\nMore.\n",
            "---\nA paragraph right after a rule.\n---\nMore.\n",
            "---\n\nNote: a paragraph with a colon.\n\n---\nMore.\n",
            "---\nhttps://example.com/a\n---\nMore.\n",
            "---\n# A heading\nand text\n---\nMore.\n",
            "---\n- an item\n- another\n---\nMore.\n",
            "---\ntitle: no end\n",
            "+++\nno key\n+++\nMore.\n",
            "--- a rule with words\n---\n",
            "text\n---\nmore\n---\n",
            "***\ntitle: A\n***\n",
            "",
        ] {
            assert_eq!(as_markdown(text), text, "{text:?}");
        }
    }
}
