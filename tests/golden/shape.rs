//! Comparing answers by their shape: the same names, and under each the same type.

use jiff::{Timestamp, civil::Date};
use serde_json::Value;

/// Where an answer has another shape than the one that is shown. `null` names what may be null.
pub fn differences(shown: &Value, given: &Value, null: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    compare("", shown, given, null, &mut found);
    found
}

fn compare(at: &str, shown: &Value, given: &Value, null: &[String], found: &mut Vec<String>) {
    match (shown, given) {
        (Value::Object(shown), Value::Object(given)) => {
            for (name, shown) in shown {
                match given.get(name) {
                    None => found.push(format!("{at}.{name} is missing")),
                    Some(Value::Null) if null.contains(name) => {}
                    Some(given) => compare(&format!("{at}.{name}"), shown, given, null, found),
                }
            }
            found.extend(
                given.keys().filter(|name| !shown.contains_key(*name)).map(|name| format!("{at}.{name} is more")),
            );
        }
        (Value::Array(shown), Value::Array(given)) => {
            for (number, shown) in shown.iter().enumerate() {
                match given.get(number).or(given.first()) {
                    None => found.push(format!("{at} is empty")),
                    Some(given) => compare(&format!("{at}[{number}]"), shown, given, null, found),
                }
            }
        }
        (Value::String(shown), Value::String(given)) => {
            let alike = match (shown.parse::<Timestamp>(), shown.parse::<Date>()) {
                (Ok(_), _) => given.parse::<Timestamp>().is_ok() && given.ends_with('Z'),
                (_, Ok(_)) => given.parse::<Date>().is_ok() && given.len() == shown.len(),
                _ => true,
            };
            found.extend((!alike).then(|| format!("{at} is {given}, and is shown as {shown}")));
        }
        (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_)) => {}
        _ => found.push(format!("{at} is {given}, and is shown as {shown}")),
    }
}

#[test]
fn differences_are_found() {
    let shown =
        serde_json::json!({"a": 1, "b": "2026-03-10T14:30:00Z", "c": [{"d": true}], "e": "x", "f": "2026-03-10"});
    let same = serde_json::json!({"a": 1.5, "b": "2030-01-01T00:00:00.5Z", "c": [{"d": false}, 7], "e": null, "f": "2030-01-01"});
    assert!(differences(&shown, &same, &["e".to_owned()]).is_empty());
    let other = serde_json::json!({"a": "1", "b": "today", "c": [], "f": "2030-01-01T00:00:00Z", "g": 0});
    let found = differences(&shown, &other, &[]);
    assert_eq!(
        found,
        [
            ".a is \"1\", and is shown as 1",
            ".b is today, and is shown as 2026-03-10T14:30:00Z",
            ".c is empty",
            ".e is missing",
            ".f is 2030-01-01T00:00:00Z, and is shown as 2026-03-10",
            ".g is more"
        ]
    );
}
