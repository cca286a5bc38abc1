//! No mistake makes an error show the key.

use super::mistakes::DOCS;
use super::*;

/// The places a key may have slid to, `@` standing for it.
const SLIPS: &[&str] = &[
    "api_key: @\nfolders: x",
    "api_key: [@]",
    "api_key: {@: x}",
    "api_key: {x: @}",
    "api_key: \"@",
    "api_key: '@\n",
    "api_key: @ @",
    "api_key: \"@\\n\"",
    "api_key: \"@\n  @\"",
    "api_key:@",
    "api_key=@",
    "api_key @",
    "api_key: &@ x\n*y",
    "api_key: *@",
    "api_key: !@ x",
    "api_key: %@",
    "api_key: `@",
    "api_key: @@",
    "api_key: @: x",
    "api_key: @\napi_key: @",
    "api_key: @\napi_key_file: @",
    "api_key: |\n  @\n wrong",
    "api_key: >\n  @ @\n",
    "api_key:\n  @ @\n",
    "api_key:\n  - @\n",
    "api_key: [@, x",
    "api_kye: @",
    "apikey: @",
    "API_KEY: @",
    "key: @",
    "key: \"@",
    "key:@",
    "api_key@",
    "apikey:@",
    "token=@",
    "api_kye: \"@",
    "api key: '@",
    "token: @",
    "{api_key: @}",
    "{api_key:\n @, foo: 1}",
    "api_key_file: @",
    "api_key_file: /etc/@",
    "api_key_file: @/@",
    "api_key: ${@}",
    "api_key: ${@",
    "api_key: $@",
    "api_key: ${NONE:-@ @}",
    "api_key: ${MULTILINE}",
    "base_url: ${MULTILINE}\napi_key: x",
    "kind: ${CEVVO_API_KEY}",
    "rate_limit: ${CEVVO_API_KEY}\napi_key: x",
    "base_url: https://ann:@@example.com\napi_key: x",
    "base_url: https://example.com?api_key=@\napi_key: x",
    "sync: {schedule: '${CEVVO_API_KEY}', debounce: '${CEVVO_API_KEY}'}",
    "status: {listen: '${CEVVO_API_KEY}', hosts: ['${CEVVO_API_KEY}/']}",
    "schedule: '${CEVVO_API_KEY}'",
    "? api_key\n: @ @",
    "? [api_key]\n: @",
    "- api_key: @",
    "api_key: @\n\tkind: x",
];

#[test]
fn the_key_is_in_no_error() {
    for slip in SLIPS {
        let slip = slip.replace('@', KEY).replace(&format!("ann:{KEY}{KEY}"), &format!("ann:{KEY}@"));
        let nested: String = slip.lines().map(|line| format!("  {line}\n")).collect();
        for text in [
            format!("platform:\n  kind: cevvo\n{nested}collections: [{{name: d, folder: d}}]\n"),
            format!("collections: [{{name: d, folder: d}}]\nplatform:\n{nested}"),
            format!("{slip}\ncollections: []\n"),
            format!("collections:\n  - name: x\n    folder: y\n{}", nested.replace("  ", "    ")),
        ] {
            if let Err(error) = check_text(&text) {
                assert!(!error.contains(KEY), "{text}\n\n{error}");
            }
            let debug = format!("{:?}", check(Path::new("k.yaml"), text.as_bytes(), &env));
            assert!(!debug.contains(KEY), "{text}\n\n{debug}");
        }
    }
}

/// The same for the headers of a list of pages.
const HEADER_SLIPS: &[&str] = &[
    "headers: @",
    "headers: [@]",
    "headers: {@: x}",
    "headers: {Authorization: @}",
    "headers: {https://a.b: @}",
    "headers: {https://a.b: [@]}",
    "headers: {https://a.b: {@: x}}",
    "headers: {https://a.b: {X-Wiki: [@]}}",
    "headers: {https://a.b: {X-Wiki: \"@\\n\"}}",
    "headers: {https://a.b: {X-Wiki: \"@}}",
    "headers: {https://a.b: {X-Wiki: '@'}, https://a.b: {X-Wiki: '@'}}",
    "headers: {https://a.b: {X-Wiki: @, X-Wiki: @}}",
    "headers: {https://a.b: {Host: @}}",
    "headers: {https://a.b: {'X Wiki': @}}",
    "headers: {https://a.b/c: {X-Wiki: @}}",
    "headers: {https://a.b: {X-Wiki: ${MULTILINE}}}",
    "headers: {https://a.b: {X-Wiki: '${MULTILINE}'}}",
    "headers: {https://ann:@@a.b: {X-Wiki: x}}",
    "heders: {https://a.b: {X-Wiki: @}}",
    "header: {https://a.b: {X-Wiki: @}}",
    "headers:\n  https://a.b:\n    X-Wiki: @\n   X: @",
    "headers:\n  https://a.b:\n    X-Wiki: \"@\n    X: @",
    "headers:\n  https://a.b:\n  X-Wiki: @",
    "Authorization: Bearer @",
    "Authorization: \"Bearer @",
    "Cookie: '@",
    "website: https://ann:@@a.b",
    "via: ${CEVVO_API_KEY}",
    "urls: ['https://ann:@@a.b/', '${CEVVO_API_KEY}']",
    "include: ['${CEVVO_API_KEY}[']",
    "delay: ${CEVVO_API_KEY}",
    "connections: ${CEVVO_API_KEY}",
];

