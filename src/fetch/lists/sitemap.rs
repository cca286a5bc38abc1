//! The entries of sitemaps and of indexes of sitemaps, by the protocol of sitemaps.org.

use super::{
    document::{Entry, Names},
    xml::{Field, Kind, reference, text},
};

/// The kind of list whose root has this name, if it is one of the protocol's.
pub(super) fn kind(root: &str) -> Option<Kind> {
    let (names, entry) = match root {
        "urlset" => (Names::Pages, "url"),
        "sitemapindex" => (Names::Lists, "sitemap"),
        _ => return None,
    };
    Some(Kind { names, entry, depth: 2, fields: &["loc", "lastmod"], site: None, make })
}

fn make(fields: &[Field]) -> Option<Entry> {
    let address = reference(fields, "loc")?;
    Some(Entry { address, lastmod: text(fields, "lastmod").map(str::to_owned), line: None })
}

#[cfg(test)]
mod tests {
    use crate::fetch::lists::document::{Defect, Document, MAX_ENTRIES, Names, read};

    fn sitemap(xml: &str) -> Document {
        read(xml.as_bytes(), "application/xml", None, &"https://a/maps/map.xml".parse().unwrap())
    }

    fn entries(document: &Document) -> Vec<(&str, Option<&str>)> {
        document.entries.iter().map(|entry| (entry.address.as_str(), entry.lastmod.as_deref())).collect()
    }

    #[test]
    fn sitemaps_are_read() {
        type Line = (&'static str, Option<&'static str>);
        let table: &[(&str, &[Line])] = &[
            ("<urlset/>", &[]),
            (
                "<?xml version='1.0' encoding='UTF-8'?><!-- x --><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>\
                 <url>\n <loc>\n https://a/1\n </loc> <changefreq>daily</changefreq><lastmod> 2026-01-02T03:04:05Z </lastmod>\
                 </url><url><lastmod/><loc>https://a/2</loc></url></urlset>\n<!-- made in 3 ms -->",
                &[("https://a/1", Some("2026-01-02T03:04:05Z")), ("https://a/2", None)],
            ),
            ("<s:urlset xmlns:s='x'><s:url><s:loc>https://a/1</s:loc></s:url></s:urlset>", &[("https://a/1", None)]),
            (
                "<urlset><url><image:image><image:loc>https://a/i.png</image:loc></image:image><loc>https://a/1</loc>\
                 <xhtml:link rel='alternate' hreflang='de' href='https://a/de'/></url><loc>https://a/stray</loc></urlset>",
                &[("https://a/1", None)],
            ),
            (
                "<urlset><url><loc>https://a/?b=1&amp;c=2&#38;d=&quot;</loc></url><url><loc>https://a/?b=1&c=2</loc></url>\
                 <url><loc><![CDATA[https://a/?b=1&c=2]]></loc></url><url><loc>https://a/?b&copy;=1</loc></url></urlset>",
                &[
                    ("https://a/?b=1&c=2&d=\"", None),
                    ("https://a/?b=1&c=2", None),
                    ("https://a/?b=1&c=2", None),
                    ("https://a/?b&copy;=1", None),
                ],
            ),
        ];
        for (xml, expected) in table {
            let document = sitemap(xml);
            assert_eq!((entries(&document), &document.defect), (expected.to_vec(), &None), "{xml}");
            assert_eq!((document.names, document.nameless), (Names::Pages, 0));
        }
    }

    #[test]
    fn relative_addresses__in_sitemaps_and_indexes__are_resolved() {
        for (xml, expected) in [
            ("<urlset><url><loc>1</loc></url></urlset>", "https://a/maps/1"),
            ("<urlset><url><loc>\n /1?b=1&amp;c=2 \n</loc></url></urlset>", "https://a/1?b=1&c=2"),
            ("<urlset><url><loc>//b/1</loc></url></urlset>", "https://b/1"),
            ("<sitemapindex><sitemap><loc>child.xml</loc></sitemap></sitemapindex>", "https://a/maps/child.xml"),
        ] {
            assert_eq!(entries(&sitemap(xml)), [(expected, None)], "{xml}");
        }
        let lines = read(b"/1\n./2\nno address\n", "text/plain", None, &"https://a/maps/map.txt".parse().unwrap());
        assert_eq!(entries(&lines), [("https://a/1", None), ("https://a/maps/2", None), ("no address", None)]);
    }

