//! The entries of feeds: RSS 2.0, RSS 1.0 and Atom.

use super::{
    document::{Entry, Names},
    xml::{Field, Kind, reference, text},
};

/// The kind of list whose root has this name, if it is a feed.
pub(super) fn kind(root: &str) -> Option<Kind> {
    let (entry, depth, site) = match root {
        "rss" => ("item", 3, Some(3)),
        "RDF" => ("item", 2, Some(3)),
        "feed" => ("entry", 2, None),
        _ => return None,
    };
    // `date` is Dublin Core's, which RSS 1.0 uses.
    Some(Kind {
        names: Names::Pages,
        entry,
        depth,
        fields: &["link", "guid", "updated", "pubDate", "date"],
        site,
        make,
    })
}

fn make(fields: &[Field]) -> Option<Entry> {
    let address = atom_link(fields).or_else(|| reference(fields, "link")).or_else(|| permalink(fields))?;
    let lastmod = ["updated", "pubDate", "date"].into_iter().find_map(|name| text(fields, name));
    Some(Entry { address, lastmod: lastmod.map(str::to_owned), line: None })
}

/// `<link rel="alternate" href="…"/>`, where `alternate` is what a link is that does not say.
fn atom_link(fields: &[Field]) -> Option<String> {
    let is_alternate = |link: &&Field| matches!(link.attribute("rel"), None | Some("alternate"));
    let links = fields.iter().filter(|field| field.name == "link").filter(is_alternate);
    let links = links.filter_map(|link| {
        let href = link.attribute("href").map(str::trim).filter(|href| !href.is_empty())?;
        Some((link, link.resolve(href)))
    });
    let mut links: Vec<_> = links.collect();
    // An entry may have its data as another alternate.
    links.sort_by_key(|(link, _)| link.attribute("type").is_some_and(|kind| !kind.contains("html")));
    links.into_iter().next().map(|(_, address)| address)
}

/// A `guid` is the item's address unless it says that it is not. Some are mere numbers all the same, so only one that
/// looks like an address is resolved.
fn permalink(fields: &[Field]) -> Option<String> {
    let guid = fields.iter().find(|field| field.name == "guid" && field.attribute("isPermaLink") != Some("false"))?;
    let text = guid.text.trim();
    let address = if text.starts_with('/') { guid.resolve(text) } else { text.to_owned() };
    (!text.is_empty()).then_some(address)
}

#[cfg(test)]
mod tests {
    use crate::fetch::lists::document::{Defect, Names, read};

    #[test]
    fn feeds_are_read() {
        type Line = (&'static str, Option<&'static str>);
        let table: &[(&str, &[Line], usize)] = &[
            (
                "<?xml version='1.0'?><rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel>\
                 <link>https://a/</link><atom:link rel='self' href='https://a/rss'/>\
                 <item><title>1</title><link>https://a/1</link><guid>https://a/?p=1</guid>\
                 <pubDate>Fri, 02 Jan 2026 03:04:05 GMT</pubDate></item>\
                 <item><guid isPermaLink='false'>urn:2</guid><link><![CDATA[https://a/2]]></link></item>\
                 <item><guid>https://a/3</guid></item><item><guid isPermaLink='false'>urn:4</guid></item>\
                 <item><title>5</title></item></channel></rss>",
                &[("https://a/1", Some("Fri, 02 Jan 2026 03:04:05 GMT")), ("https://a/2", None), ("https://a/3", None)],
                2,
            ),
            (
                "<feed xmlns='http://www.w3.org/2005/Atom'><link href='https://a/'/><updated>2026-01-09</updated>\
                 <entry><link rel='edit' href='https://a/edit'/><link rel='alternate' href='https://a/1?b&amp;c'/>\
                 <published>2026-01-01</published><updated>2026-01-02</updated></entry>\
                 <entry><link rel='alternate' type='application/json' href='https://a/2.json'/>\
                 <link href=' https://a/2 '/><source><link href='https://b/'/></source></entry>\
                 <entry><id>urn:3</id><link rel='enclosure' href='https://a/3.mp3'/></entry></feed>",
                &[("https://a/1?b&c", Some("2026-01-02")), ("https://a/2", None)],
                1,
            ),
            (
                "<rdf:RDF xmlns:rdf='r' xmlns='http://purl.org/rss/1.0/'><channel><link>https://a/</link></channel>\
                 <item rdf:about='https://a/1'><link>https://a/1</link><dc:date>2026-01-02</dc:date></item></rdf:RDF>",
                &[("https://a/1", Some("2026-01-02"))],
                0,
            ),
        ];
        for (xml, expected, nameless) in table {
            let from = "https://a/feeds/1.xml".parse().unwrap();
            let document = read(xml.as_bytes(), "application/rss+xml", None, &from);
            let entries: Vec<_> =
                document.entries.iter().map(|entry| (entry.address.as_str(), entry.lastmod.as_deref())).collect();
            assert_eq!((&entries[..], document.nameless), (*expected, *nameless), "{xml}");
            assert_eq!((document.names, document.defect), (Names::Pages, None));
        }
    }