#[test]
fn what_headers_hold_is_in_no_error() {
    for slip in HEADER_SLIPS {
        let slip = slip.replace('@', KEY).replace(&format!("ann:{KEY}{KEY}"), &format!("ann:{KEY}@"));
        let nested: String = slip.lines().map(|line| format!("    {line}\n")).collect();
        for text in [
            format!("collections:\n  - name: a\n    sitemaps: [https://a.b/]\n{nested}"),
            format!("collections:\n  - name: a\n    folder: docs\n{nested}"),
            format!("collections:\n  - name: a\n    sitemaps: [https://a.b/]\n{nested}    exlude: [x]\n"),
            format!("{slip}\ncollections: [{{name: a, folder: docs}}]\n"),
        ] {
            if let Err(error) = check(Path::new("k.yaml"), text.as_bytes(), &env) {
                let said = format!("{error}\n\n{error:?}");
                assert!(!said.contains(KEY), "{text}\n\n{said}");
            }
        }
    }
}

#[test]
fn a_key_file_that_is_wrong_is_not_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let (path, key) = (dir.path().join("k.yaml"), dir.path().join("key"));
    fs::write(&path, "platform: {kind: cevvo, api_key_file: key}\ncollections: [{name: d, folder: d}]").unwrap();
    for (content, expected) in [
        (format!("{KEY} {KEY}"), "has white space in it"),
        (format!("{KEY}\n{KEY}\n"), "has white space in it"),
        (format!("{KEY}é"), "no HTTP header can carry"),
        (String::new(), "is empty"),
        (KEY.repeat(2000), "larger than 16 KiB"),
    ] {
        fs::write(&key, content).unwrap();
        let error = missing_key(&path);
        assert!(error.contains(expected) && !error.contains(KEY), "{error}");
    }
    fs::write(&key, b"\xff").unwrap();
    assert!(missing_key(&path).contains("does not hold text"));
    fs::remove_file(&key).unwrap();
    assert!(missing_key(&path).contains("cannot be read: No such file"));
}

#[test]
fn key_file__in_the_folder_of_a_collection__is_no_document() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("k.yaml");
    let collections = "collections: [{name: d, folder: ., exclude: [a]}, {name: e, folder: /elsewhere}]";
    fs::write(&path, format!("platform: {{kind: cevvo, api_key_file: 'my keys/[1].txt'}}\n{collections}")).unwrap();
    let config = load(&path, &env).unwrap();
    let excluded = config.collections.iter().map(|collection| match &collection.input {
        Input::Folder(folder) => folder.exclude.clone(),
        Input::Pages(_) | Input::Website(_) => unreachable!("both are folders"),
    });
    assert_eq!(excluded.collect::<Vec<_>>(), [vec!["a".to_owned(), r"/my\ keys/\[1\].txt".to_owned()], vec![]]);
}

/// Why a config's key cannot be read, where that is all that is wrong with it.
fn missing_key(path: &Path) -> String {
    let config = load(path, &env).unwrap();
    assert!(config.missing.headers.is_empty());
    config.missing.key.iter().map(Problem::to_string).collect()
}

#[test]
fn secret__unset_or_unreadable__is_missing_and_nothing_else() {
    const PAGES: &str =
        "collections:\n- name: p\n  urls: [https://a.b/c]\n  headers:\n    https://a.b:\n      X-Wiki: ";
    let of_key = |text: &str| (format!("platform:\n  kind: cevvo\n  {text}\n{DOCS}"), true);
    let of_header = |text: &str| (format!("{PAGES}{text}\n"), false);
    let cases = [
        (of_key("api_key: ${UNSET}"), "3:12: the environment variable `UNSET` is not set"),
        (of_key("api_key: ${EMPTY}"), "3:12: the key is empty"),
        (of_key("api_key: ${MULTILINE}"), "3:12: the key has white space in it"),
        (of_key("api_key: \"${CEVVO_API_KEY} x\""), "3:12: the key has white space in it"),
        (of_key("api_key_file: /nowhere/key"), "3:17: the key file named here cannot be read"),
        (of_key("api_key_file: /"), "3:17: the key file / is not a file"),
        (of_key("api_key_file: ${UNSET}/key"), "3:17: the environment variable `UNSET` is not set"),
        (of_key("base_url: https://a.b"), "2:3: cevvo needs a key: add `api_key: ${CEVVO_API_KEY}` or"),
        (of_header("${UNSET}"), "6:15: the environment variable `UNSET` is not set"),
        (of_header("Bearer ${UNSET}"), "6:15: the environment variable `UNSET` is not set"),
        (of_header("${MULTILINE}"), "6:15: a header's value is one line of plain characters"),
    ];
    for ((text, of_key), expected) in cases {
        let config = check(Path::new("/etc/kb/kbsync.yaml"), text.as_bytes(), &env).expect(&text);
        let (found, other) = match of_key {
            true => (&config.missing.key, &config.missing.headers),
            false => (&config.missing.headers, &config.missing.key),
        };
        let said: Vec<_> = found.iter().map(Problem::to_string).collect();
        assert!(said.len() == 1 && said[0].starts_with(expected), "{text}\n{said:?}");
        assert!(other.is_empty() && !format!("{config:?}").contains(KEY), "{text}");
    }
}
