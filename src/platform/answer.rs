//! Reading answers: bounded, and leniently where they are errors.

use futures_util::StreamExt;
use reqwest::Response;
use serde_json::Value;

/// The longest body of an error that is read.
const LONGEST_ERROR: usize = 64 << 10;
/// How much of the platform's words an error repeats.
const LONGEST_MESSAGE: usize = 300;
/// What is wrong with an answer that is not read to its end.
pub(super) const TOO_LONG: &str = "it is longer than kbsync reads";
/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An error's innermost cause, in words, without the address (it may carry a query).
pub(super) fn plain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

pub(super) async fn bounded(response: Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| plain(&error))?;
        if body.len() + chunk.len() > most {
            return Err(TOO_LONG.to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    // Some servers put a byte order mark before their JSON, and readers may pass over it (RFC 8259, section 8.1).
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(body)
}

/// What a refusal says, in whatever shape the platform says it.
pub(super) async fn refusal(response: Response) -> String {
    let status = response.status();
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    if let Some(location) = location.filter(|_| status.is_redirection()) {
        return format!(
            "it redirects, which is not followed; set `platform.base_url` to where the API is ({location})"
        );
    }
    let body = bounded(response, LONGEST_ERROR).await.unwrap_or_default();
    reason_in(&body).unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned())
}

/// What the body of an error says, if it says anything to people.
pub(super) fn reason_in(body: &[u8]) -> Option<String> {
    let message = match serde_json::from_slice::<Value>(body) {
        Ok(value) => with_details(message_in(&value), &value),
        Err(_) => Some(String::from_utf8_lossy(body).trim().to_owned()).filter(|text| !text.starts_with('<')),
    };
    message.filter(|text| !text.is_empty())
}

/// The message in any of the shapes that error bodies have.
pub(super) fn message_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => {
            ["message", "error", "detail", "reason"].iter().find_map(|name| message_in(fields.get(*name)?))
        }
        _ => None,
    }
}

/// The message with what the platform says of single fields (`nexvio-update-chatbot`, validation error).
fn with_details(message: Option<String>, body: &Value) -> Option<String> {
    let details = body.get("error").unwrap_or(body).get("details").and_then(Value::as_object);
    let of_field = |(field, words): (&String, &Value)| Some(format!("{field}: {}", message_in(words)?));
    let details: Vec<_> = details.into_iter().flatten().filter_map(of_field).collect();
    if details.is_empty() { message } else { Some(message.into_iter().chain(details).collect::<Vec<_>>().join("; ")) }
}

/// A platform's words on one line, without control characters, and not for ever.
pub(super) fn shortened(message: &str) -> String {
    let line: String =
        message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_MESSAGE + 1).collect();
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_message_is_found_in_every_shape() {
        for body in [
            json!("bad"),
            json!({"message": "bad"}),
            json!({"error": "bad"}),
            json!({"error": {"code": "x", "message": "bad", "details": {}}}),
            json!({"detail": "bad"}),
        ] {
            assert_eq!(message_in(&body).as_deref(), Some("bad"), "{body}");
        }
        for body in [json!(null), json!(7), json!({}), json!({"message": 7}), json!([])] {
            assert_eq!(message_in(&body), None, "{body}");
        }
    }

    #[test]
    fn details_follow_the_message() {
        let said = |body: Value| with_details(message_in(&body), &body);
        let error = json!({"code": "validation_error", "message": "bad", "details": {"model": "not this", "x": 7}});
        assert_eq!(said(json!({"status": "error", "error": error})).as_deref(), Some("bad; model: not this"));
        assert_eq!(said(json!({"details": {"model": "not this"}})).as_deref(), Some("model: not this"));
        for body in [json!({"message": "bad", "details": {}}), json!({"error": "bad", "details": [1]})] {
            assert_eq!(said(body).as_deref(), Some("bad"));
        }
    }

    #[test]
    fn words_are_kept_short_and_on_one_line() {
        assert_eq!(shortened("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(shortened(&"ü".repeat(400)).chars().count(), LONGEST_MESSAGE + 1);
    }
}
