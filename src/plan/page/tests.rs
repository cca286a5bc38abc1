//! What pages' pasts and answers make of them.

use super::*;
use crate::{
    model::{ContentHash, DocPath, Fingerprint, LastLook, Trouble},
    plan::{NewText, PasswordAt, weigh},
};

const NOW: Moment = Moment(1_000_000_000_000);

fn state() -> PageState {
    let (read, fetched) = (Some(NOW), Some(NOW));
    PageState { pass: "one".to_owned(), read, fetched, etag: Some("e".to_owned()), ..PageState::default() }
}

fn ask(state: Option<&PageState>, record: Option<&Record>, lastmod: Option<&str>, pass: &str, now: Moment) -> Ask {
    super::ask(
        &Page { address: "https://example.com/", state, record, lastmod, validators: true, to_upload: true },
        pass,
        now,
    )
}

fn looks(now: Moment, apart: Duration) -> Looks {
    Looks { now, apart, confirm: 2 }
}

fn record(live: Option<u8>, failed: Option<u8>) -> Record {
    let short = |first| ContentHash([first; 32]).short();
    let fingerprint = Fingerprint { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
    Record {
        uploaded_here: false,
        path: DocPath::new("https://example.com/").unwrap(),
        seen: Some(LastLook { fingerprint, at: NOW, hash: ContentHash([1; 32]), min_hash: None }),
        live: live.map(short),
        live_size: None,
        trouble: failed.map(|first| Trouble::of_document(short(first), String::new())),
        successor: None,
        skipped: None,
        written_since: None,
        gone_since: None,
    }
}

#[test]
fn a_page_is_asked_for_its_content_until_the_platform_has_it() {
    let of = |record: &Record| ask(Some(&state()), Some(record), None, "two", NOW);
    assert_eq!(ask(None, None, None, "two", NOW), Ask::Anyway);
    assert_eq!(ask(Some(&state()), None, None, "two", NOW), Ask::Anyway);
    assert_eq!(of(&record(None, None)), Ask::Anyway);
    assert_eq!(of(&record(Some(2), None)), Ask::Anyway, "the platform holds an older version");
    assert_eq!(of(&record(Some(1), None)), Ask::IfChanged);
    assert_eq!(of(&record(Some(2), Some(1))), Ask::IfChanged, "quarantined until it changes");
    let bare = PageState { etag: None, ..state() };
    assert_eq!(ask(Some(&bare), Some(&record(Some(1), None)), None, "two", NOW), Ask::Anyway);
    assert_eq!(ask(Some(&state()), None, None, "one", NOW), Ask::Asked);
}

#[test]
fn a_list_that_names_the_same_change_is_believed_for_a_day() {
    let known = PageState { lastmod: Some("1970-01-01".to_owned()), ..state() };
    let at = |state: &PageState, lastmod, now| ask(Some(state), Some(&record(Some(1), None)), lastmod, "two", now);
    assert_eq!(at(&known, Some("1970-01-01"), NOW), Ask::Unchanged);
    assert_eq!(at(&known, Some("1970-01-02"), NOW), Ask::Anyway, "what its origin says may contradict its list");
    assert_eq!(at(&known, None, NOW), Ask::IfChanged);
    assert_eq!(at(&known, Some("1970-01-01"), NOW + TRUST), Ask::IfChanged);
    let stale = PageState { stale: Some(Stale { since: NOW, reason: String::new() }), ..known.clone() };
    assert_eq!(at(&stale, Some("1970-01-01"), NOW), Ask::IfChanged);
    for date in ["1970-01-12", "1970-01-12T14:00:00Z", "1970", "2026-11-29"] {
        let known = PageState { lastmod: Some(date.to_owned()), ..state() };
        assert_eq!(at(&known, Some(date), NOW), Ask::IfChanged, "{date}: it may have been changed since it was read");
    }
    let missing = PageState { missing: 1, ..known };
    assert_eq!(at(&missing, Some("1970-01-01"), NOW), Ask::IfChanged);
}

#[test]
fn answers_and_what_is_remembered() {
    let later = NOW + Duration::from_secs(60);
    let apart = Duration::from_secs(60);
    let nothing = |before: &PageState, at| {
        heard(Some(before), Heard::Nothing("503".to_owned()), (None, None), "two", looks(at, apart))
    };
    let stale = nothing(&state(), NOW);
    assert_eq!(stale.etag, state().etag, "what tells versions apart is kept");
    let staler = nothing(&stale, later);
    assert_eq!(staler.stale.as_ref().unwrap().since, NOW, "since the first time");
    let gone = heard(Some(&staler), Heard::Gone(later), (None, None), "two", looks(later, apart));
    assert_eq!((gone.missing, &gone.stale), (1, &None));
    assert_eq!(nothing(&gone, later).missing, 1, "a failure between does not start the count again");
    let soon = later + Duration::from_secs(59);
    assert_eq!(
        heard(Some(&gone), Heard::Gone(soon), (None, None), "three", looks(soon, apart)).missing,
        1,
        "the same moment"
    );
    assert_eq!(
        heard(Some(&gone), Heard::Gone(later + apart), (None, None), "three", looks(later + apart, apart)).missing,
        2
    );
    let set_back = NOW - Duration::from_secs(999);
    assert_eq!(
        heard(Some(&gone), Heard::Gone(set_back), (None, None), "three", looks(set_back, apart)).missing,
        2,
        "a clock that was ahead"
    );
    let back = heard(Some(&gone), Heard::Unchanged, (Some("x"), None), "three", looks(later, apart));
    assert_eq!((back.missing, back.read, back.lastmod.as_deref()), (0, Some(later), Some("x")));
}

#[test]
fn validators__after_seven_days__are_not_believed() {
    let day = Duration::from_secs(24 * 60 * 60);
    let record = record(Some(1), None);
    let at = |state: &PageState, now| ask(Some(state), Some(&record), None, "two", now);
    assert_eq!(at(&state(), NOW + day * 5), Ask::IfChanged);
    assert_eq!(at(&state(), NOW + day * 7), Ask::Anyway);
    let said = PageState { read: Some(NOW + day * 7), ..state() };
    assert_eq!(at(&said, NOW + day * 7), Ask::Anyway, "304s do not count");
    assert_eq!(at(&PageState { fetched: None, ..state() }, NOW), Ask::Anyway);
    let no_sign = Page {
        address: "a",
        state: Some(&state()),
        record: Some(&record),
        lastmod: None,
        validators: false,
        to_upload: true,
    };
    assert_eq!(super::ask(&no_sign, "two", NOW), Ask::Anyway);
    let lives = (0..50).map(|n| {
        let address = format!("https://example.com/{n}");
        (0..200).find(|hour| is_due(&state(), &address, NOW + day / 24 * *hour)).expect("a week has fewer hours")
    });
    let lives: Vec<_> = lives.collect();
    assert!(lives.iter().all(|life| (144..=168).contains(life)), "{lives:?}");
    assert!(lives.iter().min() < lives.iter().max(), "spread over a day: {lives:?}");
}

const LONG: &str = "# Topic\n\nThe warranty lasts for two years and covers all parts that are made of steel. \
                    Send the invoice to the support team, which answers within a day or two, and keep a copy of it. \
                    What you have broken yourself is not covered, and neither is what was repaired by somebody else.";

fn new(text: &str) -> NewText<'_> {
    let sketch = Sketch::of(text, "https://example.com/");
    let first = text.bytes().fold(7, |hash: u8, byte| hash.wrapping_mul(31).wrapping_add(byte));
    let (hash, size) = (ContentHash([first; 32]), text.len() as u64);
    NewText {
        text,
        hash,
        size,
        sketch,
        same_title: false,
        ended: true,
        missing: false,
        kind: "md",
        password: PasswordAt::Nowhere,
    }
}

