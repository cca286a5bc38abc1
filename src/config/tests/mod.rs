//! The config's tests: what a full one gives, what each mistake says, and that no mistake shows a secret.

mod chatbots;
mod mistakes;
mod pages;
mod secrets;
mod verify;

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::model::RateLimit;

const KEY: &str = "sk-WaLrUs42-tUsK";

/// The environment of the tests.
fn env(name: &str) -> Option<String> {
    match name {
        "HOME" => Some("/home/ann".to_owned()),
        "CEVVO_API_KEY" => Some(KEY.to_owned()),
        "MULTILINE" => Some(format!("{KEY}\nfolders: x")),
        "EMPTY" => Some(String::new()),
        "TEN" => Some("10".to_owned()),
        _ => None,
    }
}

/// Checks a text as if it stood in `/etc/kb/kbsync.yaml`, with that folder left out of errors.
fn check_text(text: &str) -> Result<Config, String> {
    check(Path::new("/etc/kb/kbsync.yaml"), text.as_bytes(), &env)
        .map_err(|error| error.to_string().replace("/etc/kb/", ""))
}

#[test]
fn a_full_config_gives_what_it_says() {
    let config = check_text(
        r#"
instance: laptop
state: ./.kbsync/state.db
platform:
  kind: cevvo
  base_url: https://api.example.com/v1/
  api_key: ${CEVVO_API_KEY}
  rate_limit: 20/2s
collections:
  - name: handbook
    folder: ./docs
    include: ["**/*.md", "!old.md"]
    exclude: ["drafts/"]
    gitignore: false
    max_file_size: 5MB
    follow_symlinks: true
    settle: 500ms
  - name: wiki
    folder: /srv/${NONE:-wiki}
    schedule: "*/30 * * * *"
sync:
  schedule: ${NONE:-@weekly}
  jitter: 0s
  watch: false
  debounce: 10m
  poll: 1s
  max_deletes: ${TEN}
  max_delete_percent: 25
  delete: never
  grace: 1m
status:
  listen: "[::1]:0"
  hosts: [KB.example.com, 10.0.0.5]
"#,
    )
    .unwrap();
    assert_eq!(config.instance.as_str(), "laptop");
    assert_eq!(config.state, Path::new("/etc/kb/.kbsync/state.db"));
    assert_eq!(config.platform.rate_limit, RateLimit::new(20, Duration::from_secs(2)));
    let PlatformKind::Remote { api: Api::Cevvo, base_url, api_key } = config.platform.kind else { panic!("not cevvo") };
    assert_eq!((base_url.as_str(), api_key.unwrap().expose_secret()), ("https://api.example.com/v1", KEY));
    let nexvio = check_text("platform: {kind: nexvio, api_key: k}\ncollections: [{name: a, folder: b}]").unwrap();
    let PlatformKind::Remote { api: Api::Nexvio, base_url, .. } = nexvio.platform.kind else { panic!("not nexvio") };
    assert_eq!(base_url.as_str(), "https://api.nexvio.ai/v1");
    let [handbook, wiki] = &config.collections[..] else { panic!("not two") };
    assert_eq!((handbook.name.as_str(), wiki.name.as_str()), ("handbook", "wiki"));
    let (handbook, wiki) = (handbook.folder().unwrap(), wiki.folder().unwrap());
    assert_eq!(handbook.root, Path::new("/etc/kb/docs"));
    assert_eq!((handbook.include.len(), handbook.exclude.as_slice()), (2, &["drafts/".to_owned()][..]));
    assert_eq!((handbook.gitignore, handbook.follow_symlinks), (false, true));
    assert_eq!((handbook.max_file_size, handbook.settle), (5_000_000, Duration::from_millis(500)));
    assert_eq!(wiki.root, Path::new("/srv/wiki"));
    assert_eq!((wiki.gitignore, wiki.follow_symlinks), (true, false));
    assert_eq!((wiki.max_file_size, wiki.settle), (20 * 1024 * 1024, Duration::from_secs(2)));
    assert_eq!(wiki.include[4..], ["**/*.md", "**/*.txt", "**/*.pdf", "**/*.docx"]);
    let sync = SyncPolicy {
        max_deletes: 10,
        max_delete_percent: 25,
        delete: DeletePolicy::Never,
        grace: Duration::from_secs(60),
        confirm_gone: 2,
    };
    assert_eq!(config.sync, sync);
    let [handbook, wiki] = &config.collections[..] else { panic!("two collections") };
    assert_eq!((&handbook.schedule, wiki.schedule.as_ref().map(Schedule::as_str)), (&None, Some("*/30 * * * *")));
    let rhythm = Rhythm {
        schedule: Schedule::new("@weekly").unwrap(),
        jitter: Duration::ZERO,
        watch: false,
        debounce: Duration::from_secs(600),
        poll: Duration::from_secs(1),
        speed: 1,
    };
    assert_eq!(config.rhythm, rhythm);
    let hosts = ["kb.example.com", "10.0.0.5"].map(str::to_owned).to_vec();
    assert_eq!(config.status, Status { listen: Listen::Address("[::1]:0".parse().unwrap()), hosts });
    assert!(config.warnings.is_empty());
}

