//! `kbsync sources`: what the platform holds, ours and others'.

use super::{
    Exit,
    args::Sources,
    connect::Context,
    print::{self, line},
};
use crate::{
    model::{SourceId, SourceName},
    platform::{
        ApiError,
        cevvo::{self, Cevvo},
        wire::Source,
    },
};

pub(super) async fn run(context: &Context, command: Option<Sources>) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let done = match command.unwrap_or(Sources::List { json: false }) {
        Sources::List { json } => list(&connected.cevvo, json, context).await,
        Sources::Show { id } => show(&connected.cevvo, id).await,
    };
    connected.close().await;
    done?;
    Ok(Exit::Ok)
}

async fn list(client: &Cevvo, as_json: bool, context: &Context) -> Result<(), ApiError> {
    let (mut ours, mut all) = (0, 0);
    for page in 1.. {
        let found = client.list_sources(page, cevvo::PAGE_SIZE, None).await?;
        if found.data.is_empty() {
            break;
        }
        for source in &found.data {
            all += 1;
            let is_ours = SourceName::parse(&source.name).is_some_and(|name| name.instance == context.config.instance);
            ours += u64::from(is_ours);
            if as_json {
                line!("{}", serde_json::to_string(source).unwrap_or_default());
            } else {
                let mark = if is_ours { '*' } else { ' ' };
                let status = source.status.as_deref().unwrap_or("?");
                line!("{mark} {}  {status:<8} {}", print::printable(&source.id), print::printable(&source.name));
            }
        }
        let last = match found.meta {
            Some(meta) => all >= meta.total,
            None => (found.data.len() as u64) < cevvo::PAGE_SIZE,
        };
        if last {
            break;
        }
    }
    if !as_json {
        line!("{}, {ours} of them from here (*).", print::count(all, "source"));
    }
    Ok(())
}

async fn show(cevvo: &Cevvo, id: String) -> Result<(), ApiError> {
    let source: Source = cevvo.get_source(&SourceId(id)).await?;
    line!("{:#}", serde_json::to_value(&source).unwrap_or_default());
    Ok(())
}
