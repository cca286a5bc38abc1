//! What is hidden by style, technique by technique, and what only waits to be opened.

use crate::extract::html::{
    Page,
    tests::{markdown_with, read},
};

const TEXT: &str = "It is green, and it is hot. ";

/// A page with this in its head, whose text ends with this part.
fn page(head: &str, part: &str) -> Page {
    let text = TEXT.repeat(20);
    read(&format!("<html><head><title>Tea</title>{head}</head><body><main><h1>Tea</h1><p>{text}</p>{part}</main>"))
}

/// Asserts that a part with the word `Evil` is left out of its page, and that its words are counted.
pub(super) fn assert_left_out(head: &str, part: &str, words: usize) {
    let page = page(head, part);
    assert!(!page.markdown.contains("Evil"), "{head} {part}: {}", page.markdown);
    assert!(!page.markdown.contains("kbsync"), "{head} {part}: {}", page.markdown);
    assert_eq!(page.hidden_words, words, "{head} {part}");
}

/// Asserts that a part with the word `Word` stays.
pub(super) fn assert_kept(head: &str, part: &str) {
    let page = page(head, part);
    assert!(page.markdown.contains("Word"), "{head} {part}: {}", page.markdown);
    assert_eq!(page.hidden_words, 0, "{head} {part}");
}

#[test]
fn style__that_hides_text_from_everybody__leaves_it_out() {
    for style in [
        "opacity:0",
        "opacity: .01",
        "opacity:1%",
        "OPACITY : 0 !important",
        "opacity:0;opacity:many",
        "\\6f pacity:0",
        "/* opacity:1; */opacity/**/:0",
        "filter:opacity(0)",
        "font-size:0",
        "font-size:0px;",
        "font-size:.05em",
        "font-size:1px",
        "font-size: calc(0px)",
        "font-size:1%",
        "font:0/0 a",
        "font: bold 1px/1 serif",
        "color:transparent",
        "color:rgba(0,0,0,0)",
        "color:#0000",
        "-webkit-text-fill-color:transparent",
        "color:white;background:white",
        "color:#fff;background-color:rgb(255 255 255)",
        "background:#123456 none;color:#123457",
        "color:hsl(0 0% 100%);background:#fff",
        "color:white",
        "color:#fefefe",
        "background:black",
        "position:absolute;left:-9999px",
        "position:fixed;top:-1000px",
        "position:absolute;right:-100em",
        "position:relative;left:-9999px",
        "position:absolute;inset:auto auto auto -5000px",
        "position:absolute;left:99999px",
        "margin-left:-9999px",
        "margin:0 0 0 -9999px",
        "text-indent:-9999px",
        "text-indent:-999em",
        "transform:translateX(-9999px)",
        "transform: translate3d(0, -5000px, 0)",
        "transform:scale(0)",
        "transform:scaleY(0.0)",
        "-webkit-transform:scale(0,1)",
        "transform:matrix(0,0,0,0,0,0)",
        "scale:0",
        "zoom:.01",
        "transform:rotateX(90deg)",
        "clip:rect(0,0,0,0);position:absolute",
        "position:absolute;clip:rect(1px 1px 1px 1px)",
        "clip-path:inset(50%)",
        "clip-path:inset(100%)",
        "clip-path:circle(0)",
        "clip-path:polygon(0 0,0 0,0 0)",
        "width:0;height:0;overflow:hidden",
        "width:1px;height:1px;overflow:hidden;position:absolute",
        "max-width:0;max-height:0;overflow:clip",
        "height:0;overflow:hidden",
        "width:1px;overflow-x:hidden",
    ] {
        for tag in ["p", "div", "span", "section", "article", "blockquote", "li", "h2", "custom-tag"] {
            assert_left_out("", &format!("<div><{tag} style=\"{style}\">Evil words are in here</{tag}></div>"), 5);
        }
        let inner = format!("<div style=\"{style}\"><p>Evil <b>words</b></p><script>x y</script></div>");
        assert_left_out("", &inner, 2);
        let rule = format!("<style>.x1{{{style}}}</style>");
        assert_left_out(&rule, "<div class='x1 y'>Evil words are in here</div>", 5);
    }
}

