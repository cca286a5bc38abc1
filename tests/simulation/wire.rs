//! Both APIs over the simulated platform: requests are read, and answers are written.

use std::os::unix::fs::FileExt;

use axum::http::{Response as HttpResponse, StatusCode};
use kbsync::{
    config::Api,
    model::Moment,
    platform::{Body, Outgoing, Upload},
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    broken::{Broken, Part},
    knobs::{Knob, Knobs},
    lists::{self, Reading},
    platform::{Done, Job, JobState, Op, Platform},
    source::Source,
};

/// What a request asks for.
#[derive(Clone, Debug)]
pub enum Asked {
    Change(Op),
    /// So many sources of the list, after so many.
    List(usize, usize),
    Source(String),
    Job(u64),
    Bot,
    Nothing,
}

/// The habits of a platform, which its pages do not tell.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    pub api: Api,
    pub newest_first: bool,
    /// A page has no more sources than that, whatever is asked for.
    pub page: usize,
    pub total: bool,
    pub dates: bool,
    /// Every answer tells of the limit.
    pub headers: bool,
    /// How many requests a key has in a minute.
    pub limit: u32,
    /// The bounds of the time that an ingestion takes, in milliseconds.
    pub job: (u64, u64),
    /// What it does besides that nobody would expect.
    pub knobs: Knobs,
    /// What is broken for good.
    pub broken: Option<Broken>,
}

impl Manners {
    /// How many sources a page of Nexvio's list has.
    pub fn page_size(&self) -> usize {
        let is_short = self.knobs.has(Knob::PagesShort) || self.broken.is_some_and(|it| it.part == Part::Page);
        if is_short { self.knobs.detail(Knob::PagesShort, &[2, 5]) } else { 100 }
    }
}

fn content(upload: &Upload) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(upload.size).expect("documents are small")];
    let read = upload.file.read_at(&mut bytes, 0).expect("the document can be read");
    bytes.truncate(read);
    bytes
}

