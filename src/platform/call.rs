//! One API request: method, path, body, and what it is about.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use reqwest::Method;
use serde::Serialize;

use super::{
    Upload,
    gate::{Class, LONGEST_PAUSE},
    transport::Body,
};
use crate::pace::RequestKind;

/// A failure at one document holds others back, or is waited for, no longer than this.
pub(super) const LONGEST_OWN_PAUSE: Duration = Duration::from_secs(60);

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

    /// The pause that a failure asks for, as long as it holds for every request. A document that is the only one in
    /// trouble must not hold the others back for long, and what is tried again waits by itself.
    pub(super) fn pause_of_all(&self, asked: Duration) -> Option<Duration> {
        match self.kind {
            RequestKind::List | RequestKind::Other => Some(asked.min(LONGEST_PAUSE)),
            RequestKind::Create | RequestKind::Upload => Some(asked.min(LONGEST_OWN_PAUSE)),
            RequestKind::Document | RequestKind::Collection => None,
        }
    }

    /// Which document it is about, if it is about one: a number that tells it from others.
    pub(super) fn document(&self) -> Option<u64> {
        if matches!(self.kind, RequestKind::List | RequestKind::Other) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (self.path, self.id).hash(&mut hasher);
        match &self.body {
            Body::None => {}
            Body::Json(body) => body.to_string().hash(&mut hasher),
            Body::Form((_, text), _) => text.hash(&mut hasher),
        }
        Some(hasher.finish())
    }

    /// Whether it asks how one document is, and comes again anyway.
    pub(super) fn is_poll(&self) -> bool {
        self.method == Method::GET && self.kind == RequestKind::Document
    }

    /// Whether sending it twice does no harm. POST makes something new each time, and the id of a deleted source may be
    /// another one's by the second time.
    pub(super) fn repeatable(&self) -> bool {
        let is_of_source = self.method == Method::DELETE && self.kind == RequestKind::Document;
        self.method != Method::POST && !is_of_source
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path.replace("{id}", self.id))
    }
}
