//! Nexvio's API: knowledge sources.

use kbsync::local::{Change, Fault, Faults, KnowledgeShown};
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::{Value, json};

use crate::{
    harness::{PATIENCE, Platform, read},
    origin::{Origin, Reply},
};

fn file(file_name: &str, content: &str) -> multipart::Part {
    multipart::Part::text(content.to_owned()).file_name(file_name.to_owned())
}

fn add(p: &Platform, name: &str, file_name: &str, content: &str) -> RequestBuilder {
    let form = multipart::Form::new().text("name", name.to_owned()).part("file", file(file_name, content));
    p.nexvio(Method::POST, "/knowledge").multipart(form)
}

async fn added(p: &Platform, name: &str, content: &str) -> String {
    let (status, body) = read(add(p, name, "a.md", content).send().await.unwrap()).await;
    assert_eq!(status, 201, "{body}");
    body["data"]["knowledge"]["id"].as_str().unwrap().to_owned()
}

async fn list(p: &Platform) -> Vec<Value> {
    let (status, body) = p.nexvio_get("/knowledge").await;
    assert_eq!(status, 200, "{body}");
    body["data"]["knowledge"].as_array().unwrap().clone()
}

/// Waits until a source is in this state, and gives it as the list shows it.
async fn comes_to_be(p: &Platform, id: &str, status: &str) -> Value {
    let wait = async {
        loop {
            let found = list(p).await.into_iter().find(|item| item["id"] == id && item["status"] == status);
            if let Some(item) = found {
                return item;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it comes to be so")
}

fn uploads(p: &Platform) -> usize {
    std::fs::read_dir(p.folder.path().join("uploads")).unwrap().count()
}

#[tokio::test]
async fn a_document_becomes_ready_and_answers_under_both_apis() {
    let p = Platform::new().await;
    let mut changes = p.running.watch();
    let name = "handbook/owls.md [default:0123456789ab]";
    let (status, body) = read(add(&p, name, "owls.md", "Owls hunt at night.").send().await.unwrap()).await;
    assert_eq!((status, &body["status"]), (201, &json!("success")));
    let made = &body["data"]["knowledge"];
    assert_eq!((&made["type"], &made["name"], &made["status"]), (&json!("file"), &json!(name), &json!("processing")));
    assert!(made["added_at"].as_str().unwrap().ends_with('Z') && made.get("url").is_none(), "{made}");
    let id = made["id"].as_str().unwrap();
    let ready = comes_to_be(&p, id, "ready").await;
    assert_eq!((&ready["name"], &ready["added_at"]), (&made["name"], &made["added_at"]));

    let (_, source) = p.get(&format!("/sources/{id}")).await;
    assert_eq!(
        (&source["type"], &source["status"], &source["document_count"]),
        (&json!("file"), &json!("synced"), &json!(1))
    );
    let (_, answer) = p.send(Method::POST, "/chat", json!({"message": "When do owls hunt?"})).await;
    assert_eq!(answer["sources"][0]["title"], "handbook/owls.md");

    let gone = p.nexvio_delete(&format!("/knowledge/{id}")).await;
    assert_eq!(gone, (200, json!({"status": "success", "data": {"deleted": true}})));
    let (status, body) = p.nexvio_delete(&format!("/knowledge/{id}")).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")));
    assert_eq!(body["error"]["message"], "Knowledge source not found");
    assert_eq!(list(&p).await, [json!(null); 0]);
    let source_id = id.to_owned();
    let held = Change::Held { source_id: source_id.clone(), name: name.to_owned() };
    for expected in [held, Change::Gone { source_id }] {
        assert_eq!(changes.recv().await, Some(expected));
    }
}

#[tokio::test]
async fn a_page_is_fetched_alone() {
    let (p, origin) = (Platform::that_fetches(|_| {}).await, Origin::start());
    let page = "<html><head><title>Owls</title></head><body><main><h1>Owls</h1>\
        <p>Owls hunt at night, <a href='/more'>and more</a>.</p></main></body></html>";
    origin.serve("/owls", Reply::page(page));
    let url = origin.url("/owls");
    for (name, shown) in [(None, url.as_str()), (Some("Our owls"), "Our owls")] {
        let mut body = json!({"type": "website", "url": url.as_str()});
        if let Some(name) = name {
            body["name"] = json!(name);
        }
        let (status, body) = p.nexvio_send(Method::POST, "/knowledge", body).await;
        assert_eq!(status, 201, "{body}");
        let id = body["data"]["knowledge"]["id"].as_str().unwrap();
        let ready = comes_to_be(&p, id, "ready").await;
        assert_eq!((&ready["type"], &ready["url"]), (&json!("website"), &json!(url.as_str())));
        assert_eq!(ready["name"], shown);
        assert_eq!(p.get(&format!("/sources/{id}")).await.1["type"], "text", "nobody crawls it");
    }
    let gone = json!({"type": "website", "url": origin.url("/gone").as_str()});
    let (_, body) = p.nexvio_send(Method::POST, "/knowledge", gone).await;
    comes_to_be(&p, body["data"]["knowledge"]["id"].as_str().unwrap(), "failed").await;
    assert_eq!(origin.count("/more"), 0);
}

#[tokio::test]
async fn lists_are_newest_first_in_slices_and_show_cevvos_sources() {
    let p = Platform::new().await;
    for number in 0..3 {
        p.source(&format!("text {number}")).await;
    }
    let site = json!({"name": "site", "type": "website", "url": "http://127.0.0.1/"});
    p.send(Method::POST, "/sources", site).await;
    added(&p, "document", "text").await;
    let slice = async |query: &str| {
        let (status, body) = p.nexvio_get(&format!("/knowledge{query}")).await;
        assert_eq!(status, 200, "{body}");
        let data = &body["data"];
        let items = data["knowledge"].as_array().unwrap();
        let names = items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (names.join(", "), [&data["total"], &data["limit"], &data["offset"]].map(|n| n.as_u64().unwrap()))
    };
    assert_eq!(slice("").await, ("document, site, text 2, text 1, text 0".to_owned(), [5, 50, 0]));
    assert_eq!(slice("?limit=2&offset=1").await, ("site, text 2".to_owned(), [5, 2, 1]));
    assert_eq!(slice("?limit=100&offset=9").await, (String::new(), [5, 100, 9]));
    let kinds: Vec<_> = list(&p).await.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["file", "website", "file", "file", "file"]);
    let (status, body) = p.nexvio_get("/knowledge?limit=101&offset=x").await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("validation_error")));
    assert_eq!(body["error"]["message"], "Invalid request data");
    assert!(body["error"]["details"]["limit"].is_string() && body["error"]["details"]["offset"].is_string());
    for wrong in ["limit=0", "limit=-1", "offset=-1", "limit=1&limit=2"] {
        assert_eq!(p.nexvio_get(&format!("/knowledge?{wrong}")).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_and_leaves_nothing() {
    let p = Platform::new().await;
    let form = |form: multipart::Form| p.nexvio(Method::POST, "/knowledge").multipart(form);
    let empty = multipart::Form::new;
    for (request, expected) in [
        (add(&p, "x", "a.exe", "text"), 415),
        (add(&p, " ", "a.md", "text"), 400),
        (add(&p, &"x".repeat(5000), "a.md", "text"), 400),
        (form(empty().text("name", "x")), 400),
        (form(empty().text("file", "x")), 415),
        (p.nexvio(Method::POST, "/knowledge").header("content-type", "multipart/form-data"), 400),
    ] {
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!((status, &body["status"]), (expected, &json!("error")), "{body}");
    }
    for (wrong, fields) in [
        (json!({}), "type url"),
        (json!({"type": "file", "url": "http://127.0.0.1/"}), "type"),
        (json!({"type": "website", "url": "ftp://127.0.0.1/"}), "url"),
        (json!({"type": 7, "url": null, "name": null}), "name type url"),
        (json!([]), ""),
    ] {
        let (status, body) = p.nexvio_send(Method::POST, "/knowledge", wrong.clone()).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("validation_error")), "{wrong}");
        let details = body["error"]["details"].as_object();
        let named = details.map_or(String::new(), |d| d.keys().cloned().collect::<Vec<_>>().join(" "));
        assert_eq!(named, fields, "{wrong}");
    }
    assert_eq!((p.nexvio_get("/knowledge/src_x").await.0, p.nexvio_get("/knowledge/").await.0), (405, 404));
    assert_eq!(p.nexvio_send(Method::PUT, "/knowledge/src_x", json!({})).await.0, 405);
    assert_eq!((p.running.snapshot().await.len(), uploads(&p)), (0, 0));
}

#[tokio::test]
async fn a_form_is_read_in_any_order_and_a_name_may_be_missing() {
    let p = Platform::new().await;
    for (form, name) in [
        (multipart::Form::new().part("file", file("a.md", "one")).text("name", "last"), "last"),
        (multipart::Form::new().part("file", file("a.md", "two")), "a.md"),
        (multipart::Form::new().text("other", "x").text("name", "first").part("file", file("a.TXT", "3")), "first"),
    ] {
        let (status, body) = read(p.nexvio(Method::POST, "/knowledge").multipart(form).send().await.unwrap()).await;
        assert_eq!((status, &body["data"]["knowledge"]["name"]), (201, &json!(name)));
        comes_to_be(&p, body["data"]["knowledge"]["id"].as_str().unwrap(), "ready").await;
    }
    // Far more than a JSON body may have.
    let large = added(&p, "large", &"large ".repeat(1 << 19)).await;
    comes_to_be(&p, &large, "ready").await;
    p.comes_to(|_| uploads(&p) == 0).await;
}

#[tokio::test]
async fn adding_meets_every_fault() {
    let faults = Faults::default();
    let handle = faults.clone();
    let p = Platform::with(|options| options.faults = handle).await;
    let send = |fault: Fault, name: &'static str| {
        faults.once("POST", "/knowledge", fault);
        add(&p, name, "a.md", "text").send()
    };
    send(Fault::LostBefore, "lost").await.unwrap_err();
    assert_eq!(list(&p).await.len(), 0);
    send(Fault::LostAfter, "unheard").await.unwrap_err();
    p.comes_to(|held| held.len() == 1 && held[0].name == "unheard" && held[0].documents.len() == 1).await;
    assert_eq!(send(Fault::Status(500), "refused").await.unwrap().status(), 500);
    assert_eq!(send(Fault::StatusAfter(502), "done").await.unwrap().status(), 502);
    p.comes_to(|held| held.len() == 2 && held[1].name == "done").await;

    let failed = send(Fault::JobFails("the model is on strike".to_owned()), "fails").await.unwrap();
    let failed = read(failed).await.1["data"]["knowledge"]["id"].as_str().unwrap().to_owned();
    comes_to_be(&p, &failed, "failed").await;
    let stalled = send(Fault::JobStalls, "stalls").await.unwrap();
    let stalled = read(stalled).await.1["data"]["knowledge"]["id"].as_str().unwrap().to_owned();
    let other = added(&p, "other", "text").await;
    comes_to_be(&p, &other, "ready").await;
    comes_to_be(&p, &stalled, "processing").await;

    let p = p.restarted(|_| {}).await;
    comes_to_be(&p, &stalled, "ready").await;
    comes_to_be(&p, &failed, "failed").await;
}

