//! A bot as YAML for `chatbots:`, whatever its texts are.

use crate::model::{BotField, BotFields, characters::is_lost_in_files};

/// The part of a config that says what a bot is now. The settings that no config may have, such as a model that
/// `nexvio-update-chatbot` does not know, are comments. `instructions_file` stands for the instructions.
pub(super) fn chatbots(id: &str, fields: &BotFields, instructions_file: Option<&str>) -> String {
    let mut yaml = format!("chatbots:\n  - id: {}\n", scalar(id, 6));
    for (field, value) in fields.iter().filter(|(field, _)| !field.is_appearance()) {
        match instructions_file.filter(|_| *field == BotField::Instructions) {
            Some(file) => yaml += &format!("    instructions_file: {}\n", quoted(file)),
            None => yaml += &entry(*field, value, 4),
        }
    }
    let looks: String = fields
        .iter()
        .filter(|(field, _)| field.is_appearance())
        .map(|(field, value)| entry(*field, value, 6))
        .collect();
    if !looks.is_empty() {
        yaml += &format!("    appearance:\n{looks}");
    }
    yaml
}

/// A key with its value, as deep as its place is.
fn entry(field: BotField, value: &str, depth: usize) -> String {
    let (key, space) = (field.key(), " ".repeat(depth));
    if field.check(value).is_err() {
        let shown: String = value.chars().take(60).collect();
        return format!("{space}# {key}: {}  # not what Nexvio's page allows\n", quoted(&shown));
    }
    let value = match field.choices() {
        Some(_) => value.to_owned(),
        None => scalar(value, depth + 2),
    };
    format!("{space}{key}: {value}\n")
}

/// A text: a block of its lines where people can read and edit that safely, and else in quotes. `$` is doubled, for one
/// begins a variable.
fn scalar(text: &str, depth: usize) -> String {
    if !reads_as_block(text) {
        return quoted(text);
    }
    let space = " ".repeat(depth);
    let (text, mark) = text.strip_suffix('\n').map_or((text, "|-"), |text| (text, "|"));
    let lines = text.split('\n').map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("\n{space}{}", line.replace('$', "$$")),
    });
    mark.to_owned() + &lines.collect::<String>()
}

/// Whether a block keeps a text: several lines, with nothing in it that is not seen, or that YAML takes for its own.
fn reads_as_block(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let is_seen = |c: char| matches!(c, '\n' | '\t') || !c.is_control() && !is_lost_in_files(c);
    lines.contains('\n')
        && lines.chars().all(is_seen)
        && !lines.starts_with(char::is_whitespace)
        && lines.split('\n').all(|line| !line.ends_with(char::is_whitespace))
        && !lines.ends_with('\n')
}