/// Reads a request.
pub fn read(manners: &Manners, request: &Outgoing<'_>) -> Asked {
    let segments: Vec<&str> = request.url.path_segments().expect("a path").skip(2).collect();
    let query = |name: &str| {
        let found = request.url.query_pairs().find(|(key, _)| key == name);
        found.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let field = |name: &str| match request.body {
        Body::Json(body) => body[name].as_str().unwrap_or_default().to_owned(),
        Body::Form((key, value), _) if *key == name => (*value).to_owned(),
        Body::Form(..) | Body::None => String::new(),
    };
    let filled = match request.body {
        Body::Form(_, upload) => Some(content(upload)),
        Body::Json(_) | Body::None => None,
    };
    match (request.method, segments.as_slice(), filled) {
        (&Method::GET, ["sources"], _) => {
            let size = query("per_page").unwrap_or(20).min(manners.page);
            Asked::List(size, (query("page").unwrap_or(1) - 1) * size)
        }
        (&Method::GET, ["knowledge"], _) => {
            Asked::List(query("limit").unwrap_or(50).min(manners.page_size()), query("offset").unwrap_or(0))
        }
        (&Method::GET, ["sources", id], _) => Asked::Source((*id).to_owned()),
        (&Method::GET, ["ingest", "status", id], _) => id.parse().map_or(Asked::Nothing, Asked::Job),
        (&Method::GET, ["chatbots" | "bots", _], _) => Asked::Bot,
        (&Method::POST, ["sources"], _) => Asked::Change(Op::Create { name: field("name"), content: None }),
        (&Method::POST, ["knowledge"], Some(content)) => {
            Asked::Change(Op::Create { name: field("name"), content: Some(content) })
        }
        (&Method::POST, ["ingest", "upload"], Some(content)) => {
            Asked::Change(Op::Upload { source: field("source_id"), content })
        }
        (&Method::PUT, ["sources", id], _) => {
            Asked::Change(Op::Rename { source: (*id).to_owned(), name: field("name") })
        }
        (&Method::DELETE, ["sources" | "knowledge", id], _) => Asked::Change(Op::Delete { source: (*id).to_owned() }),
        _ => Asked::Nothing,
    }
}

/// The answer to what was asked, which changes nothing.
pub fn shown(
    manners: &Manners,
    platform: &mut Platform,
    asked: &Asked,
    reading: &Reading,
    now: Moment,
) -> (u16, Value) {
    match asked {
        Asked::List(size, _) if manners.knobs.has(Knob::PagesLimited) && *size > 50 => {
            (manners.knobs.detail(Knob::PagesLimited, &[400, 422]), json!({"detail": "per_page: at most 50"}))
        }
        Asked::List(size, after) => {
            let (page, total) = lists::page(manners, platform, (*size, *after), reading, now);
            // With a total that is too high as well, nobody could tell that it is the end.
            let ends = manners.knobs.has(Knob::ListEnds) && !manners.knobs.has(Knob::TotalHigh);
            if ends && page.is_empty() && *after > 0 {
                let statuses = [404, 400, 416, 422];
                return (manners.knobs.detail(Knob::ListEnds, &statuses), json!({"detail": "Invalid page."}));
            }
            (200, list(manners, page, total, *size, *after))
        }
        Asked::Source(id) => match platform.find(id) {
            Some(source) => (200, describe(manners, source)),
            None => (404, json!({"message": "no such source"})),
        },
        Asked::Job(id) => match platform.jobs.get(id) {
            None | Some(Job { state: JobState::Forgotten, .. }) => (404, json!({"message": "no such job"})),
            Some(job) => (200, describe_job(manners, *id, job)),
        },
        Asked::Bot => (200, json!({"id": "bot", "name": "Assistant"})),
        Asked::Change(_) | Asked::Nothing => (404, json!({"message": "no such call"})),
    }
}

fn list(manners: &Manners, page: Vec<Value>, total: usize, size: usize, after: usize) -> Value {
    let total = match manners.knobs {
        knobs if knobs.has(Knob::TotalHigh) => json!(total + 1),
        knobs if knobs.has(Knob::TotalLow) => json!(total.saturating_sub(1)),
        knobs if knobs.has(Knob::TotalNull) => Value::Null,
        knobs if knobs.has(Knob::TotalText) => json!(total.to_string()),
        _ => json!(total),
    };
    match (manners.api, manners.total) {
        (Api::Cevvo, true) if manners.knobs.has(Knob::TotalText) => json!({"data": page, "meta": {"total": total}}),
        (Api::Cevvo, true) => {
            json!({"data": page, "meta": {"page": after / size.max(1) + 1, "per_page": size, "total": total}})
        }
        (Api::Nexvio, true) => json!({
            "status": "success", "data": {"knowledge": page, "total": total, "limit": size, "offset": after}
        }),
        (Api::Nexvio, false) if manners.knobs.has(Knob::ListWhole) => Value::Array(page),
        (_, false) => json!({"data": page}),
    }
}

/// The answer to what was done; null stands for no body.
pub fn done(manners: &Manners, done: &Done) -> (u16, Value) {
    match done {
        Done::Source(_) if manners.knobs.has(Knob::CreateSilent) => {
            let bodies = [None, Some("{}"), Some(r#"{"status":"success"}"#)];
            let body = manners.knobs.detail(Knob::CreateSilent, &bodies);
            (201, body.map_or(Value::Null, |body| serde_json::from_str(body).expect("JSON")))
        }
        Done::Renamed(_) | Done::Deleted(_) if manners.knobs.has(Knob::NoBodies) => {
            (manners.knobs.detail(Knob::NoBodies, &[204, 200]), Value::Null)
        }
        Done::Source(source) => (201, describe(manners, source)),
        Done::Renamed(source) => (200, describe(manners, source)),
        Done::Job { id, source } => (
            202,
            json!({"job_id": manners.id(&id.to_string()), "status": "processing", "source_id": manners.id(source)}),
        ),
        Done::Deleted(_) => (200, json!({"deleted": true})),
        Done::Refused(status, why) => (*status, json!({"error": {"message": why}})),
    }
}

impl Manners {
    /// Whether the list shows no names. Where a single source can be asked for, or renamed, names are not hidden.
    pub fn is_nameless(&self) -> bool {
        self.knobs.has(Knob::NamesMissing) && self.api == Api::Nexvio
    }

    /// Which field is odd, or missing.
    fn is_odd(&self, knob: Knob, field: &str) -> bool {
        let fields = ["id", "created_at", "added_at", "document_count", "type", "error"];
        self.knobs.has(knob) && self.knobs.detail(knob, &fields) == field
    }

    /// An id as it is shown.
    fn id(&self, id: &str) -> Value {
        match id.parse::<u64>() {
            Ok(number) if self.is_odd(Knob::OddFields, "id") => json!(number),
            _ => json!(id),
        }
    }

    /// A time as it is shown.
    fn time(&self, time: Moment) -> Value {
        let text = time.timestamp().to_string();
        match () {
            () if !self.is_odd(Knob::OddFields, "created_at") && !self.is_odd(Knob::OddFields, "added_at") => {
                json!(text)
            }
            () if self.knobs.detail(Knob::OddFields, &[true, false]) => json!(time.0 / 1_000_000),
            () => json!(text.replace('T', " ").replace('Z', "")),
        }
    }
}

pub fn describe(manners: &Manners, source: &Source) -> Value {
    let ready = source.documents.iter().filter(|document| document.ready).count();
    let mut value = json!({
        "id": manners.id(&source.id), "name": source.name, "type": "file", "status": source.status()
    });
    if manners.api == Api::Cevvo {
        let odd = manners.is_odd(Knob::OddFields, "document_count");
        value["document_count"] = if odd { json!(ready.to_string()) } else { json!(ready) };
    }
    if manners.dates {
        let name = if manners.api == Api::Cevvo { "created_at" } else { "added_at" };
        value[name] = manners.time(source.created);
    }
    for field in ["created_at", "added_at", "document_count", "type"] {
        if manners.is_odd(Knob::NoFields, field)
            && let Some(fields) = value.as_object_mut()
            && fields.remove(field).is_some()
            && manners.knobs.detail(Knob::NoFields, &[true, false])
        {
            fields.insert(field.to_owned(), Value::Null);
        }
    }
    value
}

fn describe_job(manners: &Manners, id: u64, job: &Job) -> Value {
    let status = match job.state {
        // One that is forgotten is not shown.
        JobState::Working | JobState::Forgotten => "processing",
        JobState::Completed => "completed",
        JobState::Failed => "failed",
    };
    let odd = manners.is_odd(Knob::OddFields, "error");
    let error = if odd { json!(["it did not like it"]) } else { json!("it did not like it") };
    let (id, source) = (manners.id(&id.to_string()), manners.id(&job.source));
    let count = if odd { json!("1") } else { json!(1) };
    json!({"job_id": id, "status": status, "source_id": source, "error": error, "documents_processed": count})
}

/// What every answer tells of the limit.
pub type Told = Vec<(&'static str, String)>;

/// What is left of the limit at a time.
pub fn told(manners: &Manners, used: usize, (now, renewed): (Moment, Moment)) -> Told {
    let limit = manners.limit as usize;
    // Others with the same key have used up most.
    let others = if manners.knobs.has(Knob::OddRates) { limit - 3 } else { 0 };
    let left = limit.saturating_sub(used + others);
    let (reset, wait) = (renewed.0 / 1_000_000 + 1, renewed.since(now).as_secs() + 1);
    let dialect = if manners.knobs.has(Knob::OddRates) {
        manners.knobs.detail(Knob::OddRates, &[1, 2, 3, 4, 5, 6, 7])
    } else {
        0
    };
    let reset = match dialect {
        0 => reset.to_string(),
        1 => (reset * 1_000).to_string(),
        // Its clock is wrong.
        2 => (reset + 3_600).to_string(),
        3 => (reset - 7_200).to_string(),
        4 => wait.to_string(),
        5 => (wait * 1_000).to_string(),
        6 => renewed.timestamp().to_string(),
        _ => {
            return vec![
                ("ratelimit", format!("\"default\";r={left};t={wait}")),
                ("ratelimit-policy", format!("\"default\";q={limit};w=60")),
            ];
        }
    };
    vec![
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", left.to_string()),
        ("x-ratelimit-reset", reset),
    ]
}

/// An answer as the client gets it.
pub fn response(status: u16, headers: &Told, body: impl Into<reqwest::Body>) -> Response {
    let builder = HttpResponse::builder().status(StatusCode::from_u16(status).expect("a status"));
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
    builder.body(body.into()).expect("an answer").into()
}
