//! Bots as code: what is pulled is in step, what is wrong is refused before any request, and what differs is put right
//! or said, setting by setting.

use std::{fs, time::Duration};

use kbsync::local::{CEVVO_PATH, Fault, NEXVIO_PATH};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::bench::{Bench, rest};

/// A bench that speaks Nexvio's API, and a bot.
struct WithBot {
    bench: Bench,
    id: String,
}

impl WithBot {
    async fn new() -> Self {
        Self::on(Bench::new().await).await
    }

    /// The same on a platform with the plan for everything.
    async fn enterprise() -> Self {
        Self::on(Bench::with(|options| options.enterprise = true).await).await
    }

    async fn on(bench: Bench) -> Self {
        bench.reconfigure("kind: cevvo", "kind: nexvio");
        bench.reconfigure(&format!("{CEVVO_PATH}\n"), &format!("{NEXVIO_PATH}\n"));
        let made = bench.run(&["bots", "create", "Sales Assistant", "--model", "gpt-3.5-turbo"]).await;
        let id = made.ended(0, &["Sales Assistant"]).out.split_whitespace().next().unwrap().to_owned();
        bench.running.requests().reset();
        Self { bench, id }
    }

    async fn api(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.bench.running.base_url().replace(CEVVO_PATH, NEXVIO_PATH));
        let request = self.bench.client.request(method, url).bearer_auth(self.bench.running.api_key().expose_secret());
        request.json(&body).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    /// The bot as the platform has it.
    async fn bot(&self) -> Value {
        self.api(Method::GET, &format!("/chatbots/{}", self.id), json!({})).await["data"]["chatbot"].take()
    }

    /// Somebody changes the bot in the dashboard.
    async fn dashboard(&self, change: Value) {
        self.api(Method::PATCH, &format!("/chatbots/{}", self.id), change).await;
        self.bench.running.requests().reset();
    }

    /// Puts the bot into the config with these settings.
    fn configure(&self, settings: &str) {
        let config = self.bench.default_config();
        let config = config
            .replace("kind: cevvo", "kind: nexvio")
            .replace(&format!("{CEVVO_PATH}\n"), &format!("{NEXVIO_PATH}\n"));
        let settings: String = settings.lines().map(|line| format!("    {line}\n")).collect();
        self.bench.configure(&format!("{config}chatbots:\n  - id: {}\n{settings}", self.id));
    }

    fn changes(&self) -> u64 {
        self.bench.running.requests().mutating()
    }
}

/// Instructions with everything that YAML and our variables trip over.
const PROMPT: &str =
    "You are \"Sales\": be kind.\n\n# Rules\n  - pay in ${EUR} or $5\n\t- tabs\n---\n'quotes' \\n {a: b} 🙂 é";

#[tokio::test]
async fn what_is_pulled_is_in_step() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    let odd = json!({
        "name": " Sales: #1 🙂 ", "welcome_message": "yes\n\n - \"Hello\" $$ ${HOME} \u{7}", "instructions": PROMPT,
        "appearance": {"primary_color": "#4a90E2", "chatbox_header_text": "null"},
    });
    let fresh = bench.run(&["bots", "pull", &with.id, "--instructions-file", "prompts/sales.md"]).await;
    fresh.ended(0, &["the bot has no instructions, so prompts/sales.md is not written"]);
    assert!(!fresh.out.contains("instructions") && !bench.path("prompts").exists(), "{fresh}");
    with.dashboard(odd).await;
    let bare = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    let pulled = bench.run(&["bots", "pull", &with.id]).await;
    assert_eq!(pulled.ended(0, &["chatbots:\n", "instructions: |-\n", "pay in $${EUR} or $$5"]).err, "");
    bench.configure(&(bare.clone() + &pulled.out));
    bench.run(&["plan"]).await.ended(0, &["0 documents, nothing to change."]);
    bench.synced().await;
    let json = bench.run(&["plan", "--json"]).await.ended(0, &[]).json();
    assert_eq!(json["bots"], json!({"changed": [], "reported": [], "failed": [], "unavailable": null}));

    let to_file = ["bots", "pull", &with.id, "--instructions-file", "prompts/sales.md"];
    let pulled = bench.run(&to_file).await;
    pulled.ended(0, &["    instructions_file: \"prompts/sales.md\"\n"]);
    assert_eq!(fs::read_to_string(bench.path("prompts/sales.md")).unwrap(), format!("{PROMPT}\n"));
    bench.configure(&(bare.clone() + &pulled.out));
    bench.run(&["plan"]).await.ended(0, &[]);
    fs::write(bench.path("prompts/sales.md"), "Mine\n").unwrap();
    let again = bench.run(&to_file).await;
    again.ended(2, &["prompts/sales.md is there already; say `--force` to overwrite it"]);
    assert_eq!(
        (again.out.as_str(), fs::read(bench.path("prompts/sales.md")).unwrap().as_slice()),
        ("", &b"Mine\n"[..])
    );
    bench.run(&[&to_file[..], &["--force"]].concat()).await.ended(0, &[]);
    bench.run(&["plan"]).await.ended(0, &[]);
    assert_eq!(with.changes(), 0);
}