#[test]
fn the_smallest_config_has_the_defaults() {
    let config = check_text("collections: [{name: docs, folder: docs}]").unwrap();
    assert_eq!(config.instance.as_str(), "default");
    assert_eq!(config.state, Path::new("/etc/kb/.kbsync/state.db"));
    let PlatformKind::Local { api: Api::Cevvo, ref data_dir, listen, allow_private, .. } = config.platform.kind else {
        panic!("not local")
    };
    assert_eq!(data_dir, Path::new("/etc/kb/.kbsync/local"));
    let mut moved = config.clone();
    moved.move_state("/var/x/state.db".into());
    assert!(matches!(&moved.platform.kind, PlatformKind::Local { data_dir, .. } if data_dir == "/var/x/local"));
    let mut given = check_text("platform: {data_dir: here}\ncollections: [{name: d, folder: .}]").unwrap();
    given.move_state("/var/x/state.db".into());
    assert!(matches!(&given.platform.kind, PlatformKind::Local { data_dir, .. } if data_dir == "/etc/kb/here"));
    assert_eq!((listen.to_string().as_str(), allow_private), ("127.0.0.1:8484", false));
    assert_eq!(config.platform.rate_limit, UNTHROTTLED);
    assert_eq!(config.sync, SyncPolicy::default());
    assert_eq!((config.rhythm.schedule.as_str(), config.rhythm.watch), ("0 3 * * *", true));
    let seconds = [config.rhythm.jitter, config.rhythm.debounce, config.rhythm.poll].map(|span| span.as_secs());
    assert_eq!(seconds, [60, 2, 60]);
    assert_eq!(config.status.listen, Listen::Address("127.0.0.1:9484".parse().unwrap()));
    assert!(config.status.hosts.is_empty() && config.collections[0].schedule.is_none());
    let open = check_text("platform: {allow_private: true}\ncollections: [{name: d, folder: .}]").unwrap();
    assert!(matches!(open.platform.kind, PlatformKind::Local { allow_private: true, .. }));
    let cevvo = check_text("platform: {kind: cevvo, api_key: k}\ncollections: [{name: d, folder: .}]").unwrap();
    assert!(matches!(cevvo.platform.kind, PlatformKind::Remote { base_url, .. }
        if base_url.as_str() == "https://prod-backend-api.cevvo.ai/api/v1"));
    assert_eq!(cevvo.platform.rate_limit.to_string(), "100/min");
    assert_eq!(cevvo.collections[0].folder().unwrap().root, Path::new("/etc/kb/."));
}

#[test]
fn state__without_a_key__is_beside_the_config_or_where_systemd_says() {
    let text = b"collections: [{name: docs, folder: docs}]";
    let state = |pairs: &[(&str, &str)]| {
        let env = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let config = check(Path::new("kb/k.yaml"), text, &env).unwrap();
        let user_folder = match config.state_place {
            StatePlace::Given => "given".to_owned(),
            StatePlace::Beside { user_folder } => user_folder.unwrap_or_default().display().to_string(),
        };
        (config.state.display().to_string(), user_folder)
    };
    let is = |place: &str, folder: &str| (place.to_owned(), folder.to_owned());
    let beside = "kb/.kbsync/state.db";
    assert_eq!(state(&[("STATE_DIRECTORY", "/a:/b"), ("HOME", "/h")]), is("/a/state.db", "given"));
    assert_eq!(state(&[("STATE_DIRECTORY", "relative"), ("HOME", "/h")]), is(beside, "/h/.local/state/kbsync"));
    assert_eq!(state(&[("XDG_STATE_HOME", "/x"), ("HOME", "/h")]), is(beside, "/x/kbsync"));
    assert_eq!(state(&[("XDG_STATE_HOME", "x"), ("HOME", "/h")]), is(beside, "/h/.local/state/kbsync"));
    assert_eq!(state(&[]), is(beside, ""));
}

