//! What is to be verified: what a part gives, and what each mistake says.

use super::{mistakes::assert_said, *};

/// What a config holds (`#DOCS` stands for a good collection), and the errors without file and excerpt.
const CASES: &[(&str, &[&str])] = &[
    (
        "verify: often\n#DOCS",
        &["1:9: `verify` is a list of questions, or has the keys schedule, sample, questions; found text"],
    ),
    ("verify: []\n#DOCS", &["1:9: there is no question; add one with `ask` and `expect_source`"]),
    ("verify: [who]\n#DOCS", &["1:10: a question has the keys ask, expect_source, expect_text; found text"]),
    (
        "verify:\n  - expect: docs/a.md\n#DOCS",
        &[
            "2:5: unknown key `expect`; the keys here are ask, expect_source, expect_text",
            "2:5: this question has no `ask`; add `ask: \"How do I …?\"`",
            "2:5: nothing is expected of the answer; add `expect_source: COLLECTION/PATH` or `expect_text`",
        ],
    ),
    (
        "verify:\n  - ask: ' '\n    expect_text: ''\n    expect_source: []\n#DOCS",
        &[
            "2:10: this question is empty",
            "3:18: this text is empty",
            "4:20: this list is empty, so nothing is expected; fill it or remove it",
        ],
    ),
    (
        "verify:\n  - ask: Who?\n    expect_source: [dacs/a.md, wiki/a.md, a.md, docs/../a.md, docs/, 7]\n#DOCS",
        &[
            "3:21: there is no such collection; did you mean `docs`?",
            "3:32: there is no such collection; the collections are docs",
            "3:43: a source is COLLECTION/PATH, such as `handbook/cron.md`, or the address of a page",
            "3:49: a document's path is relative, with no empty, `.` or `..` part, or an http(s) address without a fragment",
            "3:63: a document's path is relative, with no empty, `.` or `..` part, or an http(s) address without a fragment",
            "3:70: expected text, found a number; put it in quotes",
        ],
    ),
    (
        "verify:\n  schedule: 30 * *\n  sample: 1001\n  questions: {ask: Who?}\n  question: []\n#DOCS",
        &[
            "2:13: a schedule has five fields, minute, hour, day of the month, month and day of the week, such as `0 3 * * *`; found 3",
            "3:11: a sample is 1000 at most",
            "4:14: expected a list of questions, each with `ask`, found keys and values",
            "5:3: unknown key `question`; did you mean `questions`?",
        ],
    ),
    (
        "verify:\n  schedule: '@hourly'\n#DOCS",
        &["2:3: at these times nothing is asked; add `questions` or `sample: 5`"],
    ),
    (
        "verify:\n  schedule: '@hourly'\n  questions: []\n#DOCS",
        &["2:3: at these times nothing is asked; add `questions` or `sample: 5`"],
    ),
    ("verify: {}\n#DOCS", &["1:9: `verify` is empty; add `questions` or `sample: 5`, or remove it"]),
    (
        "platform: {kind: nexvio, api_key: k}\nverify: [{ask: Who?, expect_text: I}]\n#DOCS",
        &["2:1: Nexvio's pages show no call to ask, so nothing can be verified; remove this"],
    ),
];

#[test]
fn every_mistake_about_verifying_says_how_to_mend_it() {
    assert_said(CASES);
}

fn verify(part: &str) -> Verify {
    check_text(&format!("{part}\ncollections: [{{name: docs, folder: docs}}]")).unwrap().verify
}

#[test]
fn a_list_of_questions_or_a_section_with_them() {
    let list = verify("verify:\n  - ask: How?\n    expect_source: docs/ops/cron.md\n    expect_text: --sync-once");
    let [question] = &list.questions[..] else { panic!("not one") };
    assert_eq!((question.ask.as_str(), &question.texts), ("How?", &vec!["--sync-once".to_owned()]));
    assert_eq!(question.sources[0].to_string(), "docs/ops/cron.md");
    assert_eq!((list.schedule, list.sample), (None, 0));

    let section = verify(
        "verify:\n  schedule: '30 * * * *'\n  sample: 5\n  questions:\n    - ask: How?\n      \
         expect_source: [HTTPS://example.com/a#b, docs/https://example.com/]\n      expect_text: [a, b]",
    );
    assert_eq!((section.schedule.unwrap().as_str(), section.sample), ("30 * * * *", 5));
    let sources: Vec<_> = section.questions[0].sources.iter().map(Reference::to_string).collect();
    assert_eq!(sources, ["https://example.com/a", "docs/https://example.com/"]);
    assert_eq!(section.questions[0].texts.len(), 2);

    assert_eq!(verify("verify:"), Verify::default());
    assert_eq!(verify(""), Verify::default());
    assert_eq!(verify("verify: {schedule: '@daily', sample: 1}").sample, 1);
    let local = "platform: {kind: local, api: nexvio}\nverify: [{ask: Who?, expect_text: I}]";
    assert_eq!(verify(local).questions.len(), 1, "the local platform is asked by its other API");
}
