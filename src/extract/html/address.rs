//! The addresses in a page, made absolute, and without what changes from one visit to the next.

use url::Url;

use crate::model::without_visit;

/// What addresses in a page are relative to.
pub(super) struct Base {
    /// The page's own address, without a fragment.
    page: Url,
    /// What its `<base>` says, else the same.
    base: Url,
}

/// Where a link leads.
pub(super) enum Target {
    /// Elsewhere: http, https, or to a person by mailto, sms or tel.
    Away(Url),
    /// To another place in the page, or to nothing that can be followed.
    Here,
}

impl Base {
    /// Of the page at an address, whose `<base>` has this `href`.
    pub(super) fn new(page: &Url, href: Option<&str>) -> Self {
        let page = without_fragment(page.clone());
        let base = href.and_then(|href| page.join(href.trim()).ok()).filter(is_web).unwrap_or_else(|| page.clone());
        Self { page, base }
    }

    /// Where an `href` leads.
    pub(super) fn target(&self, href: &str) -> Target {
        match self.base.join(href.trim()) {
            Ok(url) if matches!(url.scheme(), "mailto" | "sms" | "tel") => Target::Away(url),
            Ok(url) if is_web(&url) => {
                let url = without_visit(url);
                let in_page = url.fragment().is_some() && without_fragment(url.clone()) == self.page;
                if in_page { Target::Here } else { Target::Away(url) }
            }
            _ => Target::Here,
        }
    }

    /// Whether an address without a fragment is that of the page itself.
    pub(super) fn is_page(&self, url: &Url) -> bool {
        *url == self.page
    }

    /// Whether an address is on the host of the page.
    pub(super) fn is_own_host(&self, url: &Url) -> bool {
        url.host() == self.page.host() || url.host().is_none()
    }

    /// The address of another page, without a fragment.
    pub(super) fn page(&self, href: &str) -> Option<Url> {
        self.base.join(href.trim()).ok().filter(is_web).map(without_visit).map(without_fragment)
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let page = Url::parse("https://example.com/docs/a.html?x=1#part").unwrap();
        let (plain, moved) = (Base::new(&page, None), Base::new(&page, Some("/v2/")));
        let away = |base: &Base, href: &str| match base.target(href) {
            Target::Away(url) => url.to_string(),
            Target::Here => String::new(),
        };
        for (base, href, expected) in [
            (&plain, "b.html#c", "https://example.com/docs/b.html#c"),
            (&moved, "b.html", "https://example.com/v2/b.html"),
            (&plain, " //cdn.example.com/x ", "https://cdn.example.com/x"),
            (&plain, "mailto:a@example.com", "mailto:a@example.com"),
            (&moved, "tel:+49-30-123", "tel:+49-30-123"),
            (&plain, "SMS:+4930123?body=x", "sms:+4930123?body=x"),
            (&plain, "#part", ""),
            (&plain, "a.html?x=1#other", ""),
            (&moved, "/docs/a.html?x=1#other", ""),
            (&plain, "javascript:alert(1)", ""),
            (&plain, "ftp://example.com/", ""),
            (&plain, "b?id=3&PHPSESSID=abc&utm_source=x", "https://example.com/docs/b?id=3"),
            (&plain, "b?sessionid=abc", "https://example.com/docs/b"),
            (&plain, "b;jsessionid=ABC.1?id=3", "https://example.com/docs/b?id=3"),
            (&plain, "b;jsessionid=ABC/c", "https://example.com/docs/b/c"),
            (&plain, "b;v=1", "https://example.com/docs/b;v=1"),
            (&plain, "b?sid=8f3a77bc&_=1767225600123&nonce=x", "https://example.com/docs/b"),
            (&plain, "b?sid=12&t=intro", "https://example.com/docs/b?sid=12&t=intro"),
            (&plain, "/(S(lit3py55t21z5v55vlm25s55))/a.aspx", "https://example.com/a.aspx"),
            (&plain, "?p=1&amp=2", "https://example.com/docs/a.html?p=1&amp=2"),
        ] {
            assert_eq!(away(base, href), expected, "{href}");
        }
        assert_eq!(plain.page("#part").unwrap().as_str(), "https://example.com/docs/a.html?x=1");
        assert!(plain.page("mailto:a@example.com").is_none());
    }
}
