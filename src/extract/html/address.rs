//! The addresses in a page, made absolute, and without what changes from one visit to the next.

use url::Url;

/// Parameters that name the visit and not the page, and the beginnings of others.
const OF_THE_VISIT: &[&str] = &[
    "phpsessid",
    "jsessionid",
    "sessionid",
    "session_id",
    "csrf_token",
    "csrfmiddlewaretoken",
    "authenticity_token",
    "gclid",
    "fbclid",
    "msclkid",
    "mc_cid",
    "mc_eid",
    "_ga",
    "_gl",
];
const TRACKING: &[&str] = &["utm_", "aspsessionid", "mtm_"];

/// What addresses in a page are relative to.
pub(super) struct Base {
    /// The page's own address, without a fragment.
    page: Url,
    /// What its `<base>` says, else the same.
    base: Url,
}

/// Where a link leads.
pub(super) enum Target {
    /// Elsewhere: http, https or mailto.
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
            Ok(url) if url.scheme() == "mailto" => Target::Away(url),
            Ok(url) if is_web(&url) => {
                let url = without_visit(url);
                let in_page = url.fragment().is_some() && without_fragment(url.clone()) == self.page;
                if in_page { Target::Here } else { Target::Away(url) }
            }
            _ => Target::Here,
        }
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

fn without_visit(mut url: Url) -> Url {
    let is_of_the_visit = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        OF_THE_VISIT.contains(&name.as_str()) || TRACKING.iter().any(|start| name.starts_with(start))
    };
    if let Some(query) = url.query().filter(|query| query.split('&').any(is_of_the_visit)) {
        let left = query.split('&').filter(|pair| !is_of_the_visit(pair)).collect::<Vec<_>>().join("&");
        url.set_query(Some(left.as_str()).filter(|left| !left.is_empty()));
    }
    if let Some((path, parameter)) = url.path().split_once(';').filter(|(_, rest)| is_of_the_visit(rest)) {
        let below = parameter.find('/').map_or("", |at| &parameter[at..]);
        let path = format!("{path}{below}");
        url.set_path(&path);
    }
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
        ] {
            assert_eq!(away(base, href), expected, "{href}");
        }
        assert_eq!(plain.page("#part").unwrap().as_str(), "https://example.com/docs/a.html?x=1");
        assert!(plain.page("mailto:a@example.com").is_none());
    }
}
