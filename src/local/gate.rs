//! What every request passes before its route: the log, the host, the key, the rate limit, the faults.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError},
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;

use super::{
    App,
    api::Api,
    connection::Scissors,
    error::ApiError,
    ids, inject,
    limit::{SlidingLog, UNLIMITED, Verdict},
    log::UNKNOWN_ROUTE,
};

/// Judges a request and passes it on.
pub(super) async fn gate(
    State(app): State<Arc<App>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let (api, path) = Api::of(request.uri().path());
    let route = route.as_ref().map_or(UNKNOWN_ROUTE, |path| Api::of(path.as_str()).1);
    app.log.asked(request.method(), route);
    let admitted = admit(&app, request.headers());
    if admitted.is_ok() {
        scissors.authenticated();
    }
    let (verdict, answer) = match admitted {
        Err(refusal) => (ask_limit(&app, SlidingLog::look), refusal.into_response()),
        Ok(()) => match ask_limit(&app, SlidingLog::judge) {
            Some(verdict) if !verdict.allowed => (Some(verdict), too_many(verdict.limit).into_response()),
            verdict => {
                let fault = app.faults.draw(request.method().as_str(), path);
                (verdict, inject::pass(&app, fault, &scissors, request, next).await)
            }
        },
    };
    let mut answer = api.worded(answer);
    // Nexvio tells a limit in every answer.
    if let Some(verdict) = verdict.or(matches!(api, Api::Nexvio(_)).then_some(UNLIMITED)) {
        tell(&mut answer, verdict);
    }
    if scissors.is_cut() {
        app.log.cut();
    } else {
        app.log.answered(answer.status().as_u16());
    }
    answer
}

fn admit(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(is_loopback) {
        // A page in a browser may point a name of its own at 127.0.0.1; only this machine's names are served.
        let message = "the local platform answers only to localhost and loopback addresses";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "host_refused", message));
    }
    let key = headers.get(header::AUTHORIZATION).and_then(bearer);
    if !key.is_some_and(|key| same(key, app.key.expose_secret().as_bytes())) {
        let message = "send `Authorization: Bearer KEY` with the key in the data folder's `api_key`";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
    }
    Ok(())
}

/// Whether a `Host` header names this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, key) = value.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
}

/// Compares in a time that does not tell where two keys of equal length differ.
fn same(given: &[u8], key: &[u8]) -> bool {
    given.len() == key.len() && given.iter().zip(key).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

fn ask_limit(app: &App, ask: fn(&mut SlidingLog, Instant) -> Verdict) -> Option<Verdict> {
    let log = app.limiter.as_ref()?;
    Some(ask(&mut log.lock().unwrap_or_else(PoisonError::into_inner), Instant::now()))
}

fn too_many(limit: u32) -> ApiError {
    let message = format!("more than {limit} requests in the window; wait for as long as Retry-After says");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
}

/// Writes the limit's headers, in whole seconds rounded up. `X-RateLimit-Reset` is a time since 1970.
fn tell(answer: &mut Response, verdict: Verdict) {
    let wait = verdict.reset.as_millis().div_ceil(1000).max(1) as u64;
    let reset = ids::now_ms().unsigned_abs().div_ceil(1000) + wait;
    let refused = !verdict.allowed && answer.status() == StatusCode::TOO_MANY_REQUESTS;
    let headers = answer.headers_mut();
    // What a fault says stays.
    headers.entry("x-ratelimit-limit").or_insert(HeaderValue::from(verdict.limit));
    headers.entry("x-ratelimit-remaining").or_insert(HeaderValue::from(verdict.remaining));
    headers.entry("x-ratelimit-reset").or_insert(HeaderValue::from(reset));
    if refused {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_names_are_hosts() {
        for ours in ["localhost", "LOCALHOST:8484", "127.0.0.1", "127.0.0.1:80", "127.1.2.3:1", "[::1]", "[::1]:8484"] {
            assert!(is_loopback(ours), "{ours}");
        }
        for theirs in ["", "evil.example", "localhost.evil.example", "10.0.0.1:80", "[::2]:1", "127.0.0.1.evil.example"]
        {
            assert!(!is_loopback(theirs), "{theirs}");
        }
    }

    #[test]
    fn keys_are_compared_whole() {
        assert!(same(b"kb_local_1", b"kb_local_1"));
        assert!(!same(b"kb_local_2", b"kb_local_1"));
        assert!(!same(b"kb_local_", b"kb_local_1"));
        assert_eq!(bearer(&HeaderValue::from_static("bearer abc")), Some(b"abc".as_slice()));
        assert_eq!(bearer(&HeaderValue::from_static("Basic abc")), None);
        assert_eq!(bearer(&HeaderValue::from_static("Bear")), None);
    }
}
