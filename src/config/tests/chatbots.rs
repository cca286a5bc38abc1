//! Bots in the config: what a full one gives, what each mistake says, and files of instructions.

use super::{mistakes::assert_said, *};
use crate::model::{BotField, BotFields, OnDrift};

/// What goes before the bots of a case; they begin in line 3.
const NEXVIO: &str = "platform: {kind: local, api: nexvio}\ncollections: [{name: docs, folder: docs}]\n";

/// The bots of a config, and the errors without file and excerpt.
const CASES: &[(&str, &[&str])] = &[
    ("chatbots: bot\n", &["3:11: `chatbots` is a list, each item begun with `- id:`; found text"]),
    (
        "chatbots: [bot]\n",
        &[
            "3:12: a chatbot has the keys id, name, welcome_message, model, instructions, instructions_file, team, appearance, drift; found text",
        ],
    ),
    ("chatbots: [{name: Sales}]\n", &["3:12: this chatbot has no id; `kbsync bots list` shows the ids"]),
    (
        "chatbots:\n  - id: ' '\n    name: ''\n    team: ''\n  - id: 5\n",
        &[
            "4:9: this id is empty; `kbsync bots list` shows the ids",
            "5:11: `name` is empty",
            "6:11: `team` is empty",
            "7:9: expected text, found a number; put it in quotes",
        ],
    ),
    (
        "chatbots:\n  - id: ..\n  - {id: .}\n  - id: \"a\\tb\"\n",
        &[
            "4:9: this can be no id; `kbsync bots list` shows the ids",
            "5:10: this can be no id; `kbsync bots list` shows the ids",
            "6:9: this can be no id; `kbsync bots list` shows the ids",
        ],
    ),
    ("chatbots:\n  - id: a\n    nmae: x\n", &["5:5: unknown key `nmae`; did you mean `name`?"]),
    (
        "chatbots:\n  - id: a\n    appearance: {primary_color: #fff}\n",
        &["5:17: this is not valid YAML; `#` begins a comment here, so put a colour in quotes, such as \"#2A52BE\""],
    ),
    ("chatbots:\n  - id: a\n  - {id: b}\n  - {id: a}\n", &["6:10: line 4 has a chatbot of this id; make it one"]),
    (
        "chatbots:\n  - id: a\n    model: gpt4\n    welcome: Hi\n    drift: repair\n",
        &[
            "5:12: `model` is `gpt-3.5-turbo` or `gpt-4`; did you mean `gpt-4`?",
            "6:5: unknown key `welcome`; the keys here are id, name, welcome_message, model, instructions, instructions_file, team, appearance, drift",
            "7:12: expected `fix` (what was changed on the platform is put right) or `report` (it is only reported)",
        ],
    ),
    ("chatbots: [{id: a, model: claude}]\n", &["3:27: `model` is `gpt-3.5-turbo` or `gpt-4`"]),
    (
        "chatbots:\n  - id: a\n    appearance:\n      primary_color: blue\n      chat_bubble_button_style: rounded\n      position: middle\n      hide_branding: 'yes'\n      colour: x\n",
        &[
            "6:22: expected a colour as a hex code in quotes, such as \"#2A52BE\"",
            "7:33: `chat_bubble_button_style` is `round` or `square`; did you mean `round`?",
            "8:17: `position` is `bottom-right`, `bottom-left`, `top-right` or `top-left`",
            "9:22: expected true or false, found text",
            "10:7: unknown key `colour`; the keys here are primary_color, chat_bubble_button_style, position, chatbox_header_text, hide_branding",
        ],
    ),
    (
        "chatbots:\n  - id: a\n    appearance:\n      primary_color: #2A52BE\n",
        &["6:7: there is no colour here, for `#` begins a comment; put it in quotes, such as \"#2A52BE\""],
    ),
    (
        "chatbots:\n  - id: a\n    instructions: Be kind.\n    instructions_file: prompts/none.md\n  - id: b\n    instructions_file: prompts/none.md\n",
        &[
            "6:24: `instructions` and `instructions_file` are both set; keep one",
            "8:24: prompts/none.md cannot be read: No such file or directory (os error 2)",
        ],
    ),
];

#[test]
fn every_mistake_about_a_bot_says_where_it_is() {
    let cases: Vec<_> = CASES.iter().map(|(bots, errors)| (format!("{NEXVIO}{bots}"), *errors)).collect();
    let cases: Vec<_> = cases.iter().map(|(text, errors)| (text.as_str(), *errors)).collect();
    assert_said(&cases);
}

