//! The entries of feeds: RSS 2.0, RSS 1.0 and Atom.

use super::{
    document::{Entry, Names},
    xml::{Field, Kind, text},
};

/// The kind of list whose root has this name, if it is a feed.
pub(super) fn kind(root: &str) -> Option<Kind> {
    let (entry, depth) = match root {
        "rss" => ("item", 3),
        "RDF" => ("item", 2),
        "feed" => ("entry", 2),
        _ => return None,
    };
    // `date` is Dublin Core's, which RSS 1.0 uses.
    Some(Kind { names: Names::Pages, entry, depth, fields: &["link", "guid", "updated", "pubDate", "date"], make })
}

fn make(fields: &[Field]) -> Option<Entry> {
    let address = atom_link(fields).or_else(|| text(fields, "link")).or_else(|| permalink(fields))?.to_owned();
    let lastmod = ["updated", "pubDate", "date"].into_iter().find_map(|name| text(fields, name));
    Some(Entry { address, lastmod: lastmod.map(str::to_owned), line: None })
}

/// `<link rel="alternate" href="…"/>`, where `alternate` is what a link is that does not say.
fn atom_link(fields: &[Field]) -> Option<&str> {
    let mut links = fields.iter().filter(|field| field.name == "link");
    links.find_map(|link| match link.attribute("rel") {
        None | Some("alternate") => link.attribute("href").map(str::trim).filter(|href| !href.is_empty()),
        Some(_) => None,
    })
}

/// A `guid` is the item's address unless it says that it is not.
fn permalink(fields: &[Field]) -> Option<&str> {
    let guid = fields.iter().find(|field| field.name == "guid" && field.attribute("isPermaLink") != Some("false"))?;
    let text = guid.text.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use crate::fetch::lists::document::{Names, read};

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
                 <entry><link href=' https://a/2 '/><source><link href='https://b/'/></source></entry>\
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
            let document = read(xml.as_bytes(), "application/rss+xml", None);
            let entries: Vec<_> =
                document.entries.iter().map(|entry| (entry.address.as_str(), entry.lastmod.as_deref())).collect();
            assert_eq!((&entries[..], document.nameless), (*expected, *nameless), "{xml}");
            assert_eq!((document.names, document.defect), (Names::Pages, None));
        }
    }
}
