//! Pages beyond the limits, and honest ones far within them.

use std::{fs, path::Path};

use dom_query::Document;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Bounds, MAX_ANCESTORS, MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_WALKED, check_tree, scan::Scan};

fn refused(html: &str) -> Option<String> {
    Bounds::default().check(html).err().map(|refusal| format!("{refusal:?}"))
}

fn numbered(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// How deep the scan ends, and how many elements it has counted.
fn scanned(html: &str) -> (usize, usize) {
    let mut bounds = Bounds::default();
    let mut scan = Scan::new(&mut bounds);
    scan.page(html.as_bytes(), |_, _| {}).unwrap();
    (scan.depth(), bounds.elements)
}

#[test]
fn page__that_costs_more_than_it_is_long__is_refused_before_its_tree_is_built() {
    let (deep, many, nested) = ("elements deep", "attributes", "nest too deeply");
    for (html, expected) in [
        ("<div>".repeat(400_000), deep),
        (format!("<svg>{}", "<g>".repeat(400_000)), deep),
        ("<table><tr><td>".repeat(50_000), deep),
        ("<a><div>".repeat(50_000), deep),
        ("<template>".repeat(50_000), deep),
        // End tags that close nothing.
        ("<div><table><tr><td></div>".repeat(20_000), deep),
        ("<span><div></span>".repeat(20_000), deep),
        ("<math><mi><div></math>".repeat(20_000), deep),
        ("<svg><title><div></div>".repeat(20_000), deep),
        ("<b><p><b x></p></b>".repeat(20_000), nested),
        ("<div><b></div>x".repeat(20_000), nested),
        ("<select><title></select><div>".repeat(20_000), nested),
        ("<!----!><div><!-- -->".repeat(20_000), deep),
        (format!("<p {}>", numbered(300_000, |n| format!("a{n}=1 "))), many),
        (format!("<p {}", "a ".repeat(300_000)), many),
        (numbered(50_000, |n| format!("<body a{n}>")), many),
        ("<br>".repeat(1_500_000), "1000000 elements"),
        ("</p>".repeat(1_500_000), "1000000 elements"),
        (format!("<p>{}{}", numbered(1_500, |n| format!("<b id={n}>")), "<p>x".repeat(1_500)), nested),
        (numbered(20_000, |n| format!("<p><b id={n}></p>")), nested),
        (format!("{}{}", "<div>".repeat(4_000), "<br>".repeat(100_000)), nested),
        (format!("<b>{}{}", "<div>".repeat(4_000), "&amp;".repeat(100_000)), nested),
        (format!("{}{}", "<span>".repeat(4_000), "</x>".repeat(100_000)), nested),
    ] {
        let beginning = &html[..html.len().min(60)];
        let refusal = refused(&html).unwrap_or_else(|| panic!("{beginning} is not refused: {:?}", scanned(&html)));
        assert!(refusal.contains(expected), "{beginning}: {refusal}");
    }
}

#[test]
fn page__with_sloppy_markup__is_as_deep_as_its_tree() {
    for (part, deepest) in [
        ("<p>x", 2),
        ("<p><span>x", 2),
        ("<li><span>x", 3),
        ("<dt>x<dd><i>y", 5),
        ("<ul><li>x<li>y</ul>", 0),
        ("<table><tr><td><div>x<td><b>y<tr><td>z</table>", 0),
        ("<table><tr><td>x</tr>", 3),
        ("<font size=2>x<p>y", 5),
        ("<b><p>x</b>", 3),
        ("<p><b>x</p>", 3),
        ("<a href=/x>x", 1),
        ("<h2>x</h3>", 0),
        ("<select><option>x<option>y</select>", 0),
        ("<ruby>x<rt>y<rp>z<rt>y</ruby>", 0),
        ("<svg><path d=x /><title>x</title></svg>", 0),
        ("<button>x", 1),
        ("<form><p>x", 3),
        ("<script>if (a<b) {'<div>'}</script>", 0),
        ("<style>a>b{}</style><title><div></title><textarea><div></textarea>", 0),
        ("<!-- <div> --><!DOCTYPE html><?x <div>", 0),
        ("<p title='<div>' alt=\"<div>\"></p>", 0),
        ("<br/><img src=x><hr>", 0),
        ("1 < 2 <3 </ x>", 0),
    ] {
        let (depth, _) = scanned(&part.repeat(2_000));
        assert!(depth <= deepest, "{part}: {depth}");
    }
}

#[test]
fn page__of_the_corpus__is_a_tenth_of_each_limit_at_most() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pages");
    let pages = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for page in pages.filter(|path| path.extension().is_some_and(|extension| extension == "html")) {
        let html = String::from_utf8_lossy(&fs::read(&page).unwrap()).into_owned();
        let ten_times = html.repeat(10);
        let mut bounds = Bounds::default();
        bounds.check(&ten_times).unwrap();
        let tree = Document::from(html.as_str());
        let deepest = tree.root().descendants_it().map(|node| node.ancestors_it(None).count()).max().unwrap();
        assert!(deepest * 10 < MAX_DEPTH, "{}: {deepest}", page.display());
        let attributes = html.split('<').map(|tag| tag.split('>').next().unwrap().matches('=').count()).max().unwrap();
        assert!(attributes * 10 < MAX_ATTRIBUTES, "{}: {attributes}", page.display());
        assert!(bounds.elements < MAX_ELEMENTS && bounds.walked < MAX_WALKED, "{}", page.display());
        assert!(check_tree(&Document::from(ten_times).root()).is_ok(), "{}: {MAX_ANCESTORS}", page.display());
    }
}

