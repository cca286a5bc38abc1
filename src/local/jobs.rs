//! Ingestion jobs: from an upload or an address to chunks in the index.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{OptionalExtension, Row, Transaction, params};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::sleep,
};

use crate::platform::wire::Job;

use super::{App, changes::Change, chunk, error::ApiError, faults::JobFault, ids, index, page, sources};

/// Jobs whose text is read at the same time.
const AT_ONCE: usize = 2;

/// A received file.
pub(super) struct Upload {
    pub(super) file_name: String,
    /// The SHA-256 of its bytes, in hex.
    pub(super) sha256: String,
}

/// A job that is to begin: either `upload` or `url` is there.
pub(super) struct Fresh {
    pub(super) job_id: String,
    pub(super) source_id: String,
    pub(super) upload: Option<(Upload, StoredUpload)>,
    pub(super) url: Option<String>,
}

/// A job that waits for a worker: its row's number and its id.
#[derive(Debug)]
pub(super) struct Queued {
    seq: i64,
    id: String,
}

/// The stored file of an upload, removed when this is dropped without [`StoredUpload::keep`].
pub(super) struct StoredUpload {
    path: PathBuf,
    kept: bool,
}

impl StoredUpload {
    pub(super) fn new(app: &App, job_id: &str) -> Self {
        Self { path: app.uploads.join(job_id), kept: false }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for StoredUpload {
    fn drop(&mut self) {
        if !self.kept {
            // It is missing when nothing was received.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes the job down and hands it to the workers; answers as `/ingest/upload` and `/ingest/url` do. All of it is done
/// or nothing is, even when the client goes away meanwhile.
pub(super) async fn begin(app: &App, fresh: Fresh, fault: Option<JobFault>) -> Result<Job, ApiError> {
    if let Some(fault) = fault {
        app.faults.afflict_job(&fresh.job_id, fault);
    }
    let queue = app.queue.clone();
    app.db.call(move |tx| insert(tx, fresh, &queue)).await
}

fn insert(tx: &Transaction, fresh: Fresh, queue: &mpsc::UnboundedSender<Queued>) -> Result<Job, ApiError> {
    let Fresh { job_id, source_id, upload, url } = fresh;
    let source = sources::seq_of(tx, &source_id)?;
    let (upload, stored) = upload.unzip();
    let (file_name, sha256) = upload.map(|upload| (upload.file_name, upload.sha256)).unzip();
    tx.prepare_cached(
        "INSERT INTO jobs (id, source, status, file_name, sha256, url, started_at) \
         VALUES (?1, ?2, 'processing', ?3, ?4, ?5, ?6)",
    )?
    .execute(params![job_id, source, file_name, sha256, url, ids::now_ms()])?;
    let queued = Queued { seq: tx.last_insert_rowid(), id: job_id.clone() };
    tx.prepare_cached("UPDATE sources SET status = 'pending' WHERE seq = ?1")?.execute([source])?;
    if let Some(stored) = stored {
        stored.keep();
    }
    // The worker asks this same thread for the row, so it finds it committed. The workers are gone only while the
    // platform stops; the job is then run by the next start.
    let _ = queue.send(queued);
    let status = "processing".to_owned();
    Ok(Job { job_id, status, file_name, url, source_id: Some(source_id), ..Job::default() })
}

/// A job as `/ingest/status/{id}` shows it.
pub(super) fn find(tx: &Transaction, id: &str) -> Result<Job, ApiError> {
    let mut find = tx.prepare_cached("SELECT id, status, error, started_at, completed_at FROM jobs WHERE id = ?1")?;
    let job = find.query_row([id], |row| {
        let status: String = row.get(1)?;
        Ok(Job {
            job_id: row.get(0)?,
            documents_processed: Some(u64::from(status == "completed")),
            status,
            error: row.get::<_, Option<String>>(2)?.map(Into::into),
            started_at: ids::timestamp(row.get(3)?),
            completed_at: row.get::<_, Option<i64>>(4)?.and_then(ids::timestamp),
            ..Job::default()
        })
    });
    job.optional()?.ok_or_else(|| ApiError::missing("job", id))
}

/// The jobs that the last run left unfinished, oldest first.
pub(super) async fn unfinished(app: &App) -> Result<Vec<Queued>, ApiError> {
    let find = |tx: &Transaction| {
        let mut find = tx.prepare("SELECT seq, id FROM jobs WHERE status = 'processing' ORDER BY seq")?;
        let rows = find.query_map([], |row| Ok(Queued { seq: row.get(0)?, id: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    app.db.call(find).await
}

/// Queues unfinished jobs again, and removes files that none of them needs.
pub(super) fn resume(app: &App, unfinished: Vec<Queued>) -> io::Result<()> {
    let needed: HashSet<&str> = unfinished.iter().map(|job| job.id.as_str()).collect();
    for entry in fs::read_dir(&app.uploads)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(|name| needed.contains(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    for job in unfinished {
        // The workers' end of the queue is held by the caller.
        let _ = app.queue.send(job);
    }
    Ok(())
}

/// Runs queued jobs until it is aborted, which leaves those under way unfinished.
pub(super) async fn work(app: Arc<App>, mut queue: mpsc::UnboundedReceiver<Queued>, delay: Duration) {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            Some(job) = queue.recv() => {
                running.spawn(run(Arc::clone(&app), Arc::clone(&permits), job, delay));
            }
            Some(_) = running.join_next() => {}
            else => break,
        }
    }
}

/// What a job works on.
struct Task {
    file_name: Option<String>,
    sha256: Option<String>,
    url: Option<String>,
}

async fn run(app: Arc<App>, permits: Arc<Semaphore>, job: Queued, delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
    let Ok(_permit) = permits.acquire().await else { return };
    let fault = app.faults.of_job(&job.id);
    if fault == Some(JobFault::Stalls) {
        return;
    }
    match run_one(&app, &job, fault).await {
        // A job of an address has no file.
        Ok(()) => drop(tokio::fs::remove_file(app.uploads.join(&job.id)).await),
        Err(error) => {
            tracing::error!("job {} of the local platform waits for the next start: {}", job.id, error.message());
        }
    }
}

async fn run_one(app: &App, job: &Queued, fault: Option<JobFault>) -> Result<(), ApiError> {
    let seq = job.seq;
    let task = app.db.call(move |tx| {
        let mut find = tx.prepare_cached("SELECT file_name, sha256, url FROM jobs WHERE seq = ?1")?;
        let task = |row: &Row| Ok(Task { file_name: row.get(0)?, sha256: row.get(1)?, url: row.get(2)? });
        Ok(find.query_row([seq], task).optional()?)
    });
    // Without a row, its source was deleted.
    let Some(task) = task.await? else { return Ok(()) };
    let text = match fault {
        Some(JobFault::Fails(reason)) => Err(reason),
        Some(JobFault::Forgotten | JobFault::Stalls) | None => read_text(app, &job.id, &task).await,
    };
    let changes = app.changes.clone();
    let finish = move |tx: &Transaction| {
        if let Some(change) = finish(tx, seq, task, text)? {
            changes.tell(&change);
        }
        Ok(())
    };
    app.db.call(finish).await
}

/// A document's bytes as text, with their hash; an error is the reason for people.
struct Text {
    chunks: Vec<chunk::Chunk>,
    sha256: String,
}

async fn read_text(app: &App, job_id: &str, task: &Task) -> Result<Text, String> {
    let (name, text, sha256) = match (&task.file_name, &task.url) {
        (Some(file_name), _) => {
            let text = app.extractor.text(file_name, &app.uploads.join(job_id)).await;
            (file_name, text.map_err(|error| error.to_string())?, task.sha256.clone().unwrap_or_default())
        }
        (None, Some(url)) => {
            let page = page::fetch(url).await.map_err(|error| error.to_string())?;
            (url, page.text, page.hash.to_string())
        }
        (None, None) => return Err("the job names neither a file nor an address".to_owned()),
    };
    if text.trim().is_empty() {
        return Err(format!("no text could be read from {name}"));
    }
    // A large file takes a while to cut.
    let chunks = tokio::task::spawn_blocking(move || chunk::chunks(&text)).await.map_err(|error| error.to_string())?;
    Ok(Text { chunks, sha256 })
}

/// Writes a job's end. Nothing is written where the source was deleted meanwhile.
fn finish(tx: &Transaction, seq: i64, task: Task, text: Result<Text, String>) -> Result<Option<Change>, ApiError> {
    let mut find = tx.prepare_cached("SELECT source FROM jobs WHERE seq = ?1 AND status = 'processing'")?;
    let Some(source) = find.query_row([seq], |row| row.get::<_, i64>(0)).optional()? else { return Ok(None) };
    let now = ids::now_ms();
    let (status, error) = match &text {
        Ok(_) => ("completed", None),
        Err(reason) => ("failed", Some(reason)),
    };
    tx.prepare_cached("UPDATE jobs SET status = ?2, error = ?3, completed_at = ?4 WHERE seq = ?1")?
        .execute(params![seq, status, error, now])?;
    let more: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM jobs WHERE source = ?1 AND status = 'processing')")?
        .query_row([source], |row| row.get(0))?;
    let status = match &text {
        _ if more => "pending",
        Ok(_) => "synced",
        Err(_) => "failed",
    };
    tx.prepare_cached("UPDATE sources SET status = ?2 WHERE seq = ?1")?.execute(params![source, status])?;
    text.ok().map(|text| hold(tx, source, task, &text, now)).transpose()
}

/// Stores and indexes a document.
fn hold(tx: &Transaction, source: i64, task: Task, text: &Text, now: i64) -> Result<Change, ApiError> {
    let file_name = task.file_name.or_else(|| task.url.clone()).unwrap_or_default();
    tx.prepare_cached("INSERT INTO documents (source, file_name, sha256, url) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![source, file_name, text.sha256, task.url])?;
    index::add(tx, tx.last_insert_rowid(), &text.chunks)?;
    let mut update = tx.prepare_cached("UPDATE sources SET last_synced_at = ?2 WHERE seq = ?1 RETURNING id, name")?;
    let held = |row: &Row| Ok(Change::Held { source_id: row.get(0)?, name: row.get(1)? });
    Ok(update.query_row([source, now], held)?)
}
