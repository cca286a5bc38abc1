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

use crate::platform::{Done, Job, JobState, Op, Platform, Source};

/// What a request asks for.
#[derive(Clone, Debug)]
pub enum Asked {
    Change(Op),
    /// So many sources of the list, after so many.
    List(usize, usize),
    Source(String),
    Job(u64),
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
            Asked::List(query("limit").unwrap_or(50).min(100), query("offset").unwrap_or(0))
        }
        (&Method::GET, ["sources", id], _) => Asked::Source((*id).to_owned()),
        (&Method::GET, ["ingest", "status", id], _) => id.parse().map_or(Asked::Nothing, Asked::Job),
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

/// The answer to what was asked, which changes nothing; `omitted` is a source that the list forgets, and `who` reads names, in
/// which pass.
pub fn shown(
    manners: &Manners,
    platform: &mut Platform,
    asked: &Asked,
    who: Option<(usize, u64)>,
    omitted: Option<&str>,
) -> (u16, Value) {
    match asked {
        Asked::List(size, after) => {
            let mut all: Vec<&mut Source> =
                platform.sources.iter_mut().filter(|source| omitted != Some(source.id.as_str())).collect();
            if manners.newest_first {
                all.reverse();
            }
            let total = all.len();
            let page = all.into_iter().skip(*after).take(*size).map(|source| {
                if who.is_some_and(|(instance, _)| source.maker == Some(instance)) {
                    source.omitted = 0;
                }
                // What happens while a pass is under way, the next one reads.
                let before = |(_, pass): &(usize, u64)| source.renamed.is_some_and(|renamed| renamed < *pass);
                source.shown.extend(who.filter(before).map(|(instance, _)| instance));
                describe(manners, source)
            });
            let page: Vec<_> = page.collect();
            (200, list(manners, page, total, *size, *after))
        }
        Asked::Source(id) => match platform.find(id) {
            Some(source) => (200, describe(manners, source)),
            None => (404, json!({"message": "no such source"})),
        },
        Asked::Job(id) => match platform.jobs.get(id) {
            None | Some(Job { state: JobState::Forgotten, .. }) => (404, json!({"message": "no such job"})),
            Some(job) => (200, describe_job(*id, job)),
        },
        Asked::Change(_) | Asked::Nothing => (404, json!({"message": "no such call"})),
    }
}

fn list(manners: &Manners, page: Vec<Value>, total: usize, size: usize, after: usize) -> Value {
    match (manners.api, manners.total) {
        (Api::Cevvo, true) => {
            json!({"data": page, "meta": {"page": after / size.max(1) + 1, "per_page": size, "total": total}})
        }
        (Api::Nexvio, true) => json!({
            "status": "success", "data": {"knowledge": page, "total": total, "limit": size, "offset": after}
        }),
        (_, false) => json!({"data": page}),
    }
}

/// The answer to what was done.
pub fn done(manners: &Manners, done: &Done) -> (u16, Value) {
    match done {
        Done::Source(source) => (201, describe(manners, source)),
        Done::Job { id, source } => {
            (202, json!({"job_id": id.to_string(), "status": "processing", "source_id": source}))
        }
        Done::Deleted => (200, json!({"deleted": true})),
        Done::Refused(status, why) => (*status, json!({"error": {"message": why}})),
    }
}

fn describe(manners: &Manners, source: &Source) -> Value {
    let ready = source.documents.iter().filter(|document| document.ready).count();
    let mut value = match manners.api {
        Api::Cevvo => json!({
            "id": source.id, "name": source.name, "type": "file", "status": source.status(), "document_count": ready
        }),
        Api::Nexvio => json!({"id": source.id, "name": source.name, "type": "file", "status": source.status()}),
    };
    if manners.dates {
        let name = if manners.api == Api::Cevvo { "created_at" } else { "added_at" };
        value[name] = json!(source.created.timestamp().to_string());
    }
    value
}

fn describe_job(id: u64, job: &Job) -> Value {
    let status = match job.state {
        // One that is forgotten is not shown.
        JobState::Working | JobState::Forgotten => "processing",
        JobState::Completed => "completed",
        JobState::Failed => "failed",
    };
    json!({"job_id": id.to_string(), "status": status, "source_id": job.source, "error": "it did not like it"})
}

/// What every answer tells of the limit.
pub type Told = Vec<(&'static str, String)>;

/// What is left of the limit at a time.
pub fn told(limit: usize, used: usize, renewed: Moment) -> Told {
    vec![
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", limit.saturating_sub(used).to_string()),
        ("x-ratelimit-reset", (renewed.0 / 1_000_000 + 1).to_string()),
    ]
}

/// An answer as the client gets it.
pub fn response(status: u16, headers: &Told, body: impl Into<reqwest::Body>) -> Response {
    let builder = HttpResponse::builder().status(StatusCode::from_u16(status).expect("a status"));
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
    builder.body(body.into()).expect("an answer").into()
}
