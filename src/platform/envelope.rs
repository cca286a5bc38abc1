//! Envelopes: finding lists, single things and totals in answers, whatever they are wrapped in.
//!
//! Some of the platforms' pages show an envelope and some none, and servers have others of their own: so all are read
//! everywhere, and what cannot be read costs itself alone.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ApiError, Http, call::Call, wire::lenient};

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

/// What an envelope calls its content.
const WRAPPERS: [&str; 4] = ["data", "result", "response", "payload"];
/// The same of a list, most likely first.
const LISTS: [&str; 8] = ["data", "items", "results", "records", "entries", "list", "sources", "knowledge"];
/// Where an envelope describes a list.
const DESCRIPTIONS: [&str; 6] = ["meta", "pagination", "paging", "page_info", "data", "result"];
const TOTALS: [&str; 7] =
    ["total", "total_count", "totalCount", "total_items", "totalItems", "total_results", "total_sources"];
/// Other names of an id.
const IDS: [&str; 4] = ["_id", "source_id", "knowledge_id", "uuid"];
/// What tells a source from an error, and an error from a source.
const FIELDS: [&str; 6] = ["name", "type", "document_count", "created_at", "last_synced_at", "auto_sync"];
const ERRORS: [&str; 5] = ["error", "message", "title", "detail", "code"];
/// How deep an envelope goes.
const DEEPEST: u32 = 3;

/// Reads a list, item by item. `None` when there is none.
pub(super) fn list<T: DeserializeOwned>(mut answer: Value, key: &str) -> Option<List<T>> {
    let total = total(&answer, DEEPEST);
    let found = match items(&mut answer, key, DEEPEST) {
        Some(found) => found,
        // An empty list, written as no list.
        None if total == Some(0) || total.is_none() && is_null_list(&answer, key, DEEPEST) => Vec::new(),
        None => return None,
    };
    if found.is_empty() && denies(&answer) {
        return None;
    }
    let count = found.len();
    let items: Vec<_> = found.into_iter().filter_map(|item| serde_json::from_value(with_id(item)).ok()).collect();
    let unread = (count - items.len()) as u64;
    Some(List { items, unread, total })
}

/// Reads one thing: bare, wrapped, under one of its `keys`, or all of that. `None` when it is none.
pub(super) fn one<T: DeserializeOwned>(answer: Value, keys: &[&str]) -> Option<T> {
    serde_json::from_value(with_id(inner(answer, keys, DEEPEST))).ok()
}

/// The same of a source whose id is known, so that the answer need not repeat it. An answer that has none of a source's
/// fields, or another id, does not show that it is there: some servers answer every error with 200.
pub(super) fn known<T: DeserializeOwned>(answer: Value, keys: &[&str], id: &str) -> Option<T> {
    let says_no = denies(&answer);
    let mut found = with_id(inner(answer, keys, DEEPEST));
    let fields = found.as_object_mut()?;
    let is_this = |found: &Value| match found {
        Value::String(other) => other == id,
        Value::Number(other) => other.to_string() == id,
        _ => false,
    };
    let mut ids =
        IDS.iter().chain(["id"].iter()).filter_map(|name| fields.get(*name)).filter(|id| lenient::is_id(id)).peekable();
    let has = |names: &[&str]| names.iter().any(|name| fields.get(*name).is_some_and(|field| !field.is_null()));
    let is_source = match ids.peek() {
        Some(_) => ids.any(is_this),
        None => !says_no && has(&FIELDS) && !has(&ERRORS),
    };
    if !is_source {
        return None;
    }
    fields.insert("id".to_owned(), id.into());
    serde_json::from_value(found).ok()
}

/// Whether an answer says that what was asked for was not done.
pub(super) fn denies(answer: &Value) -> bool {
    let Value::Object(fields) = answer else { return false };
    let says = |name: &str, words: &[&str]| match fields.get(name) {
        Some(Value::String(word)) => words.iter().any(|no| word.trim().eq_ignore_ascii_case(no)),
        Some(Value::Bool(word)) => !word && words.contains(&"false"),
        _ => false,
    };
    let is_done = fields.get("deleted") == Some(&Value::Bool(true));
    let has_errors = fields.get("errors").and_then(Value::as_array).is_some_and(|errors| !errors.is_empty());
    has_errors && !is_done
        || ["deleted", "success", "ok"].iter().any(|name| says(name, &["false"]))
        || says("status", &["error", "failed", "failure", "fail"])
        || WRAPPERS.iter().filter_map(|name| fields.get(*name)).any(denies)
}

