//! Newer ways to hide text by style, and what only looks like them.

use super::tests::{assert_kept, assert_left_out};

#[test]
fn style__that_is_computed__is_what_it_comes_to() {
    for style in [
        "--x:none;display:var(--x)",
        "display:var(--nothing,none)",
        "--o:0;opacity:calc(var(--o) * 1)",
        "--c:#fff;color:var(--c);background:var(--c)",
        "opacity:calc(1 - 1)",
        "opacity:min(0, 1)",
        "font-size:calc(1px - 1px)",
        "font-size:clamp(0px, 0px, 1px)",
        "position:absolute;left:calc(-100vw * 9)",
        "text-indent:calc(-999em - 1px)",
        "transform:scale(calc(0))",
        "transform:translateX(calc(-100vw * 8))",
        "color:white;background:var(--nothing)",
    ] {
        assert_left_out("", &format!("<p style=\"{style}\">Evil words are in here</p>"), 5);
    }
    for (css, part) in [
        (":root{--x:none}.a{display:var(--x)}", "<p class=a>Evil words are in here</p>"),
        ("*{--x:0}p{opacity:var(--x)}", "<p class=a id=p>Evil words are in here</p>"),
        (
            "@property --x{syntax:'*';inherits:true;initial-value:none}.a{display:var(--x)}",
            "<p class=a>Evil words are in here</p>",
        ),
    ] {
        let css = css.replace("p{opacity", "#p{opacity");
        assert_left_out(&format!("<style>{css}</style>"), part, 5);
    }
    let css = "<style>:root{--x:none}.b{--x:block}.a{display:var(--x)}</style>";
    assert_kept(css, "<div class=b><p class=a>The Word is in here</p></div>");
    for style in ["--x:none;display:var(--X)", "display:var(--nothing)", "opacity:calc(1 - .5)", "--x:{;display:none}"]
    {
        assert_kept("", &format!("<p style=\"{style}\">The Word is in here</p>"));
    }
    assert_kept("<link rel=stylesheet href=/a.css>", "<p style='color:white;background:var(--dark)'>The Word</p>");
}

#[test]
fn color__in_each_way_to_write_it__is_compared() {
    for colour in [
        "rgb(255 255 255 / 100%)",
        "hsl(none 0% 100%)",
        "hwb(0 100% 0%)",
        "lab(100% 0 0)",
        "lch(100 0 0)",
        "oklab(1 0 0)",
        "oklch(100% 0 0)",
        "color(srgb 1 1 1)",
        "color(display-p3 1 1 1)",
        "color-mix(in oklab, white, white 30%)",
        "light-dark(white, black)",
        "rgb(from white r g b)",
        "rgb(calc(255) 255 255)",
        "color-mix(in srgb, transparent 100%, red)",
        "oklch(0 0 0 / 0)",
    ] {
        assert_left_out("", &format!("<p style=\"color:{colour}\">Evil words are in here</p>"), 5);
        assert_kept(
            "",
            &format!(
                "<p style=\"background:#036;color:{}\">The Word</p>",
                colour.replace("/ 0)", "/ 1)").replace("transparent", "white").replace("oklch(0 0", "oklch(1 0")
            ),
        );
    }
    assert_left_out("", "<p style='color:white;background:linear-gradient(white,#fff)'>Evil words are in here</p>", 5);
    assert_kept("", "<p style='color:white;background:linear-gradient(white,#036)'>The Word</p>");
}

