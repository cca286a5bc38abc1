//! Connections that a site closes although it has said that it keeps them.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use kbsync::fetch::Trouble;

use crate::harness::{access, fetcher, page, trouble};

/// When a connection ends.
#[derive(Clone, Copy)]
enum Ends {
    /// After an answer.
    AfterAnswer,
    /// When the next request has come: the answer to it is a reset or nothing.
    AtNextRequest { is_reset: bool },
}

/// A site that answers `answers` times on each connection, and counts the requests.
fn site(answers: usize, ends: Ends) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (address, requests) = (listener.local_addr().expect("an address"), Arc::<AtomicUsize>::default());
    let count = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = BufReader::new(stream);
            for answered in 0.. {
                if answered == answers && matches!(ends, Ends::AfterAnswer) {
                    break;
                }
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap_or_default() == 0 {
                    break;
                }
                count.fetch_add(1, Ordering::Relaxed);
                let is_last = answered == answers;
                if is_last && matches!(ends, Ends::AtNextRequest { is_reset: true }) {
                    // What was not read makes the end a reset.
                    break;
                }
                while !line.trim().is_empty() {
                    line.clear();
                    stream.read_line(&mut line).expect("a request");
                }
                if is_last {
                    break;
                }
                let answer = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage";
                stream.get_mut().write_all(answer.as_bytes()).expect("somebody listens");
            }
        }
    });
    (address, requests)
}

#[tokio::test]
async fn page__on_a_connection_that_was_closed_meanwhile__is_asked_for_once_more() {
    for ends in [Ends::AfterAnswer, Ends::AtNextRequest { is_reset: false }, Ends::AtNextRequest { is_reset: true }] {
        let (address, _) = site(1, ends);
        let fetcher = fetcher();
        for n in 0..20 {
            let url = format!("http://{address}/{n}").parse().expect("an address");
            assert_eq!(page(fetcher.get(&url, &access(), None).await).body, b"page", "{n}");
        }
    }
}

#[tokio::test]
async fn page__on_a_new_connection_that_is_closed__is_not_asked_for_again() {
    for is_reset in [false, true] {
        let (address, requests) = site(0, Ends::AtNextRequest { is_reset });
        let url = format!("http://{address}/").parse().expect("an address");
        let said = trouble(fetcher().get(&url, &access(), None).await);
        assert!(matches!(said, Trouble::Network(_)), "{said:?}");
        assert_eq!(requests.load(Ordering::Relaxed), 1);
    }
}