#[tokio::test]
async fn what_no_bot_may_have_is_refused_before_any_request() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    fs::write(bench.path("long.md"), "é".repeat(32_001) + "\n").unwrap();
    for (settings, words) in [
        ("model: gpt-5", "15:12: `model` is `gpt-3.5-turbo` or `gpt-4`"),
        ("instructions_file: long.md", "15:24: long.md: the instructions have 32,001 characters; 32,000 is the most"),
        ("appearance:\n  primary_color: blue", "16:22: expected a colour as a hex code"),
        ("appearance: {position: left}", "`position` is `bottom-right`"),
        ("name: ''", "15:11: `name` is empty"),
        ("instructions_file: none.md", "none.md cannot be read"),
    ] {
        with.configure(settings);
        for command in ["sync", "plan", "check", "run"] {
            bench.run(&[command]).await.ended(2, &[words]).without(&["panicked"]);
        }
    }
    assert!(!bench.path("state").exists(), "a state was made");
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn no_id_is_another_address() {
    let with = WithBot::new().await;
    for command in [&["integrations", "disable", ".."][..], &["bots", "show", ""], &["bots", "delete", ".", "--yes"]] {
        with.bench.run(command).await.ended(1, &["the platform has no call that takes an id that is empty, or `.`"]);
    }
    assert_eq!(with.bench.running.requests().total(), 0);
}

#[tokio::test]
async fn documents_wait_for_no_bot() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    bench.write("a.md", "# A\n");
    with.configure("model: gpt-4");
    bench.faults.once("GET", "/chatbots", Fault::Slow(Duration::from_secs(5)));
    let pass = bench.command(&["sync"]).spawn().unwrap();
    bench.seen("an upload", async |running| running.requests().count("POST", "/knowledge") > 0).await;
    assert_eq!(bench.running.requests().count("PATCH", "/chatbots/{id}"), 0, "the bot came first");
    rest(pass).await.ended(0, &["model written.", "1 added"]);
    bench.write("b.md", "# B\n");
    bench.faults.once("GET", "/chatbots", Fault::Status(401));
    bench.sync().await.ended(7, &["the platform refuses the key (401)"]);
    bench.quiet().await;
}

