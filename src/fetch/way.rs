//! The way from the address that was asked for to where its page is: redirects.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
};

use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

use super::{Trouble, sign_in::leads_to_sign_in};
use crate::model::MAX_ADDRESS;

/// An origin has no more bytes of cookies, as browsers have it for one.
const MOST_COOKIES: usize = 4 << 10;

/// The longest address that a redirect may lead to, in bytes: that of most servers.
const MAX_TARGET: usize = 8 << 10;

/// Redirects followed so far.
#[derive(Debug)]
pub(super) struct Way {
    start: Url,
    here: Url,
    /// Where it has been since it got its last cookie, `here` among it.
    seen: HashSet<Url>,
    hops: usize,
    /// By origin, the names and values.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether all redirects were permanent.
    permanent: bool,
}

impl Way {
    pub(super) fn new(start: &Url) -> Self {
        let start = without_fragment(start.clone());
        let (here, seen) = (start.clone(), HashSet::from([start.clone()]));
        Self { start, here, seen, hops: 0, cookies: BTreeMap::new(), permanent: true }
    }

    /// Where it leads by now.
    pub(super) fn here(&self) -> &Url {
        &self.here
    }

    /// Whether that is still where it started.
    pub(super) fn at_start(&self) -> bool {
        self.here == self.start
    }

    /// Whether every redirect on the way was one for good.
    pub(super) fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// Where the page lives now, if it has moved for good.
    pub(super) fn moved(&self) -> Option<Url> {
        (self.permanent && !self.at_start() && self.here.as_str().len() <= MAX_ADDRESS).then(|| self.here.clone())
    }

    /// Follows one more redirect, as long as there are not more than `most`.
    pub(super) fn follow(&mut self, location: &[u8], permanent: bool, most: usize) -> Result<(), Trouble> {
        let location = escaped(location);
        let to = self.here.join(&location).map_err(|_| Trouble::RedirectNowhere(shortened(&location)))?;
        let to = without_fragment(to);
        if to.as_str().len() > MAX_TARGET {
            return Err(Trouble::RedirectNowhere(shortened(&location)));
        }
        if self.seen.contains(&to) {
            return Err(Trouble::RedirectLoop(shown(&to)));
        }
        if self.hops == most {
            return Err(Trouble::TooManyRedirects(most));
        }
        if !to.username().is_empty() || to.password().is_some() {
            return Err(Trouble::RedirectWithUser(shown(&to)));
        }
        self.permanent &= permanent;
        self.hops += 1;
        self.seen.insert(to.clone());
        self.here = to;
        Ok(())
    }

    /// Keeps the cookies of a redirect. Many a site sets one and leads to the same address again, to see whether it comes
    /// back: with a new one that is no circle.
    pub(super) fn keep_cookies(&mut self, headers: &HeaderMap) {
        let kept = self.cookies.entry(self.here.origin().ascii_serialization()).or_default();
        for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            let length: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
            if length + pair.len() <= MOST_COOKIES
                && kept.insert(name.trim().to_owned(), value.trim().to_owned()).is_none()
            {
                self.seen.clear();
            }
        }
    }

    /// The cookies that go to where it leads by now.
    pub(super) fn cookies(&self) -> Option<HeaderValue> {
        let kept = self.cookies.get(&self.here.origin().ascii_serialization()).filter(|kept| !kept.is_empty())?;
        let pairs: Vec<_> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut cookies = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        cookies.set_sensitive(true);
        Some(cookies)
    }

    /// Whether the address suggests that it has led to a page for signing in.
    pub(super) fn at_sign_in(&self) -> bool {
        leads_to_sign_in(&self.start, &self.here)
    }
}

/// Whether what was asked for in secret leads to where anybody on the way can read and change it.
pub fn is_downgrade(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() == "http"
}

