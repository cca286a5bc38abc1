//! What of a page is not its content: what frames it, sells, asks, or is not shown.

use dom_query::NodeRef;

use super::{
    address::{Base, Target},
    footer, hidden,
    link_bar::is_link_bar,
    panels::Panels,
    prose,
    unseen::{self, Mark},
};

/// Elements that go with all that is in them.
const TAGS: &[&str] = &[
    "annotation",
    "annotation-xml",
    "audio",
    "canvas",
    "datalist",
    "embed",
    "head",
    "iframe",
    "input",
    "link",
    "meta",
    "meter",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "optgroup",
    "option",
    "progress",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
];
const ROLES: &[&str] = &["alertdialog", "contentinfo", "dialog", "menu", "menubar", "navigation", "search"];
/// Classes and identifiers of what goes. They are compared as a whole: `footer` is not `footer-notes`.
const NAMES: &[&str] = &[
    // Ways to other pages.
    "breadcrumb",
    "breadcrumbs",
    "edit-this-page",
    "footer",
    "headerlink",
    "nav-panel",
    "nav-path",
    "navbar",
    "navfooter",
    "navheader",
    "navigation",
    "modal",
    "navrow",
    "pager",
    "page-footer",
    "pagination",
    "prev-next",
    "related-posts",
    "sidebar",
    "site-footer",
    "site-header",
    "site-nav",
    "skip-link",
    "skiplink",
    "skip-to-content",
    "sphinxsidebar",
    "titlearea",
    "top-bar",
    "topbar",
    "viewcode-link",
    "viewcode-back",
    // What is there for other readers.
    "screen-reader-text",
    "sr-only",
    "visually-hidden",
    "visuallyhidden",
    // What is beside code.
    "gutter",
    "line-numbers-rows",
    "linenodiv",
    "linenos",
    "lineno",
    // What people say about it, and how to tell others.
    "addtoany",
    "comment-list",
    "comment-respond",
    "commentlist",
    "comments-area",
    "disqus_thread",
    "giscus",
    "share-buttons",
    "sharedaddy",
    "social-links",
    "social-share",
    "utterances",
    // What sells.
    "ad-banner",
    "ad-box",
    "ad-container",
    "ad-placeholder",
    "ad-slot",
    "ad-unit",
    "ad-wrapper",
    "adsbygoogle",
    "advert",
    "advertisement",
    "carbonads",
    "ethical-ad",
    "google-ad",
    "newsletter-signup",
    "sponsored-content",
    // Who asks to be allowed to look.
    "cookieconsent",
    "cybotcookiebotdialog",
    "didomi-host",
    "onetrust-consent-sdk",
];
/// Parts of the classes of ways to other pages. They are in those of whole pages as well, so what has one goes only when
/// it is mostly links.
const WAYS: &[&str] =
    &["nav", "navigation", "navbar", "breadcrumb", "breadcrumbs", "header", "menu", "pagination", "sidebar"];
/// Classes that mean an advertisement. As identifiers they come from headings: Active Directory.
const AD_CLASSES: &[&str] = &["ad", "ads", "adv", "sponsored"];
/// Parts of the names of those who ask for consent.
const CONSENT: &[&str] = &["cookie", "consent", "gdpr", "ccpa"];
/// Whoever asks for consent is short.
const MAX_CONSENT: usize = 2_000;
/// A form with more characters of its own is no box to search or to subscribe.
const MAX_BOX: usize = 300;
/// Elements that are filled in or pressed. What stands in them is no text of the page.
const FIELDS: &[&str] = &["button", "select", "textarea"];
/// Elements that say something in a form.
const LABELS: &[&str] = &["dd", "dt", "label", "legend", "li", "p", "td", "th"];
/// Parts of the classes and identifiers of forms that are no content.
const NO_CONTENT_FORMS: &[&str] =
    &["comment", "comments", "cookie", "feedback", "login", "newsletter", "search", "signin", "signup", "subscribe"];
/// Fewer labels are those of a box to search or to subscribe.
const MIN_LABELS: usize = 2;
/// An aside with such a class is part of the text.
const NOTES: &[&str] =
    &["admonition", "callout", "caution", "footnote", "important", "note", "tip", "topic", "warning"];

/// What becomes of a part of a page.
enum Fate {
    Stays,
    Goes,
    /// It goes because nobody sees it.
    Unseen,
}

