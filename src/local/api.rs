//! The two APIs that are served, and how each of them words an error.

use axum::{
    Json,
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{CEVVO_PATH, NEXVIO_PATH, error::ApiError};

/// An API that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Cevvo,
    Nexvio(Pages),
}

/// The pages of Nexvio's that a route is on. Each promise errors of a shape of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pages {
    /// The overview (`nexvio-api`), and all that is on no page.
    Overview,
    /// The pages on chatbots (`nexvio-get-chatbots`, `nexvio-update-chatbot`).
    Chatbots,
}

impl Api {
    /// The API that a path belongs to, and the path below that API's own. What belongs to none is Cevvo's, and whole.
    pub(super) fn of(path: &str) -> (Self, &str) {
        match below(NEXVIO_PATH, path) {
            Some(rest) if below("/chatbots", rest).is_some() => (Self::Nexvio(Pages::Chatbots), rest),
            Some(rest) => (Self::Nexvio(Pages::Overview), rest),
            None => (Self::Cevvo, below(CEVVO_PATH, path).unwrap_or(path)),
        }
    }

    /// Gives an answer that is an error the body that this API's errors have.
    pub(super) fn worded(self, mut answer: Response) -> Response {
        let Some(error) = answer.extensions_mut().remove::<ApiError>() else { return answer };
        let (head, body) = Json(self.body(error)).into_response().into_parts();
        *answer.body_mut() = body;
        // It was that of no body at all.
        answer.headers_mut().remove(header::CONTENT_LENGTH);
        answer.headers_mut().extend(head.headers);
        answer
    }

    fn body(self, error: ApiError) -> Value {
        let status = error.status();
        let ApiError { code, message, details, .. } = error;
        match (self, code) {
            (Self::Cevvo, _) => json!({"error": {"code": code, "message": message}}),
            (Self::Nexvio(pages), "invalid_request") => pages.body("validation_error", &message, details),
            (Self::Nexvio(pages), _) if status == StatusCode::UNAUTHORIZED => {
                pages.body(code, "Invalid API key", details)
            }
            (Self::Nexvio(pages), _) => pages.body(code, &message, details),
        }
    }
}

impl Pages {
    /// As the pages on chatbots show it. The overview promises a `message` of the body's own, and has both.
    fn body(self, code: &str, message: &str, details: Option<Value>) -> Value {
        let mut error = json!({"code": code, "message": message});
        if let Some(details) = details {
            error["details"] = details;
        }
        match self {
            Self::Overview => json!({"status": "error", "message": message, "error": error}),
            Self::Chatbots => json!({"status": "error", "error": error}),
        }
    }
}

/// What is below `base` in a path, if it is there.
fn below<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Words the errors of the routes, before a fault can cut their bodies.
pub(super) async fn word_errors(request: Request, next: Next) -> Response {
    let (api, _) = Api::of(request.uri().path());
    api.worded(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_one_api() {
        for (path, api, rest) in [
            ("/api/v1/sources", Api::Cevvo, "/sources"),
            ("/api/v1", Api::Cevvo, ""),
            ("/v1/bots/{id}", Api::Nexvio(Pages::Overview), "/bots/{id}"),
            ("/v1/chatbots", Api::Nexvio(Pages::Chatbots), "/chatbots"),
            ("/v1/chatbots/{id}/stats", Api::Nexvio(Pages::Chatbots), "/chatbots/{id}/stats"),
            ("/v1/chatbotsx", Api::Nexvio(Pages::Overview), "/chatbotsx"),
            ("/v1/bots/chatbots", Api::Nexvio(Pages::Overview), "/bots/chatbots"),
            ("/v1", Api::Nexvio(Pages::Overview), ""),
            ("/v10/bots", Api::Cevvo, "/v10/bots"),
            ("/", Api::Cevvo, "/"),
        ] {
            assert_eq!(Api::of(path), (api, rest), "{path}");
        }
    }
}
