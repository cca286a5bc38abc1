//! Reading what is quoted: `=== TITLE`, the request, and after `---` the answer. A request is a command of curl, or a
//! method and an address, with a body below them. `--- 404` says the status, `--- null NAMES` what may be null.

use serde_json::Value;

/// A request of a page, and what comes of it.
#[derive(Debug)]
pub struct Quote {
    pub title: String,
    /// As the page has it.
    pub request: String,
    pub expected: Expected,
    /// The status of a refusal; any success where there is none.
    pub status: Option<u16>,
    /// Names of what may be null.
    pub null: Vec<String>,
}

/// What a page shows for an answer.
#[derive(Debug)]
pub enum Expected {
    Nothing,
    Json(Value),
    /// Those of a stream. What is no JSON is a text.
    Events(Vec<Value>),
}

impl Quote {
    /// A request of our own.
    pub fn of(request: &str) -> Self {
        let (title, request) = (request.to_owned(), request.to_owned());
        Self { title, request, expected: Expected::Nothing, status: None, null: Vec::new() }
    }

    /// The JSON that is sent.
    pub fn sent(&self) -> Option<Value> {
        let text = &self.request;
        serde_json::from_str(&text[text.find("{\n")?..=text.rfind('}')?]).ok()
    }
}

/// The quotes of a file.
pub fn read(text: &str) -> Vec<Quote> {
    text.split("\n=== ").skip(1).map(quote).collect()
}

fn quote(text: &str) -> Quote {
    let (title, rest) = text.split_once('\n').unwrap();
    let mut parts = rest.split("\n---");
    let request = parts.next().unwrap().trim().to_owned();
    let mut quote = Quote { title: title.to_owned(), ..Quote::of(&request) };
    for part in parts {
        let (head, body) = part.split_once('\n').unwrap();
        match head.trim().split_once(' ') {
            Some(("null", names)) => quote.null = names.split(' ').map(str::to_owned).collect(),
            _ => {
                quote.status = head.trim().parse().ok();
                quote.expected = expected(body);
            }
        }
    }
    quote
}

fn expected(text: &str) -> Expected {
    // Of what the pages leave out, nothing is known.
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("// "));
    let text = lines.collect::<Vec<_>>().join("\n").replace("[...]", "[]").replace("},\n]", "}\n]");
    if text.starts_with("data:") {
        return Expected::Events(events(&text));
    }
    Expected::Json(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}")))
}

/// The events of a stream.
pub fn events(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|data| serde_json::from_str(data).unwrap_or_else(|_| Value::from(data))).collect()
}
