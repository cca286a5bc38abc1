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

/// The same, where there may be none.
pub(super) fn maybe_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(whole(&Value::deserialize(from)?))
}

/// A number; 0 where there is none.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(number_of(&Value::deserialize(from)?).unwrap_or_default())
}

/// The same, where there may be none.
pub(super) fn maybe_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Ok(number_of(&Value::deserialize(from)?))
}

/// Yes or no, also as a word or a number.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(flag_of(&Value::deserialize(from)?))
}

/// See [`flag`].
pub(super) fn flag_of(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match text_of(value.clone())?.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    })
}

/// Whether a time is set: some servers write a zero time instead of null, and some a flag.
pub(super) fn is_time_set(value: &Value) -> bool {
    let is_set = |text: &str| !text.trim().is_empty() && !text.starts_with("0001-") && !text.starts_with("0000-");
    flag_of(value).unwrap_or_else(|| match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => is_set(text),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    })
}

/// A time: seconds or fractions of them since 1970, RFC 3339, an HTTP date, or a date. Without an offset it is in UTC.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(text_of(Value::deserialize(from)?).as_deref().and_then(time_of))
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

/// A whole number that is not negative, also where it is written as `56.0` or as text.
pub(in crate::platform) fn whole(value: &Value) -> Option<u64> {
    let float = || number_of(value).filter(|number| *number >= 0.0);
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

fn number_of(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number| number.is_finite())
}

/// Whether a value can be an id.
pub(in crate::platform) fn is_id(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| !text.is_empty())
}

/// A time in any of the ways in which APIs write it.
pub(in crate::platform) fn time_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return epoch(number);
    }
    let text = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" Z")).unwrap_or(text);
    let civil = || text.parse().or_else(|_| text.parse().map(|date: Date| date.at(0, 0, 0, 0)));
    let in_utc = |time: DateTime| Offset::UTC.to_timestamp(time);
    let dated = || jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
    text.parse().ok().or_else(|| civil().and_then(in_utc).ok()).or_else(dated)
}

/// A number that can only be a time since 1970: seconds, or thousandths, millionths or billionths of them.
pub(in crate::platform) fn epoch(number: f64) -> Option<Timestamp> {
    let seconds = match number {
        1e8..1e11 => number,
        1e11..1e14 => number / 1e3,
        1e14..1e17 => number / 1e6,
        1e17..1e20 => number / 1e9,
        _ => return None,
    };
    #[allow(clippy::cast_possible_truncation, reason = "it is far below the most that fits")]
    Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_shape() {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for text in [
            "2026-11-21T12:00:00Z",
            "2026-11-21T13:00:00+01:00",
            "2026-11-21T13:00:00+0100",
            "2026-11-21T12:00:00",
            "2026-11-21 12:00:00.0",
            "2026-11-21 12:00:00Z",
            "2026-11-21 12:00:00 UTC",
            "2026-11-21 07:00:00-05:00",
            "Sat, 21 Nov 2026 12:00:00 GMT",
            "1795262400",
            "1795262400.0",
            "1795262400000",
            "1795262400000000",
            "1795262400000000000",
        ] {
            assert_eq!(time_of(text), Some(noon), "{text}");
        }
        assert_eq!(time_of("2026-11-21"), Some("2026-11-21T00:00:00Z".parse().unwrap()));
        for none in ["", "yesterday", "21.11.2026", "7", "-1795262400", "NaN", "1e300"] {
            assert_eq!(time_of(none), None, "{none}");
        }
    }

    #[test]
    fn whole__numbers_in_every_shape__are_read() {
        for (value, read) in [
            (serde_json::json!(3), Some(3)),
            (serde_json::json!(3.0), Some(3)),
            (serde_json::json!("3"), Some(3)),
            (serde_json::json!(" 3.0 "), Some(3)),
            (serde_json::json!(-3), None),
            (serde_json::json!("many"), None),
            (serde_json::json!("NaN"), None),
            (serde_json::json!(null), None),
            (serde_json::json!([3]), None),
        ] {
            assert_eq!(whole(&value), read, "{value}");
        }
    }
}
