//! What pages become, markup by markup; real pages are in `tests/extract`.

use super::*;

pub(super) fn read(html: &str) -> Page {
    let request = Request { headers: Headers::default(), address: "https://example.com/docs/page.html".to_owned() };
    page(&request, html.as_bytes()).unwrap()
}

pub(super) fn markdown(html: &str) -> String {
    read(html).markdown
}

/// The same of a page whose text is long enough for one, with this part at its end.
pub(super) fn markdown_with(part: &str) -> String {
    let text = "It is green, and it is hot. ".repeat(20);
    markdown(&format!("<body><main><h1>Tea</h1><p>{text}</p>{part}</main></body>"))
}

#[test]
fn markup_and_what_it_becomes() {
    for (html, expected) in [
        ("<p>one<h2>Two</h2>a\n <b>bold</b> and<i> thin </i>word", "one\n\n## Two\n\na **bold** and *thin* word"),
        ("<p>a<br>b<br><br>c", "a  \nb\n\nc"),
        ("<p><b>a</b><b>b</b> <em><em>c</em></em>", "**ab** *c*"),
        ("<p>10<sup>6</sup> H<sub>2</sub>O 1<sup>st</sup> word<sup><a href=#f>1</a></sup>", "10^6 H2O 1st word1"),
        ("<p>was <del>10 €</del> 9 €, <q>said</q>", "was ~~10 €~~ 9 €, “said”"),
        ("<p><img src=a.png alt='A picture'><img src=b.png alt=b.png><img src=c.png>", "A picture"),
        // Links.
        ("<p><a href=../b?c=1#d>B</a>", "[B](https://example.com/b?c=1#d)"),
        ("<p><a href=#part>here</a> <a href=javascript:x()>there</a>", "here there"),
        ("<p><a href=https://example.org/>https://example.org</a>", "<https://example.org>"),
        ("<p>Mail <a href=mailto:a@example.org>a@example.org</a>!", "Mail <a@example.org>!"),
        ("<p>No!<a href=/x_(y)>link</a>", "No\\![link](<https://example.com/x_(y)>)"),
        ("<p>a<h2><a href=/x>Title</a><a href=#x>¶</a></h2>", "a\n\n## Title"),
        ("<p>a<a href=/card><h3>Card</h3><p>words</p></a>", "a\n\n### Card\n\n[words](https://example.com/card)"),
        // Lists.
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c"),
        ("<ol start=9><li>a<li>b<li value=20>c</ol>", "9. a\n10. b\n20. c"),
        ("<ol><li><p>a<p>b<li>c</ol>", "1. a\n\n   b\n\n2. c"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
        ("<p>x<ul><li><h3>A</h3>a</li><li><h3>B</h3>b</li></ul>", "x\n\n### A\n\na\n\n### B\n\nb"),
        ("<ul><li>run<pre>a\n\n b</pre></ul><p>x", "- run\n\n  ```\n  a\n\n   b\n  ```\n\nx"),
        ("<ul><li><pre>a</pre></ul>", "```\na\n```"),
        ("<ol><li>run<pre>a\n\n b</pre><li>c</ol>", "1. run\n\n   ```\n   a\n\n    b\n   ```\n\n2. c"),
        // Terms.
        ("<dl><dt>a<dt>b<dd>said<dd>more</dl>", "- **a**, **b**: said\n\n  more"),
        ("<dl><dt><code>-x</code><dd>said<dt>only</dl>", "- `-x`: said\n- only"),
        ("<dl><dt>a:<dd><ul><li>b</ul></dl>", "- **a:**\n  - b"),
        ("<dl><dt class=sig><span>f</span>(<em>x</em>)<a class=headerlink>¶</a><dd>does</dl>", "- `f(x)`: does"),
        ("<p>x<dl><div></div><p></dl>y", "x\n\ny"),
        // Quotes.
        ("<blockquote><p>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"),
        // Code.
        ("<pre>\n  a &lt; b\n\tc  \n</pre>", "```\n  a < b\n\tc\n```"),
        ("<pre>a\n```\nb</pre>", "````\na\n```\nb\n````"),
        ("<pre><code class='language-rust'>fn</code></pre>", "```rust\nfn\n```"),
        ("<div class='highlight-sh notranslate'><div><pre>ls</pre></div></div>", "```sh\nls\n```"),
        ("<pre>a<br>b<div>c</div>d</pre>", "```\na\nb\nc\nd\n```"),
        ("<p>Use <code>a|b</code><code>c</code>, <code>`</code> or <kbd>x\n y</kbd>.", "Use `a|bc`, `` ` `` or `x y`."),
        ("<code>a<br>b</code>", "```\na\nb\n```"),
        // What is text and would be markup.
        ("<p>snake_case 2 * 3 *x* _y_ `z` a\\b", "snake_case 2 * 3 \\*x\\* \\_y\\_ \\`z\\` a\\b"),
        ("<p># a<p>1. b<p>- c<p>&gt; d<p>+<p>---<p>#e", "\\# a\n\n1\\. b\n\n\\- c\n\n\\> d\n\n\\+\n\n\\---\n\n#e"),
        ("<p>&lt;b> a &lt; b &amp;lt; AT&amp;T [x](y)", "\\<b> a < b \\&lt; AT&T [x\\](y)"),
        ("<p>&lt;<i>b</i>> x", "\\<*b*> x"),
        ("<p>soft\u{ad}hyphen, no\u{200b}width, hard\u{a0}space", "softhyphen, nowidth, hard space"),
    ] {
        assert_eq!(markdown(html), expected, "{html}");
    }
}

#[test]
fn no_page_commands_a_terminal() {
    let page = read(
        "<title>T\x1b[2J\u{9b}1m\u{ad}t</title><p>a\x1b[31m\x07b\u{9b}c<p><code>d\x1be</code><pre>f\x1bg\x0ch&#13;i\tj\r\nk</pre>",
    );
    assert_eq!(page.title, "T[2J1mt");
    assert_eq!(page.markdown, "# T[2J1mt\n\na[31mbc\n\n`de`\n\n```\nfg h i\tj\nk\n```");
}

#[test]
fn tables() {
    for (html, expected) in [
        (
            "<table><caption>Prices</caption><tr><th>Name<th>Price<tr><td>a|b<td><code>x|y</code></table>",
            "Prices\n\n| Name | Price |\n| --- | --- |\n| a\\|b | `x\\|y` |",
        ),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "|  |  |\n| --- | --- |\n| a | b |\n| c |  |"),
        (
            "<table><thead><tr><td>h<td>i</thead><tr><td><p>a<p>b<td><ul><li>c<li>d</ul></table>",
            "| h | i |\n| --- | --- |\n| a<br>b | - c<br>- d |",
        ),
        (
            "<table><tr><td><b>h</b><td><b>i</b><tr><td rowspan=2>a<td>b<tr><td>c<tr><td colspan=2>d</table>",
            "| **h** | **i** |\n| --- | --- |\n| a | b |\n| a | c |\n| d |  |",
        ),
        ("<table><tr><td>a<table><tr><td>b<td>c</table><td>d</table>", "a\n\n|  |  |\n| --- | --- |\n| b | c |\n\nd"),
        ("<table><tr><td>one<tr><td>two</table>", "one\n\ntwo"),
        ("<table role=presentation><tr><td>a<td>b</table>", "a b"),
        ("<table><tr><td><pre>a\nb</pre><td>c</table>", "|  |  |\n| --- | --- |\n| `a`<br>`b` | c |"),
    ] {
        assert_eq!(markdown(html), expected, "{html}");
    }
}