#[tokio::test]
async fn a_plan_shows_a_bot_setting_by_setting() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    with.dashboard(json!({"instructions": "Be kind.\nAlways.", "welcome_message": "Hi"})).await;
    let long = format!("Be kind.\n{}\n", "x".repeat(1_195));
    fs::write(bench.path("sales.md"), &long).unwrap();
    with.configure(
        "welcome_message: Hello\nmodel: gpt-4\ninstructions_file: sales.md\nappearance: {position: top-left}",
    );
    bench.write("a.md", "# A\n");
    let said = bench.run(&["plan"]).await;
    let out = said.ended(10, &["+ docs/a.md (4 B)"]).out.replace(&with.id, "ID").replace(&"x".repeat(60), "xxx");
    let (bots, _) = out.split_once("+ docs").unwrap();
    insta::assert_snapshot!(bots, @r#"
    ~ bot ID (Sales Assistant)
        welcome_message: "Hi" -> "Hello"
        model: gpt-3.5-turbo -> gpt-4
        instructions: (1,204 characters, line 2 differs: "Always." -> "xxx…")
        appearance.position: bottom-right -> top-left
    "#);
    let json = bench.run(&["plan", "--json"]).await.ended(10, &[]).json();
    let changed = &json["bots"]["changed"][0];
    assert_eq!((changed["id"].as_str(), changed["changes"].as_array().unwrap().len()), (Some(&*with.id), 4), "{json}");
    let model = json!({"field": "model", "from": "gpt-3.5-turbo", "to": "gpt-4", "why": "config"});
    assert_eq!(changed["changes"][1], model);
    assert_eq!(with.changes(), 0, "a plan changes nothing");

    let said = bench.synced().await;
    said.ended(0, &["welcome_message, model, instructions, appearance.position written.", "1 added"]);
    assert_eq!(with.bot().await["instructions"].as_str().unwrap().trim_end(), long.trim_end());
    bench.run(&["plan"]).await.ended(0, &["nothing to change"]).without(&["bot"]);
    bench.quiet().await;
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let with = WithBot::new().await;
    with.configure("model: gpt-4\nappearance: {position: top-left}");
    with.bench.synced().await;
    let theirs = json!({"name": "Theirs", "instructions": "Theirs", "appearance": {"chatbox_header_text": "Theirs"}});
    with.dashboard(theirs).await;
    with.configure("model: gpt-4\nappearance: {position: top-right}");
    with.bench.synced().await.ended(0, &["appearance.position written."]).without(&["model"]);
    assert_eq!(with.changes(), 1, "one request for a bot");
    let bot = with.bot().await;
    assert_eq!(
        (&bot["name"], &bot["instructions"], &bot["model"]),
        (&json!("Theirs"), &json!("Theirs"), &json!("gpt-4"))
    );
    let looks = &bot["appearance"];
    assert_eq!((&looks["position"], &looks["chatbox_header_text"]), (&json!("top-right"), &json!("Theirs")));
    with.bench.quiet().await;
}

#[tokio::test]
async fn what_somebody_changed_is_put_right() {
    let with = WithBot::new().await;
    with.configure("name: Sales\nmodel: gpt-4");
    with.bench.synced().await;
    with.dashboard(json!({"name": "Mine", "welcome_message": "Mine"})).await;
    let plan = with.bench.run(&["plan"]).await;
    plan.ended(10, &["name: \"Mine\" -> \"Sales\" (changed on the platform)"]);
    with.bench.synced().await.ended(0, &["(Mine): name put right, for somebody changed it on the platform."]);
    let bot = with.bot().await;
    assert_eq!((&bot["name"], &bot["welcome_message"]), (&json!("Sales"), &json!("Mine")));
    with.bench.quiet().await;
}

#[tokio::test]
async fn what_somebody_changed_is_only_said_by_wish() {
    let with = WithBot::new().await;
    with.configure("drift: report\nname: Sales Assistant\nmodel: gpt-4");
    with.bench.synced().await;
    // The name was never written, for it was right already.
    with.dashboard(json!({"name": "Mine"})).await;
    with.bench.run(&["plan"]).await.ended(0, &["(not written, by `drift: report`)", "(changed on the platform)"]);
    for words in [&["sync"][..], &["sync", "--quiet"]] {
        let said = with.bench.run(words).await;
        said.ended(0, &[]);
        assert!(said.err.contains("(Mine): name was changed on the platform, and is left so"), "{said}");
    }
    assert_eq!((with.changes(), &with.bot().await["name"]), (0, &json!("Mine")));
    // What the config says anew is written, whoever changed what.
    with.configure("drift: report\nname: Sales\nmodel: gpt-4");
    with.bench.synced().await.ended(0, &["name written."]);
    assert_eq!(with.bot().await["name"], "Sales");
}

