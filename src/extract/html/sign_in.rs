//! Pages that are a form to sign in and nothing else. A small form beside a document is on every page of many sites.

use dom_query::NodeRef;

use super::hidden::is_hidden;

/// A page that is a form to sign in has no more words besides.
pub const SIGN_IN_WORDS: u64 = 60;
/// The same where the form is in the page's frame: only a notice stands where the document would be.
const NOTICE_WORDS: u64 = 12;
/// Elements, roles, and parts of the classes and identifiers of a page's frame.
const FRAME: &[&str] = &["header", "nav", "footer", "aside", "dialog"];
const FRAME_ROLES: &[&str] = &["banner", "complementary", "contentinfo", "dialog", "navigation"];
const FRAME_NAMES: &[&str] = &[
    "aside",
    "dialog",
    "drawer",
    "dropdown",
    "footer",
    "header",
    "masthead",
    "menu",
    "modal",
    "nav",
    "navbar",
    "navigation",
    "offcanvas",
    "overlay",
    "popup",
    "sidebar",
    "toolbar",
    "topbar",
    "widget",
    "widgets",
];

/// Where a page asks for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PasswordField {
    Nowhere,
    InFrame,
    InContent,
}

impl PasswordField {
    pub(super) fn of(root: &NodeRef<'_>) -> Self {
        let is_password = |kind: &str| kind.trim().eq_ignore_ascii_case("password");
        let fields = root
            .descendants_it()
            .filter(|node| node.has_name("input") && node.attr("type").is_some_and(|kind| is_password(&kind)));
        let in_frame = |field: NodeRef<'_>| field.ancestors_it(None).any(|above| is_frame(&above));
        fields.map(in_frame).fold(Self::Nowhere, |found, in_frame| match (found, in_frame) {
            (Self::Nowhere | Self::InFrame, true) => Self::InFrame,
            _ => Self::InContent,
        })
    }

    /// Whether a page with this many words besides is a form to sign in.
    pub(super) fn is_all(self, words: u64) -> bool {
        match self {
            Self::Nowhere => false,
            Self::InFrame => words <= NOTICE_WORDS,
            Self::InContent => words <= SIGN_IN_WORDS,
        }
    }
}

/// Whether a page has a field in its content in which readers may say who they are.
pub(super) fn has_form(root: &NodeRef<'_>) -> bool {
    const KINDS: &[&str] = &["", "email", "number", "password", "tel", "text"];
    root.descendants_it().any(|node| {
        let kind = || node.attr("type").unwrap_or_default().trim().to_ascii_lowercase();
        let is_search = || node.attr("name").is_some_and(|name| matches!(&*name, "q" | "query" | "s" | "search"));
        let in_frame = || node.ancestors_it(None).any(|above| is_frame(&above));
        node.has_name("input") && KINDS.contains(&kind().as_str()) && !is_search() && !in_frame()
    })
}

fn is_frame(element: &NodeRef<'_>) -> bool {
    let name = element.node_name().unwrap_or_default();
    if matches!(name.as_ref(), "html" | "body" | "main") {
        return false;
    }
    let role = element.attr("role").unwrap_or_default().to_ascii_lowercase();
    let names = [element.class().unwrap_or_default(), element.id_attr().unwrap_or_default()];
    let is_named_so = names.iter().any(|names| {
        let mut parts = names.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        parts.any(|part| FRAME_NAMES.contains(&part.as_str()))
    });
    FRAME.contains(&name.as_ref()) || FRAME_ROLES.contains(&role.as_str()) || is_named_so || is_hidden(element)
}
