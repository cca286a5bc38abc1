//! Reading what a platform may well write in another way than its page shows: whatever cannot be read is not there.

use jiff::{Timestamp, civil::Date, civil::DateTime, tz::Offset};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error};
use serde_json::Value;

/// What cannot be done without: text, or a number as text.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text_of(Value::deserialize(from)?).filter(|id| !id.is_empty()).ok_or_else(|| D::Error::custom("there is no id"))
}

/// Anything that is nothing where it is `null` or of another kind.
pub(super) fn value<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(read(Value::deserialize(from)?).unwrap_or_default())
}

/// Text that is empty where there is none.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    maybe_text(from).map(Option::unwrap_or_default)
}

/// Text, or a number as text.
pub(super) fn maybe_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(Value::deserialize(from)?))
}

/// A count; 0 where there is none.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(whole(&Value::deserialize(from)?).unwrap_or_default())
}

/// A time; a date, or a time without offset, is in UTC.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Value::deserialize(from)?.as_str().and_then(time_of))
}

/// A list, without the items that cannot be read.
pub(super) fn items<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    maybe_items(from).map(Option::unwrap_or_default)
}

/// The same, where there may be none.
pub(super) fn maybe_items<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<Vec<T>>, D::Error> {
    match Value::deserialize(from)? {
        Value::Array(items) => Ok(Some(items.into_iter().filter_map(read).collect())),
        _ => Ok(None),
    }
}

/// A whole number that is not negative, also where it is written as `56.0`.
pub(in crate::platform) fn whole(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|number| *number >= 0.0);
    #[allow(clippy::cast_sign_loss, reason = "it is not negative, and `as` saturates")]
    value.as_u64().or_else(|| float().map(|number| number as u64))
}

fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn time_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = || text.parse().or_else(|_| text.parse().map(|date: Date| date.at(0, 0, 0, 0)));
    let in_utc = |time: DateTime| Offset::UTC.to_timestamp(time);
    text.parse().ok().or_else(|| civil().and_then(in_utc).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_shape() {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for text in
            ["2026-11-21T12:00:00Z", "2026-11-21T13:00:00+01:00", "2026-11-21T12:00:00", "2026-11-21 12:00:00.0"]
        {
            assert_eq!(time_of(text), Some(noon), "{text}");
        }
        assert_eq!(time_of("2026-11-21"), Some("2026-11-21T00:00:00Z".parse().unwrap()));
        for none in ["", "yesterday", "21.11.2026", "1795262400"] {
            assert_eq!(time_of(none), None, "{none}");
        }
    }
}