#[tokio::test]
async fn a_plan_that_does_not_allow_it_fails_the_bot_alone() {
    let with = WithBot::new().await;
    with.bench.write("a.md", "# A\n");
    with.configure("model: gpt-4\nappearance: {hide_branding: true}");
    let said = with.bench.sync().await;
    said.ended(3, &["1 bot failed:", &with.id, "(403)", "`hide_branding` needs Nexvio's enterprise plan", "1 added"]);
    with.bench.run(&["status"]).await.ended(0, &["failed bot", "enterprise plan"]);
    with.configure("model: gpt-4");
    with.bench.synced().await.ended(0, &["model written."]);
    let with = WithBot::enterprise().await;
    with.configure("appearance: {hide_branding: true}");
    with.bench.synced().await;
    assert_eq!(with.bot().await["appearance"]["hide_branding"], true);
}

#[tokio::test]
async fn a_bot_in_trouble_holds_up_nothing() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    bench.write("a.md", "# A\n");
    with.configure("model: gpt-4");
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    bench.configure(&config.replace("chatbots:\n", "chatbots:\n  - id: none\n    name: None\n"));
    let words = ["none: the platform has no bot of this id; `kbsync bots list`", "model written.", "1 added"];
    bench.sync().await.ended(3, &words);
    bench.run(&["plan"]).await.ended(3, &["! bot none: the platform has no bot of this id"]);
    with.configure("model: gpt-3.5-turbo");
    bench.faults.once("PATCH", "/chatbots", Fault::Status(400));
    bench.sync().await.ended(3, &["the platform answered 400 to PATCH /chatbots/"]);
    bench.faults.once("PATCH", "/chatbots", Fault::LostAfter);
    bench.synced().await.ended(0, &["model written."]);
    bench.quiet().await;
}

#[tokio::test]
async fn a_platform_that_is_away_leaves_the_rest_of_the_plan() {
    let with = WithBot::new().await;
    with.bench.write("a.md", "# A\n");
    with.configure("model: gpt-4");
    let url = with.bench.running.base_url().replace(CEVVO_PATH, "");
    with.bench.reconfigure(&url, "http://127.0.0.1:1");
    with.bench.run(&["plan"]).await.ended(10, &["What is to be done about bots is not known:", "+ docs/a.md"]);
    with.bench.remove("a.md");
    with.bench.run(&["plan"]).await.ended(5, &["is not known:", "0 documents, nothing to change."]);
}

#[tokio::test]
async fn a_key_that_is_refused_stops_the_pass() {
    let with = WithBot::new().await;
    with.configure("model: gpt-4");
    with.bench.reconfigure(with.bench.running.api_key().expose_secret(), "wrong-key");
    with.bench.sync().await.ended(7, &["the platform refuses the key (401)"]);
    with.bench
        .run(&["plan"])
        .await
        .ended(7, &["the platform refuses the key (401)", "0 documents, nothing to change."]);
}

#[tokio::test]
async fn bots_are_listed_shown_made_and_deleted() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    with.dashboard(json!({"instructions": "Be kind.\n\u{1b}[31mAlways."})).await;
    bench.run(&["bots"]).await.ended(0, &[&with.id, "gpt-3.5-turbo  Sales Assistant", "2 bots."]);
    let listed = bench.run(&["bots", "list", "--json"]).await;
    let ids: Vec<Value> = listed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(ids.iter().any(|bot| bot["id"] == with.id.as_str()), "{listed}");
    let shown = bench.run(&["bots", "show", &with.id]).await;
    shown.ended(0, &["  model: gpt-3.5-turbo", "instructions (21 characters):\n    Be kind.\n"]).without(&["\u{1b}"]);
    assert_eq!(bench.run(&["bots", "show", &with.id, "--json"]).await.json()["id"], with.id.as_str());
    bench.run(&["bots", "delete", &with.id]).await.ended(2, &["say `--yes`"]);
    with.configure("model: gpt-4");
    bench.run(&["bots", "delete", &with.id, "--yes"]).await.ended(0, &["Deleted", "in `chatbots` of the config still"]);
    for command in ["show", "pull", "delete"] {
        bench.run(&["bots", command, &with.id]).await.ended(2, &["the platform has no bot", "kbsync bots list"]);
    }
    let made = bench.run(&["bots", "create", "B", "--model", "gpt-5"]).await;
    made.ended(2, &["gpt-3.5-turbo", "gpt-4"]);
}

