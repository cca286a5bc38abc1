//! Footers: of the page, which are no content, and of a section, a quote or a card, which may say the price.

use dom_query::NodeRef;

use super::clean::is_mostly_links;
use super::imprint;

/// Elements that have a footer of their own. One outside of them is that of the page.
const OWNERS: &[&str] = &["article", "aside", "blockquote", "nav", "section"];
/// Elements whose text is no text of a footer.
const ASIDES: &[&str] = &["a", "button", "nav", "script", "style", "svg", "time"];
/// How footers begin that say when, by whom and under which words a text was written, or where to share it.
const BEGINNINGS: &[&str] = &[
    "categories:",
    "category:",
    "compartir",
    "edit this page",
    "filed under",
    "kategorie",
    "partager",
    "posted",
    "publicado",
    "published",
    "publié",
    "schlagw",
    "share on",
    "share this",
    "share:",
    "tagged",
    "tags",
    "teilen",
    "veröffentlicht",
    "war dieser",
    "was this",
    "written by",
];
/// What is longer says more than that.
const MAX_LINE: usize = 200;

/// Whether a footer is that of the page, or says nothing but whose the text is, where its tags lead and the like.
pub(super) fn is_frame(footer: &NodeRef<'_>) -> bool {
    let is_owner = |above: &NodeRef<'_>| OWNERS.iter().any(|name| above.has_name(name)) || is_main(above);
    let Some(owner) = footer.ancestors_it(None).find(is_owner) else { return true };
    // What is around the main part, or is it, is the page.
    let is_page = is_main(&owner) || owner.descendants_it().any(|node| is_main(&node));
    is_page || (!owner.has_name("blockquote") && says_little(footer))
}

fn is_main(element: &NodeRef<'_>) -> bool {
    element.has_name("main") || element.attr("role").is_some_and(|role| &*role == "main")
}

fn says_little(footer: &NodeRef<'_>) -> bool {
    let mut text = String::new();
    own_text(footer, &mut text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let line = text.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '©' | '('));
    let begins_so = || BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)) || imprint::begins_so(line);
    is_mostly_links(footer) || !line.contains(char::is_alphanumeric) || (line.chars().count() < MAX_LINE && begins_so())
}

/// What a footer says outside of its links, dates and buttons.
fn own_text(element: &NodeRef<'_>, text: &mut String) {
    for child in element.children_it(false) {
        if child.is_text() {
            text.push_str(&child.text());
        } else if child.is_element() && !ASIDES.iter().any(|name| child.has_name(name)) {
            text.push(' ');
            own_text(&child, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::{markdown, markdown_with};

    #[test]
    fn footer__of_a_part_of_the_text__is_content() {
        for part in [
            "<article><header>Pro</header><p>For big teams.</p><footer>99 EUR a month</footer></article>",
            "<section><h2>Offer</h2><p>It is cheap.</p><footer><p>It ends in 99 days, for new customers.</p></footer></section>",
            "<blockquote><p>It is hot.</p><div><footer>Anna, 99 years</footer></div></blockquote>",
            "<article><p>For big teams.</p><div class=footer>99 EUR a month</div></article>",
            "<article><p>For big teams.</p><footer>99 EUR a month. <a href=/terms>Terms</a></footer></article>",
        ] {
            assert!(markdown_with(part).contains("99"), "{part}: {}", markdown_with(part));
        }
    }

    #[test]
    fn footer__of_the_page_or_of_links_and_dates__is_no_content() {
        for footer in [
            "<a href=/99>One page</a> <a href=/2>Another</a> and more",
            "© 2099 Shop",
            "<p>Posted by Anna on <time>2099-01-01</time></p>",
            "Last updated on <time>1 January</time> by Anna 99",
            "Tags: <a href=/t/99>99</a>",
            "<button>Share 99</button>",
            "<span>Share this:</span> <a href=/99>99</a>",
            "Page generated in 0.099 s",
        ] {
            let part = |footer: &str| markdown_with(&format!("<article><p>For big teams.</p>{footer}</article>"));
            assert_eq!(part(&format!("<footer>{footer}</footer>")), part(""), "{footer}");
        }
        let hot = "It is green, and it is hot. ".repeat(20);
        for body in [
            format!("<main><h1>Tea</h1><p>{hot}</p><footer>Ask us, at 99 Main Street.</footer></main>"),
            format!("<div><h1>Tea</h1><p>{hot}</p></div><footer>Ask us, at 99 Main Street.</footer>"),
            format!(
                "<section><main><h1>Tea</h1><p>{hot}</p></main><footer>Ask us, at 99 Main Street.</footer></section>"
            ),
        ] {
            assert!(!markdown(&body).contains("99"), "{body}");
        }
    }
}
