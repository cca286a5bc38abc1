//! The `chatbots` part of the config: bots of Nexvio's API as code.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{
    Api, Platform,
    files::why_unread,
    near::nearest,
    node::{Node, Value},
    read::{Reading, Section},
};
use crate::{
    model::{BotField, BotFields, OnDrift, is_id},
    regular_file,
};

const KEYS: &[&str] =
    &["id", "name", "welcome_message", "model", "instructions", "instructions_file", "team", "appearance", "drift"];
/// The most that is read of a file of instructions, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A bot whose settings are kept as the config says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chatbot {
    /// Its id on the platform.
    pub id: String,
    /// What is done about a setting that somebody changed on the platform.
    pub drift: OnDrift,
    /// The settings that stand in the config itself.
    fields: BotFields,
    instructions_file: Option<PathBuf>,
}

impl Chatbot {
    /// The settings that are wanted; the file of its instructions is read now.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file.
    pub fn fields(&self) -> Result<BotFields, String> {
        let mut fields = self.fields.clone();
        if let Some(path) = &self.instructions_file {
            fields.insert(BotField::Instructions, read_instructions(path)?);
        }
        Ok(fields)
    }
}

/// Reads the list; without one no bot is touched.
pub(super) fn read(root: &Section, platform: Option<&Platform>, reading: &mut Reading) -> Option<Vec<Chatbot>> {
    let Some((key, node)) = root.entry("chatbots").filter(|(_, node)| !matches!(node.value, Value::Null)) else {
        return Some(Vec::new());
    };
    if platform.is_some_and(|platform| platform.kind.api() != Api::Nexvio) {
        let message = "only Nexvio's API has bots; set `platform.kind: nexvio`, or `api: nexvio` beside `kind: local`";
        reading.problem(key.referenced, message);
    }
    let Value::List(items) = &node.value else {
        let found = node.value.noun();
        reading.problem(node.referenced, format!("`chatbots` is a list, each item begun with `- id:`; found {found}"));
        return None;
    };
    let mut ids = HashMap::new();
    let chatbots: Vec<_> = items.iter().map(|item| chatbot(item, &mut ids, reading)).collect();
    chatbots.into_iter().collect()
}

fn chatbot(node: &Node, ids: &mut HashMap<String, u64>, reading: &mut Reading) -> Option<Chatbot> {
    let section = reading.section(node, "a chatbot", KEYS)?;
    let id = id(&section, ids, reading);
    let mut fields = BotFields::new();
    for field in BotField::ALL.into_iter().filter(|field| !field.is_appearance()) {
        read_field(field, &section, &mut fields, reading);
    }
    if let Some(node) = section.value("appearance") {
        let looks = || BotField::ALL.into_iter().filter(|field| field.is_appearance());
        let keys: Vec<_> = looks().map(BotField::key).collect();
        let appearance = reading.section(node, "`appearance`", &keys)?;
        looks().for_each(|field| read_field(field, &appearance, &mut fields, reading));
    }
    let instructions_file = instructions_file(&section, reading);
    let drift = section.value("drift").map_or(Some(OnDrift::Fix), |node| reading.parsed(node, drift));
    Some(Chatbot { id: id?, drift: drift?, fields, instructions_file })
}

fn id(section: &Section, ids: &mut HashMap<String, u64>, reading: &mut Reading) -> Option<String> {
    let Some(node) = section.value("id") else {
        reading.problem(section.place, "this chatbot has no id; `kbsync bots list` shows the ids");
        return None;
    };
    let id = reading.parsed(node, |text| match text {
        text if text.trim().is_empty() => Err("this id is empty; `kbsync bots list` shows the ids".to_owned()),
        text if !is_id(text) => Err("this can be no id; `kbsync bots list` shows the ids".to_owned()),
        text => Ok(text.to_owned()),
    })?;
    if let Some(line) = ids.insert(id.clone(), node.referenced.line()) {
        reading.problem(node.referenced, format!("line {line} has a chatbot of this id; make it one"));
    }
    Some(id)
}

/// Reads a setting, where it is there.
fn read_field(field: BotField, section: &Section, fields: &mut BotFields, reading: &mut Reading) {
    let Some((key, node)) = section.entry(field.key()) else { return };
    if matches!(node.value, Value::Null) {
        if field == BotField::PrimaryColor {
            let message = "there is no colour here, for `#` begins a comment; put it in quotes, such as \"#2A52BE\"";
            reading.problem(key.referenced, message);
        }
        return;
    }
    let value = match field {
        BotField::HideBranding => reading.flag(node).map(|flag| flag.to_string()),
        _ => reading.parsed(node, |text| checked(field, text)),
    };
    fields.extend(value.map(|value| (field, value)));
}

/// A text that may be a setting's value.
fn checked(field: BotField, text: &str) -> Result<String, String> {
    let text = if field == BotField::Instructions { without_line_end(text) } else { text };
    let near = || field.choices().and_then(|choices| nearest(text, choices));
    match field.check(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(message) => Err(match near() {
            Some(near) => format!("{message}; did you mean `{near}`?"),
            None => message,
        }),
    }
}

fn drift(text: &str) -> Result<OnDrift, String> {
    match text {
        "fix" => Ok(OnDrift::Fix),
        "report" => Ok(OnDrift::Report),
        _ => Err("expected `fix` (what was changed on the platform is put right) or `report` (it is only reported)"
            .to_owned()),
    }
}

/// Checks the file of instructions, so that a wrong one is said before any request.
fn instructions_file(section: &Section, reading: &mut Reading) -> Option<PathBuf> {
    let node = section.value("instructions_file")?;
    if section.value("instructions").is_some() {
        reading.problem(node.referenced, "`instructions` and `instructions_file` are both set; keep one");
        return None;
    }
    let path = reading.path(node)?;
    if let Err(message) = read_instructions(&path) {
        reading.problem(node.referenced, message);
    }
    Some(path)
}

/// Reads a file of instructions: all of its text, but for one line end at its end.
fn read_instructions(path: &Path) -> Result<String, String> {
    let shown = path.display().to_string();
    let read = regular_file::open(path).and_then(|file| regular_file::read(&file, MAX_FILE));
    let bytes = read.map_err(|error| why_unread(&shown, error, "1 MiB, so it is hardly a bot's instructions"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        format!("{shown} is not UTF-8 in line {line}; save the file in UTF-8")
    })?;
    let text = without_line_end(text.strip_prefix('\u{feff}').unwrap_or(&text));
    if text.trim().is_empty() {
        return Err(format!("{shown} is empty; write the instructions into it, or remove `instructions_file`"));
    }
    BotField::Instructions.check(text).map_err(|message| format!("{shown}: {message}"))?;
    Ok(text.to_owned())
}

fn without_line_end(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}