#[test]
fn style__that_only_looks_as_if_it_hid_text__keeps_it() {
    for style in [
        "opacity:.5",
        "opacity:0;opacity:1",
        "opacity:0 0",
        "font-size:12px",
        "font-size:80%",
        "font-size:0;font-size:1rem",
        "font-size:clamp(1rem,2vw,3rem)",
        "color:red",
        "color:white;background:black",
        "color:white;background:linear-gradient(red,blue)",
        "color:white;background-image:url(a.png)",
        "color:var(--ink)",
        "color:transparent;background:linear-gradient(red,blue);-webkit-background-clip:text",
        "color:transparent;-webkit-text-stroke:1px black",
        "left:-9999px",
        "position:relative;left:-20px",
        "text-indent:-2em",
        "transform:none",
        "transform:translateY(20px)",
        "transform:scale(.9)",
        "clip:rect(0,0,0,0)",
        "clip:auto;position:absolute",
        "clip-path:inset(10%)",
        "width:0",
        "height:0",
        "height:0;overflow:visible",
        "height:1em;overflow:hidden",
        "content:'display:none'",
        "background:url('x;opacity:0;y')",
        "--display:none",
        "xdisplay:none",
        "display:block",
        "display:none;display:inline-block",
        "visibility:visible",
        "display:var(--x)",
        "display:no/**/ne",
        "@media;;:;{",
    ] {
        assert_kept("", &format!("<p style=\"{style}\">The Word is in here</p>"));
        assert_kept(&format!("<style>.x1{{{style}}}</style>"), "<p class=x1>The Word is in here</p>");
    }
}

#[test]
fn text__of_which_elements_have_looks_of_their_own__is_left_out_where_it_is_hidden() {
    for (part, words) in [
        ("<div style='visibility:hidden'>Evil <p style='visibility:visible'>The Word.</p> Evil</div>", 2),
        ("<div style='font-size:0'>Evil <p style='font-size:14px'>The Word.</p></div>", 1),
        ("<div style='font-size:0'>Evil <p style='font-size:1rem'>The Word.</p></div>", 1),
        (
            "<div style='color:white;background:white'>Evil <b style='color:black'>The Word.</b> Evil <i>Evil</i></div>",
            3,
        ),
        ("<div style='background:white'><p>The Word. <span style='color:white'>Evil</span></p></div>", 1),
        ("<div style='background:#000;color:#fff'><p>The Word. <span style='color:black'>Evil</span></p></div>", 1),
        (
            "<table bgcolor=navy><tr><td><font color=white>The Word</font><td><font color='#000080'>Evil</font></table>",
            1,
        ),
        ("<p>The Word<span style='font-size:0'>Evil</span></p>", 1),
        ("<div style='opacity:.2'>The Word <div style='opacity:.2'>Evil</div></div>", 1),
        ("<p>The Word</p><img alt=Evil style='opacity:0'>", 1),
        ("<p>The Word</p><img alt='Evil words' src=a.png width=1 height=1>", 2),
    ] {
        let page = page("", part);
        assert!(page.markdown.contains("Word") && !page.markdown.contains("Evil"), "{part}: {}", page.markdown);
        assert_eq!(page.hidden_words, words, "{part}");
    }
    for part in [
        "<div style='position:relative'><img src=a.png><p style='position:absolute;color:#fff'>The Word</p></div>",
        "<div style='background:white'><button role=tab style='color:white'>The Word</button></div>",
        "<div style='background:white'><a href=/a style='background:blue;color:white'>The Word</a></div>",
        "<div style='color:white'><div style='background:#222'>The Word</div></div>",
        "<h2 style='background:linear-gradient(red,blue);background-clip:text'><b style='color:transparent'>The Word</b></h2>",
    ] {
        assert_kept("", part);
    }
}

#[test]
fn color__of_a_page_with_sheets_elsewhere__hides_only_on_a_known_background() {
    let sheet = "<link rel=stylesheet href=/a.css>";
    for part in [
        "<p style='color:white'>The Word</p>",
        "<div style='background:white'><div class=dark style='color:white'>The Word</div></div>",
        "<div style='background:white'><p class=hero><b style='color:#fff'>The Word</b></p></div>",
        "<div style='background:black'>The Word</div>",
    ] {
        assert_kept(sheet, part);
    }
    for part in [
        "<p class=x style='color:white;background:white'>Evil</p>",
        "<div style='background:white'><p style='color:white'>Evil</p></div>",
        "<p class=x style='color:transparent'>Evil</p>",
    ] {
        assert_left_out(sheet, part, 1);
    }
    assert_kept("<style>@import url(/a.css);</style>", "<p style='color:white'>The Word</p>");
}