/// Whether the list is there, and null: many servers write an empty one so.
fn is_null_list(value: &Value, key: &str, depth: u32) -> bool {
    let Value::Object(fields) = value else { return value.is_null() };
    let mut names = [key].into_iter().chain(LISTS).chain(WRAPPERS);
    depth > 0 && names.any(|name| fields.get(name).is_some_and(|found| is_null_list(found, key, depth - 1)))
}

fn items(value: &mut Value, key: &str, depth: u32) -> Option<Vec<Value>> {
    let fields = match value {
        Value::Array(items) => return Some(std::mem::take(items)),
        Value::Object(fields) if depth > 0 => fields,
        _ => return None,
    };
    let names = || [key].into_iter().chain(LISTS).chain(WRAPPERS);
    let is_list = |name: &&str| fields.get(*name).is_some_and(Value::is_array);
    let name =
        names().find(is_list).or_else(|| names().find(|name| fields.get(*name).is_some_and(Value::is_object)))?;
    items(fields.get_mut(name)?, key, depth - 1)
}

fn inner(mut value: Value, keys: &[&str], depth: u32) -> Value {
    if depth == 0 {
        return value;
    }
    if let Value::Array(items) = &mut value
        && items.len() == 1
    {
        return inner(items.remove(0), keys, depth - 1);
    }
    let mut names = keys.iter().copied().chain(WRAPPERS);
    let is_wrapper = |name: &&str| match value.get(name) {
        Some(Value::Array(items)) => items.len() == 1,
        found => found.is_some_and(Value::is_object),
    };
    match names.find(is_wrapper).and_then(|name| value.get_mut(name)).map(Value::take) {
        Some(wrapped) => inner(wrapped, keys, depth - 1),
        None => value,
    }
}

/// Something with its id under the name that everybody gives it.
fn with_id(mut value: Value) -> Value {
    let has = |fields: &Map<String, Value>, name: &str| fields.get(name).is_some_and(lenient::is_id);
    if let Value::Object(fields) = &mut value
        && !has(fields, "id")
        && let Some(name) = IDS.into_iter().find(|name| has(fields, name))
        && let Some(id) = fields.get(name).cloned()
    {
        fields.insert("id".to_owned(), id);
    }
    value
}

fn total(value: &Value, depth: u32) -> Option<u64> {
    let fields = value.as_object().filter(|_| depth > 0)?;
    let here = TOTALS.iter().find_map(|name| fields.get(*name).and_then(lenient::whole));
    let deeper = || DESCRIPTIONS.iter().find_map(|name| total(fields.get(*name)?, depth - 1));
    here.or_else(deeper)
}

impl Http {
    /// Asks for a list, whatever it is wrapped in.
    pub(super) async fn list<T: DeserializeOwned>(&self, call: Call<'_>, key: &str) -> Result<List<T>, ApiError> {
        let unlike = self.unlike(&call);
        list(self.read(call, true).await?, key).ok_or(unlike)
    }

    /// Asks for one thing, whatever it is wrapped in.
    pub(super) async fn one<T: DeserializeOwned>(&self, call: Call<'_>, keys: &[&str]) -> Result<T, ApiError> {
        let unlike = self.unlike(&call);
        one(self.call(call).await?, keys).ok_or(unlike)
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
        let read: List<Knowledge> = list(json!([{"name": "b"}]), "x").unwrap();
        assert_eq!((read.items.len(), read.unread), (0, 1), "the only one");
    }

