//! What of a page's address names the visit, a campaign or only a spelling, and what names the page.

use url::Url;

/// Parameters by which campaigns and clicks are counted, and the beginnings of others. No site tells pages apart by them.
const CAMPAIGNS: &[&str] = &[
    "gclid", "gbraid", "wbraid", "dclid", "yclid", "srsltid", "fbclid", "igshid", "msclkid", "mc_cid", "mc_eid",
    "mkt_tok", "_ga", "_gl",
];
const CAMPAIGN_STARTS: &[&str] = &["utm_", "mtm_", "_hs", "hsa_"];
/// Parameters that name a session, and the beginnings of others.
const SESSIONS: &[&str] = &["phpsessid", "jsessionid", "sessionid", "session_id", "sessid", "cfid", "cftoken"];
const SESSION_STARTS: &[&str] = &["aspsessionid"];
/// Parameters with a new value at each visit.
const TOKENS: &[&str] = &[
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
];
/// Parameters that name the visit where their value looks like a token or a time, and the page otherwise.
const BY_VALUE: &[&str] = &["_", "cb", "r", "rand", "rnd", "s", "sid", "t", "timestamp", "token", "ts"];

/// The address by which a page is known among those that lists name: two spellings that every site answers alike have one
/// identity. It has neither campaigns nor sessions, and no character is escaped that needs no escape.
pub fn identity(url: &Url) -> Url {
    let mut url = without(url.clone(), |name, value| is_campaign(name) || (is_session(name) && is_token(value)));
    let path = plainly_escaped(url.path());
    if path != url.path() {
        url.set_path(&path);
    }
    if let Some(query) = url.query().map(plainly_escaped).filter(|query| Some(query.as_str()) != url.query()) {
        url.set_query(Some(&query));
    }
    url
}

/// What an address has behind its host and port.
pub fn path_and_query(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

/// A link's address without what differs from one visit to the next.
pub fn without_visit(url: Url) -> Url {
    without(url, |name, value| {
        is_campaign(name) || is_session(name) || TOKENS.contains(&name) || (BY_VALUE.contains(&name) && is_token(value))
    })
}

fn is_campaign(name: &str) -> bool {
    CAMPAIGNS.contains(&name) || CAMPAIGN_STARTS.iter().any(|start| name.starts_with(start))
}

fn is_session(name: &str) -> bool {
    SESSIONS.contains(&name) || SESSION_STARTS.iter().any(|start| name.starts_with(start))
}

/// Takes away parameters by their names, in lower case, and values.
fn without(mut url: Url, is_of_the_visit: impl Fn(&str, &str) -> bool) -> Url {
    let is_of_the_visit = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        is_of_the_visit(&name.to_ascii_lowercase(), value)
    };
    if let Some(query) = url.query().filter(|query| query.split('&').any(is_of_the_visit)) {
        let left = query.split('&').filter(|pair| !is_of_the_visit(pair)).collect::<Vec<_>>().join("&");
        url.set_query(Some(left.as_str()).filter(|left| !left.is_empty()));
    }
    if let Some((path, parameter)) = url.path().split_once(';') {
        let end = parameter.find('/').unwrap_or(parameter.len());
        if is_of_the_visit(&parameter[..end]) {
            let path = format!("{path}{}", &parameter[end..]);
            url.set_path(&path);
        }
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

/// A part of an address in the normal form of RFC 3986: what needs no escape has none, and escapes are in capitals.
fn plainly_escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let hex = escape.get(1..3).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) else {
            plain.push('%');
            rest = &escape[1..];
            continue;
        };
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            plain.push(char::from(byte));
        } else {
            plain.push_str(&escape[..3].to_ascii_uppercase());
        }
        rest = &escape[3..];
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity__spellings_that_every_site_answers_alike__are_one() {
        for (spelling, expected) in [
            ("https://e.com/a?utm_source=rss&utm_medium=feed", "https://e.com/a"),
            ("https://e.com/a?id=3&UTM_Source=x&fbclid=Iw1", "https://e.com/a?id=3"),
            ("https://e.com/a?mc_cid=1&mc_eid=2&gclid=3", "https://e.com/a"),
            ("https://e.com/a?PHPSESSID=q1w2e3r4t5", "https://e.com/a"),
            ("https://e.com/a;jsessionid=A1B2C3D4E5?b=c", "https://e.com/a?b=c"),
            ("https://e.com/%7Ea/%c3%a4?q=%7e%2f", "https://e.com/~a/%C3%A4?q=~%2F"),
            ("HTTPS://E.com:443", "https://e.com/"),
        ] {
            let url = identity(&Url::parse(spelling).unwrap());
            assert_eq!((url.as_str(), &identity(&url)), (expected, &url), "{spelling}");
        }
        for page in [
            "https://e.com/a?session_id=12",
            "https://e.com/a?sid=8f3a77bc",
            "https://e.com/a?ref=x&page=2&source=y",
            "https://e.com/a%2Fb?c=%26%3D&d",
            "https://e.com/a;v=1/b",
            "https://e.com/100%?50%",
            "https://e.com/a?",
            "https://e.com/a/",
        ] {
            assert_eq!(identity(&Url::parse(page).unwrap()).as_str(), page);
        }
    }
}
