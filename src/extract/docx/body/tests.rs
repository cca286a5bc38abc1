//! Tables of what the walk makes of each construct.

use super::*;

fn read(body: &str) -> Result<String, Refusal> {
    let styles = Styles::read(
        r#"<w:styles><w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style>
           <w:style w:styleId="Bullet"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>"#,
    )?;
    text(&format!("<w:document><w:body>{body}</w:body></w:document>"), &styles)
}

#[test]
fn constructs() {
    let p = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let table = |cells: &str| format!("<w:tbl><w:tblPr/><w:tr><w:trPr/>{cells}</w:tr></w:tbl>");
    let cell = |inside: &str| format!("<w:tc><w:tcPr/>{inside}</w:tc>");
    let shape = |text: &str| format!("<w:txbxContent>{}</w:txbxContent>", p(text));
    let cases = [
        ("paragraphs", p("one") + &p("") + &p("two"), "one\n\ntwo"),
        ("runs", "<w:p><w:r><w:t>ro</w:t></w:r><w:r><w:t>ot</w:t></w:r></w:p>".into(), "root"),
        ("entities", p("a &amp; b &lt;c&gt; &#8364;&#x20AC; &unknown;"), "a & b <c> €€"),
        ("character data", p("<![CDATA[1 < 2 & 3]]>"), "1 < 2 & 3"),
        ("between elements", " stray <w:p> stray <w:r><w:t>text</w:t></w:r></w:p>".into(), "text"),
        (
            "breaks",
            "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r></w:p>".into(),
            "a\tb\nc-d",
        ),
        (
            "tab stops are not tabs",
            r#"<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>a</w:t></w:r></w:p>"#.into(),
            "a",
        ),
        (
            "heading by style, on one line",
            r#"<w:p><w:pPr><w:pStyle w:val="H2"/></w:pPr><w:r><w:t>Two</w:t><w:br/><w:t>lines</w:t></w:r></w:p>"#.into(),
            "## Two lines",
        ),
        (
            "heading by outline level",
            r#"<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>One</w:t></w:r></w:p>"#.into(),
            "# One",
        ),
        (
            "list items",
            r#"<w:p><w:pPr><w:pStyle w:val="Bullet"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>
               <w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>b</w:t></w:r></w:p>
               <w:p><w:pPr><w:pStyle w:val="Bullet"/><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr><w:r><w:t>c</w:t></w:r></w:p>"#
                .into(),
            "- a\n  - b\n\nc",
        ),
        ("cells", table(&(cell(&(p("a") + &p("b"))) + &cell(&p("c")) + &cell(""))), "a b | c | "),
        ("a table in a table", table(&(cell(&table(&(cell(&p("a")) + &cell(&p("b"))))) + &cell(&p("c")))), "a | b | c"),
        ("an empty row", p("x") + &table(&cell(&p(""))) + &p("y"), "x\n\ny"),
        (
            "revisions",
            "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>\
             <w:p><w:moveFrom><w:r><w:t>here</w:t></w:r></w:moveFrom><w:moveTo><w:r><w:t>there</w:t></w:r></w:moveTo></w:p>"
                .into(),
            "new\n\nthere",
        ),
        (
            "the style before a tracked change",
            r#"<w:p><w:pPr><w:pPrChange><w:pPr><w:pStyle w:val="H2"/></w:pPr></w:pPrChange></w:pPr><w:r><w:t>a</w:t></w:r></w:p>"#
                .into(),
            "a",
        ),
        (
            "fields and links",
            r#"<w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:hyperlink r:id="x"><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p>"#
                .into(),
            "link",
        ),
        (
            "a text box once, after its paragraph",
            format!(
                "<w:p><w:r><mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{}</mc:Fallback>\
                 </mc:AlternateContent></w:r><w:r><w:t>anchor</w:t></w:r></w:p>",
                shape("box"),
                shape("box")
            ),
            "anchor\n\nbox",
        ),
        (
            "a fallback without a choice",
            format!("<w:p><mc:AlternateContent><mc:Fallback>{}</mc:Fallback></mc:AlternateContent></w:p>", shape("box")),
            "box",
        ),
        (
            "notes",
            format!(r#"<w:footnote w:type="separator">{}</w:footnote><w:footnote w:id="2">{}</w:footnote>"#, p("-"), p("n")),
            "n",
        ),
        ("properties without content", "<w:p><w:pPr/><w:r><w:rPr/><w:t>a</w:t></w:r></w:p><w:sectPr/>".into(), "a"),
    ];
    for (name, body, expected) in cases {
        assert_eq!(read(&body).ok().as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn a_byte_order_mark_and_a_declaration() {
    let xml = "\u{feff}<?xml version=\"1.0\"?><!-- -->\r\n<d><p><r><t>text</t></r></p></d>";
    assert_eq!(text(xml, &Styles::default()).unwrap(), "text");
}

#[test]
fn what_is_refused() {
    let reason = |result| match result {
        Err(Refusal::Damaged(reason)) => reason,
        other => panic!("not refused as damaged: {}", other.is_ok()),
    };
    assert!(reason(read("<w:p></w:r>")).contains("w:p"));
    assert!(reason(text("<w:document><w:p>", &Styles::default())).contains("ends before"));
    assert!(reason(text("<w:document><w:p><w:pPr>", &Styles::default())).contains("ends before"));
    assert!(reason(read(&"<w:p>".repeat(100_000))).contains("deeper"));
    assert!(reason(text("<!DOCTYPE d [<!ENTITY a 'b'>]><d/>", &Styles::default())).contains("DTD"));
}
