//! `kbsync conversations`: list, show, delete.

use super::{
    Exit,
    args::Conversations,
    connect::Context,
    names::UsageError,
    print::{count, line, of_all, printable, printable_text, timestamp},
};
use crate::platform::{
    Client,
    cevvo::Cevvo,
    nexvio::{Nexvio, Span},
};

pub(super) async fn run(context: &Context, command: Option<Conversations>) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let command = command.unwrap_or(Conversations::List { limit: 20, bot: None });
    let done = match &connected.client {
        Client::Cevvo(cevvo) => on_cevvo(cevvo, command).await,
        Client::Nexvio(nexvio, _) => on_nexvio(nexvio, command).await,
    };
    connected.close().await;
    done?;
    Ok(Exit::Ok)
}

async fn on_cevvo(cevvo: &Cevvo, command: Conversations) -> anyhow::Result<()> {
    match command {
        Conversations::List { bot: Some(_), .. } => {
            return Err(UsageError("only Nexvio has bots; leave `--bot` out".to_owned()).into());
        }
        Conversations::List { limit, bot: None } => {
            let page = cevvo.conversations(1, limit).await?;
            for conversation in &page.items {
                let at = conversation.updated_at.or(conversation.created_at).map(timestamp).unwrap_or_default();
                listed(&conversation.id, &at, conversation.message_count, &conversation.title);
            }
            line!("{}.", of_all(page.count(), page.total, "conversation"));
        }
        Conversations::Show { id } => {
            let thread = cevvo.conversation(&id).await?;
            line!("{}", printable(&thread.title));
            for message in &thread.messages {
                said(&message.role, &message.content);
                for source in message.sources.iter().flatten() {
                    line!("  from {}", printable(&source.title));
                }
            }
        }
        Conversations::Delete { id } => {
            cevvo.delete_conversation(&id).await?;
            line!("Deleted {} with its messages.", printable(&id));
        }
    }
    Ok(())
}

async fn on_nexvio(nexvio: &Nexvio, command: Conversations) -> anyhow::Result<()> {
    match command {
        Conversations::List { limit, bot } => {
            let list = nexvio.conversations(bot.as_deref(), limit, 0, Span::default()).await?;
            for conversation in &list.items {
                let at = conversation.last_message_at.or(conversation.started_at).map(timestamp).unwrap_or_default();
                let summary = conversation.summary.as_deref().unwrap_or_default();
                listed(&conversation.id, &at, conversation.message_count, summary);
            }
            line!("{}.", of_all(list.count(), list.total, "conversation"));
        }
        Conversations::Show { id } => {
            let conversation = nexvio.conversation(&id).await?;
            line!("{}", printable(conversation.summary.as_deref().unwrap_or(&id)));
            nexvio.messages(&id).await?.iter().for_each(|message| said(&message.role, &message.content));
        }
        Conversations::Delete { .. } => {
            let why = "Nexvio's pages show no call to delete a conversation; use its dashboard";
            return Err(UsageError(why.to_owned()).into());
        }
    }
    Ok(())
}

fn listed(id: &str, at: &str, messages: u64, about: &str) {
    line!("{}  {at}  {}  {}", printable(id), count(messages, "message"), printable(about));
}

fn said(role: &str, content: &str) {
    line!("\n{}: {}", printable(role), printable_text(content));
}