fn held(text: &str) -> (Record, PageState) {
    let NewText { hash, size, sketch, .. } = new(text);
    let fingerprint = Fingerprint { size, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
    let seen = Some(LastLook { fingerprint, at: NOW, hash, min_hash: None });
    let record = Record { seen, live: Some(hash.short()), live_size: Some(size), ..record(None, None) };
    (record, PageState { sketch: Some(sketch), ..state() })
}

#[test]
fn text__held_against_the_one_before__is_weighed() {
    let (record, state) = held(LONG);
    let weighed = |text: &str| weigh(Some(&record), Some(&state), &new(text));
    assert_eq!(weighed(LONG), TextVerdict::Accepted { turned: None });
    assert!(matches!(weighed(&LONG.replace("two", "three")), TextVerdict::Accepted { turned: Some(_) }));
    assert_eq!(weighed(&format!("{LONG} 17")), TextVerdict::Accepted { turned: None }, "a number more");
    assert!(matches!(weighed("# App\n\nLoading..."), TextVerdict::Doubted { what: Claimed::Replaced, .. }));
    assert!(matches!(weighed("# Topic\n\nNot sold any more."), TextVerdict::Doubted { what: Claimed::Shrunk(_), .. }));
    assert_eq!(weigh(None, None, &new("Loading...")), TextVerdict::Accepted { turned: None }, "nothing is lost");
    let titled = |text| weigh(Some(&record), Some(&state), &NewText { same_title: true, ..new(text) });
    let short = "# Captchas\n\nA captcha tests the visitor. Access denied: it failed.";
    assert!(matches!(weighed(short), TextVerdict::Doubted { what: Claimed::Replaced, .. }));
    assert!(matches!(titled(short), TextVerdict::Doubted { what: Claimed::Shrunk(_), .. }), "another look confirms it");
    let missing = |text| weigh(Some(&record), Some(&state), &NewText { missing: true, ..new(text) });
    for text in ["# Sorry\n\nWe looked for it everywhere.", "# Not found\n\n404"] {
        assert_eq!(missing(text), TextVerdict::Missing, "{text}");
    }
    assert!(
        matches!(missing("# Maintenance"), TextVerdict::Doubted { what: Claimed::Replaced, .. }),
        "of the whole site"
    );
    let noisy = format!("{LONG}\n\nRequest id: 3f2a99, 3 min ago");
    let (noted, before) = held(&noisy);
    let verdict = weigh(Some(&noted), Some(&before), &new(&noisy.replace("3f2a99", "77b").replace("3 min", "9 min")));
    assert!(matches!(verdict, TextVerdict::SameWords(_)), "{verdict:?}");
    let linked = LONG.replace("invoice", "[invoice](https://example.com/?a=1)");
    let (record, state) = held(&linked);
    let verdict = weigh(Some(&record), Some(&state), &new(&linked.replace("a=1", "a=2")));
    assert!(matches!(verdict, TextVerdict::SameWords(_)), "{verdict:?}");
}

#[test]
fn tokens__that_are_others_at_each_look__are_believed_after_seven_days() {
    let day = Duration::from_secs(24 * 60 * 60);
    let claim = |at: Moment, text: &str| PageState {
        claim: Some(Claim { what: Claimed::Links(text.to_owned()), count: 1, at }),
        ..state()
    };
    let is_believed = |before: &PageState, text: &str, now| {
        is_confirmed(Some(before), &Claimed::Links(text.to_owned()), looks(now, day / 48))
    };
    assert!(is_believed(&claim(NOW, "a"), "a", NOW + day));
    assert!(!is_believed(&claim(NOW, "a"), "b", NOW + day * 6));
    assert!(is_believed(&claim(NOW, "a"), "b", NOW + day * 7), "what is really new may be among them");
    let next = claimed(claim(NOW, "a").claim.as_ref(), Claimed::Links("b".to_owned()), looks(NOW + day, day / 48));
    assert_eq!((next.at, next.count), (NOW, 1), "since the first of them");
}

#[test]
fn soft_404__that_has_not_stood_for_a_day__is_not_believed() {
    let minute = Duration::from_secs(60);
    let hear = |before: &PageState, what: Heard, now| heard(Some(before), what, (None, None), "x", looks(now, minute));
    let once = hear(&state(), Heard::Missing, NOW);
    assert_eq!((once.missing, looks_to_go(&once, 1), looks_to_go(&once, 3)), (1, 2, 3));
    for (after, what, missing, to_go) in [
        (minute * 2, Heard::Missing, 1, 2),
        (minute * 287, Heard::Missing, 1, 2),
        (minute * 288, Heard::Missing, 2, 2),
        (minute * 288, Heard::Nothing("503".to_owned()), 1, 2),
        (minute * 288, Heard::Unchanged, 0, 1),
        (minute * 2, Heard::Gone(NOW + minute * 2), 1, 1),
    ] {
        let next = hear(&once, what.clone(), NOW + after);
        assert_eq!((next.missing, looks_to_go(&next, 1)), (missing, to_go), "{what:?} after {after:?}");
    }
    let gone =
        hear(&hear(&once, Heard::Gone(NOW + minute), NOW + minute), Heard::Gone(NOW + minute * 2), NOW + minute * 2);
    assert_eq!((gone.missing, gone.is_soft_404()), (2, false), "two answers of 404");
}

#[test]
fn answers__out_of_a_cache__count_from_when_they_were_made() {
    let (minute, second) = (Duration::from_secs(60), Duration::from_secs(1));
    let hear = |before: &PageState, what| heard(Some(before), what, (None, None), "x", looks(NOW + minute * 9, minute));
    type Answer = fn(Moment) -> Heard;
    for answer in [Heard::Gone as Answer, Heard::Unlisted] {
        let older = hear(&state(), answer(NOW - second));
        assert_eq!((older.missing, older.stale.is_some()), (0, true), "older than what was read");
        let once = hear(&state(), answer(NOW + minute));
        assert_eq!((once.missing, once.missed, &once.stale), (1, Some(NOW + minute), &None));
        for (made, missing) in [
            (NOW + minute, 1),
            (NOW + minute * 2 - second, 1),
            (NOW + second, 1),
            (NOW - second, 1),
            (NOW + minute * 2, 2),
            (NOW + minute * 99, 2),
        ] {
            assert_eq!(hear(&once, answer(made)).missing, missing, "{made:?}");
        }
        let set_back = PageState { read: Some(NOW + minute * 99), ..state() };
        assert_eq!(hear(&set_back, answer(NOW)).missing, 1, "a clock that was ahead");
    }
}

#[test]
fn claims__said_twice_with_time_between__are_believed() {
    let minute = Duration::from_secs(60);
    let hear = |before: &PageState, what: Heard, now| heard(Some(before), what, (None, None), "x", looks(now, minute));
    let moved = || Heard::MayHaveMoved("https://example.com/b".to_owned());
    let once = hear(&state(), moved(), NOW);
    assert_eq!((once.claim.as_ref().unwrap().count, once.stale.is_some(), &once.moved), (1, true, &None));
    assert_eq!(hear(&once, moved(), NOW + minute / 2).claim.unwrap().count, 1, "the same moment");
    let trouble = hear(&once, Heard::Nothing("503".to_owned()), NOW);
    assert_eq!(hear(&trouble, moved(), NOW + minute).claim.unwrap().count, 2);
    let elsewhere = Heard::MayHaveMoved("https://example.com/c".to_owned());
    assert_eq!(hear(&once, elsewhere, NOW + minute).claim.unwrap().count, 1, "another place");
    assert_eq!(hear(&once, Heard::Unchanged, NOW).claim, None);
    let content = |what: Claimed| Heard::Content {
        kind: "md",
        etag: None,
        last_modified: None,
        sketch: Sketch::default(),
        said: PageSaid::default(),
        verdict: TextVerdict::Doubted { what, reason: "why".to_owned(), turned: 1 },
        ended: true,
        leads: None,
        costly: None,
    };
    let shrunk = hear(&state(), content(Claimed::Shrunk(1)), NOW);
    assert!(shrunk.claim.is_some() && shrunk.stale.is_some());
    let again = hear(&shrunk, content(Claimed::Shrunk(1)), NOW + minute);
    assert_eq!((again.claim, again.stale, again.turned), (None, None, Some(1)));
    let replaced = hear(&state(), content(Claimed::Replaced), NOW);
    let again = hear(&replaced, content(Claimed::Replaced), NOW + minute * 9);
    assert!(again.claim.is_some() && again.stale.is_some(), "it is never believed");
}

#[test]
fn text__that_asks_for_a_password__is_doubted_where_it_is_another() {
    let (record, state) = held(LONG);
    let other = |times| "Employees of all companies of the group use the account of their own house. ".repeat(times);
    let (short, long, much_the_same) = (other(9), other(20), format!("{LONG} It has a form of its own."));
    let of = |password, text| NewText { password, ..new(text) };
    let is_doubted = |new: &NewText<'_>| {
        let verdict = weigh(Some(&record), Some(&state), new);
        matches!(verdict, TextVerdict::Doubted { what: Claimed::SignIn, .. })
    };
    for (password, is_short, is_long) in
        [(PasswordAt::Nowhere, false, false), (PasswordAt::Here, true, false), (PasswordAt::Elsewhere, true, true)]
    {
        assert_eq!(is_doubted(&of(password, &short)), is_short, "{password:?}");
        assert_eq!(is_doubted(&of(password, &long)), is_long, "{password:?}");
        assert!(!is_doubted(&NewText { same_title: true, ..of(password, &short) }));
        assert!(!is_doubted(&of(password, &much_the_same)), "it is the document");
    }
}

