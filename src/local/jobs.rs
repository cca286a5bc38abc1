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
use url::Url;

use crate::platform::wire::cevvo::Job;

use super::{
    App,
    changes::Change,
    documents::{self, Document},
    error::ApiError,
    faults::JobFault,
    ids, page,
};

/// Jobs whose text is read at the same time.
pub(super) const AT_ONCE: usize = 2;

/// A received file.
pub(super) struct Upload {
    pub(super) file_name: String,
    /// The SHA-256 of its bytes, in hex.
    pub(super) sha256: String,
}

/// A job that is to begin: either `upload` or `url` is there.
pub(super) struct Fresh {
    pub(super) job_id: String,
    pub(super) upload: Option<(Upload, StoredUpload)>,
    pub(super) url: Option<String>,
}

/// A job that waits for a worker: its row's number and its id.
#[derive(Debug)]
pub(super) struct Queued {
    seq: i64,
    id: String,
}

/// The stored file of an upload or a page, removed when this is dropped without [`StoredUpload::keep`].
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

/// Writes the job down and hands it to the workers. `source` finds or makes the source that its document goes into, and
/// gives its row's number and what is to be answered. All of it is done or nothing is, even when the client goes away
/// meanwhile.
pub(super) async fn begin<T: Send + 'static>(
    app: &App,
    fresh: Fresh,
    fault: Option<JobFault>,
    source: impl FnOnce(&Transaction) -> Result<(i64, T), ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    if let Some(fault) = fault {
        app.faults.afflict_job(&fresh.job_id, fault);
    }
    let queue = app.queue.clone();
    let begun = app.db.call(move |tx| {
        let (source, answer) = source(tx)?;
        insert(tx, fresh, source, &queue)?;
        Ok(answer)
    });
    begun.await
}

fn insert(tx: &Transaction, fresh: Fresh, source: i64, queue: &mpsc::UnboundedSender<Queued>) -> Result<(), ApiError> {
    let Fresh { job_id, upload, url } = fresh;
    let (upload, stored) = upload.unzip();
    let (file_name, sha256) = upload.map(|upload| (upload.file_name, upload.sha256)).unzip();
    tx.prepare_cached(
        "INSERT INTO jobs (id, source, status, file_name, sha256, url, started_at) \
         VALUES (?1, ?2, 'processing', ?3, ?4, ?5, ?6)",
    )?
    .execute(params![job_id, source, file_name, sha256, url, ids::now_ms()])?;
    let queued = Queued { seq: tx.last_insert_rowid(), id: job_id };
    tx.prepare_cached("UPDATE sources SET status = 'pending' WHERE seq = ?1")?.execute([source])?;
    if let Some(stored) = stored {
        stored.keep();
    }
    // The worker asks this same thread for the row, so it finds it committed. The workers are gone only while the
    // platform stops; the job is then run by the next start.
    let _ = queue.send(queued);
    Ok(())
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

/// Why the last job of a source failed.
pub(super) fn why_failed(tx: &Transaction, source_id: &str) -> Result<Option<String>, ApiError> {
    let sql = "SELECT error FROM jobs WHERE source = (SELECT seq FROM sources WHERE id = ?1) ORDER BY seq DESC LIMIT 1";
    Ok(tx.prepare_cached(sql)?.query_row([source_id], |row| row.get(0)).optional()?.flatten())
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
        // There is none of an HTML page.
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
    let document = match fault {
        Some(JobFault::Fails(reason)) => Err(reason),
        Some(JobFault::Forgotten | JobFault::Stalls) | None => read(app, &job.id, task).await,
    };
    let changes = app.changes.clone();
    let finish = move |tx: &Transaction| {
        if let Some(change) = finish(tx, seq, document)? {
            changes.tell(&change);
        }
        Ok(())
    };
    app.db.call(finish).await
}

/// Reads what a job works on; an error is the reason for people.
async fn read(app: &App, job_id: &str, task: Task) -> Result<Document, String> {
    let file = app.uploads.join(job_id);
    match task {
        Task { file_name: Some(file_name), sha256, .. } => {
            let text = app.extractor.text(&file_name, &file).await.map_err(|error| error.to_string())?;
            let (sha256, chunks) = (sha256.unwrap_or_default(), documents::cut(text).await?);
            Ok(Document { file_name, url: None, title: None, sha256, chunks })
        }
        Task { url: Some(url), .. } => {
            let address = Url::parse(&url).map_err(|error| error.to_string())?;
            let page = page::read(app, &address, &app.access, &file).await.map_err(|error| error.to_string())?;
            let chunks = documents::cut(page.text).await?;
            Ok(Document { file_name: url.clone(), url: Some(url), title: page.title, sha256: page.sha256, chunks })
        }
        Task { file_name: None, url: None, .. } => Err("the job names neither a file nor an address".to_owned()),
    }
}

/// Writes a job's end. Nothing is written where the source was deleted meanwhile.
fn finish(tx: &Transaction, seq: i64, document: Result<Document, String>) -> Result<Option<Change>, ApiError> {
    let mut find = tx.prepare_cached("SELECT source FROM jobs WHERE seq = ?1 AND status = 'processing'")?;
    let Some(source) = find.query_row([seq], |row| row.get::<_, i64>(0)).optional()? else { return Ok(None) };
    let now = ids::now_ms();
    let (status, error) = match &document {
        Ok(_) => ("completed", None),
        Err(reason) => ("failed", Some(reason)),
    };
    tx.prepare_cached("UPDATE jobs SET status = ?2, error = ?3, completed_at = ?4 WHERE seq = ?1")?
        .execute(params![seq, status, error, now])?;
    let more: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM jobs WHERE source = ?1 AND status = 'processing')")?
        .query_row([source], |row| row.get(0))?;
    let status = match &document {
        _ if more => "pending",
        Ok(_) => "synced",
        Err(_) => "failed",
    };
    let synced_at = document.is_ok().then_some(now);
    tx.prepare_cached("UPDATE sources SET status = ?2, last_synced_at = ifnull(?3, last_synced_at) WHERE seq = ?1")?
        .execute(params![source, status, synced_at])?;
    document.ok().map(|document| documents::hold(tx, source, &document)).transpose()
}