#[test]
fn rule__that_hides_text__leaves_it_out_unless_something_opens_it() {
    let long = "Evil words are in here";
    for (css, part) in [
        (".x1{display:none}", format!("<div class=x1>{long}</div>")),
        (".x1{display:none}", format!("<div class=x1><p>{long}</p></div>")),
        (".x1{visibility:hidden}", format!("<section class=x1><p>{long}</p></section>")),
        ("#x1{display:none!important}", format!("<p id=x1 style='display:block'>{long}</p>")),
        ("aside.x1 p,.other{display:none}", format!("<aside class=x1><p>{long}</p></aside>")),
        ("[data-x]{content-visibility:hidden}", format!("<div data-x>{long}</div>")),
        ("div>.x1{opacity:0}", format!("<div><div class=x1>{long}</div></div>")),
        ("@media screen{.x1{font-size:0}}", format!("<div class=x1>{long}</div>")),
        ("@media (min-width:1px){.x1{display:none}}", format!("<div class=x1>{long}</div>")),
        (".x1{color:#fff}", format!("<div class=x1>{long}</div>")),
        ("body{background:#222;color:#222}main{color:#eee}.x1{color:#222}", format!("<div class=x1>{long}</div>")),
        (".x1{display:none}", format!("<article class=x1>{long}</article>")),
        (".x1{max-height:0;overflow:hidden}", format!("<div class=x1>{long}</div>")),
    ] {
        assert_left_out(&format!("<style>{css}</style>"), &part, 5);
    }
    let word = "The Word is in here";
    for (css, part) in [
        (".x1{display:none}.x1.on{display:block}", format!("<div class=x1>{word}</div>")),
        (".x1{display:none}#t:checked~.x1{display:block}", format!("<div class=x1>{word}</div>")),
        (".x1{display:none}.w:hover .x1{display:block}", format!("<div class=x1>{word}</div>")),
        (".x1{max-height:0;overflow:hidden}.x1.on{max-height:100px}", format!("<div class=x1>{word}</div>")),
        (".x1{opacity:0}.x1.on{opacity:1}", format!("<div class=x1>{word}</div>")),
        (".tab-panel{display:none}", format!("<div class=tab-panel>{word}</div>")),
        (".tabcontent{display:none}", format!("<div class=tabcontent>{word}</div>")),
        (".accordion-body{height:0;overflow:hidden}", format!("<div class=accordion-body><p>{word}</p></div>")),
        (".faq__answer{display:none}", format!("<div class=faq__answer><p>{word}</p></div>")),
        (".x1{display:none}", format!("<div role=tabpanel class=x1>{word}</div>")),
        (".x1{display:none}", format!("<a href=#b>B</a><div id=b class=x1>{word}</div>")),
        (".x1{display:none}", format!("<button aria-expanded=false>Why?</button><div class=x1>{word}</div>")),
        (".x1{display:none}", format!("<script>open('.part')</script><div class='x1 part'>{word}</div>")),
        (".x1{display:none}", format!("<b onclick=\"show('part')\">B</b><div id=part class=x1>{word}</div>")),
        (".x1{display:none}", format!("<ul><li class=a>One<li class=a>Two<li class='a x1'>{word}</ul>")),
        (".x1{display:none}", format!("<div class=x1 x-show=open>{word}</div>")),
        ("[x-cloak]{display:none}", format!("<div x-cloak>{word}</div>")),
        ("[hidden]{display:none!important}", format!("<div hidden>{word}</div>")),
        (".x1{display:none}@media(min-width:700px){.x1{display:block}}", format!("<div class=x1>{word}</div>")),
        ("@media(min-width:700px){.x1{display:none}}", format!("<div class=x1>{word}</div>")),
        ("@media print{.x1{display:none}}", format!("<div class=x1>{word}</div>")),
        (".x1{display:none}.x1{display:block}", format!("<div class=x1>{word}</div>")),
        (".x1{display:none}div.x1{display:block}", format!("<div class=x1>{word}</div>")),
        ("body,#app{opacity:0}", format!("<p>{word}</p>")),
        ("main{visibility:hidden}", format!("<p>{word}</p>")),
    ] {
        assert_kept(&format!("<style>{css}</style>"), &part);
    }
}