#[tokio::test]
async fn figures_are_a_table_and_a_chart() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    let json = bench.run(&["bots", "stats", &with.id, "--json"]).await.ended(0, &[]).json();
    assert_eq!(json["summary"]["total_conversations"], 0, "{json}");
    let (since, until) = (["--since", "2026-11-01"], ["--until", "2026-11-21"]);
    let said = bench.run(&[&["bots", "stats", &with.id, "--by", "week"][..], &since, &until].concat()).await;
    said.ended(0, &["conversations                        0", "Conversations by week:", "  2026-11-"]);
    assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{said}");
    let wrong = [&["bots", "stats", &with.id, "--since", "2026-11-22"][..], &until].concat();
    bench.run(&wrong).await.ended(2, &["`--since` is after `--until`"]);
    bench.run(&["bots", "stats", &with.id, "--since", "soon"]).await.ended(2, &["soon"]);
}

#[tokio::test]
async fn conversations_of_one_bot() {
    let with = WithBot::new().await;
    with.bench.run(&["conversations", "list", "--bot", &with.id]).await.ended(0, &["0 conversations."]);
    with.bench.reconfigure("kind: nexvio", "kind: cevvo");
    with.bench.reconfigure(&format!("{NEXVIO_PATH}\n"), &format!("{CEVVO_PATH}\n"));
    with.bench.run(&["conversations", "list", "--bot", &with.id]).await.ended(2, &["only Nexvio has bots"]);
    for command in ["bots", "integrations"] {
        with.bench.run(&[command]).await.ended(2, &["only Nexvio has this"]);
    }
}

#[tokio::test]
async fn integrations_are_enabled_and_disabled_without_showing_secrets() {
    let with = WithBot::new().await;
    let bench = &with.bench;
    fs::write(bench.path("token"), "xoxb-1\n").unwrap();
    let made = bench.run(&["integrations", "enable", "slack", "channel=#sales", "token=@token"]).await;
    let id = made.ended(0, &["Enabled slack: "]).out.split_whitespace().last().unwrap().to_owned();
    let listed = bench.run(&["integrations"]).await;
    listed.ended(0, &[&format!("{id}  slack  (channel, token)"), "1 integration."]).without(&["xoxb-1", "#sales"]);
    let json = bench.run(&["integrations", "list", "--json"]).await.json();
    assert_eq!(json["config"], json!({"channel": "#sales", "token": "xoxb-1"}));
    bench.run(&["integrations", "enable", "slack", "secret"]).await.ended(2, &["expected KEY=VALUE"]);
    bench.run(&["integrations", "enable", "slack", "a=1", "a=2"]).await.ended(2, &["a is set twice"]);
    bench
        .run(&["integrations", "enable", "slack", "a=@/dev/zero"])
        .await
        .ended(2, &["/dev/zero is longer than 64 KiB"]);
    bench.run(&["integrations", "enable", "slack", "a=@none"]).await.ended(1, &["none cannot be read"]);
    bench.run(&["integrations", "disable", &id]).await.ended(0, &["Disabled"]);
    bench.run(&["integrations", "disable", &id]).await.ended(1, &["404"]);
    bench.run(&["integrations"]).await.ended(0, &["0 integrations."]);
    for _ in 0..51 {
        with.api(Method::POST, "/integrations", json!({"type": "slack", "config": {}})).await;
    }
    bench.run(&["integrations"]).await.ended(0, &["\n50 of 51 integrations."]);
}
