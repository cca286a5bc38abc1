//! A platform that repeats the key wherever an answer has room for words.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Answers with the key in them.
pub fn answers(key: &str) -> Vec<String> {
    let json = serde_json::Value::from(key).to_string();
    let of = |head: &str, body: &str| {
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let as_json = "Content-Type: application/json";
    vec![
        of(&format!("401 Unauthorized\r\n{as_json}"), &format!(r#"{{"message": {json}}}"#)),
        of(&format!("403 Forbidden\r\n{as_json}"), &format!(r#"{{"error": {{"message": {json}, "code": {json}}}}}"#)),
        of(&format!("422 Unprocessable\r\n{as_json}"), &format!(r#"{{"error": {json}, "details": [{json}]}}"#)),
        of(&format!("404 Not Found\r\nContent-Type: {key}"), key),
        of(&format!("302 Found\r\nLocation: http://127.0.0.1:1/{key}?key={key}"), ""),
        of(&format!("307 Temporary Redirect\r\nLocation: {key}"), key),
        of(&format!("429 Too Many Requests\r\nRetry-After: {key}"), key),
        of("500 Internal Server Error\r\nContent-Type: text/html", &format!("<html><h1>{key}</h1></html>")),
        of(&format!("418 {key}\r\nX-Request-Id: {key}"), key),
        of("200 OK\r\nContent-Type: text/plain", key),
        of(&format!("200 OK\r\n{as_json}"), &format!(r#"{{"sources": {json}, "data": {json}, "answer": [{json}]}}"#)),
        of(&format!("200 OK\r\n{as_json}"), &parts(key)),
        of(&format!("200 OK\r\n{as_json}\r\nContent-Encoding: gzip"), key),
        format!("{key}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{key}: {key}\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n"),
    ]
}

/// An answer of every call with parts of the key, cut and spelled in other ways, in its names, ids and words.
fn parts(key: &str) -> String {
    let (half, cut) = (key.len() / 2, key.len() - 12);
    let spelled: String = key.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let text = format!("{} | {} and {spelled}", &key[..half], &key[half..]);
    let source = serde_json::json!({"id": key[..cut], "name": text, "status": key[3..], "document_count": 1});
    let answer = serde_json::json!({
        "sources": [source], "data": [source], "id": key[..cut], "job_id": key[3..], "source_id": key[..cut],
        "answer": text, "response": text, "message": text, "total": 1, "status": key[..cut],
    });
    answer.to_string()
}

/// Answers every request with this, from now on.
pub fn serve(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = answer.clone();
            // Whoever hangs up has heard enough.
            thread::spawn(move || stream.and_then(|stream| respond(stream, &answer)));
        }
    });
    address
}

fn respond(stream: TcpStream, answer: &str) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = said.trim().parse().unwrap_or(0);
        }
    }
    stream.by_ref().take(length).read_to_end(&mut Vec::new())?;
    stream.get_mut().write_all(answer.as_bytes())
}