/// Takes away what is not content below an element. Gives the
/// number of words that nobody sees, but for those of dialogs, messages and what goes anyway.
pub(super) fn clean(element: &NodeRef<'_>, base: &Base, panels: &Panels, in_article: bool) -> usize {
    // A panel is known by what stands before it, so what goes is found before anything is taken away.
    let children = element.children();
    let fates: Vec<_> = children.iter().map(|child| fate(child, base, panels, in_article)).collect();
    let mut unseen = 0;
    for (child, fate) in children.iter().zip(fates) {
        match fate {
            Fate::Stays if child.is_element() => {
                unseen += clean(child, base, panels, in_article || is_text_part(child));
            }
            Fate::Stays => {}
            Fate::Goes => child.remove_from_parent(),
            Fate::Unseen => {
                unseen += hidden_words(child);
                child.remove_from_parent();
            }
        }
    }
    unseen
}

fn fate(node: &NodeRef<'_>, base: &Base, panels: &Panels, in_article: bool) -> Fate {
    if !node.is_element() {
        return if node.is_comment() { Fate::Goes } else { Fate::Stays };
    }
    let mark = Mark::of(node);
    // The page itself is always shown, and a script may show its main part.
    let may_be_hidden = match node.node_name().unwrap_or_default().as_ref() {
        "html" | "body" => false,
        "main" => mark >= Some(Mark::Veiled),
        "article" => mark >= Some(Mark::Ruled),
        _ => hidden::is_hidden(node),
    };
    if unseen::is_never_shown(node) {
        Fate::Unseen
    } else if goes(node, base, panels, in_article) {
        Fate::Goes
    } else if may_be_hidden && !hidden::is_panel(node, panels) {
        Fate::Unseen
    } else {
        Fate::Stays
    }
}

/// The words of an element that goes because its style hides it.
fn hidden_words(element: &NodeRef<'_>) -> usize {
    match Mark::of(element) {
        None if unseen::is_never_shown(element) => unseen::words(element),
        None => 0,
        Some(Mark::Closed | Mark::Ruled) if hidden::is_interface(element) => 0,
        Some(_) => unseen::words(element),
    }
}

/// Whether an element is a part of the page that it marks as text.
fn is_text_part(element: &NodeRef<'_>) -> bool {
    ["article", "main", "section", "blockquote"].iter().any(|name| element.has_name(name))
        || element.attr("role").is_some_and(|role| &*role == "main")
}

fn goes(element: &NodeRef<'_>, base: &Base, panels: &Panels, in_article: bool) -> bool {
    let name = element.node_name().unwrap_or_default();
    // The page itself is never one of its own trimmings, whatever its class.
    if matches!(name.as_ref(), "html" | "body" | "main" | "article") {
        return false;
    }
    let is_frame = match name.as_ref() {
        // An article's header has its title.
        "header" => !in_article && !is_title(element),
        "footer" => !in_article || footer::is_frame(element),
        "button" => !hidden::is_text(element, panels),
        "dialog" => !hidden::is_open_text(element),
        "form" => is_box(element),
        name => TAGS.contains(&name),
    };
    is_frame
        || (is_aside(element) && !is_note(element) && (!in_article || is_mostly_links(element)))
        || has_role(element)
        || is_named_so(element, base, in_article)
        || is_own_contents(element, base)
        || is_link_bar(element, in_article)
}

/// Whether a form is a box to search, to sign in or up, or to choose from: it is short, and what it has to fill in is all of
/// it. Any other holds content as a `<div>` does; some servers put the whole page into one.
fn is_box(form: &NodeRef<'_>) -> bool {
    let is_field = |node: &NodeRef<'_>| {
        FIELDS.iter().any(|name| node.has_name(name))
            || (node.has_name("input") && kind(node).is_none_or(|kind| kind != "hidden"))
    };
    let without_text = |node: &NodeRef<'_>| FIELDS.iter().chain(&["script", "style"]).any(|name| node.has_name(name));
    let unread: usize = form.descendants_it().filter(without_text).map(|node| node.normalized_char_count()).sum();
    if form.normalized_char_count().saturating_sub(unread) > MAX_BOX
        || !form.descendants_it().any(|node| is_field(&node))
        || holds(form, &["h1", "h2", "main", "article"])
    {
        return false;
    }
    let is_named_so = names(form)
        .any(|(_, name)| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| NO_CONTENT_FORMS.contains(&part)));
    let asks_so = form.descendants_it().any(|node| {
        node.has_name("input")
            && kind(&node).is_some_and(|kind| matches!(kind.as_str(), "email" | "search" | "password"))
    });
    let is_label =
        |node: &NodeRef<'_>| LABELS.iter().any(|name| node.has_name(name)) && node.normalized_char_count() > 0;
    is_named_so || asks_so || form.descendants_it().filter(is_label).count() < MIN_LABELS
}