    #[test]
    fn a_list_is_read_in_every_shape() {
        let item = json!({"id": "k1", "type": "file", "name": "a.md"});
        for (answer, total) in [
            (json!([item]), None),
            (json!({"data": [item]}), None),
            (json!({"knowledge": [item]}), None),
            (json!({"status": "success", "data": {"knowledge": [item], "total": 5, "limit": 1, "offset": 0}}), Some(5)),
            (json!({"data": {"sources": [item]}, "meta": {"total": "5"}}), Some(5)),
            (json!({"sources": [item], "meta": null}), None),
            (json!({"items": [item], "total_count": 5.0}), Some(5)),
            (json!({"data": {"items": [item], "pagination": {"totalItems": 5}}}), Some(5)),
            (json!({"results": [item], "meta": {"pagination": {"total": 5}}}), Some(5)),
            (json!({"result": {"data": [item]}, "meta": {"total": null}}), None),
            (json!({"errors": [], "data": [item], "meta": {"page": "1", "total": "many"}}), None),
        ] {
            let read: List<Knowledge> = list(answer.clone(), "knowledge").unwrap_or_else(|| panic!("{answer}"));
            assert_eq!((read.items[0].id.as_str(), read.items.len(), read.total), ("k1", 1, total), "{answer}");
        }
        for none in [
            json!({}),
            json!({"data": 7}),
            json!({"data": {"knowledge": {}}}),
            json!("x"),
            json!({"success": false, "data": []}),
            json!({"status": "error", "items": []}),
        ] {
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

    #[test]
    fn list__null_instead_of_a_list__is_empty_where_the_total_is_zero() {
        let read = |answer| list::<Knowledge>(answer, "knowledge").map(|read| read.count());
        assert_eq!(read(json!({"data": null, "meta": {"total": 0}})), Some(0));
        assert_eq!(read(json!({"data": null, "meta": {"total": 3}})), None);
        assert_eq!(read(json!({"data": null})), Some(0));
        assert_eq!(read(json!(null)), Some(0));
        assert_eq!(read(json!({"status": "success", "data": {"knowledge": null}})), Some(0));
        assert_eq!(read(json!({"success": false, "data": null})), None);
    }

    #[test]
    fn one__an_id_anywhere__is_found() {
        for answer in [
            json!({"source_id": "k1", "name": "a"}),
            json!({"id": null, "_id": "k1"}),
            json!({"id": {}, "uuid": "k1"}),
            json!({"ok": true, "source": {"id": "k1"}}),
            json!({"data": {"source": {"source_id": "k1"}}}),
            json!({"data": [{"id": "k1"}]}),
            json!([{"id": "k1"}]),
            json!({"result": {"knowledge": {"id": "k1"}}}),
            json!({"id": "request", "data": {"id": "k1"}}),
        ] {
            let read: Option<Knowledge> = one(answer.clone(), &["knowledge", "source"]);
            assert_eq!(read.map(|read| read.id).as_deref(), Some("k1"), "{answer}");
        }
        for none in [json!({}), json!(null), json!({"id": null}), json!({"id": ""}), json!([{"id": 1}, {"id": 2}])] {
            assert_eq!(one::<Knowledge>(none.clone(), &["source"]), None, "{none}");
        }
    }

    #[test]
    fn known__an_answer_that_shows_no_source__is_none() {
        use crate::platform::wire::cevvo::Source;
        let read = |answer: Value| known::<Source>(answer, &["source"], "s1").map(|source| source.id);
        for source in [
            json!({"id": "s1"}),
            json!({"id": "s1", "status": "failed", "error": "job 7 failed"}),
            json!({"name": "a.md"}),
            json!({"data": {"id": null, "document_count": 0}}),
            json!({"source": {"_id": "s1"}}),
            json!({"id": 12, "source_id": "s1", "name": "a.md"}),
        ] {
            assert_eq!(read(source.clone()).as_deref(), Some("s1"), "{source}");
        }
        assert_eq!(known::<Source>(json!({"id": 7}), &["source"], "7").map(|source| source.id).as_deref(), Some("7"));
        for none in [
            json!({"error": "Source not found"}),
            json!({"data": null}),
            json!({"success": false, "message": "not found"}),
            json!({"status": "error", "message": "not found"}),
            json!({"found": false, "id": null}),
            json!({"id": "s2", "name": "a.md"}),
            json!({"status": "error", "name": "SourceError"}),
            json!({"name": "NotFoundError", "message": "no such source"}),
            json!({"type": "about:blank", "title": "Not Found", "status": 404}),
            json!([]),
        ] {
            assert_eq!(read(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn denies__an_answer_that_says_no__is_true() {
        for no in [
            json!({"deleted": false}),
            json!({"success": false, "message": "busy"}),
            json!({"status": "error"}),
            json!({"deleted": "False"}),
            json!({"data": {"deleted": false}}),
            json!({"ok": false}),
            json!({"data": [], "total": 0, "errors": [{"message": "shard 2 is away"}]}),
        ] {
            assert!(denies(&no), "{no}");
        }
        for yes in [
            json!({}),
            json!(null),
            json!([]),
            json!({"deleted": true}),
            json!({"status": "success"}),
            json!({"status": "deleted", "error": null}),
            json!({"deleted": null}),
            json!({"errors": []}),
            json!({"deleted": true, "errors": ["the index is late"]}),
            json!({"errors": null}),
            json!("false"),
        ] {
            assert!(!denies(&yes), "{yes}");
        }
    }
}