#[test]
fn shapes__that_leave_nothing__hide() {
    for style in [
        "mask:linear-gradient(transparent,transparent)",
        "-webkit-mask-image:linear-gradient(#0000 0 0)",
        "mask:linear-gradient(#000,#000);mask-size:0 0",
        "clip-path:polygon(0 0,10px 0,20px 0)",
        "clip-path:inset(0 0 100% 0 round 4px)",
        "clip-path:inset(9999px)",
        "clip-path:ellipse(0 50%)",
        "clip-path:path('M0 0')",
        "clip-path:xywh(0 0 0 0)",
        "transform:matrix(0,0,0,1,0,0)",
        "transform:rotate3d(1,0,0,90deg)",
        "transform:rotateY(.25turn)",
        "transform:skewX(90deg)",
        "rotate:x 90deg",
        "scale:0;transform:none",
        "translate:-9999px;transform:none",
        "filter:opacity(0%)",
        "filter:blur(40px)",
        "filter:contrast(0)",
        "content:url(a.png)",
        "overflow:hidden;height:0;overflow-x:visible",
        "overflow:hidden;text-indent:100%;white-space:nowrap",
        "position:absolute;right:99999px",
        "margin-inline-start:-9999px",
        "inset-inline:-9999px auto;position:absolute",
        "color:transparent;-webkit-text-stroke:0 black",
        "opacity:0;transition:opacity 1s",
        "opacity:0;transform:translateY(20px)",
    ] {
        assert_left_out("", &format!("<div style=\"{style}\">Evil words are in here</div>"), 5);
    }
    for style in [
        "mask:linear-gradient(#000,transparent)",
        "mask:url(a.svg)",
        "clip-path:polygon(0 0,100% 0,50% 100%)",
        "clip-path:inset(0 round 4px)",
        "clip-path:path('M0 0h100v100z')",
        "transform:rotate(90deg)",
        "transform:matrix(1,0,0,1,10,10)",
        "filter:blur(1px)",
        "content:'x'",
        "right:99999px",
        "height:0;overflow:hidden;padding-bottom:56%",
        "height:0;overflow:hidden;min-height:100px",
        "width:0;overflow:hidden;min-width:100%",
    ] {
        assert_kept("", &format!("<div style=\"{style}\">The Word is in here</div>"));
    }
    let flex = |style: &str| {
        format!("<div style='display:flex;{style}'><div style='height:0;flex:1;overflow:auto'>The Word</div></div>")
    };
    assert_kept("", &flex("flex-direction:column"));
    assert_left_out("", &flex("").replace("The Word", "Evil"), 1);
}

#[test]
fn animation__that_ends_out_of_sight__hides() {
    let part = "<div class=x1>Evil words are in here</div>";
    for css in [
        "@keyframes a{to{opacity:0}}.x1{animation:a 1s forwards}",
        "@keyframes a{0%{opacity:1}100%{visibility:hidden}}.x1{animation:a 1s both}",
        "@keyframes a{from,to{opacity:0}}.x1{animation:a 1s infinite}",
        "@keyframes a{from{transform:scale(0)}}.x1{animation:1s a 999s backwards}",
        "@keyframes a{to{font-size:0}}.x1{animation-name:a;animation-duration:1s;animation-fill-mode:forwards}",
        ".x1{opacity:0;animation:b 1s}",
    ] {
        assert_left_out(&format!("<style>{css}</style>"), part, 5);
    }
    for css in [
        "@keyframes a{to{opacity:0}}.x1{animation:a 1s}",
        "@keyframes a{from{opacity:0}to{opacity:1}}.x1{opacity:0;animation:a 1s forwards}",
        "@keyframes a{0%,30%{opacity:1}40%,100%{opacity:0}}.x1{opacity:0;animation:a 12s infinite}",
        "@keyframes a{from{opacity:0}}.x1{animation:a 1s backwards}",
        "@keyframes a{to{opacity:0}}.x1{animation:a 1s forwards;animation:none}",
    ] {
        assert_kept(&format!("<style>{css}</style>"), "<div class=x1>The Word is in here</div>");
    }
    let script = "<script src=/a.js></script>";
    for style in ["opacity:0;transform:translateY(20px)", "opacity:0;transition:opacity .5s"] {
        assert_kept(script, &format!("<p style='{style}'>The Word is in here</p>"));
    }
}

#[test]
fn sheet__in_an_address__is_read() {
    let part = "<div class=x1>Evil words are in here</div>";
    for head in [
        "<link rel=stylesheet href='data:text/css,.x1{display:none}'>",
        "<link rel='preload stylesheet' href='data:text/css;base64,LngxeyBvcGFjaXR5OjAgfQ=='>",
        "<style>@import url(data:text/css,.x1%7Bdisplay:none%7D);</style>",
        "<style>@import \"data:text/css,.x1{display:none}\";</style>",
    ] {
        assert_left_out(head, part, 5);
    }
    for head in [
        "<link rel='alternate stylesheet' href='data:text/css,.x1{display:none}'>",
        "<link rel=stylesheet media=print href='data:text/css,.x1{display:none}'>",
        "<link rel=stylesheet disabled href='data:text/css,.x1{display:none}'>",
    ] {
        assert_kept(head, "<div class=x1>The Word is in here</div>");
    }
}