#[test]
fn panel__that_is_closed_by_its_style__is_kept_where_something_may_open_it() {
    let panel = |tag: &str| format!("<{tag} style='display:none'><p>The Word is in here</p></div>");
    for part in [
        panel("div class=answer"),
        panel("div role=tabpanel"),
        format!("<script src=/a.js></script>{}", panel("div")),
        format!("<b onclick='this.nextSibling.style.display=1'>B</b>{}", panel("div")),
        format!("<h3><a href=#b>B</a></h3>{}", panel("div id=b")),
    ] {
        assert_kept("", &part);
    }
    for style in
        ["display:none", "DISPLAY: none", "visibility:hidden", "visibility: collapse", "content-visibility:hidden"]
    {
        let part = format!("<div style='{style}'>Evil words are in here</div>");
        assert_left_out("", &part, 5);
        assert_left_out("<script type=application/ld+json>{}</script>", &part, 5);
    }
}

#[test]
fn page__that_is_hidden_until_its_scripts_have_run__is_kept() {
    let text = TEXT.repeat(20);
    for (css, id) in [("#app{opacity:0}", "app"), ("#app{visibility:hidden}", "app"), ("#app{display:none}", "app")] {
        let page = read(&format!("<style>{css}</style><div id={id}><h1>Tea</h1><p>{text}</p></div><script>x</script>"));
        assert!(page.markdown.contains("green") && page.hidden_words == 0, "{css}: {page:?}");
    }
}

#[test]
fn parts_with_sheets_of_their_own__hide_only_what_is_in_them() {
    let shadow =
        "<x-a><template shadowrootmode=open><style>p{font-size:0}</style><p>Evil</p></template></x-a><p>The Word</p>";
    let frame = "<iframe srcdoc=\"<style>p{opacity:0}</style><p>Evil</p><b>So.</b>\"></iframe><p>The Word</p>";
    for part in [shadow, frame] {
        let page = page("", part);
        assert!(page.markdown.contains("The Word") && !page.markdown.contains("Evil"), "{part}: {}", page.markdown);
        assert_eq!(page.hidden_words, 1, "{part}");
    }
    for part in [
        "<iframe style='opacity:0' srcdoc='Evil'></iframe>",
        "<iframe width=0 height=0 srcdoc='Evil'></iframe>",
        "<iframe style='height:1px' srcdoc='Evil'></iframe>",
    ] {
        assert!(!markdown_with(part).contains("Evil"), "{part}");
    }
}

#[test]
fn hidden_words__of_what_goes_by_other_rules__are_not_counted() {
    for part in [
        "<nav style='opacity:0'><a href=/a>Evil</a></nav>",
        "<span class=sr-only style='clip:rect(0,0,0,0);position:absolute'>Evil</span>",
        "<div class=modal style='display:none'><p>Evil</p></div>",
        "<div class=dropdown-menu style='display:none'><p>Evil</p></div>",
        "<p hidden>Evil</p><i aria-hidden=true>Evil</i>",
        "<template><p>Evil</p></template><script>Evil</script>",
        "<div style='opacity:0'><script>Evil</script></div>",
    ] {
        assert_left_out("", part, 0);
    }
    assert_left_out("", "<p style='display:none'>Evil is here</p><span style='visibility:hidden'>Evil too</span>", 5);
}

#[test]
fn characters__that_nobody_sees__go_from_all_that_goes_up() {
    let tags: String = "evil".chars().filter_map(|c| char::from_u32(0xe0000 + u32::from(c))).collect();
    let page = read(&format!(
        "<title>Te{tags}a &#x202e;</title><h2>He{tags}ad</h2><p>wo{tags}rd &#xE0041;&#8238;x <code>co{tags}de</code> \
         <img alt='pic{tags}ture' src=a.png> <a href=/a title=x{tags}>li{tags}nk</a><pre>p{tags}re</pre>"
    ));
    let is_unseen = |c: char| matches!(c, '\u{202e}' | '\u{e0000}'..='\u{e007f}');
    assert!(!page.markdown.contains(is_unseen) && !page.title.contains(is_unseen), "{page:?}");
    for part in ["Tea", "Head", "word x", "`code`", "picture", "[link](https://example.com/a)", "pre"] {
        assert!(page.markdown.contains(part), "{part}: {}", page.markdown);
    }
}

#[test]
fn page__with_many_elements_and_rules__is_read() {
    let css: String = (0..4_000).map(|n| format!("p.c{n},p:nth-child({n}){{opacity:0}}")).collect();
    let parts: String = (0..4_000).map(|n| format!("<p class=d{n}>{TEXT}</p>")).collect();
    let page = page(&format!("<style>{css}</style>"), &parts);
    assert!(page.markdown.len() > 100_000, "{}", page.markdown.len());
}
