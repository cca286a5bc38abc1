//! What each mistake says.

use super::*;

/// A good collection, to be added to what a case is about.
pub(super) const DOCS: &str = "collections: [{name: docs, folder: docs}]\n";

/// What a config holds (`#DOCS` stands for a good collection), and the errors without file and excerpt.
const CASES: &[(&str, &[&str])] = &[
    ("", &["1:1: the config is empty; it needs at least `collections`, each with a `name` and a `folder`"]),
    (
        "# nothing\n---\n",
        &["1:1: the config is empty; it needs at least `collections`, each with a `name` and a `folder`"],
    ),
    (
        "- a\n",
        &[
            "1:1: the config has the keys instance, state, platform, collections, chatbots, sync, verify, status, contact; found a list",
        ],
    ),
    ("collections: []\n", &["1:14: there is no collection; add one with a `name` and a `folder`"]),
    ("collections:\n", &["1:1: there is no collection; add `collections:` with `- name: docs` and `folder: ./docs`"]),
    ("instance: x\n", &["1:1: there is no collection; add `collections:` with `- name: docs` and `folder: ./docs`"]),
    (
        "collections: [{name: a}]\n",
        &[
            "1:15: this collection has no folder; add `folder: ./docs`, or `urls`, `url_files`, `sitemaps` or `feeds` for pages, or `website`",
        ],
    ),
    (
        "collections:\n  - name: a\n    folder:\n",
        &[
            "3:5: this collection has no folder; add `folder: ./docs`, or `urls`, `url_files`, `sitemaps` or `feeds` for pages, or `website`",
        ],
    ),
    ("collections:\n  - name: a\n    folder: ''\n", &["3:13: this path is empty"]),
    (
        "collections:\n  - name: a\n    folders: ./docs\n    paths: [x]\n",
        &[
            "2:5: this collection has no folder; add `folder: ./docs`, or `urls`, `url_files`, `sitemaps` or `feeds` for pages, or `website`",
            "3:5: unknown key `folders`; did you mean `folder`?",
            "4:5: unknown key `paths`; the keys here are name, schedule, folder, include, exclude, gitignore, max_file_size, follow_symlinks, settle, urls, url_files, sitemaps, feeds, via, allow_private, allow_hosts, headers, delay, connections, website, auto_sync",
        ],
    ),
    (
        "collections:\n  - {name: a, folder: a}\n  - {name: A, folder: b}\n",
        &["3:12: line 2 has a collection of this name; names differ, whatever the case"],
    ),
    (
        "collections:\n  - {name: a, folder: x/y/../z}\n  - {name: b, folder: x/./z/}\n",
        &["3:23: line 2 has a collection of this folder; make it one collection"],
    ),
    (
        "collections:\n  - {name: a b, folder: ~/x}\n",
        &[
            "2:12: a collection's name has 1 to 64 letters, digits, `-`, `_` or `.`, and begins with a letter or digit",
            "2:25: `~` is not replaced here; write `${HOME}` in its place",
        ],
    ),
    (
        "collections:\n  - {name: 5, folder: [x]}\n",
        &["2:12: expected text, found a number; put it in quotes", "2:23: expected text, found a list"],
    ),
    (
        "collections:\n  - name: a\n    folder: a\n    include: '*.md'\n    exclude: ['[a', '', 5, 'drafts\\']\n",
        &[
            "4:14: expected a list such as [\"one\", \"two\"], found text",
            "5:15: this `[` is never closed; write `\\[` for the character itself",
            "5:21: this pattern is empty",
            "5:25: expected text, found a number; put it in quotes",
            "5:28: a pattern cannot end in a lone `\\`",
        ],
    ),
    (
        "collections:\n  - name: a\n    folder: /srv/docs\n    exclude: ['/srv/docs/drafts/', 'docs\\drafts']\n",
        &[
            "4:15: a pattern begins at the collection's folder: write `/drafts`",
            "4:36: folders are told apart by `/`; `\\` only takes a special character for what it is",
        ],
    ),
    (
        "collections:\n  - name: a\n    folder: a\n    include: []\n    gitignore: yes\n    max_file_size: 20 apples\n    settle: 2\n",
        &[
            "4:14: `include` is empty, so nothing is synced; remove it for the default",
            "5:16: expected true or false, found text",
            "6:20: expected a size above 0, such as `20MiB` or `500kB`",
            "7:13: expected a duration of at most a day with its unit, such as `2s` or `500ms`",
        ],
    ),
    (
        "collections:\n  - {name: a, folder: a, max_file_size: 20}\n  - {name: b, folder: b, max_file_size: 1000B}\n  - {name: c, folder: c, max_file_size: '1023'}\n  - {name: d, folder: d, max_file_size: 1024}\n",
        &[
            "2:41: 20 bytes are too few for nearly every document; give a size with its unit, such as `20MiB`",
            "3:41: 1000 bytes are too few for nearly every document; give a size with its unit, such as `20MiB`",
            "4:41: 1023 bytes are too few for nearly every document; give a size with its unit, such as `20MiB`",
        ],
    ),
    ("collections:\n  - name: a\n    folder: ${NONE}/x\n    name: b\n", &["4:5: `name` is set twice here; keep one"]),
    (
        "collections:\n  - name: a\n    folder: $HOME\n",
        &["3:13: a `$` begins `${NAME}` or `${NAME:-default}`; write `$$` for the character itself"],
    ),
    (
        "collections: [\n",
        &["1:14: this is not valid YAML; look at the indentation, quotes and colons here and just above"],
    ),
    (
        "collections:\n  - name: a\n   folder: b\n",
        &["3:4: this is not valid YAML; look at the indentation, quotes and colons here and just above"],
    ),
    (
        "schedule: x\nwatch: true\n#DOCS",
        &[
            "1:1: unknown key `schedule`; the keys here are instance, state, platform, collections, chatbots, sync, verify, status, contact",
            "2:1: unknown key `watch`; the keys here are instance, state, platform, collections, chatbots, sync, verify, status, contact",
        ],
    ),
    (
        "platform: cevvo\n#DOCS",
        &[
            "1:11: `platform` has the keys kind, base_url, api_key, api_key_file, rate_limit, api, data_dir, listen, allow_private; found text",
        ],
    ),
    ("platform: {kind: cevo}\n#DOCS", &["1:18: there is no such platform; did you mean `cevvo`?"]),
    ("platform: {kind: zendesk}\n#DOCS", &["1:18: there is no such platform; `kind` is `local`, `cevvo` or `nexvio`"]),
    ("platform: {api: nexwio}\n#DOCS", &["1:17: there is no such API; did you mean `nexvio`?"]),
    (
        "platform: {kind: nexvio, api: cevvo, api_key: k}\n#DOCS",
        &["1:26: `api` is for `kind: local`; remove it or change `kind`"],
    ),
    ("platform:\n  kind: cevvo\n  api_key: ''\n#DOCS", &["3:12: the key is empty"]),
    (
        "platform:\n  kind: cevvo\n  api_key_file: ~/key\n#DOCS",
        &["3:17: `~` is not replaced here; write `${HOME}` in its place"],
    ),
    (
        "platform:\n  kind: cevvo\n  api_key: ${NONE\n#DOCS",
        &["3:12: a `$` begins `${NAME}` or `${NAME:-default}`; write `$$` for the character itself"],
    ),
    ("platform:\n  kind: cevvo\n  api_key:\n#DOCS", &["3:10: expected text, found nothing"]),
    (
        "platform:\n  kind: cevvo\n  api_key: ${CEVVO_API_KEY}\n  api_key_file: x\n  listen: 127.0.0.1:1\n  allow_private: true\n#DOCS",
        &[
            "4:3: `api_key` and `api_key_file` are both set; keep one",
            "5:3: `listen` is for `kind: local`; remove it or change `kind`",
            "6:3: `allow_private` is for `kind: local`; remove it or change `kind`",
        ],
    ),
    (
        "platform:\n  api_key: abc\n#DOCS",
        &["2:3: `api_key` is for `kind: cevvo` and `kind: nexvio`; remove it or change `kind`"],
    ),
    (
        "platform:\n  kind: cevvo\n  api_key: 12345\n  base_url: http://example.com\n  rate_limit: fast\n#DOCS",
        &[
            "3:12: expected text, found a number; put it in quotes",
            "4:13: the key would travel in clear; use `https://` (`http://` is for loopback only)",
            "5:15: a rate limit is a count of requests and a duration of at most a day, such as `100/min`, `20/2s` or `1000/h`",
        ],
    ),
    (
        "platform:\n  kind: cevvo\n  api_key: k\n  base_url: https://example.com/v1?x=1\n#DOCS",
        &["4:13: the address holds a `?` or a `#`; paths are appended to it, so end it before"],
    ),
    (
        "platform:\n  kind: cevvo\n  api_key: k\n  base_url: example.com\n#DOCS",
        &["4:13: this is not a URL: relative URL without a base; write `https://…`"],
    ),
    (
        "platform: {kind: local, listen: '0.0.0.0:80'}\n#DOCS",
        &["1:33: the local platform asks for no key, so it listens on loopback only, such as `127.0.0.1:8484`"],
    ),
    (
        "platform: {kind: local, listen: localhost}\n#DOCS",
        &["1:33: expected an address and a port, such as `127.0.0.1:8484`"],
    ),
    (
        "sync:\n  max_deletes: -1\n  max_delete_percent: 101\n  delete: sometimes\n  grace: soon\n#DOCS",
        &[
            "2:16: expected a whole number, 0 or more",
            "3:23: a percentage is 100 at most",
            "4:11: `delete` is `always` or `never`",
            "5:10: expected a duration of at most a day with its unit, such as `2s` or `500ms`",
        ],
    ),
    (
        "sync:\n  schedule: 0 3 * *\n  jitter: 2d\n  watch: maybe\n  debounce: 11m\n  poll: 500ms\n#DOCS",
        &[
            "2:13: a schedule has five fields, minute, hour, day of the month, month and day of the week, such as `0 3 * * *`; found 4",
            "3:11: expected a duration of at most a day with its unit, such as `2s` or `500ms`",
            "4:10: expected true or false, found text",
            "5:13: changes are gathered for 10m at most; write a shorter `debounce`",
            "6:9: a poll looks at a whole folder; write a `poll` of 1s at least",
        ],
    ),
    (
        "sync:\n  schedule: */30 * * * *\n#DOCS",
        &["2:13: a value that begins with `*` or `@` is put in quotes, as in `schedule: \"*/30 * * * *\"`"],
    ),
    (
        "sync:\n  schedule: @daily\n#DOCS",
        &["2:13: a value that begins with `*` or `@` is put in quotes, as in `schedule: \"*/30 * * * *\"`"],
    ),
    (
        "collections:\n  - name: a\n    folder: a\n    schedule: '0 25 * * *'\n",
        &["4:15: the hour of this schedule is wrong: expected 0 to 23, as in `*`, `5`, `1-5`, `1,5`, `*/5` or `1-9/2`"],
    ),
    ("status: none\n#DOCS", &["1:9: `status` has the keys listen, hosts; found text"]),
    (
        "status:\n  lisen: none\n  hosts: [example.com, 'http://example.com', 'a:80', '']\n#DOCS",
        &[
            "2:3: unknown key `lisen`; did you mean `listen`?",
            "3:24: a host is a name alone, without `http://` and port, such as `kb.example.com`",
            "3:46: a host is a name alone, without `http://` and port, such as `kb.example.com`",
            "3:54: a host is a name alone, without `http://` and port, such as `kb.example.com`",
        ],
    ),
    ("status: {listen: 'unix:'}\n#DOCS", &["1:18: this path is empty"]),
    ("sync: {grace: 25h}\n---\n#DOCS", &["3:1: a second YAML document begins; a config is one"]),
];

