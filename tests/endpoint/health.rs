//! `kbsync health`.

use std::path::Path;

use kbsync::config::Listen;

use crate::{
    bench::{Said, command, said},
    served::{Endpoint, anywhere, idle},
};

async fn health(folder: &Path, listen: &str) -> Said {
    let config = format!("status:\n  listen: '{listen}'\ncollections:\n  - name: docs\n    folder: ./docs\n");
    std::fs::write(folder.join("kbsync.yaml"), config).unwrap();
    let mut command = command(folder, &["--quiet", "health"]);
    command.env("http_proxy", "http://127.0.0.1:1").env("HTTP_PROXY", "http://127.0.0.1:1");
    said(command).await
}

#[tokio::test]
async fn a_daemon_that_lives_says_ok() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    let port = endpoint.address().rsplit(':').next().unwrap();
    for listen in [endpoint.address(), &format!("0.0.0.0:{port}")] {
        let said = health(folder.path(), listen).await;
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "ok\n", ""), "{listen}");
    }
    let socket = Endpoint::at(&Listen::Socket(folder.path().join("status.sock")), idle(folder.path())).await;
    assert_eq!(health(folder.path(), "unix:status.sock").await.ended(0, &[]).out, "ok\n");
    socket.stopped().await;
    health(folder.path(), "unix:status.sock").await.ended(1, &["status.sock", "`kbsync run`"]);
    let address = endpoint.address().to_owned();
    endpoint.stopped().await;
    health(folder.path(), &address).await.ended(1, &[&address, "does not answer", "`kbsync run`"]);
}

#[tokio::test]
async fn whoever_answers_without_a_daemon_is_not_healthy() {
    let folder = tempfile::tempdir().unwrap();
    health(folder.path(), "none").await.ended(1, &["listen: none"]);
    // Something listens there, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    health(folder.path(), &address).await.ended(1, &["does not answer"]);
}

/// A daemon that refused a changed config goes on with the one before.
#[tokio::test]
async fn an_address_that_is_given_needs_no_config() {
    let folder = tempfile::tempdir().unwrap();
    let shared = idle(folder.path());
    let endpoint = Endpoint::at(&anywhere(), shared.clone()).await;
    let socket = Endpoint::at(&Listen::Socket(folder.path().join("status.sock")), shared).await;
    std::fs::write(folder.path().join("kbsync.yaml"), "collection: []\n").unwrap();
    said(command(folder.path(), &["health"])).await.ended(2, &["collections"]);
    for at in [endpoint.address(), "unix:status.sock"] {
        assert_eq!(said(command(folder.path(), &["health", "--at", at])).await.ended(0, &[]).out, "ok\n");
        let mut command = command(folder.path(), &["health"]);
        command.env("KBSYNC_HEALTH_AT", at);
        said(command).await.ended(0, &["ok"]);
    }
    socket.stopped().await;
    said(command(folder.path(), &["health", "--at", "unix:status.sock"])).await.ended(1, &["does not answer"]);
    said(command(folder.path(), &["health", "--at", "somewhere"])).await.ended(2, &["127.0.0.1:9484", "unix:"]);
}