#[test]
fn titles() {
    for (html, title, expected) in [
        ("<title>A - Site</title><h1>A</h1><p>x", "A", "# A\n\nx"),
        ("<title>A</title><p>x", "A", "# A\n\nx"),
        ("<h1>C &amp; <code>d_e</code></h1><p>x", "C & d_e", "# C & `d_e`\n\nx"),
        ("<title>1. A</title><p>menu<h2>1. A</h2><p>x", "1. A", "# 1. A\n\nmenu\n\nx"),
        ("<title>Book</title><h1>Chapter</h1><p>x", "Book", "# Book\n\n# Chapter\n\nx"),
        ("<title>*a* b</title><p>x", "*a* b", "# \\*a\\* b\n\nx"),
        ("<p>x", "", "x"),
    ] {
        let page = read(html);
        assert_eq!((page.title.as_str(), page.markdown.as_str()), (title, expected), "{html}");
    }
}

/// A page around whose text there is much that is not.
fn page_with(around: &str) -> String {
    format!("<body>{around}<div><h1>Tea</h1><p>Tea is a drink, and it is hot.<p>It is green, black or white.</div>")
}

#[test]
fn what_is_not_content() {
    let plain = markdown(&page_with(""));
    for around in [
        "<script>x</script><style>y</style><template>z</template><noscript>Switch it on</noscript>",
        "<nav>Menu</nav><header>Site</header><footer>Imprint</footer><aside>Related</aside>",
        "<div role=navigation>Menu</div><div role=search>Look</div><div role=contentinfo>Imprint</div>",
        "<form>Search <input><button>Go</button></form><dialog open>Subscribe!</dialog>",
        "<p hidden>Not yet</p><p style='display: none'>Not now</p><span aria-hidden=true>*</span>",
        "<div class='cookie-banner'>We use cookies. <button>Yes</button></div>",
        "<div id=onetrust-consent-sdk><p>We value your privacy</div>",
        "<div class=ad>Buy!</div><ins class=adsbygoogle>Buy!</ins><div class='ad-slot top'>Buy!</div>",
        "<ul class=breadcrumbs><li><a href=/>Home</a></ul><p><a href=/a>Up</a> | <a href=/b>Next</a></p>",
        "<div class='toc'><ul><li><a href=#a>A</a></ul></div><a class=skip-link href=#main>Skip to content</a>",
        "<div id=disqus_thread>First!</div><div class=comments-area>First!</div><!-- First! -->",
        "<div class=left><ul><li><a href=/1>One page</a><li><a href=/2>Another</a><li><a href=/3>Third</a></ul></div>",
    ] {
        assert_eq!(markdown(&page_with(around)), plain, "{around}");
    }
    for around in [
        "<div id=ads>Active Directory</div>",
        "<section id=cookies>We use cookies.</section>",
        "<aside class=note>Mind the heat</aside>",
        "<section id=comments>How to comment code</section>",
        "<div class=header><h2>A part</h2>with words</div>",
        "<details><summary>More</summary>of it</details>",
        "<form><h2>A server's form</h2><input>around all</form>",
    ] {
        assert_ne!(markdown(&page_with(around)), plain, "{around}");
    }
}