fn kind(input: &NodeRef<'_>) -> Option<String> {
    input.attr("type").map(|kind| kind.trim().to_ascii_lowercase())
}

/// Whether an element is beside something. Beside the text, and not beside the page, a few words more are part of it.
fn is_aside(element: &NodeRef<'_>) -> bool {
    element.has_name("aside") || element.attr("role").is_some_and(|role| &*role == "complementary")
}

/// Whether an element is one that says what else is to be known.
pub(super) fn is_note(element: &NodeRef<'_>) -> bool {
    names(element).any(|(is_class, name)| is_class && NOTES.iter().any(|note| name.contains(note)))
}

fn has_role(element: &NodeRef<'_>) -> bool {
    let role = element.attr("role").unwrap_or_default();
    ROLES.contains(&role.as_ref()) || (&*role == "banner" && !is_title(element))
}

fn is_named_so(element: &NodeRef<'_>, base: &Base, in_article: bool) -> bool {
    let is_row = ["td", "tr", "th", "tbody"].iter().any(|name| element.has_name(name));
    let is_text = |name: &str| match name {
        "footer" => in_article && !footer::is_frame(element),
        name => prose::is_text(element, name, base, in_article),
    };
    names(element).any(|(is_class, name)| {
        let stays = is_title(element) || is_row && name == "footer" || is_class && is_text(&name);
        (NAMES.contains(&name.as_str()) && !stays)
            || (is_class && AD_CLASSES.contains(&name.as_str()) && !is_text(&name))
            || (is_class && name.split(['-', '_']).any(|part| WAYS.contains(&part)) && is_way(element))
            || (CONSENT.iter().any(|part| name.contains(part)) && asks(element))
    })
}

/// Whether an element is mostly links, and is no heading nor has one.
fn is_way(element: &NodeRef<'_>) -> bool {
    const HEADINGS: &[&str] = &["h1", "h2", "h3", "h4", "h5", "h6"];
    let is_heading = HEADINGS.iter().any(|name| element.has_name(name));
    !is_heading && is_mostly_links(element) && !holds(element, HEADINGS)
}

/// Whether more than half of an element's text is in links.
pub(super) fn is_mostly_links(element: &NodeRef<'_>) -> bool {
    let links = element.descendants_it().filter(|node| node.has_name("a") && node.has_attr("href"));
    links.map(|link| link.normalized_char_count()).sum::<usize>() * 2 > element.normalized_char_count()
}

/// Whether an element is short and has something to press.
fn asks(element: &NodeRef<'_>) -> bool {
    let pressed =
        element.descendants_it().any(|node| node.has_name("button") || node.attr("role").as_deref() == Some("button"));
    pressed && element.normalized_char_count() < MAX_CONSENT
}

/// Whether an element is a list of the page's own sections.
fn is_own_contents(element: &NodeRef<'_>, base: &Base) -> bool {
    let is_named = names(element).any(|(_, name)| matches!(name.as_str(), "toc" | "contents" | "table-of-contents"));
    let mut links =
        element.descendants_it().filter_map(|node| node.has_name("a").then(|| node.attr("href"))?).peekable();
    is_named && links.peek().is_some() && links.all(|href| matches!(base.target(&href), Target::Here))
}

/// Whether an element has the page's title in it and leads nowhere.
fn is_title(element: &NodeRef<'_>) -> bool {
    holds(element, &["h1"]) && !holds(element, &["a", "nav"])
}

pub(super) fn holds(element: &NodeRef<'_>, tags: &[&str]) -> bool {
    element.descendants_it().any(|node| tags.iter().any(|tag| node.has_name(tag)))
}

/// An element's classes, and its identifier, with whether it is a class.
fn names(element: &NodeRef<'_>) -> impl Iterator<Item = (bool, String)> {
    let classes = element.class().unwrap_or_default().to_ascii_lowercase();
    let classes: Vec<_> = classes.split_ascii_whitespace().map(|class| (true, class.to_owned())).collect();
    let id = element.id_attr().map(|id| (false, id.to_ascii_lowercase()));
    classes.into_iter().chain(id)
}