/// The names of an item's fields, sorted.
fn fields(item: &Value) -> String {
    let mut names: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

#[tokio::test]
async fn without_statuses_what_is_listed_is_ready() {
    let faults = Faults::default();
    let handle = faults.clone();
    let p = Platform::with(|options| {
        options.faults = handle;
        options.knowledge = KnowledgeShown { statuses: false, ..KnowledgeShown::default() };
    })
    .await;
    faults.once("POST", "/knowledge", Fault::JobStalls);
    added(&p, "late", "text").await;
    faults.once("POST", "/knowledge", Fault::JobFails("the model is on strike".to_owned()));
    added(&p, "failed", "text").await;
    let (status, body) = read(add(&p, "ready", "a.md", "text").send().await.unwrap()).await;
    assert_eq!((status, fields(&body["data"]["knowledge"]).as_str()), (201, "added_at id name type"));
    p.comes_to(|held| held[1].status == "failed" && held[2].status == "synced").await;
    let (_, body) = p.nexvio_get("/knowledge").await;
    let items = body["data"]["knowledge"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["name"], &body["data"]["total"]), (1, &json!("ready"), &json!(1)));
    assert_eq!(fields(&items[0]), "added_at id name type");

    // The one that stalled is run again, and is listed once it is ready.
    let p = p.restarted(|options| options.knowledge.statuses = false).await;
    p.comes_to(|held| held[0].status == "synced").await;
    let names: Vec<_> = list(&p).await.iter().map(|item| item["name"].clone()).collect();
    assert_eq!(names, ["ready", "late"]);
}