#[test]
fn the_part_that_is_marked_is_the_content() {
    let text = "It has enough words to leave no doubt about it. ".repeat(5);
    for html in [
        format!("<div>Before</div><main><p>{text}</main><div>After</div>"),
        format!("<div>Before</div><div role=main>{text}</div>"),
        format!("<div>Before</div><article><p>{text}</article>"),
    ] {
        assert_eq!(markdown(&html), text.trim(), "{html}");
    }
    let script = format!("<main></main><p>{text}");
    assert_eq!(markdown(&script), text.trim(), "a main part that a script would fill");
    let two = format!("<article>one {text}</article><article>two {text}</article>");
    assert!(markdown(&two).contains("two It has"));
}

#[test]
fn an_index_keeps_its_links() {
    let links: String = (1..30).map(|n| format!("<li><a href=/{n}>The chapter with number {n}</a>")).collect();
    let index =
        markdown(&format!("<body><div><p>The contents of the book, in the order in which they are.</div><ul>{links}"));
    assert!(index.contains("- [The chapter with number 29](https://example.com/29)"), "{index}");
}

#[test]
fn a_synopsis_of_links_is_no_menu() {
    let text = "A paragraph, with commas, and enough words, so that it is where the text is. ".repeat(6);
    let links: String = (1..9).map(|n| format!("<a href=/{n}>function_{n}</a>;\n")).collect();
    let page = markdown(&format!("<body><div><pre>{links}</pre></div><div><p>{text}<p>{text}</div>"));
    assert!(page.starts_with("```\nfunction_1;\n"), "{page}");
}

