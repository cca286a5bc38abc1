//! `kbsync ask`: a question to the platform, its answer as it comes, and its sources.

use super::{
    Exit,
    connect::Context,
    print::{line, piece, printable, printable_text},
};
use crate::platform::{
    ApiError,
    cevvo::{Cevvo, ChatEvent},
    wire::{ChatRequest, Citation},
};

pub(super) async fn run(context: &Context, question: &str, thread: Option<String>) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let request = ChatRequest { message: question.to_owned(), thread_id: thread, model: None };
    let answered = answer(&connected.cevvo, &request).await;
    connected.close().await;
    let sources = answered?;
    for (number, source) in (1..).zip(&sources) {
        let score = source.score.map(|score| format!(" ({score:.2})")).unwrap_or_default();
        let url = source.url.as_deref().map(|url| format!(" {url}")).unwrap_or_default();
        line!("  [{number}] {}", printable(&format!("{}{score}{url}", source.title)));
    }
    Ok(Exit::Ok)
}

/// Prints the answer as it comes, and gives what it rests on.
async fn answer(cevvo: &Cevvo, request: &ChatRequest) -> Result<Vec<Citation>, ApiError> {
    let mut stream = cevvo.chat_stream(request).await?;
    let mut sources = Vec::new();
    while let Some(event) = stream.next().await? {
        match event {
            ChatEvent::Text(text) => piece(&printable_text(&text)),
            ChatEvent::Sources(more) => sources.extend(more),
        }
    }
    line!("");
    Ok(sources)
}
