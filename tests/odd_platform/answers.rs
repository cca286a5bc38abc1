//! Answers of other shapes than the platforms' pages show.

use kbsync::{
    model::{JobId, SourceId},
    platform::{ApiError, Holding, JobState, Platform, SourceKind},
};
use serde_json::{Value, json};

use crate::server::{Server, json as answers, reply, upload, whole};

#[tokio::test]
async fn list__one_odd_item__costs_itself_alone() {
    let plain = json!({"id": "plain", "name": "docs/a.md", "status": "synced", "document_count": 1});
    for (odd, is_read) in [
        (json!({"id": "odd", "name": null}), true),
        (json!({"id": "odd"}), true),
        (json!({"id": 7, "name": "x"}), true),
        (json!({"id": "odd", "document_count": "3", "status": "SYNCED"}), true),
        (json!({"id": "odd", "document_count": {}, "status": 3, "auto_sync": "yes", "type": []}), true),
        (json!({"id": "odd", "created_at": 1_795_262_400_000_u64}), true),
        (json!({"id": "odd", "created_at": "2026-11-21 12:00"}), true),
        (json!({"source_id": "odd"}), true),
        (json!({"id": null, "name": "x"}), false),
        (json!({"name": "x"}), false),
        (json!("odd"), false),
        (json!(null), false),
        (json!([]), false),
    ] {
        for list in [json!([odd, plain]), json!([plain, odd])] {
            let body = json!({"data": list, "meta": {"page": 1, "per_page": 100, "total": 2}});
            let server = Server::new(move |_, _| answers(&body)).await;
            let page = server.cevvo().sources(None).await.unwrap_or_else(|error| panic!("{odd}: {error}"));
            let expected = (1 + usize::from(is_read), u64::from(!is_read), Some(2), true);
            assert_eq!((page.sources.len(), page.unreadable, page.total, page.may_be_last), expected, "{odd}");
            let page = server.nexvio().sources(None).await.unwrap_or_else(|error| panic!("{odd}: {error}"));
            assert_eq!((page.sources.len(), page.unreadable), (expected.0, expected.1), "{odd}");
        }
    }
}

#[tokio::test]
async fn list__any_envelope__is_read_by_both() {
    let item = json!({"id": "k1", "name": "docs/a.md", "created_at": 1_795_262_400, "added_at": "1795262400"});
    for body in [
        json!([item]),
        json!({"data": [item]}),
        json!({"data": [item], "meta": null}),
        json!({"data": [item], "meta": {"total": "1"}}),
        json!({"data": [item], "meta": {"total": null, "page": "one"}}),
        json!({"data": [item], "meta": []}),
        json!({"items": [item], "total": 1.0}),
        json!({"results": [item], "pagination": {"total_count": 1}}),
        json!({"status": "success", "data": {"knowledge": [item], "total": 1}}),
        json!({"data": {"sources": [item]}}),
        json!({"sources": [item], "total_items": "1"}),
    ] {
        let shown = body.clone();
        let server = Server::new(move |_, _| answers(&shown)).await;
        let (cevvo, nexvio) = (server.cevvo(), server.nexvio());
        for page in [cevvo.sources(None).await, nexvio.sources(None).await] {
            let page = page.unwrap_or_else(|error| panic!("{body}: {error}"));
            assert_eq!(page.sources[0].id.0, "k1", "{body}");
            assert!(page.sources[0].created_at.is_some(), "{body}");
            assert!(page.total.is_none_or(|total| total == 1), "{body}");
        }
    }
}

#[tokio::test]
async fn list__a_byte_order_mark_before_it__is_read() {
    let server = Server::new(|_, _| reply(200, "\u{feff}{\"data\": [{\"id\": \"k1\"}]}")).await;
    assert_eq!(server.cevvo().sources(None).await.expect("it is JSON").sources.len(), 1);
    assert_eq!(server.nexvio().sources(None).await.expect("it is JSON").sources.len(), 1);
}