/// Whatever the scan takes a page for: what is deep to the parser is deep to it.
#[test]
fn tags__in_any_order__do_not_hide_how_deep_a_page_is() {
    const PARTS: &[&str] = &[
        "<div>",
        "</div>",
        "<b>",
        "<b x>",
        "</b>",
        "<a>",
        "</a>",
        "<p>",
        "</p>",
        "<span>",
        "</span>",
        "<table>",
        "</table>",
        "<tr>",
        "<td>",
        "</td>",
        "<select>",
        "</select>",
        "<option>",
        "<svg>",
        "</svg>",
        "<title>",
        "</title>",
        "<g>",
        "<g/>",
        "<math>",
        "<mi>",
        "</math>",
        "<template>",
        "</template>",
        "<ul>",
        "<li>",
        "</ul>",
        "<h1>",
        "</h1>",
        "<button>",
        "<form>",
        "</form>",
        "<object>",
        "</object>",
        "<ruby>",
        "<rt>",
        "<dd>",
        "<foreignObject>",
        "<caption>",
        "x",
        "<!-- <div> -->",
        "<br>",
        "<textarea>",
        "</textarea>",
        "<style>",
        "</style>",
    ];
    const TIMES: usize = 100;
    let mut random = StdRng::seed_from_u64(1);
    let mut hidden = Vec::new();
    for _ in 0..1_000 {
        let part: String = (0..random.random_range(1..8)).map(|_| PARTS[random.random_range(0..PARTS.len())]).collect();
        let html = part.repeat(TIMES);
        let tree = Document::from(html.as_str());
        let (mut deepest, mut todo) = (0, vec![(tree.root(), 0)]);
        while let Some((node, depth)) = todo.pop() {
            deepest = deepest.max(depth);
            todo.extend(node.children_it(false).map(|child| (child, depth + 1)));
        }
        // What adds up is still open at the end.
        let (depth, _) = scanned(&html);
        if deepest > TIMES / 2 && depth * 8 < deepest {
            hidden.push(format!("{part}: {depth} for {deepest}"));
        }
    }
    assert!(hidden.is_empty(), "{hidden:#?}");
}

#[test]
fn frames__that_cost_too_much_together__are_left_out() {
    let mut bounds = Bounds::default();
    let frame = "<div>".repeat(4_000);
    assert!(bounds.check(&frame).is_ok());
    assert!((0..10).any(|_| bounds.check(&frame).is_err()));
}