#[test]
fn the_status_page_listens_where_it_is_told() {
    let read = |listen: &str| {
        let config =
            check_text(&format!("status: {{listen: {listen}}}\ncollections: [{{name: d, folder: .}}]")).unwrap();
        (config.status.listen, config.warnings)
    };
    let address = |text: &str| Listen::Address(text.parse().unwrap());
    let quiet = [
        ("none", Listen::Nowhere),
        ("localhost:80", address("127.0.0.1:80")),
        ("127.0.0.2:80", address("127.0.0.2:80")),
        ("'[::ffff:127.0.0.1]:80'", address("[::ffff:127.0.0.1]:80")),
        ("unix:/run/kb.sock", Listen::Socket("/run/kb.sock".into())),
        ("unix:./kb.sock", Listen::Socket("/etc/kb/kb.sock".into())),
    ];
    for (listen, expected) in quiet {
        assert_eq!(read(listen), (expected, Vec::new()), "{listen}");
    }
    for listen in ["0.0.0.0:9484", "'[::]:9484'", "192.168.0.7:9484"] {
        let text = listen.trim_matches('\'');
        let warning = format!(
            "the status page listens on {text}, which is not loopback: anyone who reaches it can read the names of your \
             documents"
        );
        assert_eq!(read(listen), (address(text), vec![warning]));
    }
}

#[test]
fn files_are_found_from_the_configs_folder_and_keys_are_trimmed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kbsync.yaml");
    let key = dir.path().join("key");
    let base = "collections: [{name: docs, folder: docs}]\nplatform:\n  kind: cevvo\n";
    fs::write(&path, format!("{base}  api_key_file: key\n")).unwrap();
    fs::write(&key, format!("{KEY}\r\n")).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = |config: &Config| match &config.platform.kind {
        PlatformKind::Remote { api_key, .. } => api_key.as_ref().unwrap().expose_secret().to_owned(),
        PlatformKind::Local { .. } => String::new(),
    };
    let config = load(&path, &env).unwrap();
    assert_eq!(exposed(&config), KEY);
    let shown = key.display();
    assert_eq!(config.warnings, [format!("other users can read the key file {shown}; run `chmod 600 {shown}`")]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(load(&path, &env).unwrap().warnings.is_empty());

    fs::write(&path, base).unwrap();
    fs::rename(&key, dir.path().join("api_key")).unwrap();
    let credentials = dir.path().display().to_string();
    let env = |name: &str| if name == "CREDENTIALS_DIRECTORY" { Some(credentials.clone()) } else { env(name) };
    assert_eq!(exposed(&load(&path, &env).unwrap()), KEY);
}

#[test]
fn a_config_that_is_not_there_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let missing = load(&dir.path().join("kbsync.yaml"), &env).unwrap_err();
    assert!(matches!(missing, ConfigError::Missing { .. }));
    let text = missing.to_string();
    let example = text.split("\n\n").nth(1).unwrap();
    let example: String = example.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap())).collect();
    assert!(check_text(&example).is_ok(), "the example in the error works: {example}");
    let unreadable = load(dir.path(), &env).unwrap_err().to_string();
    assert!(unreadable.contains("the config cannot be read"), "{unreadable}");
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = check(Path::new("k.yaml"), &bytes, &env).map_err(|error| error.to_string());
    }

    #[test]
    fn no_yaml_is_too_odd(text in "([ \n]{0,3}(platform|collections|name|api_key|sync|- |: |\\[|\\{|\\}|\\]|\"|'|&a|\\*a|!x|\\||<<|é|#|\\$\\{|[a-z]{1,3}|[0-9]{1,3}))*") {
        let _ = check(Path::new("k.yaml"), text.as_bytes(), &env).map_err(|error| error.to_string());
    }
}