#[test]
fn bots_are_for_nexvio_alone() {
    assert_said(&[(
        "#DOCSchatbots: [{id: a}]\n",
        &["2:1: only Nexvio's API has bots; set `platform.kind: nexvio`, or `api: nexvio` beside `kind: local`"],
    )]);
    let remote = "platform: {kind: nexvio, api_key: k}\ncollections: [{name: d, folder: d}]\nchatbots: [{id: a}]\n";
    assert_eq!(check_text(remote).unwrap().chatbots.len(), 1);
    assert!(check_text(&format!("{NEXVIO}chatbots:\n")).unwrap().chatbots.is_empty());
}

#[test]
fn a_full_bot_gives_what_it_says() {
    let text = format!(
        "{NEXVIO}chatbots:\n  - id: chatbot_456def\n    name: Sales\n    welcome_message: ''\n    model: gpt-4\n    \
         instructions: |\n      Be kind.\n      Say ${{HOME}} and $$5.\n    team: team_1\n    appearance: \
         {{primary_color: '#2A52BE', chat_bubble_button_style: round, position: top-left, chatbox_header_text: Hi, \
         hide_branding: true}}\n    drift: report\n  - {{id: b}}\n"
    );
    let config = check_text(&text).unwrap();
    let [full, bare] = &config.chatbots[..] else { panic!("not two") };
    let expected = [
        (BotField::Name, "Sales"),
        (BotField::WelcomeMessage, ""),
        (BotField::Model, "gpt-4"),
        (BotField::Instructions, "Be kind.\nSay /home/ann and $5."),
        (BotField::Team, "team_1"),
        (BotField::PrimaryColor, "#2A52BE"),
        (BotField::ButtonStyle, "round"),
        (BotField::Position, "top-left"),
        (BotField::HeaderText, "Hi"),
        (BotField::HideBranding, "true"),
    ];
    let expected: BotFields = expected.into_iter().map(|(field, value)| (field, value.to_owned())).collect();
    assert_eq!((full.id.as_str(), full.drift, full.fields()), ("chatbot_456def", OnDrift::Report, Ok(expected)));
    assert_eq!((bare.drift, bare.fields()), (OnDrift::Fix, Ok(BotFields::new())));
}

#[test]
fn a_file_of_instructions_is_read_whenever_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (path, prompt) = (dir.path().join("kbsync.yaml"), dir.path().join("sales.md"));
    fs::write(&path, format!("{NEXVIO}chatbots: [{{id: a, instructions_file: sales.md}}]\n")).unwrap();
    let load = || load(&path, &env).map_err(|error| error.to_string());
    let refused = |content: &[u8]| {
        fs::write(&prompt, content).unwrap();
        let error = load().map(|_| ()).unwrap_err();
        let (_, said) = error.split_once(":3:39: ").unwrap_or_else(|| panic!("{error}"));
        said.lines().next().unwrap().replace(&dir.path().display().to_string(), "")
    };
    let long = "é".repeat(32_000);
    assert_eq!(
        refused(format!("{long}e\n").as_bytes()),
        "/sales.md: the instructions have 32,001 characters; 32,000 is the most"
    );
    assert_eq!(refused(b"fine\nso f\xc3"), "/sales.md is not UTF-8 in line 2; save the file in UTF-8");
    assert_eq!(refused(b"\n"), "/sales.md is empty; write the instructions into it, or remove `instructions_file`");
    assert_eq!(
        refused(&vec![b'a'; (1 << 20) + 1]),
        "/sales.md is larger than 1 MiB, so it is hardly a bot's instructions"
    );
    fs::write(&prompt, format!("{long}\n")).unwrap();
    let bot = load().unwrap().chatbots.remove(0);
    assert_eq!(bot.fields().unwrap()[&BotField::Instructions], long);
    for (content, read) in [("\u{feff}Say ${x}.\r\n", "Say ${x}."), ("a\n\n", "a\n"), ("  a", "  a")] {
        fs::write(&prompt, content).unwrap();
        assert_eq!(bot.fields().unwrap()[&BotField::Instructions], read);
    }
    fs::remove_file(&prompt).unwrap();
    assert!(bot.fields().unwrap_err().contains("cannot be read"));
}