    #[test]
    fn indexes_are_told_from_sitemaps() {
        let document = sitemap("<sitemapindex><sitemap><loc>https://a/1.xml.gz</loc></sitemap></sitemapindex>");
        assert_eq!((document.names, entries(&document)), (Names::Lists, vec![("https://a/1.xml.gz", None)]));
    }

    #[test]
    fn what_is_wrong_is_said_and_what_was_read_counts() {
        let one = "<urlset><url><loc>https://a/1</loc></url>";
        let table = [
            (String::new(), 0, "it is neither XML nor plain text with an address on each line"),
            (
                "<".to_owned(),
                0,
                "it is no valid XML from byte 0 on (syntax error: tag not closed: `>` not found before end of input)",
            ),
            ("<!DOCTYPE html><html><body>".to_owned(), 0, "it is an HTML page, neither a sitemap nor a feed"),
            ("<!doctype HTML\n PUBLIC ''><p>x".to_owned(), 0, "it is an HTML page, neither a sitemap nor a feed"),
            ("<kml><url/></kml>".to_owned(), 0, "it begins with <kml>, so it is neither a sitemap nor a feed"),
            (format!("{one}<url><loc>https://a/2</loc>"), 1, "it breaks off before its end"),
            (format!("{one}</urls"), 1, "it is no valid XML from byte 41 on"),
            (format!("{one}</urlset>\n{one}</urlset>"), 1, "it goes on behind its end"),
            (format!("{one}</urlset><br /><b>Warning</b>: x"), 1, "it goes on behind its end"),
            (format!("{one}<url></urlset>"), 1, "it is no valid XML from byte 46 on"),
        ];
        for (xml, good, words) in table {
            let document = sitemap(&xml);
            assert_eq!(document.entries.len(), good, "{xml}");
            let said = document.defect.unwrap().to_string();
            assert!(said.starts_with(words), "{xml}: {said}");
        }
        let document = sitemap(&format!("{one}<url><lastmod>2026</lastmod></url><url><loc> </loc></url></urlset>"));
        assert_eq!((document.entries.len(), document.nameless, document.defect), (1, 2, None));
    }

    #[test]
    fn what_is_too_much_is_not_read() {
        let sized = |entries| format!("<urlset>{}</urlset>", "<url><loc>https://a/1</loc></url>".repeat(entries));
        let document = sitemap(&sized(MAX_ENTRIES));
        assert_eq!((document.entries.len(), document.defect), (MAX_ENTRIES, None));
        let document = sitemap(&sized(MAX_ENTRIES + 1));
        assert_eq!((document.entries.len(), document.defect), (MAX_ENTRIES, Some(Defect::Many)));
        let long = sitemap(&format!("<urlset><url><loc>https://a/{}</loc></url></urlset>", "é".repeat(100_000)));
        assert!((8000..9000).contains(&long.entries[0].address.len()));
        assert_eq!(sitemap(&"<a>".repeat(100_000)).defect, Some(Defect::Root("a".to_owned())));
        let deep = sitemap(&format!("<urlset><url>{}", "<loc>".repeat(1_000_000)));
        assert_eq!((deep.entries.len(), deep.defect), (0, Some(Defect::Cut)));
    }

    #[test]
    fn entities_of_a_dtd_stand_for_nothing() {
        let document = sitemap(
            "<!DOCTYPE x [<!ENTITY a 'https://evil/'><!ENTITY b SYSTEM 'file:///etc/passwd'>]>\
             <urlset><url><loc>&a;</loc></url><url><loc>&b;</loc></url></urlset>",
        );
        assert_eq!(entries(&document), [("&a;", None), ("&b;", None)]);
    }
}