#[test]
fn panel__is_opened__by_what_a_reader_can_reach() {
    let panel = |rest: &str| {
        format!("<style>.x1{{display:none}}</style>{rest}<div id=part class=x1>Evil words are in here</div>")
    };
    for opener in [
        "<button hidden aria-controls=part>B</button>",
        "<div style='display:none'><button aria-controls=part></button></div>",
        "<a href=#part style='opacity:0'><i></i></a>",
        "<a href=#part></a>",
        "<link href=#part>",
        "<template><a href=#part>B</a></template>",
        "<button hidden aria-expanded=false></button>",
        "<script>var a = 'part'</script>",
        "<script>hide('part').style.display = 'none'</script>",
        "<b hidden onclick=\"show('part')\">B</b>",
        "<script type=text/plain>show('part')</script>",
    ] {
        assert_left_out("", &panel(opener), 5);
    }
    // A rule that is in force already opens nothing.
    assert_left_out(
        "<style>.x1{display:block}.x1{display:none}</style>",
        "<div class=x1>Evil words are in here</div>",
        5,
    );
    for opener in
        ["<button aria-controls=part>B</button>", "<script>show('part')</script>", "<a href=#part><img src=a></a>"]
    {
        assert_kept("", &panel(opener).replace("Evil words are", "The Word is"));
    }
}

#[test]
fn elements__that_browsers_never_show__are_left_out() {
    for (part, words) in [
        ("<ruby>漢<rp>Evil words are in here</rp><rt>kan</rt></ruby>", 5),
        ("<noembed>Evil words</noembed>", 2),
        ("<noframes>Evil words</noframes>", 0),
        ("<math><semantics><mi>x</mi><annotation>Evil words</annotation></semantics></math>", 0),
        (
            "<math><semantics><mi>x</mi><annotation-xml encoding='text/html'><p>Evil</p></annotation-xml></semantics></math>",
            0,
        ),
        (
            "<math><semantics><mi>x</mi><mtext>Evil</mtext></semantics><mphantom><mtext>Evil</mtext></mphantom></math>",
            2,
        ),
        ("<p>x<title>Evil</title></p>", 0),
        ("<dialog><p>Evil</p></dialog>", 0),
        ("<x-a><template shadowrootmode=open><p>So</p></template><p>Evil words</p></x-a>", 2),
        ("<x-a><template shadowrootmode=open><slot>Evil</slot></template><p>So</p></x-a>", 1),
        ("<x-a><template shadowrootmode=open><slot name=a></slot></template>Evil<p slot=a>So</p></x-a>", 1),
        ("<ul><li><template shadowrootmode=open>Evil</template>So</ul>", 0),
        ("<div><template shadowrootmode=open>So</template><template shadowrootmode=open>Evil</template></div>", 0),
    ] {
        assert_left_out("", part, words);
    }
    for part in ["<ruby>漢<rp>(</rp><rt>Word</rt><rp>)</rp></ruby>", "<dialog open><p>The Word is in here</p></dialog>"]
    {
        assert_kept("", part);
    }
}

#[test]
fn text__that_people_see__is_kept() {
    for (head, part) in [
        (
            "",
            "<div style='position:relative'><div style='position:absolute;inset:0;background:url(a.png)'></div><p style='color:#fff'>The Word</p></div>",
        ),
        (
            "",
            "<div style='position:relative'><div style='position:absolute;inset:0;background:linear-gradient(red,blue)'></div><div style='position:relative'><p style='color:#fff'>The Word</p></div></div>",
        ),
        (
            "",
            "<div style='position:relative'><div style='position:absolute;inset:0'><img src=a.png></div><h2 style='color:#fff'>The Word</h2></div>",
        ),
        (
            "",
            "<section style='position:relative'><div style='position:absolute;background:#222;width:100%;height:100%'></div><p style='color:white'>The Word</p></section>",
        ),
        (
            "<style>.h::before{content:'';position:absolute;inset:0;background:#000}</style>",
            "<div class=h style='color:#fff'>The Word</div>",
        ),
        (
            "<style>.h:after{content:'';background-image:url(a.png)}</style>",
            "<div class='h'><p style='color:#fff'>The Word</p></div>",
        ),
        ("<style>[hidden]{display:block}</style>", "<p hidden>The Word</p>"),
        ("<style>.show{display:flex}</style>", "<p hidden class=show>The Word</p>"),
        (
            "<script src=/a.js></script>",
            "<div class=carousel><div class=slide>One<p>a</p></div><div class=slide style='opacity:0'><p>The Word is here</p></div></div>",
        ),
        ("", "<svg><text>The Word</text></svg>"),
    ] {
        assert_kept(head, part);
    }
    for (head, part) in [
        (
            "",
            "<div style='position:relative'><div style='position:absolute;inset:0;background:#fff'></div><p style='color:#fff'>Evil</p></div>",
        ),
        (
            "",
            "<div style='position:relative'><div style='position:absolute;background:#222;width:1px'></div><p style='color:#fff'>Evil</p></div>",
        ),
        ("", "<div><img src=a.png width=1 height=1><p style='position:absolute;color:#fff'>Evil</p></div>"),
        ("<style>[hidden]{display:none}</style>", "<div hidden class=ad>Evil</div>"),
    ] {
        assert_left_out(head, part, if part.contains("class=ad") { 0 } else { 1 });
    }
}

