//! Which rules are for an element, and which of them counts most.

use dom_query::Document;

use super::*;

/// What is set on the element with the identifier `x`, on a desk's screen.
fn sets(css: &str, html: &str) -> Vec<(Property, Value, bool)> {
    let document = Document::from(format!("<style>{css}</style>{html}"));
    let element = document.select_single("#x");
    let sheet = Stylesheet::of(&document.root());
    let sets = sheet.sets_of(element.nodes().first().unwrap(), 2, 4, &mut 0);
    let values = sets.into_iter().flat_map(|(_, sets)| sets).filter_map(|(set, important)| match set {
        Set::Value(Property::Flex, _) => None,
        Set::Value(property, value) => Some((*property, *value, *important)),
        _ => None,
    });
    values.collect()
}

#[test]
fn sets_of__rules_for_an_element__are_in_the_order_in_which_they_count() {
    let html = "<div class='a b' id=w><ul><li><p id=x class='c d md:e' data-k=v>Word</p></ul></div>";
    let (off, on) = ((Property::Display, Value::Off, false), (Property::Display, Value::On, false));
    for (css, expected) in [
        ("p{display:none}", &[on][..]),
        (".c{display:none}#x{display:block}", &[on, off]),
        ("#x{display:block}.c{display:none}", &[on, off]),
        ("p.c.d{display:none}p{display:block}", &[off, on]),
        ("P , h1{DISPLAY:NONE}", &[on]),
        (".a .c,.b p{display:none}", &[on, on]),
        (".a>.c{display:none}", &[]),
        ("[data-k=v]{display:none}", &[on]),
        ("[data-k]{display:none}", &[on]),
        ("*{display:none}", &[on]),
        (".md\\:e{display:none}", &[on]),
        (".c:not(.open){display:none}", &[on]),
        (".c:not(.d){display:none}", &[]),
        (".c:hover{display:none}.c::before{display:none}", &[]),
        ("/* x */ <!-- .c/**/{ /* y{ */ display:none } -->", &[on]),
        ("@charset 'x';.c{display:none;}", &[on]),
        ("@media screen{.c{display:none}}", &[on]),
        ("@media print{.c{display:none}}", &[]),
        ("@media (max-width:600px){.c{display:none}}", &[]),
        ("@supports (display:grid){@layer a{.c{display:none}}}", &[on]),
        ("@keyframes a{from{display:none}}@font-face{display:none}@starting-style{.c{display:none}}", &[]),
        (".a{.c{display:none}&.b p{display:block}}", &[on, off]),
        (".c{color:red;;display:none;x}", &[(Property::Colour, property::values("color", "red")[0].1, false), on]),
        (".c{display:none", &[on]),
        ("}.c{display:none}", &[]),
        ("x;.c{display:none}", &[]),
        (".c,p:foo{display:none}", &[]),
        (".c,p::before{display:none}", &[on]),
        (".c{display:blocky}", &[]),
        (".c{display:none!important}", &[(Property::Display, Value::On, true)]),
        ("$%&{display:none}.c{display:none}", &[on]),
        (".b :is(p, .z){display:none}", &[on]),
        (".c:is(p, :hover){display:none}", &[on]),
        (":is(#x, .z){display:none}.c{display:block}", &[off, on]),
        (":where(#x){display:none}.c{display:block}", &[on, off]),
        ("div:has(li) .c{display:none}", &[on]),
        ("p:not(.z):not(:hover){display:none}", &[on]),
        (":root .c{display:none}", &[on]),
        ("p:defined:lang(en){display:none}", &[on]),
        ("p:nth-child(1 of .c){display:none}", &[on]),
        ("@supports not (foo:bar){.c{display:none}}", &[on]),
        ("@supports (foo:bar){.c{display:none}}", &[]),
        ("@layer a{.c{display:block}}@layer b{.c{display:none}}", &[off, on]),
        ("@layer b,a;@layer a{.c{display:block}}@layer b{.c{display:none}}", &[on, off]),
        (".c{display:none}@layer a{#x{display:block}}", &[off, on]),
        ("@layer a{.c{display:none}@layer b{#x{display:block}}}", &[off, on]),
        ("@layer a.b{.c{display:none}}@layer a{p{display:block}}", &[on, off]),
        ("@scope (.b){p{display:none}}", &[on]),
        ("@scope (.z){p{display:none}}", &[]),
        (".a{& .c{display:none}}", &[on]),
        (".a{ul{p{display:none}}}", &[on]),
        ("p{@media screen{display:none}}", &[on]),
        ("@import url(data:text/css,.c%7Bdisplay:none%7D);", &[on]),
        ("@import 'data:text/css,.c{display:none}' layer(x) screen;", &[on]),
        ("@import 'data:text/css,.c{display:none}' print;", &[]),
        ("p{}@import 'data:text/css,.c{display:none}';", &[]),
        (".c/**/.d{display:none}", &[on]),
        (".c{content:'a\r;display:none}", &[on]),
    ] {
        assert_eq!(sets(css, html), expected, "{css}");
    }
}

#[test]
fn of__sheets_that_do_not_apply__are_not_read() {
    for html in [
        "<style media=print>p{display:none}</style><p id=x>",
        "<style type=text/less>p{display:none}</style><p id=x>",
        "<template><style>p{display:none}</style></template><p id=x>",
    ] {
        assert!(sets("", html).is_empty(), "{html}");
    }
    let long = format!("{}p{{display:none}}", "q{color:red}".repeat(60_000));
    assert!(sets(&long, "<p id=x>").is_empty());
}

#[test]
fn sets_of__rules_that_cost_too_much__end() {
    let css: String = (0..3_000).map(|n| format!("b~p:nth-child({n}){{display:none}}")).collect();
    let document = Document::from(format!("<style>{css}</style>{}", "<p>a</p>".repeat(3_000)));
    let sheet = Stylesheet::of(&document.root());
    let mut spent = 0;
    document.select("p").nodes().iter().for_each(|p| drop(sheet.sets_of(p, 0, 3_000, &mut spent)));
    assert!(spent <= MAX_COST);
}