/// An address for people: without what may be secret (a user, a query).
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    // Only addresses without a host refuse this, and those have no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// A target as text. Bytes that are not UTF-8 are escaped one by one, as browsers do.
fn escaped(location: &[u8]) -> Cow<'_, str> {
    let escape = |byte: &u8| if byte.is_ascii() { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    std::str::from_utf8(location).map_or_else(|_| location.iter().map(escape).collect(), Cow::Borrowed)
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

/// Somebody else's words on one line, without what may be a password, and not for ever.
fn shortened(text: &str) -> String {
    let open = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("…@{host}"));
    open.chars().map(|c| if c.is_control() { ' ' } else { c }).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(start: &str, hops: &[(&str, bool)]) -> Result<Way, Trouble> {
        let mut way = Way::new(&Url::parse(start).unwrap());
        for (location, permanent) in hops {
            way.follow(location.as_bytes(), *permanent, 3)?;
        }
        Ok(way)
    }

    #[test]
    fn targets_are_relative_to_the_hop() {
        let way =
            follow("https://a.example/x/y?q#f", &[("../z", true), ("//b.example/p/", true), ("q#g", true)]).unwrap();
        assert_eq!(way.here().as_str(), "https://b.example/p/q");
        assert_eq!(way.moved().as_ref(), Some(way.here()));
        assert!(!way.at_start());
    }

    #[test]
    fn bytes__that_are_no_utf_8__are_escaped_as_they_are() {
        for (location, target) in [
            (&b"/gr\xf6\xdfe?a=\xe9"[..], "https://a.example/gr%F6%DFe?a=%E9"),
            ("/größe".as_bytes(), "https://a.example/gr%C3%B6%C3%9Fe"),
            (b"/gr%F6%DFe", "https://a.example/gr%F6%DFe"),
        ] {
            let mut way = Way::new(&Url::parse("https://a.example/").unwrap());
            way.follow(location, true, 3).unwrap();
            assert_eq!(way.here().as_str(), target);
        }
    }

    #[test]
    fn one_redirect_for_now_makes_the_whole_way_one_for_now() {
        for hops in [[("/b", false), ("/c", true)], [("/b", true), ("/c", false)]] {
            assert_eq!(follow("https://a.example/", &hops).unwrap().moved(), None);
        }
        assert_eq!(follow("https://a.example/", &[]).unwrap().moved(), None);
    }

    #[test]
    fn ways_without_an_end_are_left() {
        let circle = [("/b", true), ("/#again", true)];
        assert_eq!(
            follow("https://me:secret@a.example/?token", &[("?token", true)]).unwrap_err(),
            Trouble::RedirectLoop("https://a.example/".to_owned())
        );
        assert_eq!(
            follow("https://a.example/", &circle).unwrap_err(),
            Trouble::RedirectLoop("https://a.example/".to_owned())
        );
        for to in ["//me@b.example/?x", "https://:hush@b.example/#x"] {
            let said = follow("https://a.example/", &[(to, true)]).unwrap_err();
            assert_eq!(said, Trouble::RedirectWithUser("https://b.example/".to_owned()));
        }
        let hops = [("/1", true), ("/2", true), ("/3", true), ("/4", true)];
        assert!(follow("https://a.example/", &hops[..3]).is_ok());
        assert_eq!(follow("https://a.example/", &hops).unwrap_err(), Trouble::TooManyRedirects(3));
        assert_eq!(
            follow("https://a.example/", &[("https://\n[", true)]).unwrap_err(),
            Trouble::RedirectNowhere("https:// [".to_owned())
        );
        let to = |length| format!("/{}", "x".repeat(length));
        assert!(matches!(follow("https://a.example/", &[(&to(8_200), true)]), Err(Trouble::RedirectNowhere(_))));
        for (length, moves) in [(1_900, true), (3_000, false)] {
            let way = follow("https://a.example/", &[(&to(length), true)]).unwrap();
            assert_eq!(way.moved().is_some(), moves, "an address of {length} bytes is no page's");
        }
    }
}
