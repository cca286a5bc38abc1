//! The data folder: one server at a time, restarts, and folders that cannot be used.

use std::{fs, os::unix::fs::PermissionsExt};

use kbsync::local::LocalError;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{PATIENCE, Platform, options, start};

#[tokio::test]
async fn data_and_key_survive_a_restart() {
    let p = Platform::new().await;
    p.document("handbook/tea.md", "# Tea\nGreen tea steeps for two minutes.").await;
    let (_, first) = p.send(Method::POST, "/chat", json!({"message": "How long does green tea steep?"})).await;
    let before = p.running.snapshot().await;
    let key = p.running.api_key().expose_secret().to_owned();
    let Platform { running, folder, client } = p;
    running.stop().await;
    assert!(!folder.path().join("address").exists());

    let running = start(options(folder.path())).await.unwrap();
    assert_eq!(running.api_key().expose_secret(), key);
    let p = Platform { running, folder, client };
    assert_eq!(p.running.snapshot().await, before);
    let again = json!({"message": "How long does green tea steep?", "thread_id": first["thread_id"]});
    let (status, second) = p.send(Method::POST, "/chat", again).await;
    assert_eq!((status, &second["answer"]), (200, &first["answer"]));
}

#[tokio::test]
async fn a_dropped_platform_leaves_a_folder_that_opens_again() {
    let p = Platform::new().await;
    p.document("a/x.md", "text").await;
    let url = format!("{}/sources", p.running.base_url());
    let key = p.running.api_key().expose_secret().to_owned();
    let Platform { running, folder, client } = p;
    drop(running);
    // Not even a connection that was open before is answered.
    assert!(client.get(url).bearer_auth(key).send().await.is_err());
    assert!(folder.path().join("address").exists(), "nobody tidied up");
    // The database's thread lets go of the lock when it has closed the database.
    let opens = async {
        loop {
            match start(options(folder.path())).await {
                Err(LocalError::Busy { .. }) => {}
                opened => return opened.unwrap(),
            }
        }
    };
    let again = tokio::time::timeout(PATIENCE, opens).await.expect("the lock is let go");
    assert_eq!(again.snapshot().await[0].status, "synced");
}

#[tokio::test]
async fn a_database_of_an_earlier_kbsync_is_brought_up_to_date() {
    let p = Platform::new().await;
    p.document("handbook/tea.md", "Green tea steeps for two minutes.").await;
    let (_, asked) = p.send(Method::POST, "/chat", json!({"message": "Is there tea?"})).await;
    let before = p.running.snapshot().await;
    let Platform { running, folder, client } = p;
    running.stop().await;
    let db = rusqlite::Connection::open(folder.path().join("platform.db")).unwrap();
    db.execute_batch(
        "DROP INDEX conversations_by_bot; ALTER TABLE conversations DROP COLUMN bot; DROP TABLE bots; \
         DROP TABLE integrations; ALTER TABLE documents DROP COLUMN title; ALTER TABLE sources DROP COLUMN crawled_at; \
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(db);
    let p = Platform { running: start(options(folder.path())).await.unwrap(), folder, client };
    assert_eq!(p.running.snapshot().await, before);
    let (_, answer) = p.send(Method::POST, "/chat", json!({"message": "How long does green tea steep?"})).await;
    assert_eq!(answer["sources"][0]["title"], "handbook/tea.md");
    let bot = p.nexvio_get("/bots").await.1["data"]["chatbots"][0]["id"].clone();
    let conversation = format!("/conversations/{}", asked["thread_id"].as_str().unwrap());
    let (_, conversation) = p.nexvio_get(&conversation).await;
    assert_eq!(conversation["data"]["conversation"]["chatbot_id"], bot, "it belongs to the first one");
}

#[tokio::test]
async fn the_second_server_is_told_where_the_first_is() {
    let p = Platform::new().await;
    let error = start(options(p.folder.path())).await.unwrap_err();
    assert!(error.to_string().contains(p.running.base_url()), "{error}");
    let LocalError::Busy { address, .. } = error else { panic!("{error}") };
    assert_eq!(address.as_deref(), Some(p.running.base_url()));
    assert_eq!(p.get("/sources").await.0, 200, "the first one is not disturbed");
}

#[tokio::test]
async fn the_folder_is_the_users_alone() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("deep/local");
    let running = start(options(&folder)).await.unwrap();
    let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("uploads"), mode("api_key")), (0o700, 0o700, 0o600));
    assert!(running.api_key().expose_secret().starts_with("kb_local_"));
    running.stop().await;
}

#[tokio::test]
async fn folders_that_cannot_be_used_are_refused_in_clear_words() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = start(options(&file)).await.unwrap_err();
    assert!(matches!(error, LocalError::Folder { .. }), "{error}");

    let database = folder.path().join("platform.db");
    fs::write(&database, "this is no database, and it is long enough to have a header ".repeat(4)).unwrap();
    let error = start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, LocalError::Damaged { .. }), "{error}");

    fs::remove_file(&database).unwrap();
    start(options(folder.path())).await.unwrap().stop().await;
    rusqlite::Connection::open(&database).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, LocalError::Newer { found: 99, .. }), "{error}");

    fs::write(folder.path().join("api_key"), "something else").unwrap();
    let error = start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, LocalError::Key { .. }), "{error}");
}
