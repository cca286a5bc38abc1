//! `kbsync bots`: list, show, create, delete, stats, pull.

mod chart;
mod differences;
mod pull;
mod yaml;

use std::io::{IsTerminal, Write, stderr, stdin};

use jiff::civil::Date;

pub(super) use differences::{print_plan, summary, to_json, warn};

use super::{
    Exit,
    args::{Bots, Granularity},
    connect::Context,
    names::UsageError,
    print::{self, count, line, of_all, printable, printable_text, timestamp, value},
};
use crate::{
    model::{BotField, grouped},
    platform::{
        nexvio::{Nexvio, Span},
        wire::nexvio::{Chatbot, ChatbotChange, Stats},
    },
};

/// Bots on one page of the list, which is the most that Nexvio's page allows.
const PAGE: u64 = 100;

pub(super) async fn run(context: &Context, command: Option<Bots>) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let done = match connected.nexvio() {
        Ok(nexvio) => on_nexvio(context, nexvio, command.unwrap_or(Bots::List { json: false })).await,
        Err(error) => Err(error),
    };
    connected.close().await;
    done?;
    Ok(Exit::Ok)
}

async fn on_nexvio(context: &Context, nexvio: &Nexvio, command: Bots) -> anyhow::Result<()> {
    match command {
        Bots::List { json } => list(nexvio, json).await,
        Bots::Show { id, json } => {
            let bot = found(nexvio, &id).await?;
            if json {
                line!("{:#}", value(&bot))
            } else {
                show(&bot)
            }
            Ok(())
        }
        Bots::Create { name, model, team } => {
            let made = ChatbotChange { name: Some(name), model, team_id: team, ..ChatbotChange::default() };
            let bot = nexvio.create_bot(&made).await?;
            line!("{}  {}", printable(&bot.id), printable(&bot.name));
            Ok(())
        }
        Bots::Delete { id, yes } => delete(context, nexvio, &id, yes).await,
        Bots::Stats { id, by, since, until, json } => {
            let stats = stats(nexvio, &id, by, since, until).await?;
            if json {
                line!("{:#}", value(&stats))
            } else {
                print_stats(&stats, by)
            }
            Ok(())
        }
        Bots::Pull { id, instructions_file, force } => {
            let bot = found(nexvio, &id).await?;
            pull::run(context, &bot, instructions_file.as_deref(), force)
        }
    }
}

async fn list(nexvio: &Nexvio, as_json: bool) -> anyhow::Result<()> {
    let mut seen = 0;
    let total = loop {
        let page = nexvio.chatbots(PAGE, seen, None).await?;
        for bot in &page.items {
            if as_json {
                line!("{}", value(bot));
            } else {
                let model = printable(bot.model.as_deref().unwrap_or("?"));
                line!("{}  {model:<13}  {}", printable(&bot.id), printable(&bot.name));
            }
        }
        let read = page.count();
        seen += read;
        if read == 0 || page.total.map_or(read < PAGE, |total| seen >= total) {
            break page.total;
        }
    };
    if !as_json {
        line!("{}.", of_all(seen, total, "bot"));
    }
    Ok(())
}

async fn found(nexvio: &Nexvio, id: &str) -> anyhow::Result<Chatbot> {
    let none = || UsageError(format!("the platform has no bot {}; `kbsync bots list` shows them", printable(id)));
    Ok(nexvio.chatbot(id).await?.ok_or_else(none)?)
}

fn show(bot: &Chatbot) {
    line!("{}  {}", printable(&bot.id), printable(&bot.name));
    let fields = bot.fields();
    let short = fields.iter().filter(|(field, _)| !matches!(field, BotField::Name | BotField::Instructions));
    for (field, value) in short {
        line!("  {field}: {}", printable(value));
    }
    if let Some(sources) = &bot.sources {
        line!("  {}", count(sources.len() as u64, "source"));
    }
    if let Some(stats) = &bot.stats {
        let last = stats.last_conversation_at.map(|at| format!(", the last at {}", timestamp(at)));
        let conversations = count(stats.total_conversations, "conversation");
        line!("  {conversations}, {}{}", count(stats.total_messages, "message"), last.unwrap_or_default());
    }
    for (what, at) in [("made", bot.created_at), ("changed", bot.updated_at)] {
        at.into_iter().for_each(|at| line!("  {what} {}", timestamp(at)));
    }
    if let Some(instructions) = fields.get(&BotField::Instructions).filter(|text| !text.is_empty()) {
        line!("  instructions ({} characters):", grouped(instructions.chars().count()));
        printable_text(instructions).lines().for_each(|text| line!("    {text}"));
    }
}

async fn delete(context: &Context, nexvio: &Nexvio, id: &str, yes: bool) -> anyhow::Result<()> {
    let bot = found(nexvio, id).await?;
    let named = format!("{} ({})", printable(&bot.id), printable(&bot.name));
    if !yes && !agreed(&format!("Delete {named} with its conversations?"))? {
        line!("{named} stays.");
        return Ok(());
    }
    nexvio.delete_bot(id).await?;
    line!("Deleted {named}.");
    if context.config.chatbots.iter().any(|chatbot| chatbot.id == id) {
        print::warning("it is in `chatbots` of the config still; take it out there, or each pass fails for it");
    }
    Ok(())
}

/// Asks a person. Nobody else can be asked, and has to say `--yes`.
fn agreed(question: &str) -> anyhow::Result<bool> {
    if !stdin().is_terminal() {
        return Err(UsageError("nobody can be asked here; say `--yes` to delete it".to_owned()).into());
    }
    write!(stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn stats(
    nexvio: &Nexvio,
    id: &str,
    by: Granularity,
    since: Option<Date>,
    until: Option<Date>,
) -> anyhow::Result<Stats> {
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        return Err(UsageError("`--since` is after `--until`; change one of them".to_owned()).into());
    }
    let (since, until) = (since.map(|date| date.to_string()), until.map(|date| date.to_string()));
    let span = Span { start: since.as_deref(), end: until.as_deref() };
    Ok(nexvio.stats(id, by.as_str(), span).await?)
}

fn print_stats(stats: &Stats, by: Granularity) {
    let summary = &stats.summary;
    let whole = |number: u64| grouped(usize::try_from(number).unwrap_or(usize::MAX));
    for (what, number) in [
        ("conversations", whole(summary.total_conversations)),
        ("messages", whole(summary.total_messages)),
        ("messages per conversation", format!("{:.1}", summary.avg_messages_per_conversation)),
        ("seconds per conversation", format!("{:.0}", summary.avg_conversation_duration_seconds)),
        ("contacts collected", whole(summary.contacts_collected)),
    ] {
        line!("{what:<25} {number:>12}");
    }
    if !stats.time_series.is_empty() {
        line!("\nConversations by {}:", by.as_str());
    }
    let points = stats.time_series.iter().map(|point| (printable(&point.date), point.conversations));
    chart::bars(&points.collect::<Vec<_>>()).iter().for_each(|bar| line!("{bar}"));
}
