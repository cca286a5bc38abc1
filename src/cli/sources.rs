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
    let mut pages = Pages::default();
    while let Some(sources) = pages.next(client).await? {
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
    }
    if !as_json {
        line!("{}, {ours} of them from here (*).", print::count(all, "source"));
    }
    Ok(())
}

/// A way through the list of sources, page by page.
#[derive(Default)]
struct Pages {
    read: u64,
    done: u64,
    total: Option<u64>,
    before: Vec<Value>,
}

impl Pages {
    /// The next page of sources as the platform shows them; none after the last. A platform may give fewer than it was
    /// asked for, and one that gives the same again has no more.
    async fn next(&mut self, client: &Client) -> Result<Option<Vec<Value>>, ApiError> {
        if self.total.is_some_and(|total| self.read >= total) && self.done > 0 {
            return Ok(None);
        }
        let (sources, total, count) = match self.page(client).await {
            // Many frameworks answer so to a page after the last one.
            Err(error) if self.done > 0 && self.total.is_none() && error.may_be_past_the_end() => return Ok(None),
            found => found?,
        };
        self.total = total;
        let is_end = count == 0 || sources == self.before;
        self.read += count;
        self.done += 1;
        self.before.clone_from(&sources);
        Ok(Some(sources).filter(|_| !is_end))
    }

    /// The sources of the page that is next, the total, and how many items the page has.
    async fn page(&self, client: &Client) -> Result<(Vec<Value>, Option<u64>, u64), ApiError> {
        let size = client.abilities().page_size;
        Ok(match client {
            Client::Cevvo(cevvo) => {
                let list = cevvo.list_sources(self.done + 1, size, None).await?;
                (list.items.iter().map(value).collect(), list.total, list.count())
            }
            Client::Nexvio(nexvio, _) => {
                let list = nexvio.knowledge(size, self.read).await?;
                (list.items.iter().map(value).collect(), list.total, list.count())
            }
        })
    }
}

async fn show(client: &Client, id: String) -> anyhow::Result<()> {
    if let Client::Cevvo(cevvo) = client {
        line!("{:#}", value(&cevvo.get_source(&SourceId(id)).await?));
        return Ok(());
    }
    // Nexvio has no call for a single one.
    let mut pages = Pages::default();
    while let Some(sources) = pages.next(client).await? {
        let found = sources.iter().find(|source| source.get("id").and_then(Value::as_str) == Some(&id));
        if let Some(source) = found {
            line!("{source:#}");
            return Ok(());
        }
    }
    Err(UsageError(format!("the platform lists no source {}", print::printable(&id))).into())
}
