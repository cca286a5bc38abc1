//! Reading requests: JSON bodies, what is wrong with which field, and places in lists.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::local::{error::ApiError, request::Body};

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// The most items that a list gives at once.
const MOST: u32 = 100;

/// A JSON object as a body, which the content type must say as well (`nexvio-update-chatbot`, section Headers).
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if media_type(request.headers()) != JSON {
            return Err(wrong_media_type(&[JSON]));
        }
        Body::from_request(request, state).await.map(|Body(body)| Self(body))
    }
}

/// What the content type says, in small letters and without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) fn wrong_media_type(allowed: &[&str]) -> ApiError {
    Wrong::only("Content-Type", format!("Must be {}", allowed.join(" or ")))
}

/// What is wrong with a request, by field. All of it is told at once.
#[derive(Debug, Default)]
pub(super) struct Wrong(Map<String, Value>);

impl Wrong {
    pub(super) fn add(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.0.insert(field.into(), Value::String(reason.into()));
    }

    /// The refusal of a request in which this alone is wrong.
    pub(super) fn only(field: &str, reason: impl Into<String>) -> ApiError {
        let mut wrong = Self::default();
        wrong.add(field, reason);
        ApiError::wrong_fields(wrong.0)
    }

    /// A word of a query string, the first one allowed where it is missing or wrong.
    pub(super) fn one_of(&mut self, field: &str, given: Option<&str>, allowed: &[&'static str]) -> &'static str {
        let found = given.map_or(Some(0), |given| allowed.iter().position(|word| *word == given));
        if found.is_none() {
            self.add(field, not_among(field, allowed));
        }
        allowed[found.unwrap_or(0)]
    }

    /// Fails when anything was wrong.
    pub(super) fn check(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::wrong_fields(self.0)) }
    }
}

/// The words of the API's page on updating a chatbot.
pub(super) fn not_among(field: &str, allowed: &[&str]) -> String {
    format!("Invalid {field} specified. Allowed values: {}", allowed.join(", "))
}

/// `limit` and `offset` of a list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SliceParams {
    limit: Option<String>,
    offset: Option<String>,
}

/// A checked place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) limit: u32,
    pub(super) offset: u32,
}

impl SliceParams {
    /// The first 50 items unless said otherwise.
    pub(super) fn read(&self, wrong: &mut Wrong) -> Slice {
        let mut number = |field: &str, text: &Option<String>, default: u32, (least, most): (u32, u32)| {
            let Some(text) = text else { return default };
            text.parse().ok().filter(|number| (least..=most).contains(number)).unwrap_or_else(|| {
                wrong.add(field, format!("Must be an integer from {least} to {most}"));
                default
            })
        };
        let limit = number("limit", &self.limit, 50, (1, MOST));
        Slice { limit, offset: number("offset", &self.offset, 0, (0, u32::MAX)) }
    }

    pub(super) fn has_limit(&self) -> bool {
        self.limit.is_some()
    }

    /// The same, where nothing else is asked.
    pub(super) fn check(&self) -> Result<Slice, ApiError> {
        let mut wrong = Wrong::default();
        let slice = self.read(&mut wrong);
        wrong.check().map(|()| slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_checked() {
        let check = |limit: Option<&str>, offset: Option<&str>| {
            let params = SliceParams { limit: limit.map(str::to_owned), offset: offset.map(str::to_owned) };
            params.check().ok().map(|slice| (slice.limit, slice.offset))
        };
        assert_eq!(check(None, None), Some((50, 0)));
        assert_eq!(check(Some("100"), Some("4294967295")), Some((100, u32::MAX)));
        for wrong in ["0", "101", "-1", "x", "", "1.5"] {
            assert_eq!(check(Some(wrong), None), None, "{wrong}");
        }
        for wrong in ["-1", "x", "4294967296"] {
            assert_eq!(check(None, Some(wrong)), None, "{wrong}");
        }
    }
}
