//! Answers that are odd but real: other names, fields, totals, pages, bodies and headers than the API's pages show.

use axum::{
    body::{self, Body},
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::ingest::MAX_REQUEST;

/// What is odd about an answer. The work is done as ever.
#[derive(Clone, Debug, PartialEq)]
pub enum Odd {
    /// Every name is shown as the platform has rewritten it.
    Names(Rewriting),
    /// This field is nowhere.
    Without(&'static str),
    /// This field is null.
    Null(&'static str),
    /// A number or a flag in this field is a text, and a text is in a list of its own.
    OtherType(&'static str),
    /// This field of every source is this text.
    Says(&'static str, &'static str),
    /// The total is off by this many.
    Total(i64),
    /// A list is empty.
    Empty,
    /// The first page of a list omits this many of the newest.
    Lags(usize),
    /// A page has at most this many items, whatever is requested.
    Pages(u32),
    /// Every page of a list is its first one.
    Repeats,
    /// 204, without a body.
    NoBody,
    /// Another body.
    Body(&'static str),
    /// These headers besides, in place of those of the same name.
    Headers(&'static [(&'static str, &'static str)]),
}

/// What a platform makes of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewriting {
    /// Unicode's composed form.
    Composed,
    /// Single blanks.
    Blanks,
    /// Lower case.
    Lower,
    /// HTML's entities.
    Entities,
    /// Nothing but ASCII.
    Ascii,
    /// At most this many characters.
    Cut(usize),
}

impl Rewriting {
    fn of(self, name: &str) -> String {
        match self {
            Self::Composed => name.nfc().collect(),
            Self::Blanks => name.split_whitespace().collect::<Vec<_>>().join(" "),
            Self::Lower => name.to_lowercase(),
            Self::Entities => name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
            Self::Ascii => name.chars().filter(char::is_ascii).collect(),
            Self::Cut(most) => name.chars().take(most).collect(),
        }
    }
}

impl Odd {
    /// The request as it is understood.
    pub(super) fn read(&self, request: &mut Request) {
        let (names, value) = match self {
            Self::Pages(most) => (["per_page", "limit"], *most),
            Self::Repeats => (["page", "offset"], u32::from(request.uri().path().ends_with("/sources"))),
            _ => return,
        };
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, asked)) if names.contains(&name) => {
                let value = asked.parse().map_or(value, |asked: u32| asked.min(value));
                format!("{name}={value}")
            }
            _ => pair.to_owned(),
        });
        let path = format!("{}?{}", uri.path(), pairs.collect::<Vec<_>>().join("&"));
        if let Ok(read) = path.parse::<Uri>() {
            *request.uri_mut() = read;
        }
    }

    /// The answer as it is told. A refusal stays as it is.
    pub(super) async fn tell(&self, answer: Response, is_first_page: bool) -> Response {
        if !answer.status().is_success() {
            return answer;
        }
        match self {
            Self::Pages(_) | Self::Repeats => answer,
            Self::NoBody => StatusCode::NO_CONTENT.into_response(),
            Self::Body(text) => (answer.status(), *text).into_response(),
            Self::Headers(headers) => {
                let mut answer = answer;
                for (name, value) in *headers {
                    answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                }
                answer
            }
            Self::Lags(_) if !is_first_page => answer,
            _ => {
                let (mut parts, whole) = answer.into_parts();
                let whole = body::to_bytes(whole, MAX_REQUEST).await.unwrap_or_default();
                parts.headers.remove(header::CONTENT_LENGTH);
                let body = match serde_json::from_slice::<Value>(&whole) {
                    Ok(mut told) => {
                        self.change(&mut told);
                        Body::from(told.to_string())
                    }
                    Err(_) => Body::from(whole),
                };
                Response::from_parts(parts, body)
            }
        }
    }

    fn change(&self, told: &mut Value) {
        match told {
            Value::Array(items) => {
                match self {
                    Self::Empty => items.clear(),
                    Self::Lags(newest) => drop(items.drain(..items.len().min(*newest))),
                    _ => {}
                }
                items.iter_mut().for_each(|item| self.change(item));
            }
            Value::Object(fields) => {
                match self {
                    Self::Without(field) => drop(fields.remove(*field)),
                    Self::Null(field) => fields.get_mut(*field).into_iter().for_each(|value| *value = Value::Null),
                    Self::OtherType(field) => fields.get_mut(*field).into_iter().for_each(other_type),
                    Self::Says(field, text) if fields.contains_key("name") => {
                        fields.insert((*field).to_owned(), json!(text));
                    }
                    Self::Names(rewriting) => {
                        if let Some(Value::String(name)) = fields.get_mut("name") {
                            *name = rewriting.of(name);
                        }
                    }
                    Self::Total(by) => {
                        if let Some(total) = fields.get_mut("total")
                            && let Some(number) = total.as_i64()
                        {
                            *total = json!((number + by).max(0));
                        }
                    }
                    _ => {}
                }
                fields.values_mut().for_each(|value| self.change(value));
            }
            _ => {}
        }
    }
}

fn other_type(value: &mut Value) {
    *value = match value.take() {
        Value::String(text) => json!([text]),
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(flag) => json!(flag.to_string()),
        other => other,
    };
}
