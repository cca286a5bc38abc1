//! `kbsync sources`: what the platform holds, ours and others'.

use serde_json::Value;

use super::{
    Exit,
    args::Sources,
    connect::Context,
    names::UsageError,
    print::{self, line, value},
};
use crate::{
    model::{SourceId, SourceName},
    platform::{ApiError, Client, Platform},
};

pub(super) async fn run(context: &Context, command: Option<Sources>) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let done = match command.unwrap_or(Sources::List { json: false }) {
        Sources::List { json } => list(&connected.client, json, context).await,
        Sources::Show { id } => show(&connected.client, id).await,
    };
    connected.close().await;
    done?;
    Ok(Exit::Ok)
}

async fn list(client: &Client, as_json: bool, context: &Context) -> anyhow::Result<()> {
    let (mut ours, mut all) = (0, 0);
    for number in 1.. {
        let (sources, last) = page(client, number).await?;
        for source in &sources {
            let text = |key: &str| print::printable(source.get(key).and_then(Value::as_str).unwrap_or("?"));
            let name = source.get("name").and_then(Value::as_str).and_then(SourceName::parse);
            let is_ours = name.is_some_and(|name| name.instance == context.config.instance);
            (all, ours) = (all + 1, ours + u64::from(is_ours));
            if as_json {
                line!("{source}");
            } else {
                let mark = if is_ours { '*' } else { ' ' };
                line!("{mark} {}  {:<8} {}", text("id"), text("status"), text("name"));
            }
        }
        if last {
            break;
        }
    }
    if !as_json {
        line!("{}, {ours} of them from here (*).", print::count(all, "source"));
    }
    Ok(())
}

/// One page of sources as the platform shows them, and whether it is the last one.
async fn page(client: &Client, number: u64) -> Result<(Vec<Value>, bool), ApiError> {
    let size = client.abilities().page_size;
    let (sources, count, total): (Vec<Value>, _, _) = match client {
        Client::Cevvo(cevvo) => {
            let page = cevvo.list_sources(number, size, None).await?;
            (page.data.iter().map(value).collect(), page.data.len() as u64, page.meta.map(|meta| meta.total))
        }
        Client::Nexvio(nexvio, _) => {
            let list = nexvio.knowledge(size, (number - 1) * size).await?;
            (list.items.iter().map(value).collect(), list.count(), list.total)
        }
    };
    let last = total.map_or(count != size, |total| count == 0 || number * size >= total);
    Ok((sources, last))
}

async fn show(client: &Client, id: String) -> anyhow::Result<()> {
    if let Client::Cevvo(cevvo) = client {
        line!("{:#}", value(&cevvo.get_source(&SourceId(id)).await?));
        return Ok(());
    }
    // Nexvio has no call for a single one.
    for number in 1.. {
        let (sources, last) = page(client, number).await?;
        let found = sources.iter().find(|source| source.get("id").and_then(Value::as_str) == Some(&id));
        if let Some(source) = found {
            line!("{source:#}");
            return Ok(());
        }
        if last {
            break;
        }
    }
    Err(UsageError(format!("the platform lists no source {}", print::printable(&id))).into())
}