#[test]
fn links_alone__in_the_text__are_content() {
    let text = "It has so many words that there is no doubt about it. ".repeat(5);
    let main = |part: &str| markdown(&format!("<main><h1>T</h1><p>{text}</p>{part}</main>"));
    for part in [
        "<table><tr><td><a href=/a>Manual</a><td><a href=/b>Sheet of data</a></table>",
        "<table><tr><td><a href=tel:1>0123 Manual</a><td><a href=mailto:a@b.de>a@b.de</a></table>",
        "<p><a href=/a>Manual</a> | <a href=/b>Sheet</a></p>",
    ] {
        assert!(main(part).contains("Manual"), "{part}: {}", main(part));
    }
    let people = "<p><a href=tel:1>0123</a> | <a href=mailto:a@b.de>a@b.de</a></p>";
    assert!(markdown(&page_with(people)).contains("0123"), "outside of a part that is marked too");
    for part in [
        "<p><a href=/a>« Tea</a> | <a href=/b>Coffee</a></p>",
        "<table><tr><td><a href=/a>Previous page</a><td><a href=/b>Home</a></table>",
        "<div><a href=/a rel=next>Next</a> · <a href=mailto:a@b.de>Mail</a></div>",
    ] {
        assert_eq!(main(part), main(""), "{part}");
    }
}

#[test]
fn panels__closed_at_first__are_content() {
    let tabs = |panel: &str| {
        format!("<ul role=tablist><li role=tab>A<li role=tab>B</ul><div role=tabpanel>One</div><div {panel}>Word</div>")
    };
    let after = |button: &str, panel: &str| format!("<div>{button}{panel}</div>");
    let question = "<h3><button aria-expanded=false>How?</button></h3>";
    for html in [
        tabs("role=tabpanel hidden"),
        tabs("role=tabpanel hidden=true"),
        tabs("role=tabpanel aria-hidden=true"),
        tabs("role=tabpanel style='display: none'"),
        tabs("hidden=until-found"),
        tabs("role=tabpanel id=panel-mobile class=login-form hidden"),
        tabs("class=tab-pane style='display:none' aria-labelledby=b"),
        after("<a href=#b>B</a>", "<div id=b hidden>Word</div>"),
        after("<button data-bs-target='#b'>B</button>", "<div id=b style='DISPLAY:NONE'>Word</div>"),
        after("<span aria-controls='a b'>B</span>", "<p id=b hidden>Word</p>"),
        after(question, "<div hidden>Word</div>"),
        after(question, "<p hidden>Word</p>"),
        after("<dt><button aria-expanded=false>How?</button></dt>", "<dd hidden>Word</dd>"),
        after("<button class=q>What is the Word?</button>", "<div hidden class=a><p>It is so.</p></div>"),
        "<div class=answer style='display:none'><p>Word</p></div>".to_owned(),
        "<section aria-hidden=true><h2>A part</h2><p>Word</p></section>".to_owned(),
        "<div hidden>More than a few words are here, and one is Word</div>".to_owned(),
        "<table><tr><td>a<td>b<tr style='display:none'><td>see the Word<td>in c</table>".to_owned(),
        "<details><summary>More</summary><p>Word</p></details>".to_owned(),
        "<h3><button aria-expanded=false>Word, or not?</button></h3><div><p>So.</p></div>".to_owned(),
        "<div><button aria-controls=x class=accordion>What is the Word?</button><div id=x hidden>It.</div></div>"
            .to_owned(),
        "<summary><button>Word</button></summary>".to_owned(),
        "<div role=tablist><button role=tab>Word</button></div>".to_owned(),
    ] {
        let text = markdown(&page_with(&html));
        assert!(text.contains("Word"), "{html}: {text}");
    }
}

