//! The guide to bots: its commands on the local platform, with a bot of its own in place of the example's.

use std::{fs, path::Path};

use super::{Desk, Page, ROOT, assert_ok, out};

/// The id in the guide.
const ID: &str = "chatbot_456def";

#[test]
fn every_command_about_bots_runs() {
    let page = Page::read("docs/bots.md".into());
    let desk = Desk::new();
    let config = "state: ./s/state.db\nplatform: {kind: local, api: nexvio, rate_limit: 100/s}\n\
                  collections: [{name: handbook, folder: ./docs, include: [bots.md]}]\n";
    fs::write(desk.0.path().join("kbsync.yaml"), config).unwrap();
    let made = desk.sh("kbsync bots create 'Sales Assistant'");
    assert_ok(&made, "the example's bot");
    let id = out(&made).split_whitespace().next().unwrap().to_owned();
    let instructed = format!("{config}chatbots: [{{id: {id}, instructions: Be kind.}}]\n");
    fs::write(desk.0.path().join("kbsync.yaml"), instructed).unwrap();
    assert_ok(&desk.sh("kbsync --quiet sync"), "its instructions");
    fs::write(desk.0.path().join("kbsync.yaml"), config).unwrap();
    for (line, script) in page.blocks("sh") {
        let script = script.replace(ID, &id);
        let ran = desk.sh(&script);
        assert_ok(&ran, &format!("docs/bots.md:{line}\n{script}"));
        if script.contains("bots pull") {
            fs::write(desk.0.path().join("kbsync.yaml"), format!("{config}{}", out(&ran))).unwrap();
        }
        if script.contains("kbsync plan") {
            assert!(out(&ran).contains("1 document"), "{}", out(&ran));
        }
    }
    let prompt = fs::read_to_string(desk.0.path().join("prompts/sales.md")).unwrap();
    assert_eq!(prompt, "Be kind.\n");
}

#[test]
fn the_example_offers_bots() {
    let desk = Desk::new();
    let text = fs::read_to_string(Path::new(ROOT).join("config.example.yaml")).unwrap();
    let (before, rest) = text.split_once("\n# chatbots:\n").unwrap();
    let (bots, after) = rest.split_once("\n\n").unwrap();
    let bots: String = bots.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap())).collect();
    let config =
        format!("{before}\nchatbots:\n{bots}\n{after}").replace("  kind: local", "  api: nexvio\n  kind: local");
    fs::create_dir(desk.0.path().join("prompts")).unwrap();
    fs::write(desk.0.path().join("prompts/sales.md"), "Be kind.\n").unwrap();
    fs::write(desk.0.path().join("kbsync.yaml"), config).unwrap();
    assert_ok(&desk.sh("kbsync check"), "config.example.yaml with bots");
}
