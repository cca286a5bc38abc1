//! The status endpoint: whether the daemon lives and is ready, what can be measured, and how everything is.
//!
//! It only reads, and what it says has no secret in it. A page in somebody's browser may point a name of its own at
//! this address, so on TCP only known hosts are answered.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use tokio::sync::watch;

use super::{
    listener::Bound,
    metrics::MEDIA_TYPE,
    note::Note,
    page,
    shared::Shared,
    status::{self, Status},
};
use crate::{
    config::Config,
    model::Moment,
    platform::clock,
    store::{Db, StoreError},
};

/// Requests under way have so long to end when the daemon stops.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// On every answer: one request a connection, nothing kept, nothing loaded from elsewhere, no other page around it.
const HEADERS: [(header::HeaderName, &str); 5] = [
    (header::CONNECTION, "close"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

#[derive(Clone)]
struct App {
    shared: Arc<Shared>,
    /// Whether a request may be for any host: who reaches a Unix socket is no page in a browser.
    any_host: bool,
}

/// Serves until `stop` becomes true or its sender is gone.
pub async fn serve(listener: Bound, shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    let router = router(App { shared, any_host: listener.is_socket() });
    let stopping = stop.clone();
    let server = axum::serve(listener, router).with_graceful_shutdown(stopped(stop));
    tokio::select! {
        ended = server => {
            if let Err(error) = ended {
                tracing::error!(%error, "the status endpoint ended");
            }
        }
        () = async { stopped(stopping).await; tokio::time::sleep(LAST_MOMENTS).await } => {}
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // Without a sender nobody wants it any more either.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn router(app: App) -> Router {
    Router::new()
        .route("/", get(overview))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/status", get(api_status))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there are /, /healthz, /readyz, /metrics and /api/status\n") })
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Judges a request, and puts the headers on its answer.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut answer = if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET, HEAD")];
        (StatusCode::METHOD_NOT_ALLOWED, allow, "this only answers questions: GET or HEAD\n").into_response()
    } else if !app.any_host && !is_known_host(request.headers(), &app.shared.config().status.hosts) {
        let words = "this host name is not known here; use the address, or add the name to `status.hosts`\n";
        (StatusCode::FORBIDDEN, words).into_response()
    } else {
        next.run(request).await
    };
    answer.headers_mut().extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}

/// Whether a request is for an address, for this machine, or for one of these names, on whatever port.
fn is_known_host(headers: &HeaderMap, hosts: &[String]) -> bool {
    let mut given = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (given.next(), given.next()) else { return false };
    let Some(host) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else { return false };
    // What stands before an @ is no part of a host, and no browser sends it.
    if host.as_str().contains('@') {
        return false;
    }
    let name = host.host();
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

async fn healthz(State(app): State<App>) -> (StatusCode, String) {
    health(&app.shared, clock::now())
}

fn health(shared: &Shared, now: Moment) -> (StatusCode, String) {
    if shared.alive(now) {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let minutes = shared.silent_for(now).as_secs() / 60;
    let words = format!("the sync loop has said nothing for {minutes} min; restart kbsync, and see its log\n");
    (StatusCode::SERVICE_UNAVAILABLE, words)
}

async fn readyz(State(app): State<App>) -> Response {
    let note = match app.read(|config, db| Note::of_running(db, &config.state)).await {
        Ok(note) => note,
        Err(refusal) => return refusal,
    };
    let why = match note {
        Some(Note { ready: true, .. }) => return "ready\n".into_response(),
        Some(Note { trouble: Some(trouble), .. }) => trouble,
        Some(Note { doing, .. }) => doing,
        None => "starting".to_owned(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response()
}

async fn metrics(State(app): State<App>) -> Result<Response, Response> {
    let text = app.shared.metrics().text(&app.status().await?);
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

async fn api_status(State(app): State<App>) -> Result<Response, Response> {
    Ok(Json(status::to_json(&app.status().await?)).into_response())
}

async fn overview(State(app): State<App>) -> Result<Response, Response> {
    Ok(Html(page::html(&app.status().await?)).into_response())
}

impl App {
    async fn status(&self) -> Result<Status, Response> {
        self.read(status::gather).await
    }

    /// Reads from the store, beside whoever works with it.
    async fn read<T: Send + 'static>(&self, work: fn(&Config, &Db) -> Result<T, StoreError>) -> Result<T, Response> {
        let config = self.shared.config();
        let read = tokio::task::spawn_blocking(move || work(&config, &Db::open_to_read(&config.state)?));
        let refused = |words| (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
        match read.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(refused(format!("{error}\n"))),
            Err(_) => Err(refused("the state could not be read\n".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_is_silent_for_long_is_dead_until_it_speaks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kbsync.yaml");
        std::fs::write(&path, "state: state.db\ncollections: [{name: docs, folder: docs}]").unwrap();
        let config = Arc::new(crate::config::load(&path, &|_| None).unwrap());
        let shared = Shared::new(config, Arc::default());
        let later = |minutes: u64| clock::now() + Duration::from_secs(60 * minutes);
        assert_eq!(health(&shared, later(19)), (StatusCode::OK, "ok\n".to_owned()));
        let (status, words) = health(&shared, later(21));
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(words.contains("21 min"), "{words}");
        let (at, before) = (later(21), shared.silent_for(later(21)));
        let heard = |_| {
            shared.beat();
            shared.silent_for(at) < before
        };
        assert!((0..1_000_000).any(heard), "a microsecond passes sooner or later");
    }

    fn known(host: &str) -> bool {
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).unwrap())]);
        is_known_host(&headers, &["kb.example".to_owned()])
    }

    #[test]
    fn addresses_and_known_names_are_hosts() {
        for host in
            ["127.0.0.1", "10.1.2.3:9484", "[::1]", "[fe80::1]:80", "LOCALHOST:1", "kb.example:443", "KB.Example"]
        {
            assert!(known(host), "{host}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[::1",
            "a b",
            "kb.example.evil",
            "x@127.0.0.1",
            "localhost@127.0.0.1:80",
        ] {
            assert!(!known(host), "{host}");
        }
        assert!(!is_known_host(&HeaderMap::new(), &[]));
        let mut two = HeaderMap::new();
        two.append(header::HOST, HeaderValue::from_static("localhost"));
        two.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!is_known_host(&two, &[]));
    }
}