#[test]
fn text__that_was_believed__is_believed_until_it_is_up() {
    let (mut record, mut state) = held(LONG);
    let short = "# Topic\n\nNot sold any more.";
    let weighed = |record: &Record, state: &PageState, missing| {
        weigh(Some(record), Some(state), &NewText { missing, ..new(short) })
    };
    record.seen = record.seen.map(|seen| LastLook { hash: new(short).hash, ..seen });
    state.turned = state.sketch.map(|sketch| sketch.likeness);
    state.sketch = Some(new(short).sketch);
    assert_eq!(weighed(&record, &state, false), TextVerdict::Accepted { turned: state.turned });
    assert_eq!(weighed(&record, &state, true), TextVerdict::Missing);
    state.stale = Some(Stale { since: NOW, reason: String::new() });
    assert!(matches!(weighed(&record, &state, false), TextVerdict::Doubted { .. }), "it is not believed yet");
}

#[test]
fn kind__of_a_file_or_of_text__is_another_in_two_looks() {
    let (record, state) = held(LONG);
    let text = LONG.replace("warranty", "guarantee").replace("steel", "wood");
    let (same, apart) = (looks(NOW, Duration::ZERO), Duration::from_secs(60));
    for (before, now, expected) in [
        (Some("pdf"), "md", Some("it was a PDF, and is a page of text now")),
        (Some("docx"), "pdf", Some("it was a Word document, and is a PDF now")),
        (Some("txt"), "docx", Some("it was a page of text, and is a Word document now")),
        (Some("txt"), "md", None),
        (Some("pdf"), "pdf", None),
        (None, "pdf", None),
    ] {
        let state = PageState { kind: before.map(str::to_owned), ..state.clone() };
        let verdict = weigh(Some(&record), Some(&state), &NewText { kind: now, ..new(&text) });
        let TextVerdict::Doubted { what, reason, .. } = &verdict else {
            assert_eq!(expected, None, "{before:?} {now}");
            continue;
        };
        assert_eq!(what, &Claimed::Retyped(now.to_owned()));
        assert!(expected.is_some_and(|expected| reason.starts_with(expected)), "{reason}");
        let hear = |before: &PageState, now: Moment| {
            let content = Heard::Content {
                kind: "md",
                etag: None,
                last_modified: None,
                sketch: Sketch::default(),
                said: PageSaid::default(),
                verdict: verdict.clone(),
                ended: true,
                leads: None,
                costly: None,
            };
            heard(Some(before), content, (None, None), "x", Looks { now, apart, ..same })
        };
        let once = hear(&state, NOW);
        assert_eq!((once.kind.as_deref(), once.stale.is_some()), (before, true));
        assert_eq!(hear(&once, NOW).kind.as_deref(), before, "the same moment");
        let twice = hear(&once, NOW + apart);
        assert_eq!((twice.kind.as_deref(), twice.stale), (Some("md"), None));
    }
}

#[test]
fn text__about_access_or_of_an_error__is_doubted() {
    let (record, state) = held(LONG);
    let titled = |text, same_title| weigh(Some(&record), Some(&state), &NewText { same_title, ..new(text) });
    let what = |text, same_title| match titled(text, same_title) {
        TextVerdict::Doubted { what, .. } => Some(what),
        _ => None,
    };
    let error = "# Topic\n\n**Fatal error**: Uncaught x in **/srv/a.php** on line **9**";
    assert_eq!(what("# Restricted\n\nYou must be logged in to see it.", false), Some(Claimed::SignIn));
    assert_eq!(what("# Denied\n\nAccess denied. Log in first.", false), Some(Claimed::Replaced));
    assert_eq!((what(error, false), what(error, true)), (Some(Claimed::Replaced), Some(Claimed::Replaced)));
}
