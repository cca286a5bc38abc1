//! Who is let in, for how long, and on which sockets.

use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt, time::Duration};

use kbsync::{config::Listen, daemon::bind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

use crate::served::{Daemon, Endpoint, anywhere, idle};

#[tokio::test]
async fn only_known_hosts_are_answered() {
    let daemon = Daemon::new().await;
    for host in ["127.0.0.1:9484", "[::1]", "localhost", "KB.example:443"] {
        assert_eq!(daemon.endpoint.ask("GET", "/healthz", host).await.status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example:9484", ""] {
        for path in ["/", "/healthz", "/api/status", "/nothing"] {
            let answer = daemon.endpoint.ask("GET", path, host).await;
            assert_eq!(answer.status, 403, "{host} {path}");
            assert!(answer.body.contains("`status.hosts`") && answer.body.len() < 120, "{answer:?}");
        }
    }
    let without = daemon.endpoint.send("GET /api/status HTTP/1.0\r\n\r\n").await;
    assert!(without.contains(" 403 "), "{without}");
}

#[tokio::test]
async fn only_questions_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        for path in ["/healthz", "/nothing"] {
            let answer = endpoint.ask(method, path, "localhost").await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "get, head");
        }
    }
}

#[tokio::test]
async fn a_socket_is_for_its_owner_and_group_and_any_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.sock");
    let endpoint = Endpoint::at(&Listen::Socket(path.clone()), idle(folder.path())).await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert_eq!(endpoint.ask("GET", "/healthz", "whatever.example").await.body, "ok\n");
    // While it is alive, nobody takes its place.
    let error = bind(&Listen::Socket(path.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("status.sock") && error.to_string().contains("`status.listen`"), "{error}");
    assert_eq!(endpoint.ask("GET", "/healthz", "x").await.status, 200);
    endpoint.stopped().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_replaced_and_any_other_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let endpoint = Endpoint::at(&Listen::Socket(path.clone()), idle(folder.path())).await;
    assert_eq!(endpoint.ask("GET", "/healthz", "x").await.status, 200);
    endpoint.stopped().await;
    fs::write(&path, "precious").unwrap();
    let error = bind(&Listen::Socket(path.clone())).await.unwrap_err();
    assert_eq!((error.kind(), fs::read_to_string(&path).unwrap().as_str()), (ErrorKind::AlreadyExists, "precious"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    let taken = Listen::Address(endpoint.address().parse().unwrap());
    let error = bind(&taken).await.unwrap_err().to_string();
    assert!(error.contains(endpoint.address()) && error.contains("`status.listen`"), "{error}");
    assert!(bind(&Listen::Nowhere).await.unwrap().is_none());
}

/// Time that nobody uses passes at once.
#[tokio::test(start_paused = true)]
async fn whoever_dawdles_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    for request in [
        "",
        "GET /healthz HT",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-",
    ] {
        assert_eq!(endpoint.send(request).await, "", "{request:?}");
    }
    let path = folder.path().join("status.sock");
    let socket = Endpoint::at(&Listen::Socket(path.clone()), idle(folder.path())).await;
    let mut slow = UnixStream::connect(&path).await.unwrap();
    slow.write_all(b"GET").await.unwrap();
    assert_eq!(slow.read(&mut [0]).await.unwrap_or(0), 0);
    socket.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn many_silent_connections_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    let mut silent = Vec::new();
    for begun in ["", "GET /healthz HTTP/1.1\r\nHost: lo"].into_iter().cycle().take(40) {
        let mut stream = TcpStream::connect(endpoint.address()).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    let begun = tokio::time::Instant::now();
    assert_eq!(endpoint.get("/healthz").await.body, "ok\n");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// Connects without a word, and again as soon as that is cut.
async fn return_to(address: String) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(&address).await {
            let _ = stream.read(&mut [0]).await;
        }
    }
}

#[tokio::test]
async fn connections_that_come_back_at_once_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    let address = endpoint.address().to_owned();
    let intruders: Vec<_> = (0..60).map(|_| tokio::spawn(return_to(address.clone()))).collect();
    for _ in 0..5 {
        assert_eq!(endpoint.get("/healthz").await.body, "ok\n");
    }
    intruders.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_head_has_two_seconds_and_is_no_http_2() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(endpoint.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n").await, "");
    assert!((1..4).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(endpoint.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, "");
}

#[tokio::test]
async fn one_request_ends_a_connection_and_a_silent_one_does_not_delay_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::at(&anywhere(), idle(folder.path())).await;
    let twice = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2);
    assert_eq!(endpoint.send(&twice).await.matches("HTTP/1.1 200").count(), 1);
    let _silent = TcpStream::connect(endpoint.address()).await.unwrap();
    let begun = std::time::Instant::now();
    endpoint.stopped().await;
    assert!(begun.elapsed().as_secs() < 8, "it stops before the silent one is cut");
}
