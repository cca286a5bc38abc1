//! `kbsync ask`: a question to the platform, its answer as it comes or as JSON, and its sources.

use serde_json::json;

use super::{
    Exit,
    connect::Context,
    print::{line, piece, printable, printable_text},
};
use crate::platform::{
    ApiError,
    cevvo::{Cevvo, ChatEvent, ChatStream},
    wire::cevvo::{ChatRequest, Citation},
};

pub(super) async fn run(
    context: &Context,
    question: &str,
    thread: Option<String>,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let request = ChatRequest { message: question.to_owned(), thread_id: thread, model: None };
    let answered = match connected.assistant() {
        Ok(assistant) if as_json => whole(assistant, &request).await.map_err(Into::into),
        Ok(assistant) => streamed(assistant, &request).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    connected.close().await;
    answered.map(|()| Exit::Ok)
}

/// Prints all that the platform says of an answer, as one object.
async fn whole(cevvo: &Cevvo, request: &ChatRequest) -> Result<(), ApiError> {
    let answer = cevvo.chat(request).await?;
    line!("{:#}", json!(answer));
    Ok(())
}

/// Prints the answer as it comes, and then what it rests on.
async fn streamed(cevvo: &Cevvo, request: &ChatRequest) -> Result<(), ApiError> {
    let mut stream = cevvo.chat_stream(request).await?;
    let answered = answer(&mut stream).await;
    // Whatever is said next begins a line of its own.
    line!("");
    for (number, source) in (1..).zip(&answered?) {
        let score = source.score.map(|score| format!(" ({score:.2})")).unwrap_or_default();
        let url = source.url.as_deref().map(|url| format!(" {url}")).unwrap_or_default();
        line!("  [{number}] {}", printable(&format!("{}{score}{url}", source.title)));
    }
    Ok(())
}

/// Prints the pieces of an answer, and gives its sources.
async fn answer(stream: &mut ChatStream) -> Result<Vec<Citation>, ApiError> {
    let mut sources = Vec::new();
    while let Some(event) = stream.next().await? {
        match event {
            ChatEvent::Text(text) => piece(&printable_text(&text)),
            ChatEvent::Sources(more) => sources.extend(more),
        }
    }
    Ok(sources)
}
