//! Lets a drawn fault happen to a request.

use std::{io, time::Duration};

use axum::{
    body::{self, Body, Bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::{task::yield_now, time::sleep};

use super::{App, connection::Scissors, error::ApiError, faults::Fault, ingest::MAX_REQUEST, sources};

/// Where the answer to `POST /sources`, and the one to `POST /knowledge`, tell the new source's id.
const NEW_SOURCE: [&str; 2] = ["/id", "/data/knowledge/id"];

/// Passes a request on to its route, or to what `fault` makes of it.
pub(super) async fn pass(
    app: &App,
    fault: Option<Fault>,
    scissors: &Scissors,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(fault) = fault else { return next.run(request).await };
    if let Some(job_fault) = fault.of_job() {
        request.extensions_mut().insert(job_fault);
    }
    match fault {
        Fault::LostBefore => cut(scissors),
        Fault::LostAfter => {
            next.run(request).await;
            cut(scissors)
        }
        Fault::Status(status) => failure(status),
        Fault::StatusAfter(status) => {
            next.run(request).await;
            failure(status)
        }
        Fault::Ignored => {
            request.headers_mut().remove(header::CONTENT_LENGTH);
            *request.body_mut() = Body::from("{}");
            next.run(request).await
        }
        Fault::TooMany { retry_after } => too_many(retry_after),
        Fault::Slow(delay) => {
            sleep(delay).await;
            next.run(request).await
        }
        Fault::CutBody => cut_body(next.run(request).await).await,
        Fault::GarbageBody => {
            let answer = next.run(request).await;
            (answer.status(), "<html>upstream said something else</html>").into_response()
        }
        Fault::OldId => with_old_id(app, next.run(request).await).await,
        Fault::LateEffect(delay) => {
            work_later(app, delay, request, next).await;
            cut(scissors)
        }
        Fault::Blocked(status, text) => block(status, text, request, next).await,
        Fault::Odd(odd) => {
            let is_first_page = !request.uri().query().is_some_and(|query| {
                query.split('&').any(|pair| {
                    pair.strip_prefix("page=").is_some_and(|page| page != "1")
                        || pair.strip_prefix("offset=").is_some_and(|offset| offset != "0")
                })
            });
            odd.read(&mut request);
            odd.tell(next.run(request).await, is_first_page).await
        }
        Fault::JobFails(_) | Fault::JobForgotten | Fault::JobStalls => next.run(request).await,
    }
}

/// Cuts the connection. The response is what the server fails to write, and so drops the connection.
fn cut(scissors: &Scissors) -> Response {
    scissors.cut();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn failure(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::new(status, "fault", "this answer was asked for by a fault").into_response()
}

fn too_many(retry_after: Option<u64>) -> Response {
    let mut answer = failure(StatusCode::TOO_MANY_REQUESTS.as_u16());
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// Sends the headers, with the full length, and half of the body; then the connection breaks.
async fn cut_body(answer: Response) -> Response {
    let (parts, whole) = answer.into_parts();
    let whole = body::to_bytes(whole, MAX_REQUEST).await.unwrap_or_default();
    let half: io::Result<Bytes> = Ok(whole.slice(..whole.len() / 2));
    let breaks = async {
        // The server writes out what it has while it waits; without a wait it would break before the headers.
        yield_now().await;
        Err(io::ErrorKind::ConnectionReset.into())
    };
    let pieces = stream::iter([half]).chain(stream::once(breaks));
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// Gives the answer that tells of a new source the id of the oldest other one. Other answers stay as they are.
async fn with_old_id(app: &App, answer: Response) -> Response {
    if answer.status() != StatusCode::CREATED {
        return answer;
    }
    let (mut parts, whole) = answer.into_parts();
    let whole = body::to_bytes(whole, MAX_REQUEST).await.unwrap_or_default();
    let body = old_id(app, &whole).await.unwrap_or(whole);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

async fn old_id(app: &App, whole: &[u8]) -> Option<Bytes> {
    let mut told: Value = serde_json::from_slice(whole).ok()?;
    let place = NEW_SOURCE.into_iter().find(|place| told.pointer(place).is_some())?;
    let id = told.pointer_mut(place)?;
    let made = id.as_str()?.to_owned();
    *id = app.db.call(move |tx| sources::oldest_other(tx, &made)).await.ok()??.into();
    Some(told.to_string().into())
}

/// Passes on what does not hold the text.
async fn block(status: u16, text: &str, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = body::to_bytes(body, MAX_REQUEST).await else { return failure(status) };
    if body.windows(text.len()).any(|part| part == text.as_bytes()) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
        return (status, "<html><h1>Sorry, you have been blocked</h1></html>").into_response();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Reads the whole request now and does its work after `delay`, unless the platform stops before.
async fn work_later(app: &App, delay: Duration, request: Request, next: Next) {
    let (parts, body) = request.into_parts();
    let Ok(body) = body::to_bytes(body, MAX_REQUEST).await else { return };
    let request = Request::from_parts(parts, Body::from(body));
    app.put_off(async move {
        sleep(delay).await;
        next.run(request).await;
    });
}