#[test]
fn chrome__hidden_or_behind_buttons__is_no_content() {
    let plain = markdown(&page_with(""));
    for around in [
        "<div class=modal style='display:none'><p>Subscribe to more of this</p></div>",
        "<div class='modal fade'><p>Subscribe to more of this</p></div>",
        "<div id=cookie-notice hidden><p>We use cookies to see what you do</p><button>OK</button></div>",
        "<div hidden><form><p>Write to us about all of it</p><input name=mail></form></div>",
        "<div hidden><p>Your name and address</p><input name=mail></div>",
        "<div role=dialog aria-hidden=true><p>Are you sure that you want to go?</p></div>",
        "<div id=error-message style='display:none'><p>Something went wrong, try again</p></div>",
        "<div class=tooltip hidden><p>This is what it is about</p></div>",
        "<div class=search-results hidden><p>Nothing was found for your words</p></div>",
        "<nav hidden><ul><li><a href=/a>A</a></ul></nav>",
        "<span hidden>some words that are more than four</span><i aria-hidden=true>*</i>",
        "<div hidden id=token>8f3a77bc</div>",
        "<template><p>Some words in a template</p></template>",
        "<a class=visually-hidden href=#main>Skip to the content of the page</a>",
        "<button>Copy</button><button aria-expanded=false>Menu</button><button aria-label=x>Show all of it</button>",
    ] {
        assert_eq!(markdown(&page_with(around)), plain, "{around}");
    }
    let copied = markdown(&page_with("<h2>A part <button class=copy>Copy link</button></h2>"));
    assert!(copied.contains("## A part") && !copied.contains("Copy"), "{copied}");
}

#[test]
fn password_field__beside_a_document__is_no_sign_in_page() {
    let form =
        "<form action=/login><label>User <input name=user></label><input type=password><button>Log in</button></form>";
    let article = format!("<main><h1>Article</h1><p>{}</main>", "It has many words about a subject. ".repeat(10));
    let short =
        "<main><h1>Article</h1><p>A short text of fifteen words or so, which is no notice, but says something.</main>";
    for html in [
        format!("<header>{form}</header>{article}"),
        format!("<div id=sidebar>{form}</div>{article}"),
        format!("{article}<footer>{form}</footer>"),
        format!("{article}<div class=modal style='display:none'>{form}</div>"),
        format!("{article}<dialog>{form}</dialog>"),
        format!("{article}<p>Try it: <input type=password>"),
        format!("{article}{form}"),
        format!("<header>{form}</header>{short}"),
        format!("{short}<div class='login-popup' hidden>{form}</div>"),
    ] {
        assert!(!read(&html).asks_for_password, "{html}");
    }
    for html in [
        format!("<h1>Sign in</h1><p>Please sign in.</p>{form}"),
        format!(
            "<main><h1>Welcome to the wiki of the company</h1><p>Sign in with your account. Who has lost the password asks the help desk.</p>{form}</main>"
        ),
        "<form><h1>Sign in</h1><p>Who are you?</p><input type=PassWord></form>".to_owned(),
        format!("<header>{form}</header><main><p>Sign in to see this page.</main>"),
    ] {
        assert!(read(&html).asks_for_password, "{html}");
    }
}

