//! HTML: a page's main content as Markdown.

mod address;
mod animation;
mod background;
mod block;
mod bounds;
mod calc;
mod characters;
mod charset;
mod clean;
mod code;
mod colour;
mod computed;
mod conditions;
mod content;
mod declarations;
mod declared;
mod depth;
mod drawing;
mod fields;
mod footer;
mod frame;
mod hidden;
mod imprint;
mod inline;
mod layers;
mod length;
mod link_bar;
mod main_part;
mod markdown;
mod media;
mod panels;
mod property;
mod prose;
mod redirect;
mod scripts;
mod selector;
mod shadow;
mod shapes;
mod sheets;
mod sign_in;
mod stylesheet;
mod table;
mod title;
mod unseen;
mod variables;
mod xhtml;

use std::collections::HashSet;

use dom_query::{Document, NodeRef};
use serde::{Deserialize, Serialize};
use url::Url;

use self::{address::Base, panels::Panels, redirect::Leads, sign_in::PasswordField};
use super::{plain, refusal::Refusal};
use crate::model::Sketch;

pub use self::markdown::Markdown;
pub use self::sign_in::SIGN_IN_WORDS;
pub(super) use self::{
    characters::displayed,
    markdown::{may_hide, seen},
};

/// Nobody types the source of a page by hand: more than one control character in this many is rejected.
const STRAY: usize = 20;

/// A page as it is uploaded and indexed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its title, without the name of the site where that can be told.
    pub title: String,
    /// Its main content, with its title first. It does not change with what is about the content: scripts, tokens,
    /// advertisements, the time of day.
    pub markdown: String,
    /// Where the links of the whole page lead, in order and once each: http and https, without fragments.
    pub links: Vec<String>,
    /// Whether it is a form that asks for a password, and little else.
    pub asks_for_password: bool,
    /// Whether a field for a password is in its content, and not only in its frame.
    pub has_password_field: bool,
    /// Whether a field in its content may ask who one is: one to fill in that is no search.
    pub has_form: bool,
    /// Where it leads, if it is an HTML-level redirect.
    pub redirect: Option<String>,
    /// The address by which it wants to be known, where that is another one: `<link rel="canonical">`.
    pub canonical: Option<String>,
    /// How many words were left out because the page's style hides them.
    #[serde(default)]
    pub hidden_words: usize,
}

/// What a page's server says of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Headers {
    /// The charset.
    pub charset: Option<String>,
    /// `Refresh`: where it leads on.
    pub refresh: Option<String>,
}

/// What is asked of the child beside the page: the first line of what it reads.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// What the server said of it.
    pub(super) headers: Headers,
    /// The address of the page.
    pub(super) address: String,
}

/// Reads a page.
pub(super) fn page(request: &Request, html: &[u8]) -> Result<Page, Refusal> {
    let address = Url::parse(&request.address).map_err(|error| Refusal::Damaged(format!("its address: {error}")))?;
    let text = charset::decode(html, request.headers.charset.as_deref());
    if !plain::is_text(&text, STRAY) {
        return Err(Refusal::Damaged("it is not text".to_owned()));
    }
    let html = xhtml::closed(&text).into_owned();
    bounds::Bounds::default().check(&html)?;
    let document = Document::from(html);
    let root = document.root();
    shadow::unfold(&root);
    depth::flatten(&root);
    unseen::mark(&root, unseen::Context::Page);
    frame::unfold(&root);
    depth::flatten(&root);
    bounds::check_tree(&root)?;
    let base_href = document.select_single("base[href]").attr("href");
    let base = Base::new(&address, base_href.as_deref());
    let (links, password, leads) = (
        links(&root, &base),
        PasswordField::of(&root),
        Leads::of(&document, &base, request.headers.refresh.as_deref()),
    );
    let (said, has_form) = (title::said(&document), sign_in::has_form(&root));
    fields::show(&root);
    drawing::show(&root);
    table::label_icons(&root);
    let hidden_words = clean::clean(&root, &base, &Panels::of(&root), false);
    let mut blocks = main_part::blocks(&document, &base);
    imprint::remove(&mut blocks);
    let title = title::settle(&said, &mut blocks);
    let markdown = block::markdown(&blocks);
    let words = Sketch::of(&markdown, &request.address).words;
    let canonical = leads.canonical().map(String::from);
    let redirect = leads.target(&format!("{said} {markdown}"), words).map(String::from);
    if blocks.is_empty() && redirect.is_none() {
        return Err(Refusal::NoText);
    }
    let (asks_for_password, has_password_field) = (password.is_all(words), password == PasswordField::InContent);
    Ok(Page {
        title,
        markdown,
        links,
        asks_for_password,
        has_password_field,
        has_form,
        redirect,
        canonical,
        hidden_words,
    })
}

fn links(root: &NodeRef<'_>, base: &Base) -> Vec<String> {
    let mut seen = HashSet::new();
    let href = |node: NodeRef<'_>| match node.node_name()?.as_ref() {
        "a" | "area" => node.attr("href"),
        "frame" => node.attr("src"),
        _ => None,
    };
    let links = root.descendants_it().filter_map(href).filter_map(|href| base.page(&href));
    links.map(String::from).filter(|link| seen.insert(link.clone())).collect()
}

#[cfg(test)]
mod tests;
