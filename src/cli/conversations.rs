//! `kbsync conversations`: list, show, delete.

use super::{
    Exit,
    args::Conversations,
    connect::Context,
    print::{count, line, printable, printable_text, timestamp},
};
use crate::platform::{ApiError, cevvo::Cevvo};

pub(super) async fn run(context: &Context, command: Option<Conversations>) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let done = match command.unwrap_or(Conversations::List { limit: 20 }) {
        Conversations::List { limit } => list(&connected.cevvo, limit).await,
        Conversations::Show { id } => show(&connected.cevvo, &id).await,
        Conversations::Delete { id } => delete(&connected.cevvo, &id).await,
    };
    connected.close().await;
    done?;
    Ok(Exit::Ok)
}

async fn list(cevvo: &Cevvo, limit: u64) -> Result<(), ApiError> {
    let page = cevvo.conversations(1, limit).await?;
    for conversation in &page.data {
        let at = conversation.updated_at.or(conversation.created_at).map(timestamp).unwrap_or_default();
        let messages = count(conversation.message_count, "message");
        line!("{}  {at}  {messages}  {}", printable(&conversation.id), printable(&conversation.title));
    }
    let total = page.meta.map_or(page.data.len() as u64, |meta| meta.total);
    line!("{}.", count(total, "conversation"));
    Ok(())
}

async fn show(cevvo: &Cevvo, id: &str) -> Result<(), ApiError> {
    let thread = cevvo.conversation(id).await?;
    line!("{}", printable(&thread.title));
    for message in &thread.messages {
        line!("\n{}: {}", printable(&message.role), printable_text(&message.content));
        for source in message.sources.iter().flatten() {
            line!("  from {}", printable(&source.title));
        }
    }
    Ok(())
}

async fn delete(cevvo: &Cevvo, id: &str) -> Result<(), ApiError> {
    cevvo.delete_conversation(id).await?;
    line!("Deleted {} with its messages.", printable(id));
    Ok(())
}
