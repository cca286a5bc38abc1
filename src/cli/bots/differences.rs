//! What passes did or would do about bots, for people and for programs.

use serde_json::{Value, json};

use crate::{
    cli::print::{self, count, line, printable},
    model::{BotField, grouped},
    plan::{BotCause, BotChange, first_difference},
    reconcile::{BotChanges, Bots},
};

/// The most of a value that a line shows.
const LONGEST: usize = 60;

/// Says what was left as it is on the platform.
pub(in crate::cli) fn warn(bots: &Bots) {
    for bot in &bots.reported {
        print::warning(&format!(
            "{}: {} was changed on the platform, and is left so",
            named(bot),
            fields(&bot.changes)
        ));
    }
}

/// What a pass did.
pub(in crate::cli) fn summary(bots: &Bots) {
    for bot in &bots.changed {
        let (drifted, ours): (Vec<_>, Vec<_>) =
            bot.changes.iter().cloned().partition(|change| change.why == BotCause::Drift);
        if !ours.is_empty() {
            line!("{}: {} written.", named(bot), fields(&ours));
        }
        if !drifted.is_empty() {
            line!("{}: {} put right, for somebody changed it on the platform.", named(bot), fields(&drifted));
        }
    }
    if !bots.failed.is_empty() {
        line!("{} failed:", count(bots.failed.len() as u64, "bot"));
        failures(bots, "  ");
    }
    if let Some(reason) = &bots.unavailable {
        line!("Not all bots were looked at: {}", printable(reason));
    }
}

/// What a pass would do.
pub(in crate::cli) fn print_plan(bots: &Bots) {
    for bot in &bots.changed {
        line!("~ {}", named(bot));
        bot.changes.iter().for_each(|change| line!("    {}", difference(change)));
    }
    for bot in &bots.reported {
        line!("  {} (not written, by `drift: report`)", named(bot));
        bot.changes.iter().for_each(|change| line!("    {}", difference(change)));
    }
    failures(bots, "! bot ");
    if let Some(reason) = &bots.unavailable {
        line!("What is to be done about bots is not known: {}", printable(reason));
    }
}

fn failures(bots: &Bots, before: &str) {
    for failure in &bots.failed {
        line!("{before}{}: {}", printable(&failure.id), printable(&failure.reason));
    }
}

fn named(bot: &BotChanges) -> String {
    format!("bot {} ({})", printable(&bot.id), printable(&bot.name))
}

fn fields(changes: &[BotChange]) -> String {
    changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(", ")
}

/// A setting before and after, on one line.
fn difference(change: &BotChange) -> String {
    let BotChange { field, from, to, why } = change;
    let by = if *why == BotCause::Drift { " (changed on the platform)" } else { "" };
    let is_long = |text: &str| text.contains('\n') || text.chars().count() > LONGEST;
    if *field == BotField::Instructions && (is_long(from) || is_long(to)) {
        let (from, to) = (field.canonical(from), field.canonical(to));
        let characters = grouped(to.chars().count());
        let Some((line, from, to)) = first_difference(&from, &to) else { return String::new() };
        let shown = |text: Option<&str>| text.map_or("the end".to_owned(), shown);
        return format!(
            "{field}: ({characters} characters, line {line} differs: {} -> {}){by}",
            shown(from),
            shown(to)
        );
    }
    match field.choices() {
        Some(_) if !from.is_empty() => format!("{field}: {} -> {to}{by}", printable(from)),
        _ => format!("{field}: {} -> {}{by}", shown(from), shown(to)),
    }
}

/// The beginning of a text, in quotes and on one line.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{}\"", printable(&short.replace('\r', "\\r").replace('\n', "\\n")))
}

/// The JSON of a plan.
pub(in crate::cli) fn to_json(bots: &Bots) -> Value {
    let change = |change: &BotChange| {
        json!({
            "field": change.field.as_str(), "from": change.from, "to": change.to, "why": change.why.as_str(),
        })
    };
    bots.to_json(|bot| {
        let changes: Vec<_> = bot.changes.iter().map(change).collect();
        json!({ "id": bot.id, "name": bot.name, "changes": changes })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(field: BotField, from: &str, to: &str, why: BotCause) -> String {
        difference(&BotChange { field, from: from.to_owned(), to: to.to_owned(), why })
    }

    #[test]
    fn a_difference_is_a_line() {
        let config = BotCause::Config;
        assert_eq!(said(BotField::Model, "gpt-3.5-turbo", "gpt-4", config), "model: gpt-3.5-turbo -> gpt-4");
        assert_eq!(said(BotField::Model, "", "gpt-4", config), "model: \"\" -> \"gpt-4\"");
        assert_eq!(
            said(BotField::Name, "a\u{1b}b", "c", BotCause::Drift),
            "name: \"a\u{fffd}b\" -> \"c\" (changed on the platform)"
        );
        assert_eq!(
            said(BotField::Instructions, "Be kind.", "Be brief.", config),
            "instructions: \"Be kind.\" -> \"Be brief.\""
        );
        assert_eq!(said(BotField::WelcomeMessage, "a\r\nb", "", config), r#"welcome_message: "a\r\nb" -> """#);
        let (from, to) = ("Be kind.\nAlways.\nEnd.", format!("Be kind.\n{}", "x".repeat(1_200)));
        let expected =
            format!("instructions: (1,209 characters, line 2 differs: \"Always.\" -> \"{}…\")", "x".repeat(60));
        assert_eq!(said(BotField::Instructions, from, &to, config), expected);
        let shorter = said(BotField::Instructions, from, "Be kind.\nAlways.", config);
        assert_eq!(shorter, "instructions: (16 characters, line 3 differs: \"End.\" -> the end)");
    }
}
