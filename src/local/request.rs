//! Reading requests: JSON bodies, ids, query strings and pages, with refusals in the API's own words.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, request::Parts},
    response::IntoResponse,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::platform::wire::cevvo::Meta;

use super::error::ApiError;

/// A JSON object as a body, whatever its content type says.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|refusal| {
            let status = refusal.into_response().status();
            if status == StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::too_large("the body is larger than this route takes")
            } else {
                ApiError::invalid("the body broke off")
            }
        })?;
        // Read at once, an array would do as well: its items for the fields in their order.
        let object = serde_json::from_slice(&bytes).map(Value::Object);
        let body = object.and_then(T::deserialize).map(Self);
        body.map_err(|error| ApiError::invalid(format!("the body: {error}")))
    }
}

/// The id in a path.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|refusal| ApiError::invalid(refusal.body_text()))
    }
}

/// A query string.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(value)| Self(value)).map_err(|refusal| ApiError::invalid(refusal.body_text()))
    }
}

/// `page` and `per_page` of a list.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct PageParams {
    pub(super) page: Option<u32>,
    pub(super) per_page: Option<u32>,
}

/// A checked place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageOf {
    page: u32,
    per_page: u32,
}

impl PageParams {
    /// Page 1 of 20 items unless said otherwise.
    pub(super) fn check(self) -> Result<PageOf, ApiError> {
        let (page, per_page) = (self.page.unwrap_or(1), self.per_page.unwrap_or(20));
        if page == 0 {
            return Err(ApiError::invalid("`page` begins at 1"));
        }
        if !(1..=100).contains(&per_page) {
            return Err(ApiError::invalid("`per_page` is 1 to 100"));
        }
        Ok(PageOf { page, per_page })
    }
}

impl PageOf {
    /// Rows before this page.
    pub(super) fn offset(self) -> i64 {
        (i64::from(self.page) - 1) * i64::from(self.per_page)
    }

    /// Rows on this page at most.
    pub(super) fn limit(self) -> i64 {
        i64::from(self.per_page)
    }

    /// The list's `meta`, given the rows in all of it.
    pub(super) fn meta(self, total: i64) -> Meta {
        Meta { page: self.page.into(), per_page: self.per_page.into(), total: total.unsigned_abs() }
    }
}

/// Checks a `limit`: 10 unless said otherwise, at most `most`.
pub(super) fn check_limit(limit: Option<u32>, most: u32) -> Result<u32, ApiError> {
    let limit = limit.unwrap_or(10);
    if (1..=most).contains(&limit) { Ok(limit) } else { Err(ApiError::invalid(format!("`limit` is 1 to {most}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_checked() {
        let check = |page, per_page| PageParams { page, per_page }.check().ok().map(|p| (p.offset(), p.limit()));
        assert_eq!(check(None, None), Some((0, 20)));
        assert_eq!(check(Some(3), Some(100)), Some((200, 100)));
        assert_eq!(check(Some(u32::MAX), Some(100)), Some((429_496_729_400, 100)));
        assert_eq!(check(Some(0), None), None);
        assert_eq!(check(None, Some(0)), None);
        assert_eq!(check(None, Some(101)), None);
        assert!(check_limit(Some(51), 50).is_err());
        assert!(check_limit(None, 50).is_ok_and(|limit| limit == 10));
    }
}
