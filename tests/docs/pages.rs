//! The guide to pages: its commands and its first config, with a site on this machine in place of the examples'.

use std::{fs, path::Path};

use super::{
    Desk, Page, ROOT, assert_ok,
    origin::{Origin, Reply},
    out,
};

/// The site of the guide's examples, on this machine.
struct Site(Origin);

impl Site {
    fn start() -> Self {
        let site = Self(Origin::start());
        let page =
            |title: &str| Reply::page(&format!("<title>{title}</title><h1>{title}</h1><p>All about {title}.</p>"));
        site.0.serve("/pricing", page("Pricing").etag("\"5d8c72\""));
        for path in ["/about", "/docs/start", "/blog/old", "/news/first", "/help/"] {
            site.0.serve(path, page(path));
        }
        let pdf = fs::read(Path::new(ROOT).join("docs/cheat-sheet.pdf")).unwrap();
        site.0.serve("/terms.pdf", Reply::new("application/pdf", pdf));
        let entry = |path: &str| format!("<url><loc>{}</loc></url>", site.0.url(path));
        let sitemap = format!("<urlset>{}{}</urlset>", entry("/docs/start"), entry("/blog/old"));
        site.0.serve("/sitemap.xml", Reply::new("application/xml", sitemap));
        let item = format!("<item><link>{}</link></item>", site.0.url("/news/first"));
        let feed = format!("<rss version=\"2.0\"><channel>{item}</channel></rss>");
        site.0.serve("/feed.xml", Reply::new("application/rss+xml", feed));
        site
    }

    /// A text with the site's address in place of the examples'.
    fn instead(&self, text: &str) -> String {
        text.replace("https://example.com", self.0.url("").as_str().trim_end_matches('/'))
    }
}

impl Desk {
    /// A desk with the pages of a site, by the first config of a page of the guide, and the site. What the guide says of
    /// `https://example.com` is true of the site.
    fn with_pages(page: &Page) -> (Self, Site) {
        let (desk, site) = (Self::new(), Site::start());
        let root = desk.0.path();
        let (_, config) = page.blocks("yaml").swap_remove(0);
        let for_pages = "    allow_private: true\n    delay: 0s\n";
        let config = config.replace("  - name: pages\n", &format!("  - name: pages\n{for_pages}"));
        let config = config.replace("  - name: news\n", &format!("  - name: news\n{for_pages}"));
        let platform = "state: ./.kbsync/state.db\nplatform: {kind: local, rate_limit: 100/s, allow_private: true}\n";
        fs::write(root.join("kbsync.yaml"), platform.to_owned() + &site.instead(&config)).unwrap();
        fs::write(root.join("urls.txt"), site.instead("https://example.com/about  # us\n")).unwrap();
        assert_ok(&desk.sh("kbsync --quiet sync"), "the first sync of pages");
        (desk, site)
    }
}

#[test]
fn every_command_about_pages_runs() {
    let page = Page::read("docs/pages.md".into());
    let (desk, site) = Desk::with_pages(&page);
    let mut said = String::new();
    for (line, script) in page.blocks("sh") {
        let ran = desk.sh(&site.instead(&script));
        assert_ok(&ran, &format!("docs/pages.md:{line}\n{script}"));
        said += out(&ran);
    }
    // Times and addresses differ, and nothing else.
    let timeless = |text: &str| text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    let (_, explained) = page.blocks("text").swap_remove(0);
    assert!(timeless(&said).contains(&timeless(&site.instead(&explained))), "{said}");
    let agents: Vec<_> =
        site.0.requests().iter().filter_map(|asked| asked.header("user-agent").map(str::to_owned)).collect();
    assert!(agents.iter().any(|agent| page.text.contains(agent)), "{agents:?}");
    let sources = desk.sh("kbsync sources");
    for path in ["pages/{}/about", "pages/{}/docs/start", "pages/{}/terms.pdf", "news/{}/news/first", "site/{}/help/"] {
        let name = path.replace("{}", &site.instead("https://example.com"));
        assert!(out(&sources).contains(&format!("{name} [")), "{name}\n{}", out(&sources));
    }
    assert!(!out(&sources).contains("/blog/"), "the guide excludes it");
}