#[test]
fn letters__that_nobody_can_make_out__are_left_out() {
    for style in [
        "position:fixed;bottom:-500px",
        "position:fixed;top:200vh",
        "position:fixed;inset:auto auto -40em 0",
        "line-height:0;overflow:hidden",
        "font:16px/0 serif;overflow:hidden",
        "opacity:.06",
        "opacity:9%",
        "-webkit-text-security:disc",
        "background:white;background-clip:text;color:transparent",
        "background:#fff;-webkit-background-clip:text;color:white",
        "background:none;background-clip:text;color:transparent",
        "color:#f4f4f4",
        "color:rgb(0 0 0 / 3%)",
        "background:#123;color:#162838",
        "letter-spacing:-2em",
        "letter-spacing:-16px",
        "font-size-adjust:0",
    ] {
        assert_left_out("", &format!("<div style=\"{style}\">Evil <b>words</b> are in here</div>"), 5);
    }
    for style in [
        "position:fixed;bottom:-20px",
        "position:fixed;top:90vh",
        "position:absolute;bottom:-500px",
        "position:absolute;top:200vh",
        "line-height:0",
        "line-height:1;overflow:hidden",
        "line-height:0;overflow:hidden;height:2em",
        "line-height:0;overflow:hidden;padding-top:1em",
        "opacity:.15",
        "-webkit-text-security:none",
        "background:#036;background-clip:text;color:transparent",
        "background:linear-gradient(red,blue);background-clip:text;color:transparent",
        "background:white;background-clip:text;color:#036",
        "color:#eaeaea",
        "background:#123;color:#345",
        "letter-spacing:-.05em",
        "letter-spacing:-5%",
        "letter-spacing:1em",
        "font-size-adjust:.5",
        "font-size-adjust:none",
    ] {
        assert_kept("", &format!("<div style=\"{style}\">The <b>Word</b> is in here</div>"));
    }
    for part in [
        "<div style='line-height:0;overflow:hidden'><p style='line-height:1.5'>The Word</p></div>",
        "<div style='line-height:0;overflow:hidden'><img src=a.png> The Word</div>",
        "<div style='letter-spacing:-1em'><p style='letter-spacing:normal'>The Word</p></div>",
        "<div style='font-size-adjust:0'><p style='font-size-adjust:none'>The Word</p></div>",
        "<div style='text-security:disc'><p style='text-security:none'>The Word</p></div>",
    ] {
        assert_kept("", part);
    }
}

