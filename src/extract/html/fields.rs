//! Fields that only show something: ticks in a list or a table, and texts to copy.

use dom_query::NodeRef;

use super::hidden::is_hidden;

const FIELDS: &[&str] = &["input", "meter", "textarea"];
/// What stands for a measure has no more words.
const MAX_MEASURE: usize = 8;
/// Elements in which a tick is part of the text.
const TICKED: &[&str] = &["dd", "li", "td", "th"];
/// How far above a tick they may be.
const NEAR: usize = 4;
/// Parts of a page in which a text to copy is content. Elsewhere it is a link to share the page.
const PARTS: &[&str] = &["article", "main", "section"];

/// Puts the state or the text of such fields in their places: `[x]`, `[ ]`, and what is to be copied as code.
pub(super) fn show(root: &NodeRef<'_>) {
    let is_field = |node: &NodeRef<'_>| FIELDS.iter().any(|name| node.has_name(name)) && !is_hidden(node);
    let fields: Vec<_> = root.descendants_it().filter(is_field).collect();
    for field in fields {
        if let Some(html) = shown(&field) {
            field.before_html(html);
            field.remove_from_parent();
        }
    }
}

fn shown(field: &NodeRef<'_>) -> Option<String> {
    let is_within =
        |names: &[&str], most| field.ancestors_it(most).any(|above| names.iter().any(|name| above.has_name(name)));
    let is_read = || field.has_attr("readonly") && is_within(PARTS, None);
    if field.has_name("textarea") {
        let text = field.text();
        return (is_read() && !text.trim().is_empty()).then(|| format!("<pre>{}</pre>", escaped(&text)));
    }
    if field.has_name("meter") {
        return measure(field);
    }
    let kind = field.attr("type").unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        // One that can be ticked is a question.
        "checkbox" if field.has_attr("disabled") && is_within(TICKED, Some(NEAR)) => {
            Some(if field.has_attr("checked") { "[x] " } else { "[ ] " }.to_owned())
        }
        "" | "text" | "url" if is_read() => {
            let value = field.attr("value").filter(|value| !value.trim().is_empty())?;
            Some(format!(" <code>{}</code> ", escaped(&value)))
        }
        _ => None,
    }
}

/// What a measure shows: its value, in its own words where these have it.
fn measure(field: &NodeRef<'_>) -> Option<String> {
    let number = |name: &str| field.attr(name).filter(|value| value.trim().parse::<f32>().is_ok());
    let value = number("value")?;
    let value = value.trim();
    let words = field.text();
    let is_word = |word: &str| word.trim_matches(|c: char| !c.is_ascii_digit()) == value;
    let says_so = words.split_whitespace().count() <= MAX_MEASURE && words.split(['/', ' ']).any(is_word);
    let of = number("max").map(|most| format!("/{}", most.trim())).unwrap_or_default();
    Some(if says_so { format!(" {} ", escaped(words.trim())) } else { format!(" {value}{of} ") })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::markdown_with;
    use crate::model::Sketch;

    #[test]
    fn field__that_only_shows_something__is_content() {
        for (part, expected) in [
            (
                "<ul><li><input type=checkbox disabled checked> Tea<li><input type=checkbox disabled> Milk</ul>",
                "- [x] Tea\n- [ ] Milk",
            ),
            ("<ul><li><p><label><input type=CheckBox disabled checked>Tea</label></p></ul>", "- [x] Tea"),
            (
                "<table><tr><th>Tea<th>Hot<tr><td>Green<td><input type=checkbox disabled><tr><td>Black<td><input type=checkbox disabled checked></table>",
                "| Green | [ ] |\n| Black | [x] |",
            ),
            (
                "<p>Copy this:</p><textarea readonly rows=5>a: 1\n\nb: &lt;2></textarea>",
                "Copy this:\n\n```\na: 1\n\nb: <2>\n```",
            ),
            ("<p>Yours: <input readonly value='https://api.example.com'></p>", "Yours: `https://api.example.com`"),
            ("<p>Yours: <input readonly value='a b' style='width:100%;border:0'></p>", "Yours: `a b`"),
            ("<p>Yours:</p><textarea readonly style='height:3em'>a b</textarea>", "Yours:\n\n```\na b\n```"),
            ("<p>Total: <output>44 EUR</output></p>", "Total: 44 EUR"),
            ("<p>Rated <meter value=4 max=5>4 out of 5</meter></p>", "Rated 4 out of 5"),
            ("<p>Rated <meter value=4 max=5>Do as I say</meter></p>", "Rated 4/5"),
            ("<p>Rated <meter value=0.6></meter> so far</p>", "Rated 0.6 so far"),
        ] {
            let text = markdown_with(part);
            assert!(text.ends_with(expected), "{part}: {text}");
        }
        for part in [
            "<p><input type=checkbox disabled checked></p>",
            "<ul><li><input type=checkbox></ul>",
            "<ul><li><input type=checkbox disabled checked hidden></ul>",
            "<textarea>Your words</textarea><input value=1><input type=hidden readonly value=8f3a>",
            "</main><div><input readonly value='https://example.com/share'></div>",
            "<input readonly value=Evil style='width:0;border:0;padding:0'>",
            "<textarea readonly style='height:0;padding:0;border:0'>Evil</textarea>",
            "<textarea readonly style='max-height:1px'>Evil</textarea>",
            "<p><meter value=4 style='width:0'>Evil</meter></p>",
            "<style>#a{position:absolute;left:-9999px}</style><input readonly value=Evil id=a>",
        ] {
            assert_eq!(markdown_with(part), markdown_with(""), "{part}");
        }
    }

    #[test]
    fn tick__that_is_set__is_a_change_of_words() {
        let text = |ticked: &str| markdown_with(&format!("<ul><li><input type=checkbox disabled {ticked}> Tea</ul>"));
        let sketch = |ticked: &str| Sketch::of(&text(ticked), "https://example.com/").text;
        assert_ne!(sketch("checked"), sketch(""));
    }
}
