//! `kbsync bots pull`: a bot as it is, for the config.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
};

use anyhow::Context as _;

use super::yaml;
use crate::{
    cli::{connect::Context, names::UsageError, print},
    model::{BotField, LONGEST_INSTRUCTIONS, grouped},
    platform::wire::nexvio::Chatbot,
};

/// Prints the bot. With a file its instructions go there.
pub(super) fn run(context: &Context, bot: &Chatbot, into: Option<&Path>, force: bool) -> anyhow::Result<()> {
    let mut fields = bot.fields();
    let instructions = fields.get(&BotField::Instructions).cloned().unwrap_or_default();
    let too_long = BotField::Instructions.check(&instructions).is_err();
    if too_long {
        print::warning(&format!(
            "the bot's instructions have {} characters, and {} is the most that can be written",
            grouped(instructions.chars().count()),
            grouped(LONGEST_INSTRUCTIONS)
        ));
    }
    let mut named = None;
    match into {
        Some(path) if instructions.trim().is_empty() => {
            print::warning(&format!("the bot has no instructions, so {} is not written", path.display()));
            fields.remove(&BotField::Instructions);
        }
        Some(path) => {
            write(path, &instructions, force)?;
            named = Some(from_config(&context.path, path)?);
        }
        None => {}
    }
    print::piece(&yaml::chatbots(&bot.id, &fields, named.as_deref().filter(|_| !too_long)));
    Ok(())
}

/// Instructions as a file has them: with a line end at the end.
pub(super) fn file(instructions: &str) -> String {
    // The first one of a file is taken for a mark of its encoding.
    let mark = if instructions.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    format!("{mark}{instructions}\n")
}

fn write(path: &Path, instructions: &str, force: bool) -> anyhow::Result<()> {
    let shown = path.display();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).create_new(!force);
    let mut opened = options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            anyhow::Error::new(UsageError(format!("{shown} is there already; say `--force` to overwrite it")))
        }
        _ => anyhow::Error::new(error).context(format!("{shown} cannot be written")),
    })?;
    opened.write_all(file(instructions).as_bytes()).with_context(|| format!("{shown} cannot be written"))
}

/// The path as the config names it: from its own folder where the file is below it.
fn from_config(config: &Path, file: &Path) -> anyhow::Result<String> {
    let whole = |path: &Path| fs::canonicalize(path);
    let file = whole(file)?;
    let folder = whole(config)?.parent().map(Path::to_owned).unwrap_or_default();
    let path = file.strip_prefix(&folder).unwrap_or(&file);
    let odd = || UsageError(format!("{} is not UTF-8, so no config can name it", path.display()));
    let path = path.to_str().ok_or_else(odd)?;
    // A name that begins like the home folder is one all the same.
    Ok(if path.starts_with('~') { format!("./{path}") } else { path.to_owned() })
}
