//! A running local platform: where it is, what it was asked, what it holds, and how it stops.

use std::{io, path::PathBuf, sync::Arc, thread, time::Duration};

use rusqlite::Transaction;
use secrecy::SecretString;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::{App, changes::Change, connection::Scissors, error::ApiError, folder, log::RequestLog};

/// How long requests under way may take to end when the platform stops.
const PATIENCE: Duration = Duration::from_secs(3);

/// A running platform. Dropped, it stops at once, as if its process had died; [`Running::stop`] stops it in order.
#[derive(Debug)]
pub struct Running {
    app: Arc<App>,
    base_url: String,
    root: PathBuf,
    tasks: Option<Tasks>,
}

/// What runs for a platform.
#[derive(Debug)]
pub(super) struct Tasks {
    pub(super) stop: oneshot::Sender<()>,
    pub(super) server: JoinHandle<io::Result<()>>,
    /// Cuts every connection of the server.
    pub(super) scissors: Scissors,
    /// What runs jobs, and what crawls.
    pub(super) workers: [JoinHandle<()>; 2],
    pub(super) db_thread: thread::JoinHandle<()>,
}

/// A source as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotSource {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `pending`, `synced` or `failed`.
    pub status: String,
    /// The documents in it, oldest first.
    pub documents: Vec<SnapshotDocument>,
}

/// A document as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotDocument {
    /// The name that it was uploaded under, or its address.
    pub file_name: String,
    /// The SHA-256 of the received bytes, in hex.
    pub sha256: String,
}

impl Running {
    pub(super) fn new(app: Arc<App>, base_url: String, root: PathBuf, tasks: Tasks) -> Self {
        Self { app, base_url, root, tasks: Some(tasks) }
    }

    /// Where Cevvo's API is: `http://127.0.0.1:PORT/api/v1`. Nexvio's is beside it, at [`NEXVIO_PATH`](super::NEXVIO_PATH).
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The key that the API wants.
    pub fn api_key(&self) -> &SecretString {
        &self.app.key
    }

    /// What was asked so far.
    pub fn requests(&self) -> &RequestLog {
        &self.app.log
    }

    /// Every source with its documents, oldest first, read from the database in one moment.
    pub async fn snapshot(&self) -> Vec<SnapshotSource> {
        self.app.db.call(snapshot).await.unwrap_or_default()
    }

    /// Every change of the holdings from now on, in the order in which they take effect.
    pub fn watch(&self) -> mpsc::UnboundedReceiver<Change> {
        self.app.changes.watch()
    }

    /// Ends when every late effect ([`Fault::LateEffect`](super::Fault::LateEffect)) has taken place, and gives how long after
    /// its request the latest since the last call has: on a busy machine later than was asked for.
    pub async fn late_effects_done(&self) -> Duration {
        self.app.put_off_work_done().await
    }

    /// Stops in order: requests under way end, jobs and crawls under way are left for the next start, the database is closed.
    pub async fn stop(mut self) {
        let Some(Tasks { stop, mut server, scissors, workers, db_thread }) = self.tasks.take() else { return };
        // The server may have ended by itself.
        let _ = stop.send(());
        if timeout(PATIENCE, &mut server).await.is_err() {
            server.abort();
        }
        scissors.cut_all();
        for worker in workers {
            worker.abort();
            // An aborted task ends with an error that says so.
            let _ = worker.await;
        }
        self.app.drop_put_off_work();
        folder::remove_address(&self.root);
        self.app.db.stop();
        if tokio::task::spawn_blocking(move || db_thread.join()).await.is_ok_and(|ended| ended.is_err()) {
            tracing::error!("the database's thread of the local platform panicked");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(tasks) = self.tasks.take() {
            tasks.scissors.cut_all();
            tasks.server.abort();
            tasks.workers.iter().for_each(JoinHandle::abort);
            self.app.drop_put_off_work();
            self.app.db.stop();
        }
    }
}

fn snapshot(tx: &Transaction) -> Result<Vec<SnapshotSource>, ApiError> {
    let mut find = tx.prepare_cached(
        "SELECT sources.id, name, status, file_name, sha256 FROM sources \
         LEFT JOIN documents ON documents.source = sources.seq ORDER BY sources.seq, documents.seq",
    )?;
    let mut rows = find.query([])?;
    let mut sources: Vec<SnapshotSource> = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        if sources.last().is_none_or(|last| last.id != id) {
            sources.push(SnapshotSource { id, name: row.get(1)?, status: row.get(2)?, documents: Vec::new() });
        }
        if let (Some(source), Some(file_name)) = (sources.last_mut(), row.get::<_, Option<String>>(3)?) {
            source.documents.push(SnapshotDocument { file_name, sha256: row.get(4)? });
        }
    }
    Ok(sources)
}
