//! What needs a look inside: headers that are read, and hops from a host that is taken for a public one.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    thread,
};

use super::*;

#[test]
fn content_types_are_read() {
    for (value, media_type, charset) in [
        ("text/html", "text/html", None),
        ("Text/HTML; Charset=ISO-8859-1", "text/html", Some("ISO-8859-1")),
        ("text/html;boundary=x; charset=\"utf-8\" ", "text/html", Some("utf-8")),
        ("text/html; charset=", "text/html", None),
        ("text/html, text/html", "text/html", None),
        ("text/html; charset=utf-8, text/html; charset=utf-8", "text/html", Some("utf-8")),
        ("", "", None),
    ] {
        assert_eq!(content_type(value), (media_type.to_owned(), charset.map(str::to_owned)), "{value}");
    }
}

/// Redirects every request to the same address.
fn redirecting(to: &str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::from("first");
            while !line.trim().is_empty() {
                line.clear();
                stream.read_line(&mut line).unwrap();
            }
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_public_host_cannot_send_us_to_a_private_address() {
    // One address of this machine is public for this test; all others are what they are.
    let is_private = |address| address != IpAddr::from(Ipv4Addr::LOCALHOST) && private(address);
    let fetcher = Fetcher::rejecting(is_private, "kbsync", Timing::default()).unwrap();
    let access = Access {
        collection: String::new(),
        allow_private: false,
        allowed: Default::default(),
        headers: BTreeMap::new(),
        max_size: 1 << 20,
        delay: Duration::ZERO,
        at_once: 1,
        obey_robots: false,
        time: None,
    };
    for (to, address) in [
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
        ("http://[::1]/", "::1"),
        ("//127.0.0.2/", "127.0.0.2"),
        ("http://2130706434/", "127.0.0.2"),
        ("http://[fd00::1]:8080/", "fd00::1"),
    ] {
        let url = format!("http://{}/", redirecting(to)).parse().unwrap();
        // On the way to the page, and on the way to its robots.txt.
        for obey_robots in [false, true] {
            let answer = fetcher.get(&url, &Access { obey_robots, ..access.clone() }, None).await;
            let Answer::Kept(Trouble::Private { address: said, .. }) = answer else { panic!("{to}: {answer:?}") };
            assert_eq!(said, address.parse::<IpAddr>().unwrap(), "{to}");
        }
    }
}