#[tokio::test]
async fn list__no_body_or_null__is_empty() {
    for (status, body) in [(204, ""), (200, ""), (200, "null"), (200, "[]"), (200, r#"{"data": null}"#)] {
        let server = Server::new(move |_, _| reply(status, body)).await;
        for page in [server.cevvo().sources(None).await, server.nexvio().sources(None).await] {
            let page = page.unwrap_or_else(|error| panic!("{status} {body:?}: {error}"));
            assert_eq!((page.sources.len(), page.may_be_last), (0, true), "{status} {body:?}");
        }
        assert_eq!(server.total(), 2, "{status} {body:?}");
    }
    // A probe of such a platform tells that it works.
    let server = Server::new(|asked, _| match asked.method.as_str() {
        "DELETE" => reply(403, "no"),
        _ => reply(204, ""),
    })
    .await;
    let error = server.cevvo().delete(&SourceId("s".to_owned())).await.expect_err("it is refused");
    assert!(!error.failure().is_general(), "{error}");
}

#[tokio::test]
async fn create__answered_without_telling_whether__says_what_was_answered() {
    let server = Server::new(|_, _| reply(500, r#"{"message": "the index is full"}"#)).await;
    let error = server.cevvo().create("docs/a.md", &SourceKind::File, None).await.expect_err("it fails");
    assert!(error.to_string().contains("500: the index is full"), "{error}");
}

/// A server with 230 sources; `page` says which of them it gives for the offset and the size that are asked for, `most` how
/// many that may be.
async fn listing(
    most: usize,
    total: bool,
    page: impl Fn(&[Value], usize, usize) -> Vec<Value> + Send + Sync + 'static,
) -> Server {
    let all: Vec<_> = (0..230).map(|id| json!({"id": format!("s{id}")})).collect();
    Server::new(move |asked, _| {
        let (offset, size) = match asked.path.as_str() {
            "/sources" => ((asked.number("page") - 1) * asked.number("per_page").min(most), asked.number("per_page")),
            _ => (asked.number("offset"), asked.number("limit")),
        };
        let items = page(&all, offset, size);
        answers(&if total { json!({"data": items, "total": all.len()}) } else { json!(items) })
    })
    .await
}

#[tokio::test]
async fn list__pages_of_any_size__is_read_whole_and_ends() {
    let slice = |all: &[Value], offset: usize, size: usize| -> Vec<Value> {
        all.iter().skip(offset).take(size).cloned().collect()
    };
    for total in [true, false] {
        for cap in [1_000, 100, 50, 20, 7] {
            let server = listing(cap, total, move |all, offset, size| slice(all, offset, size.min(cap))).await;
            assert_eq!(whole(&server.cevvo()).await.len(), 230, "Cevvo, {cap} a page, total: {total}");
            assert_eq!(whole(&server.nexvio()).await.len(), 230, "Nexvio, {cap} a page, total: {total}");
        }
        // One that ignores what it is asked for gives everything at once, again and again.
        let server = listing(230, total, |all, _, _| all.to_vec()).await;
        assert_eq!(whole(&server.nexvio()).await.len(), 230, "total: {total}");
        assert!(server.total() <= 2);
        // One that goes on with its last page.
        let server = listing(230, total, move |all, offset, size| slice(all, offset.min(130), size)).await;
        assert_eq!(whole(&server.nexvio()).await.len(), 230, "total: {total}");
    }
    let server = Server::new(|_, _| answers(&json!([{"id": null}, {"id": "a"}]))).await;
    assert_eq!(whole(&server.nexvio()).await, ["a"], "unreadable items, and pages that repeat");
}

#[tokio::test]
async fn list__pages_above_a_size_are_refused__is_read_in_smaller_ones() {
    for (most, status) in [(50, 422), (20, 400), (99, 413)] {
        let server = Server::new(move |asked, _| {
            match asked.number(if asked.path == "/sources" { "per_page" } else { "limit" }) {
                size if size > most => reply(status, r#"{"detail": "too many"}"#),
                _ => answers(&json!({"data": [{"id": "a"}], "total": 1})),
            }
        })
        .await;
        assert_eq!(whole(&server.cevvo()).await, ["a"], "Cevvo, {most} at most");
        assert_eq!(whole(&server.nexvio()).await, ["a"], "Nexvio, {most} at most");
    }
    let server = Server::new(|_, _| reply(422, r#"{"detail": "no"}"#)).await;
    let error = server.cevvo().sources(None).await.unwrap_err();
    assert!(error.to_string().contains("422") && server.total() < 10, "{error}");
}

#[tokio::test]
async fn list__items_with_their_content__is_read_in_smaller_pages() {
    // One page of all is longer than is read; so is one item, but for those who ask for it alone.
    for (of_each, too_long, requests) in [(180_000, None, 8), (300, Some(57), 25)] {
        let slice = move |all: &[Value], offset: usize, size: usize| -> Vec<Value> {
            let with_content = |(at, item): (usize, &Value)| {
                let size = if Some(offset + at) == too_long { 17 << 20 } else { of_each };
                json!({"id": item["id"], "content": "x".repeat(size)})
            };
            all.iter().skip(offset).take(size).enumerate().map(with_content).collect()
        };
        let there = 230 - too_long.map_or(0, |_| 1);
        for total in [true, false] {
            let server = listing(usize::MAX, total, slice).await;
            // Megabytes take their time: each is read with one of the two.
            if total == too_long.is_some() {
                assert_eq!(whole(&server.cevvo()).await.len(), there, "Cevvo {too_long:?}");
            } else {
                assert_eq!(whole(&server.nexvio()).await.len(), there, "Nexvio {too_long:?}");
            }
            assert!(server.total() <= requests, "{too_long:?}: {}", server.total());
        }
    }
}

#[tokio::test]
async fn change__any_body_of_a_success__is_done() {
    for (status, body) in [(204, ""), (200, ""), (200, "{}"), (202, "[]"), (200, "OK"), (200, "<html>"), (200, "null")]
    {
        let server = Server::new(move |_, _| reply(status, body)).await;
        let (cevvo, nexvio, id) = (server.cevvo(), server.nexvio(), SourceId("s".to_owned()));
        let context = format!("{status} {body:?}");
        cevvo.delete(&id).await.expect(&context);
        nexvio.delete(&id).await.expect(&context);
        assert_eq!(cevvo.rename(&id, "x").await.expect(&context).and_then(|renamed| renamed.name), None, "{context}");
        assert!(cevvo.set_auto_sync(&id, true).await.expect(&context), "{context}");
        nexvio.update_chatbot("bot", &Default::default()).await.expect(&context);
        assert_eq!(server.total(), 5, "{context}");
    }
}

#[tokio::test]
async fn delete__an_answer_that_denies_it__is_believed_only_when_the_source_is_gone() {
    for no in [json!({"deleted": false}), json!({"success": false}), json!({"data": {"deleted": false}})] {
        for there in [true, false] {
            let denied = no.clone();
            let server = Server::new(move |asked, _| match asked.method.as_str() {
                "DELETE" => answers(&denied),
                _ if there => answers(&json!({"id": "s", "status": "synced"})),
                _ => reply(404, r#"{"message": "not found"}"#),
            })
            .await;
            let id = SourceId("s".to_owned());
            let deleted = server.cevvo().delete(&id).await;
            assert_eq!(deleted.is_err(), there, "{no}");
            if let Err(error) = deleted {
                assert!(error.failure().transient && !error.failure().is_general(), "{error}");
            }
            assert!(server.nexvio().delete(&id).await.is_err(), "{no}");
        }
    }
}

#[tokio::test]
async fn create__the_id_anywhere_in_the_answer__is_found() {
    for (body, name) in [
        (json!({"id": "s1", "name": "docs/a.md cut"}), Some("docs/a.md cut")),
        (json!({"id": "s1", "name": null}), None),
        (json!({"data": {"id": "s1"}}), None),
        (json!({"source": {"id": "s1", "name": "n"}}), Some("n")),
        (json!({"source_id": "s1"}), None),
        (json!({"status": "success", "data": {"source": {"id": "s1", "created_at": 5}}}), None),
        (json!({"result": {"source_id": "s1", "status": {}}}), None),
        (json!([{"id": "s1"}]), None),
    ] {
        let shown = body.clone();
        let server = Server::new(move |_, _| answers(&shown)).await;
        let cevvo = server.cevvo().create("docs/a.md", &SourceKind::File, None).await;
        let nexvio = server.nexvio().create("docs/a.md", &SourceKind::File, Some(upload())).await;
        for made in [cevvo, nexvio] {
            let made = made.unwrap_or_else(|error| panic!("{body}: {error}"));
            assert_eq!((made.source.0.as_str(), made.name.as_deref()), ("s1", name), "{body}");
        }
    }
    for body in ["", "{}", "[]", "null", "<html>", r#"{"id": null}"#, r#"{"ok": true}"#] {
        let server = Server::new(move |_, _| reply(201, body)).await;
        let error = server.cevvo().create("docs/a.md", &SourceKind::File, None).await.expect_err(body);
        assert!(matches!(error, ApiError::Unknown { .. }), "{body}: {error}");
        assert_eq!(server.total(), 1, "{body}: it is not sent again");
    }
}

#[tokio::test]
async fn upload__without_a_job__is_followed_by_its_source() {
    for body in ["", "{}", r#"{"status": "processing"}"#] {
        let server = Server::new(move |asked, _| match asked.method.as_str() {
            "POST" => reply(202, body),
            _ => answers(&json!({"id": "s", "status": "Synced", "document_count": "1"})),
        })
        .await;
        let cevvo = server.cevvo();
        let job = cevvo.upload(&SourceId("s".to_owned()), upload()).await.expect(body);
        assert_eq!(cevvo.job(&job, &SourceId("s".to_owned())).await.expect(body), JobState::Completed(None), "{body}");
    }
    for body in [json!({"job_id": 7}), json!({"id": "7", "source_id": "s"}), json!({"data": {"job": {"id": 7}}})] {
        let shown = body.clone();
        let server = Server::new(move |_, _| answers(&shown)).await;
        let job = server.cevvo().upload(&SourceId("s".to_owned()), upload()).await.expect("it is accepted");
        assert_eq!(job.0, "7", "{body}");
    }
}

#[tokio::test]
async fn job__any_answer__is_read_or_forgotten() {
    for (status, body, state) in [
        (200, r#"{"status": "Completed", "documents_processed": "2"}"#, JobState::Completed(Some(2))),
        (200, r#"{"data": {"status": "DONE", "documents_processed": null}}"#, JobState::Completed(None)),
        (200, r#"{"job": {"id": 7, "status": "failed", "error": {"message": "bad"}}}"#, JobState::Failed("bad".into())),
        (200, r#"{"job_id": 7, "status": null}"#, JobState::Unclear),
        (200, r#"{"status": "reticulating"}"#, JobState::Unclear),
        (404, "", JobState::Forgotten),
        (410, "<html>", JobState::Forgotten),
    ] {
        let server = Server::new(move |_, _| reply(status, body)).await;
        assert_eq!(
            server.cevvo().job(&JobId("7".to_owned()), &SourceId("s".to_owned())).await.expect(body),
            state,
            "{body}"
        );
    }
}

#[tokio::test]
async fn source__any_answer__is_read() {
    for (body, holding) in [
        (json!({"status": "SYNCED", "document_count": "1"}), Holding::Document),
        (json!({"data": {"id": 7, "status": "ready", "document_count": 1.0}}), Holding::Document),
        (json!({"source": {"status": "synced", "document_count": 0}}), Holding::Empty),
        (json!({"id": "7", "status": "Error"}), Holding::Failed(None)),
        (json!({"name": "a.md"}), Holding::Unsaid),
    ] {
        let shown = body.clone();
        let server = Server::new(move |_, _| answers(&shown)).await;
        let source = server.cevvo().source(&SourceId("7".to_owned())).await.expect("an answer").expect("a source");
        assert_eq!((source.id.0.as_str(), source.holding), ("7", holding), "{body}");
    }
}

#[tokio::test]
async fn source__an_error_with_status_200__does_not_show_that_it_is_there() {
    for body in [json!({"error": "Source not found"}), json!({"data": null}), json!({"success": false}), json!({})] {
        let shown = body.clone();
        let server = Server::new(move |_, _| answers(&shown)).await;
        let error = server.cevvo().source(&SourceId("7".to_owned())).await.expect_err("no source");
        assert!(matches!(error, ApiError::Refused { status: 200, .. }), "{body}: {error}");
    }
}
