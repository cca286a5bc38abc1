//! What Nexvio's answers are wrapped in: some of its pages show an envelope and some none, so both are read everywhere.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::platform::wire::lenient;

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many more it has that cannot be read, such as those without an id.
    pub unread: u64,
    /// How many the whole list has, where the platform says so.
    pub total: Option<u64>,
}

impl<T> List<T> {
    /// How many items this page has, read or not.
    pub fn count(&self) -> u64 {
        self.items.len() as u64 + self.unread
    }
}

/// Reads a list, item by item: bare, under `data`, or under `data` and its `key`. `None` when it is none, or has items
/// and not one that can be read.
pub(in crate::platform) fn list<T: DeserializeOwned>(answer: Value, key: &str) -> Option<List<T>> {
    let mut inner = unwrap(answer);
    let total = inner.get("total").and_then(lenient::whole);
    let found = match inner.get_mut(key) {
        Some(items) => items.take(),
        None => inner,
    };
    let Value::Array(found) = found else { return None };
    let count = found.len();
    let items: Vec<_> = found.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect();
    let unread = (count - items.len()) as u64;
    (count == 0 || !items.is_empty()).then_some(List { items, unread, total })
}

/// Reads one thing: bare, under `data`, under one of its `keys`, or under both. `None` when it is none.
pub(in crate::platform) fn one<T: DeserializeOwned>(answer: Value, keys: &[&str]) -> Option<T> {
    let mut inner = unwrap(answer);
    let found = keys.iter().find_map(|key| inner.get_mut(key).filter(|value| value.is_object()).map(Value::take));
    serde_json::from_value(found.unwrap_or(inner)).ok()
}

fn unwrap(mut answer: Value) -> Value {
    match answer.get_mut("data") {
        Some(data @ (Value::Object(_) | Value::Array(_))) => data.take(),
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::platform::wire::nexvio::{Chatbot, Conversation, Integration, Knowledge, Message, Stats};

    /// Reads a list of an odd item, one that cannot be read, and a plain one; gives the odd one as it is read.
    fn odd<T: DeserializeOwned + Serialize>(item: Value, plain: Value) -> Value {
        let read: List<T> = list(json!([item, 7, plain]), "items").unwrap_or_else(|| panic!("{item}"));
        assert_eq!((read.items.len(), read.unread), (2, 1), "{item}");
        serde_json::to_value(&read.items[0]).unwrap()
    }

    #[test]
    fn an_odd_field_costs_itself_alone() {
        let plain = || json!({"id": "a", "name": "a"});
        for (item, read) in [
            (json!({"id": 7}), json!({"id": "7", "type": ""})),
            (json!({"id": "a", "type": null, "name": null}), json!({"id": "a", "type": ""})),
            (json!({"id": "a", "type": [], "status": {}, "url": 7}), json!({"id": "a", "type": "", "url": "7"})),
            (json!({"id": "a", "error": null, "message": "x"}), json!({"id": "a", "type": "", "message": "x"})),
            (
                json!({"id": "a", "error": {"code": 7}, "message": null}),
                json!({"id": "a", "type": "", "error": {"code": 7}}),
            ),
            (
                json!({"id": "a", "added_at": "2026-11-21"}),
                json!({"id": "a", "type": "", "added_at": "2026-11-21T00:00:00Z"}),
            ),
            (json!({"id": "a", "added_at": 7}), json!({"id": "a", "type": ""})),
        ] {
            assert_eq!(odd::<Knowledge>(item.clone(), plain()), read, "{item}");
        }
        let bot = json!({
            "id": 7, "name": null, "model": {}, "appearance": {"position": "top-left", "hide_branding": "yes"},
            "sources": [{"id": 1, "added_at": "x"}, 7], "stats": {"total_messages": 56.0, "last_conversation_at": ""},
            "created_at": "2026-11-21T12:00:00", "updated_at": null, "instructions": null,
        });
        let read = json!({
            "id": "7", "name": "", "appearance": {"position": "top-left"}, "sources": [{"id": "1", "type": ""}],
            "stats": {"total_conversations": 0, "total_messages": 56, "last_conversation_at": null},
            "created_at": "2026-11-21T12:00:00Z",
        });
        assert_eq!(odd::<Chatbot>(bot, plain()), read);
        let conversation = odd::<Conversation>(json!({"id": 7, "message_count": null, "started_at": 5}), plain());
        assert_eq!((&conversation["id"], &conversation["message_count"]), (&json!("7"), &json!(0)));
        assert_eq!(odd::<Message>(json!({"role": null, "content": 5, "created_at": ""}), plain())["content"], "5");
        assert_eq!(odd::<Integration>(json!({"id": 7, "type": null, "created_at": 7}), plain())["id"], "7");
        let stats: Stats = one(
            json!({
                "summary": {"total_messages": 5.0, "contacts_collected": null, "avg_messages_per_conversation": 2},
                "time_series": [{"date": "2026-11-21", "messages": 5.0, "conversations": null}, null],
            }),
            &[],
        )
        .unwrap();
        assert_eq!((stats.summary.total_messages, stats.time_series[0].messages, stats.time_series.len()), (5, 5, 1));
    }

    #[test]
    fn what_has_no_id_is_skipped_and_counted() {
        let read: List<Knowledge> =
            list(json!({"total": 4.0, "data": [{"id": null}, {"id": "a"}, {"name": "b"}, {"id": ""}]}), "x").unwrap();
        assert_eq!((read.items.len(), read.unread, read.count()), (1, 3, 4));
        assert_eq!(list::<Knowledge>(json!([{"name": "b"}]), "x"), None);
    }

    #[test]
    fn a_list_is_read_in_every_shape() {
        let item = json!({"id": "k1", "type": "file", "name": "a.md"});
        for (answer, total) in [
            (json!([item]), None),
            (json!({"data": [item]}), None),
            (json!({"knowledge": [item]}), None),
            (json!({"status": "success", "data": {"knowledge": [item], "total": 5, "limit": 1, "offset": 0}}), Some(5)),
        ] {
            let read: List<Knowledge> = list(answer.clone(), "knowledge").unwrap_or_else(|| panic!("{answer}"));
            assert_eq!((read.items[0].id.as_str(), read.items.len(), read.total), ("k1", 1, total), "{answer}");
        }
        for none in [json!(null), json!({"data": 7}), json!({"data": {"knowledge": {}}}), json!([7]), json!("x")] {
            assert_eq!(list::<Knowledge>(none.clone(), "knowledge"), None, "{none}");
        }
    }

    #[test]
    fn one_thing_is_read_in_every_shape() {
        for answer in [
            json!({"id": "k1"}),
            json!({"data": {"id": "k1"}}),
            json!({"status": "success", "data": {"knowledge": {"id": "k1"}}}),
            json!({"status": "success", "data": {"source": {"id": "k1"}}}),
            json!({"knowledge": {"id": "k1"}}),
        ] {
            let read: Option<Knowledge> = one(answer.clone(), &["knowledge", "source"]);
            assert_eq!(read.unwrap_or_else(|| panic!("{answer}")).id, "k1");
        }
        assert_eq!(one::<Knowledge>(json!({"data": {"knowledge": {}}}), &["knowledge"]), None);
    }
}
