//! No mistake makes an error show the key.

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
        let error = load(&path, &env).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains(KEY), "{error}");
    }
    fs::write(&key, b"\xff").unwrap();
    assert!(load(&path, &env).unwrap_err().to_string().contains("does not hold text"));
    fs::remove_file(&key).unwrap();
    assert!(load(&path, &env).unwrap_err().to_string().contains("cannot be read: No such file"));
}