    #[test]
    fn relative_links__each_kind_of_base__are_resolved() {
        let atom = |base: &str, entry: &str| format!("<feed {base}>{entry}</feed>");
        let rss = |channel: &str, item: &str| format!("<rss><channel>{channel}<item>{item}</item></channel></rss>");
        let list = |xml: &str| read(xml.as_bytes(), "text/xml", None, &"https://a/feeds/x.xml".parse().unwrap());
        for (xml, expected) in [
            (atom("", "<entry><link href='/1'/></entry>"), "https://a/1"),
            (atom("", "<entry><link href='1'/></entry>"), "https://a/feeds/1"),
            (atom("", "<entry><link href='//b/1'/></entry>"), "https://b/1"),
            (atom("", "<entry><link href='?p=1&amp;q=2'/></entry>"), "https://a/feeds/x.xml?p=1&q=2"),
            (atom("xml:base='https://b/blog/'", "<entry><link href=' 1 '/></entry>"), "https://b/blog/1"),
            (atom("xml:base='https://b/'", "<entry xml:base='blog/'><link href='1'/></entry>"), "https://b/blog/1"),
            (atom("xml:base='/x/'", "<entry><link xml:base='y/' href='1'/></entry>"), "https://a/x/y/1"),
            (atom("", "<entry xml:base='/y/'/><entry><link href='1'/></entry>"), "https://a/feeds/1"),
            (atom("", "<entry><content xml:base='/y/'/><link href='1'/></entry>"), "https://a/feeds/1"),
            (rss("<link>https://b/site/</link>", "<link>1</link>"), "https://b/site/1"),
            (rss("<link>/site/</link>", "<link>1</link>"), "https://a/site/1"),
            (rss("<atom:link href='https://c/'/><link>https://b/</link>", "<link>/1</link>"), "https://b/1"),
            (rss("", "<link>\n ../1 \n</link>"), "https://a/1"),
            (rss("", "<guid>/1</guid>"), "https://a/1"),
            (
                "<RDF><channel><link>https://b/</link></channel><item><link>/1</link></item></RDF>".to_owned(),
                "https://b/1",
            ),
        ] {
            assert_eq!(list(&xml).entries.last().unwrap().address, expected, "{xml}");
        }
        for (xml, defect) in [
            (atom(&format!("xml:base='{}'", "a/".repeat(990)), "<entry><link href='1'/></entry>"), None),
            (
                atom(&format!("xml:base='{}'", "a/".repeat(1_000)), "<entry><link href='1'/></entry>"),
                Some(Defect::Base),
            ),
            (rss(&format!("<link>/{}</link>", "a".repeat(2_000)), "<link>1</link>"), Some(Defect::Base)),
            // Below the fields no base counts.
            (format!("<feed><entry><link href='1'/>{}", "<b xml:base='a/a/a/a/'>".repeat(100_000)), Some(Defect::Cut)),
        ] {
            assert_eq!(list(&xml).defect, defect, "{}", &xml[..200]);
        }
        let number = read(rss("", "<guid>17</guid>").as_bytes(), "", None, &"https://a/".parse().unwrap());
        assert_eq!(number.entries[0].address, "17", "a number is no address");
    }
}
