//! What answers are wrapped in: `{"status":"success","data":{…}}`.

use axum::{Json, http::StatusCode};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::request::Slice;
use crate::{local::error::ApiError, platform::wire::cevvo::Deleted};

/// An answer that went well.
#[derive(Serialize)]
pub(super) struct Success<T> {
    status: &'static str,
    data: T,
}

/// What a route gives, or why not.
pub(super) type Answer<T> = Result<Json<Success<T>>, ApiError>;
/// The same of a route that makes something.
pub(super) type Created<T> = Result<(StatusCode, Json<Success<T>>), ApiError>;

/// One thing, under its name.
pub(super) struct Named<T>(&'static str, T);

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

/// Part of a list, under its name.
pub(super) struct Listed<T> {
    pub(super) name: &'static str,
    pub(super) items: Vec<T>,
    /// Items in the whole list.
    pub(super) total: i64,
    pub(super) slice: Slice,
}

impl<T: Serialize> Serialize for Listed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry(self.name, &self.items)?;
        map.serialize_entry("total", &self.total)?;
        map.serialize_entry("limit", &self.slice.limit)?;
        map.serialize_entry("offset", &self.slice.offset)?;
        map.end()
    }
}

pub(super) fn success<T>(data: T) -> Json<Success<T>> {
    Json(Success { status: "success", data })
}

pub(super) fn named<T>(name: &'static str, value: T) -> Json<Success<Named<T>>> {
    success(Named(name, value))
}

/// The answer to a deletion: of nothing, when there was nothing of this kind.
pub(super) fn deleted(gone: bool, kind: &str) -> Answer<Deleted> {
    if gone { Ok(success(Deleted { deleted: true })) } else { Err(missing(kind)) }
}

/// 404, in the words of the API's pages: `Chatbot not found`.
pub(super) fn missing(kind: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("{kind} not found"))
}