#[tokio::test]
async fn items_may_have_no_names() {
    let p = Platform::with(|options| options.knowledge.names = false).await;
    let (status, body) = read(add(&p, "document", "a.md", "text").send().await.unwrap()).await;
    let made = &body["data"]["knowledge"];
    assert_eq!((status, fields(made).as_str()), (201, "added_at id status type"));
    let ready = comes_to_be(&p, made["id"].as_str().unwrap(), "ready").await;
    assert_eq!(fields(&ready), "added_at id status type");
    assert_eq!(p.running.snapshot().await[0].name, "document");
}

#[tokio::test]
async fn a_list_without_pages_is_its_beginning_whatever_the_offset() {
    let p = Platform::with(|options| options.knowledge.paged = false).await;
    for number in 0..3 {
        p.source(&format!("text {number}")).await;
    }
    for (query, expected) in [
        ("", "text 2, text 1, text 0"),
        ("?limit=2", "text 2, text 1"),
        ("?limit=2&offset=2", "text 2, text 1"),
        ("?offset=9", "text 2, text 1, text 0"),
    ] {
        let (status, body) = p.nexvio_get(&format!("/knowledge{query}")).await;
        let names: Vec<_> = body.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!((status, names.join(", ").as_str()), (200, expected), "{query}");
    }
}