#[test]
fn html__that_is_hidden_by_itself__is_left_out_unless_something_opens_it() {
    for (part, words) in [
        ("<div popover>Evil words are in here</div>", 5),
        ("<div popover=manual class=answer><p>Evil</p></div>", 1),
        ("<button hidden popovertarget=p>B</button><div id=p popover>Evil</div>", 1),
        ("<div hidden=until-found inert>Evil words are in here</div>", 0),
        ("<div inert>So<section hidden=until-found><p>Evil</p></section></div>", 0),
        ("<table><tr><td>a<tr style='visibility:collapse'><td>Evil</table>", 1),
        ("<table><tr><td>a<tbody style='visibility:hidden'><tr><td>Evil</table>", 1),
        ("<details><summary hidden>x</summary><p>Evil</p>Evil</details>", 2),
        ("<details><summary style='display:none'>x</summary><p>Evil</p></details>", 2),
        ("<details><summary style='font-size:0'>x</summary><p>Evil</p></details>", 2),
        ("<details><summary style='font-size:0;list-style:none'></summary><p>Evil</p></details>", 1),
        ("<details><summary style='list-style:none'></summary><p>Evil</p></details>", 1),
        ("<details><summary style='display:block'><b hidden>x</b></summary>Evil</details>", 1),
    ] {
        assert_left_out("", part, words);
    }
    for (head, part) in [
        ("", "<button popovertarget=p>More</button><div id=p popover><p>The Word</p></div>"),
        ("", "<button commandfor=p command=show-popover>More</button><div id=p popover>The Word</div>"),
        ("<style>.x{display:block}</style>", "<div popover class=x>The Word</div>"),
        ("<script>show('part')</script>", "<div popover id=part><p>The Word</p></div>"),
        ("", "<div hidden=until-found>The Word</div>"),
        ("", "<div inert>The Word</div>"),
        ("<script src=/a.js></script>", "<table><tr><td>a<tr style='visibility:collapse'><td>The Word</table>"),
        ("", "<table><tr><td>a<tr style='visibility:visible'><td>The Word</table>"),
        ("", "<details><summary>More</summary>The Word</details>"),
        ("", "<details><p>The Word</p></details>"),
        ("", "<details><summary></summary><p>The Word</p></details>"),
        ("", "<details open><summary hidden></summary><p>The Word</p></details>"),
        ("", "<details><summary style='list-style:none'><svg></svg></summary>The Word</details>"),
        ("", "<details><summary style='font-size:0'><b style='font-size:16px'>More</b></summary>The Word</details>"),
        ("", "<details><summary>More</summary><summary hidden></summary>The Word</details>"),
        (
            "<style>.m{list-style:none}.m::before{content:'';background:url(a.png)}</style>",
            "<details><summary class=m></summary>The Word</details>",
        ),
        ("<script>open('part')</script>", "<details id=part><summary hidden>x</summary>The Word</details>"),
    ] {
        assert_kept(head, part);
    }
}

#[test]
fn shadow_root__with_sheets_for_what_is_around_it__hides_it() {
    let host = |attributes: &str, css: &str, root: &str, light: &str| {
        format!(
            "<x-a {attributes}><template shadowrootmode=open><style>{css}</style>{root}</template>{light}</x-a><p>So</p>"
        )
    };
    for (css, root, light, words) in [
        (":host{display:none}", "<slot></slot>", "<p>Evil words</p>", 2),
        (":HOST(x-a), ::part(a){opacity:0}", "Evil <slot></slot>", "<p>Evil</p>", 2),
        (":host([lang]){display:none}:host(.off){display:none}", "<slot></slot>", "<p>Evil</p>", 1),
        ("::slotted(p){display:none}", "So <slot></slot>", "<p>Evil words</p>", 2),
        ("b slot::slotted(.a){opacity:0}", "So <b><slot></slot></b>", "<p class=a>Evil</p>", 1),
        ("b{font-size:0}", "So <b><slot></slot></b>", "Evil", 1),
        ("b{display:none}", "So <b><slot></slot></b>", "<p>Evil</p>", 1),
        ("b{display:none}", "So <b><slot></slot></b>", "<p class=a>Evil</p>", 1),
        (":host{font-size:0}", "<slot></slot>", "<p>Evil</p>", 1),
    ] {
        assert_left_out("", &host("class=off", css, root, light), words);
    }
    let word = "<p class=a>The Word</p>";
    for (attributes, css, root) in [
        ("", ":host{display:block}", "<slot></slot>"),
        ("class=on", ":host{display:none}:host(.on){display:block}", "<slot></slot>"),
        ("style='display:block'", ":host{display:none}", "<slot></slot>"),
        ("", "::slotted(b){display:none}", "<slot></slot>"),
        ("", "::slotted(p){display:none}::slotted(.a){display:block}", "<slot></slot>"),
        ("", "p{display:none}.a{opacity:0}", "<slot></slot>"),
        ("", ":host{font-size:0}::slotted(*){font-size:1rem}", "<slot></slot>"),
        ("", ":host{font-size:0}", "<slot></slot>"),
        ("", ":host-context(.a){display:none}", "<slot></slot>"),
        ("", "", "<button aria-expanded=false>More?</button><div hidden><slot></slot></div>"),
    ] {
        assert_kept("", &host(attributes, css, root, word));
    }
    let css = "<style>:host{display:block!important}</style>";
    assert_left_out(css, "<p class=kbsync-host style='display:none'>Evil</p>", 1);
}
