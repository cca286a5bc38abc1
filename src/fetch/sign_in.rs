//! Addresses of pages where one signs in, and redirects to them.

use std::borrow::Cow;

use url::Url;

/// Words in addresses of pages where one signs in, without hyphens and underscores.
const SIGN_IN: [&str; 30] = [
    "adfs",
    "anmelden",
    "anmeldung",
    "auth",
    "authenticate",
    "authorize",
    "challenge",
    "connexion",
    "einloggen",
    "identify",
    "idp",
    "inloggen",
    "iniciarsesion",
    "login",
    "logon",
    "mypolicy",
    "oauth",
    "oauth2",
    "saml",
    "saml2",
    "seconnecter",
    "servicelogin",
    "signin",
    "signon",
    "specialuserlogin",
    "sso",
    "unauthenticated",
    "unauthorized",
    "userlogin",
    "wplogin",
];
/// A new one of these is made by signing in: `/session/new`.
const SESSIONS: [&str; 2] = ["session", "sessions"];
/// Parameters, without hyphens and underscores, that say where to return after signing in.
const RETURNS: [&str; 16] = [
    "back",
    "backurl",
    "continue",
    "dest",
    "destination",
    "from",
    "goto",
    "next",
    "redirect",
    "redirectto",
    "redirecturi",
    "redirecturl",
    "relaystate",
    "returnto",
    "returnurl",
    "service",
];
/// Parameters of the protocols of signing in.
const PROTOCOLS: [&str; 4] = ["clientid", "redirecturi", "relaystate", "samlrequest"];

/// Whether an address is named as pages for signing in are, and the one that was asked for is not. A name alone proves
/// nothing: a document about signing in is named so, too.
pub fn leads_to_sign_in(start: &Url, here: &Url) -> bool {
    let asked = sign_in_words(start);
    sign_in_words(here).iter().any(|word| !asked.contains(word))
}

/// Whether an address says that it leads back to the one that was asked for, or speaks a protocol of signing in. With a form
/// there and few words besides, one is to sign in there.
pub fn leads_back(start: &Url, here: &Url) -> bool {
    let known = |url: &Url| url.query_pairs().map(|(name, _)| bare(&name)).collect::<Vec<_>>();
    let asked = known(start);
    let is_elsewhere = start.path() != here.path() || start.host() != here.host();
    let has_path = |value: &Cow<'_, str>| start.path().len() > 1 && value.contains(start.path());
    let is_way_back = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        let name = bare(&name);
        !asked.contains(&name)
            && (PROTOCOLS.contains(&name.as_str()) || (RETURNS.contains(&name.as_str()) && has_path(&value)))
    };
    is_elsewhere && here.query_pairs().any(is_way_back)
}

/// The words about signing in that an address has as a part of its path, or as the first part of its host.
fn sign_in_words(url: &Url) -> Vec<String> {
    let host = url.domain().and_then(|host| host.split('.').next());
    let segments: Vec<_> = url.path_segments().into_iter().flatten().collect();
    let parts = segments.iter().copied().chain(host);
    // A word may stand before an ending, behind a namespace, or be both: `login.php`, `Special:UserLogin`, `my.policy`.
    let words = parts.flat_map(|part| part.split(['.', ':']).chain([part])).map(bare);
    let mut words: Vec<_> = words.filter(|word| SIGN_IN.contains(&word.as_str())).collect();
    let is_session = |pair: &[&str]| SESSIONS.contains(&pair[0]) && pair[1] == "new";
    words.extend(segments.windows(2).any(is_session).then(|| "session/new".to_owned()));
    words
}

/// A word without its marks and capitals.
fn bare(word: &str) -> String {
    word.replace(['-', '_', '.', ':'], "").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(start: &str, to: &str) -> (Url, Url) {
        let start = Url::parse("https://www.example.com").unwrap().join(start).unwrap();
        let to = start.join(to).unwrap();
        (start, to)
    }

    #[test]
    fn pages_to_sign_in_are_known_by_their_addresses() {
        for (start, to, expected) in [
            ("/docs", "/login?next=/docs", true),
            ("/docs", "/account/login", true),
            ("/docs", "/users/sign_in", true),
            ("/docs", "/Account/Sign-In.aspx", true),
            ("/docs", "/wp-login.php", true),
            ("/docs", "https://login.example.com/tenant", true),
            ("/docs", "https://accounts.example.com/v3/signin/identifier", true),
            ("/docs", "https://id.example.com/realms/x/protocol/openid-connect/auth", true),
            ("/docs", "/adfs/ls/", true),
            ("/docs", "/access/unauthenticated", true),
            ("/docs", "/session/new", true),
            ("/docs", "/sessions/new?x=1", true),
            ("/docs", "/connexion", true),
            ("/docs", "/my.policy", true),
            ("/docs", "/as/authorization.oauth2", true),
            ("/docs", "/account/identify", true),
            ("/docs", "/konto/anmelden", true),
            ("/docs", "/iniciar-sesion", true),
            ("/docs", "/inloggen", true),
            ("/docs", "/einloggen", true),
            ("/docs", "/wiki/Special:UserLogin", true),
            ("/docs", "/challenge", true),
            ("/docs", "/docs/en", false),
            ("/docs", "/docs/session/newest", false),
            ("/docs", "/privacy.policy", false),
            ("/docs", "/authors/signing-in-the-rain", false),
            // The page itself is about it.
            ("/docs/auth", "/docs/v2/auth", false),
            ("/docs/auth", "/sso/auth", true),
        ] {
            let (start, to) = urls(start, to);
            assert_eq!(leads_to_sign_in(&start, &to), expected, "{start} {to}");
        }
    }

    #[test]
    fn redirect__that_knows_the_way_back__is_known() {
        for (start, to, expected) in [
            ("/docs/a", "/welcome?next=/docs/a", true),
            ("/docs/a", "/welcome?return_to=https%3A%2F%2Fwww.example.com%2Fdocs%2Fa", true),
            ("/docs/a", "https://id.example.org/?RelayState=x", true),
            ("/docs/a", "/portal?client_id=1&redirect_uri=x", true),
            ("/docs/a", "/welcome?next=/other", false),
            ("/docs/a", "/welcome?page=/docs/a", false),
            ("/docs/a", "/docs/b", false),
            ("/docs/a", "/docs/a?next=/docs/a", false),
            ("/", "/welcome?next=/", false),
            ("/docs/a?client_id=1", "/docs/b?client_id=1", false),
        ] {
            let (start, to) = urls(start, to);
            assert_eq!(leads_back(&start, &to), expected, "{start} {to}");
        }
    }
}
