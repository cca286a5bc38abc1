//! `kbsync integrations`: list, enable, disable.

use std::{fs::File, io::Read, path::Path};

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::{
    Exit,
    args::Integrations,
    connect::Context,
    names::UsageError,
    print::{line, of_all, printable},
};
use crate::platform::{nexvio::Nexvio, wire::nexvio::Integration};

/// The most that is read of a file of `@FILE`, in bytes.
const LONGEST_VALUE: u64 = 64 * 1024;

pub(super) async fn run(context: &Context, command: Option<Integrations>) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let done = match connected.nexvio() {
        Ok(nexvio) => on_nexvio(nexvio, command.unwrap_or(Integrations::List { json: false })).await,
        Err(error) => Err(error),
    };
    connected.close().await;
    done?;
    Ok(Exit::Ok)
}

async fn on_nexvio(nexvio: &Nexvio, command: Integrations) -> anyhow::Result<()> {
    match command {
        Integrations::List { json } => {
            let list = nexvio.integrations().await?;
            for integration in &list.items {
                if json { line!("{}", serde_json::to_value(integration)?) } else { listed(integration) }
            }
            if !json {
                line!("{}.", of_all(list.count(), list.total, "integration"));
            }
        }
        Integrations::Enable { kind, settings } => {
            let enabled = nexvio.enable_integration(&kind, config(settings)?).await?;
            line!("Enabled {}: {}", printable(&kind), printable(&enabled.id));
        }
        Integrations::Disable { id } => {
            nexvio.disable_integration(&id).await?;
            line!("Disabled {}.", printable(&id));
        }
    }
    Ok(())
}

/// One of the list. The values of its settings may be secrets, so only their names are shown.
fn listed(integration: &Integration) {
    let settings = integration.config.as_ref().and_then(Value::as_object);
    let names: Vec<_> = settings.into_iter().flat_map(Map::keys).map(|name| printable(name)).collect();
    let names = if names.is_empty() { String::new() } else { format!("  ({})", names.join(", ")) };
    line!("{}  {}{names}", printable(&integration.id), printable(&integration.kind));
}

/// The settings as the API takes them, with the files of `@FILE` in their places.
fn config(settings: Vec<(String, String)>) -> anyhow::Result<Value> {
    let mut config = Map::new();
    for (key, value) in settings {
        let value = match value.strip_prefix('@') {
            Some(file) => read(Path::new(file))?,
            None => value,
        };
        if config.insert(key.clone(), Value::String(value)).is_some() {
            return Err(UsageError(format!("{} is set twice; keep one", printable(&key))).into());
        }
    }
    Ok(Value::Object(config))
}

/// Reads a value. A file that has no end is not read to it.
fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let reading = File::open(path).and_then(|file| file.take(LONGEST_VALUE + 1).read_to_string(&mut text));
    reading.with_context(|| format!("{} cannot be read", path.display()))?;
    if text.len() as u64 > LONGEST_VALUE {
        let why = format!("{} is longer than 64 KiB, so it is hardly a setting", path.display());
        return Err(UsageError(why).into());
    }
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