#[test]
fn links_and_passwords() {
    let page = read(
        "<base href=/v2/><nav><a href=a.html#x>A</a><a href=a.html#y>A</a></nav><p>x<a href=//e.org/b?utm_source=z>B</a>\
         <a href=mailto:c@example.com>C</a><area href=/d><a>none</a><form><input type=PASSWORD></form>",
    );
    assert_eq!(page.links, ["https://example.com/v2/a.html", "https://e.org/b", "https://example.com/d"]);
    assert!(page.asks_for_password);
    assert!(!read("<p>x<input type=text>").asks_for_password);
    for (html, expected) in [
        ("<p>x<input name=user>", true),
        ("<form><input type=Email></form><p>x", true),
        ("<header><input name=user></header><p>x", false),
        ("<p>x<input name=q><input type=search><input type=hidden>", false),
    ] {
        assert_eq!(read(html).has_form, expected, "{html}");
    }
    assert_eq!(page.redirect, None);
}

#[test]
fn pages_without_text() {
    let request = Request { headers: Headers::default(), address: "https://example.com/".to_owned() };
    for html in
        ["", " ", "<title>Only a title</title>", "<script>x</script><img src=a>", "<p>Copyright 2026 us", "<p>&nbsp;"]
    {
        assert!(matches!(page(&request, html.as_bytes()), Err(Refusal::NoText)), "{html}");
    }
}

/// A page as a server gives it, with all that may differ the next time.
const VOLATILE: &str = r#"<!doctype html><html data-session="s-1"><head><title>Pricing | Shop</title>
<meta name="csrf-token" content="tok-1"><meta property="og:updated_time" content="2026-01-01T00:00:00Z">
<link rel="stylesheet" href="/app.css?v=1001"><script nonce="n-1">var t = 1767225600;</script></head>
<body class="page s-1"><!-- served by web-1 at 12:00:00 -->
<nav><a href="/">Home</a><a href="/login?csrf_token=tok-1">Log in</a></nav>
<div class="ad-slot" id="ad-1"><a href="https://ads.example/1">Buy one</a></div>
<div class="content"><h1>Pricing</h1><p>The basic plan costs 10 € a month, and there is no fee to begin with.</p>
<p>Ask <a href="/contact;jsessionid=A1?utm_campaign=c1">us</a> for more than one hundred seats, and we make an offer.</p>
<img src="/seat.png?cb=1001" alt="A seat"><form><input type="hidden" name="csrf" value="tok-1"></form></div>
<footer>Page generated in 0.031 s <time>12:00:00</time></footer>
<p class="small">Last updated: 2026-01-01 12:00:00</p><div>Rendered at <time>12:00:00</time></div><p>© 2026 Shop</p>
</body></html>"#;

#[test]
fn what_changes_by_itself_changes_nothing() {
    let plain = markdown(VOLATILE);
    for (from, to) in [
        ("n-1", "n-2"),
        ("tok-1", "tok-2"),
        ("s-1", "s-2"),
        ("1767225600", "1767225601"),
        ("12:00:00", "12:00:01"),
        ("2026-01-01T00", "2026-01-02T00"),
        ("Last updated: 2026-01-01", "Last updated: 2026-01-02"),
        ("web-1", "web-2"),
        ("?v=1001", "?v=1002"),
        ("?cb=1001", "?cb=1002"),
        ("jsessionid=A1", "jsessionid=B2"),
        ("utm_campaign=c1", "utm_campaign=c2"),
        ("Buy one", "Buy two"),
        ("<div class=\"ad-slot\" id=\"ad-1\"><a href=\"https://ads.example/1\">Buy one</a></div>", ""),
        ("0.031 s", "1.7 s"),
        ("© 2026", "© 2027"),
        ("\n", "\r\n  "),
    ] {
        let changed = VOLATILE.replace(from, to);
        assert_ne!(changed, VOLATILE);
        assert_eq!(markdown(&changed), plain, "{from} → {to}");
    }
    for (from, to) in [
        ("10 €", "11 €"),
        ("no fee", "a fee"),
        ("<h1>Pricing", "<h1>Prices"),
        ("/contact", "/sales"),
        ("A seat", "A chair"),
    ] {
        assert_ne!(markdown(&VOLATILE.replace(from, to)), plain, "{from} → {to}");
    }
}