/// A text in double quotes, on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '$' => quoted.push_str("$$"),
            c if c.is_control() || is_lost_in_files(c) => quoted.push_str(&match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02x}"),
                code @ 0x100..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::prelude::*;

    use super::*;
    use crate::{config, model::is_id};

    fn fields(pairs: &[(BotField, &str)]) -> BotFields {
        pairs.iter().map(|(field, value)| (*field, (*value).to_owned())).collect()
    }

    /// Loads what was printed, as if it had been pasted into a config; gives the id and the settings.
    fn loaded(folder: &Path, yaml: &str) -> (String, BotFields) {
        let config = "state: s.db\nplatform: {kind: local, api: nexvio}\ncollections: [{name: d, folder: .}]\n";
        let path = folder.join("kbsync.yaml");
        fs::write(&path, config.to_owned() + yaml).unwrap();
        let env = |name: &str| (name == "VAR").then(|| "oops".to_owned());
        let config = config::load(&path, &env).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        let [bot] = &config.chatbots[..] else { panic!("{yaml}") };
        (bot.id.clone(), bot.fields().unwrap())
    }

    #[test]
    fn a_bot_reads_well() {
        let all = fields(&[
            (BotField::Name, "Sales: \"the\" Assistant"),
            (BotField::Model, "gpt-4"),
            (BotField::Instructions, "Be kind.\n\n# Prices\n  In ${EUR}: 5 $"),
            (BotField::PrimaryColor, "#2A52BE"),
            (BotField::Position, "bottom-right"),
            (BotField::HideBranding, "false"),
        ]);
        let yaml = chatbots("chatbot_1", &all, None);
        insta::assert_snapshot!(yaml, @r##"
        chatbots:
          - id: "chatbot_1"
            name: "Sales: \"the\" Assistant"
            model: gpt-4
            instructions: |-
              Be kind.

              # Prices
                In $${EUR}: 5 $$
            appearance:
              primary_color: "#2A52BE"
              position: bottom-right
              hide_branding: false
        "##);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(loaded(folder.path(), &yaml), ("chatbot_1".to_owned(), all));
    }

    #[test]
    fn what_the_config_would_refuse_is_a_comment() {
        let long = "x".repeat(32_001);
        let odd = fields(&[
            (BotField::Name, ""),
            (BotField::Model, "gpt-9\nname: x"),
            (BotField::Instructions, &long),
            (BotField::Position, "middle"),
        ]);
        let yaml = chatbots("a", &odd, None);
        assert!(yaml.contains("    # model: \"gpt-9\\nname: x\"  # not what"), "{yaml}");
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(loaded(folder.path(), &yaml), ("a".to_owned(), BotFields::new()));
    }

    /// Texts of what YAML, people and our own variables make of characters.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,4}",
            "[ \t]{1,3}",
            Just("\n".to_owned()),
            prop::sample::select(vec![
                ": ",
                " #",
                "# ",
                "- ",
                "---",
                "...",
                "${VAR}",
                "${VAR:-x}",
                "$$",
                "$",
                "\"",
                "'",
                "\\",
                "\\n",
                "|",
                ">",
                "&a",
                "*a",
                "!t",
                "%",
                "@",
                "`",
                "{",
                "}",
                "[",
                "]",
                ",",
                "? ",
                "null",
                "~",
                "true",
                "5",
                "é",
                "漢",
                "🙂",
                "\u{1f468}\u{200d}\u{1f469}",
                "\r",
                "\r\n",
                "\u{85}",
                "\u{2028}",
                "\u{feff}",
                "\u{0}",
                "\u{7f}",
                "\u{a0}",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_pulled_is_what_is_loaded(id in texts(), name in texts(), welcome in texts(), prompt in texts()) {
            let id: String = id.chars().filter(|c| !c.is_control()).collect();
            prop_assume!(is_id(id.trim()) && !name.trim().is_empty());
            let folder = tempfile::tempdir().unwrap();
            let all = fields(&[
                (BotField::Name, &name),
                (BotField::WelcomeMessage, &welcome),
                (BotField::Instructions, &prompt),
                (BotField::HeaderText, &welcome),
            ]);
            let (read_id, read) = loaded(folder.path(), &chatbots(&id, &all, None));
            prop_assert_eq!(read_id, id);
            for (field, value) in &all {
                prop_assert_eq!(field.canonical(&read[field]), field.canonical(value), "{}", field);
            }
        }

        #[test]
        fn a_file_of_instructions_is_found_whatever_its_name(name in texts(), prompt in texts()) {
            let name: String = name.chars().filter(|c| !matches!(c, '/' | '\0')).collect();
            prop_assume!(!name.is_empty() && !name.starts_with(['~', '.']) && name.len() < 200 && !prompt.trim().is_empty());
            prop_assume!(name != "kbsync.yaml");
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(&name), crate::cli::bots::pull::file(&prompt)).unwrap();
            let all = fields(&[(BotField::Instructions, &prompt)]);
            let (_, read) = loaded(folder.path(), &chatbots("a", &all, Some(&name)));
            let canonical = |text: &str| BotField::Instructions.canonical(text);
            prop_assert_eq!(canonical(&read[&BotField::Instructions]), canonical(&prompt));
        }
    }
}
