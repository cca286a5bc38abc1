//! The addresses in a page, made absolute, and without what changes from one visit to the next.

use url::Url;

/// Parameters that name the visit and not the page, and the beginnings of others.
const OF_THE_VISIT: &[&str] = &[
    "phpsessid",
    "jsessionid",
    "sessionid",
    "session_id",
    "sessid",
    "cfid",
    "cftoken",
    "csrf",
    "csrf_token",
    "csrftoken",
    "_csrf",
    "csrfmiddlewaretoken",
    "authenticity_token",
    "xsrf",
    "_xsrf",
    "xsrf-token",
    "nonce",
    "_wpnonce",
    "__requestverificationtoken",
    "cachebuster",
    "cache_buster",
    "nocache",
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "yclid",
    "srsltid",
    "fbclid",
    "igshid",
    "msclkid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "_ga",
    "_gl",
];
const TRACKING: &[&str] = &["utm_", "aspsessionid", "mtm_", "_hs", "hsa_"];
/// Parameters that name the visit where their value looks like a token or a time, and the page otherwise.
const BY_VALUE: &[&str] = &["_", "cb", "r", "rand", "rnd", "s", "sid", "t", "timestamp", "token", "ts"];

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

    /// Whether an address without a fragment is that of the page itself.
    pub(super) fn is_page(&self, url: &Url) -> bool {
        *url == self.page
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
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.to_ascii_lowercase();
        OF_THE_VISIT.contains(&name.as_str())
            || TRACKING.iter().any(|start| name.starts_with(start))
            || (BY_VALUE.contains(&name.as_str()) && is_token(value))
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
    // ASP.NET keeps the session in a part of the path: `/(S(…))/page.aspx`.
    if url.path().contains("/(S(") || url.path().contains("/(A(") {
        let is_session = |part: &str| part.starts_with("(S(") || part.starts_with("(A(");
        let path = url.path().split('/').filter(|part| !is_session(part)).collect::<Vec<_>>().join("/");
        url.set_path(&path);
    }
    url
}

/// Whether a value is random or a time in seconds or milliseconds, and no word or small number.
fn is_token(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let is_time = digits == value.len() && digits >= 9;
    is_time || (value.len() >= 8 && digits >= 2 && digits < value.len())
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