#[test]
fn every_mistake_says_where_it_is_and_how_to_mend_it() {
    assert_said(CASES);
}

/// Checks what each text's errors say, without file and excerpt.
pub(super) fn assert_said(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let text = text.replace("#DOCS", DOCS);
        let error = check_text(&text).map(|_| ()).expect_err(&text);
        let heads: Vec<&str> = error.lines().filter_map(|line| line.strip_prefix("kbsync.yaml:")).collect();
        assert_eq!(heads, *expected, "{text}");
    }
}

#[test]
fn what_is_no_place_to_listen_is_told_what_is_one() {
    let expected = "kbsync.yaml:1:18: expected an address and a port such as `127.0.0.1:9484`, a socket such as \
                    `unix:/run/kbsync.sock`, or `none`\n";
    for listen in ["9484", "false", "127.0.0.1", "localhost", "example.com:80", "'[::1]'", "127.0.0.1:65536", "/run/x"]
    {
        let error = check_text(&format!("status: {{listen: {listen}}}\n{DOCS}")).map(|_| ()).expect_err(listen);
        assert!(error.starts_with(expected), "{error}");
    }
    let long = format!("status: {{listen: unix:{}}}\n{DOCS}", "s".repeat(100));
    assert!(check_text(&long).unwrap_err().contains("1:18: a socket's path has 107 bytes at most; take a shorter one"));
}

