//! One API request: method, path, body, and what it is about.

use std::fmt;

use reqwest::Method;
use serde::Serialize;

use super::{Upload, gate::Class, transport::Body};
use crate::pace::RequestKind;

/// One request to a platform.
pub struct Call<'a> {
    pub(super) method: Method,
    /// Below the base, with `{id}` where an id belongs.
    pub(super) path: &'static str,
    pub(super) id: &'a str,
    pub(super) query: &'a [(&'a str, String)],
    pub(super) body: Body<'a>,
    pub(super) class: Class,
    /// Whether the answer may take as long as it likes, as long as it goes on coming.
    pub(super) streamed: bool,
    /// Whom its failure concerns.
    pub(super) kind: RequestKind,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, path: &'static str, class: Class) -> Self {
        let kind = RequestKind::Other;
        Self { method, path, id: "", query: &[], body: Body::None, class, streamed: false, kind }
    }

    /// The id that its path is about.
    pub(super) fn id(self, id: &'a str) -> Self {
        Self { id, ..self }
    }

    /// What it is about.
    pub(super) fn about(self, kind: RequestKind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn query(self, query: &'a [(&'a str, String)]) -> Self {
        Self { query, ..self }
    }

    /// Bodies are our own plain structs, which always become JSON.
    pub(super) fn json(self, body: &impl Serialize) -> Self {
        Self { body: Body::Json(serde_json::to_value(body).unwrap_or_default()), ..self }
    }

    /// A form of one field and a document, which is read from its start.
    pub(super) fn form(self, field: (&'static str, &'a str), upload: &'a Upload) -> Self {
        Self { body: Body::Form(field, upload), ..self }
    }

    /// What is asked for, whichever one it is.
    pub(super) fn endpoint(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Its path's segments.
    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').skip(1).map(|segment| if segment == "{id}" { self.id } else { segment })
    }

    /// Whether it asks how one document is, and comes again anyway.
    pub(super) fn is_poll(&self) -> bool {
        self.method == Method::GET && self.kind == RequestKind::Document
    }

    /// Whether sending it twice does no harm. POST makes something new each time.
    pub(super) fn repeatable(&self) -> bool {
        self.method != Method::POST
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path.replace("{id}", self.id))
    }
}