#[test]
fn the_line_is_shown_with_a_caret_and_without_the_key() {
    let text = format!("platform:\n  kind: cevvo\n  api_key: {KEY} {KEY}\n{DOCS}");
    assert_eq!(
        check_text(&text).unwrap_err(),
        "kbsync.yaml:3:12: the key has white space in it or around it; remove that\n   3 |   api_key: …\n     |            ^"
    );
    let text = format!("platform: {{kind: cevvo, api_key: {KEY}, lissten: \x1b[2J}}\n{DOCS}");
    assert!(!check_text(&text).unwrap_err().contains('\x1b'));
    let text = format!("platform: {{base_url: 'https://a:{KEY}@b', data: x}}\n{DOCS}");
    assert!(check_text(&text).unwrap_err().ends_with("\n   1 | platform: {base_url: …, data: x}"), "{text}");
    let text = format!("platform: {{kind: cevvo, base_url: 'http://api.example.com'}}\n{DOCS}");
    assert!(check_text(&text).unwrap_err().contains("http://api.example.com'}\n"), "no secret, so the line is shown");
    let error = check_text("collections:\n  - name: a\n    folder: b\n    exlude: [x]\n").unwrap_err();
    assert_eq!(
        error,
        "kbsync.yaml:4:5: unknown key `exlude`; did you mean `exclude`?\n   4 |     exlude: [x]\n     |     ^"
    );
}

/// YAML ends a line at a carriage return alone, too.
#[test]
fn lines_are_counted_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let error = check_text(&["instance: a", "state: b", "collections: []", ""].join(end)).unwrap_err();
        assert!(error.starts_with("kbsync.yaml:3:14: ") && error.contains("\n   3 | collections: []\n"), "{error}");
        let error = check_text(&["instance: a", "state: b", "collections: ]", ""].join(end)).unwrap_err();
        assert!(error.starts_with("kbsync.yaml:3:14: ") && error.contains("\n   3 | collections: ]\n"), "{error}");
    }
}

#[test]
fn bytes_that_are_not_text_are_placed() {
    let error = check(Path::new("k.yaml"), b"instance: a\nstate: \xc3\xa9\xff", &env).unwrap_err().to_string();
    assert_eq!(error, "k.yaml:2:9: this byte is not UTF-8; save the file in UTF-8");
    assert!(check(Path::new("k.yaml"), format!("\u{feff}{DOCS}").as_bytes(), &env).is_ok());
}
