//! A collection that is a list of pages.

use std::{path::PathBuf, time::Duration};

use reqwest::header::{HeaderName, HeaderValue};
use url::{Host, Url};

use super::{Kind, folder::MAX_FILE_SIZE};
use crate::{
    config::{
        Headers, Pages, Via,
        node::{Node, Value},
        pattern,
        read::{Reading, Secret, Section},
    },
    model::{AllowedHosts, Cidr},
};

pub(super) const KEYS: &[&str] = &[
    "urls",
    "url_files",
    "sitemaps",
    "feeds",
    "include",
    "exclude",
    "via",
    "allow_private",
    "allow_hosts",
    "headers",
    "max_file_size",
    "delay",
    "connections",
];
/// A host is asked so often at most, which nobody notices.
const DELAY: Duration = Duration::from_millis(250);
const CONNECTIONS: usize = 2;
const MOST_CONNECTIONS: u64 = 16;
/// What the transport itself sets, what would change what is asked for, and who asks.
const OWN_HEADERS: [&str; 9] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "if-none-match",
    "if-modified-since",
    "accept-encoding",
    "range",
    "user-agent",
];

pub(super) fn read(section: &Section, reading: &mut Reading) -> Option<Pages> {
    let mut addresses = |key| section.value(key).map_or(Some(Vec::new()), |node| each(node, reading, address));
    let (urls, sitemaps, feeds) = (addresses("urls"), addresses("sitemaps"), addresses("feeds"));
    let url_files = section.value("url_files").map_or(Some(Vec::new()), |node| paths(node, reading));
    let mut patterns = |key| section.value(key).map_or(Some(Vec::new()), |node| each(node, reading, path_pattern));
    let (include, exclude) = (patterns("include"), patterns("exclude"));
    let via = section.value("via").map_or(Some(Via::Url), |node| reading.parsed(node, via));
    let allow_private = section.value("allow_private").and_then(|node| reading.flag(node)).unwrap_or(false);
    let allow_hosts =
        section.value("allow_hosts").map_or(Some(AllowedHosts::default()), |node| allowed_hosts(node, reading));
    let headers = section.value("headers").map_or(Some(Headers::default()), |node| headers(node, reading));
    let max_file_size = section.value("max_file_size").and_then(|node| reading.size(node)).unwrap_or(MAX_FILE_SIZE);
    let delay = section.value("delay").and_then(|node| reading.duration(node)).unwrap_or(DELAY);
    let connections = section.value("connections").map_or(Some(CONNECTIONS), |node| connections(node, reading));
    refuse_empty(section, reading);
    Some(Pages {
        urls: urls?,
        url_files: url_files?,
        sitemaps: sitemaps?,
        feeds: feeds?,
        include: include?,
        exclude: exclude?,
        via: via?,
        allow_private,
        allow_hosts: allow_hosts?,
        headers: headers?,
        max_file_size,
        delay,
        connections: connections?,
    })
}

/// Says which lists are empty where that is hardly meant: lists of pages that name none, and an `include` that takes none.
fn refuse_empty(section: &Section, reading: &mut Reading) {
    let is_empty = |node: &Node| matches!(&node.value, Value::List(items) if items.is_empty());
    let lists: Vec<&Node> = Kind::Pages.marks().iter().filter_map(|key| section.value(key)).collect();
    if let Some(first) = lists.first().filter(|_| lists.iter().all(|node| is_empty(node))) {
        reading.problem(first.referenced, "this collection lists no page; add an address, or remove the collection");
    }
    if let Some(node) = section.value("include").filter(|node| is_empty(node)) {
        reading.problem(node.referenced, "`include` is empty; remove it to take every page");
    }
}

/// The items of a list, each as `parse` reads it; `None` when one of them is wrong.
fn each<T>(node: &Node, reading: &mut Reading, parse: fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
    let Value::List(items) = &node.value else {
        return reading.texts(node).map(|_| Vec::new());
    };
    let read: Vec<_> = items.iter().map(|item| reading.parsed(item, parse)).collect();
    read.into_iter().collect()
}

fn paths(node: &Node, reading: &mut Reading) -> Option<Vec<PathBuf>> {
    let Value::List(items) = &node.value else {
        return reading.texts(node).map(|_| Vec::new());
    };
    let read: Vec<_> = items.iter().map(|item| reading.path(item)).collect();
    read.into_iter().collect()
}

/// A page's, a list's or a website's address, without its fragment.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text.trim()).map_err(|error| format!("this is not a URL: {error}; write `https://…`"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only http and https pages are read; write `https://…`".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address holds credentials; remove them and set `headers`".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

/// A value of `allow_hosts`.
enum AllowedHost {
    Name(String),
    Block(Cidr),
}

fn allowed_hosts(node: &Node, reading: &mut Reading) -> Option<AllowedHosts> {
    let (mut names, mut blocks) = (Vec::new(), Vec::new());
    for allowed in each(node, reading, allowed_host)? {
        match allowed {
            AllowedHost::Name(name) => names.push(name),
            AllowedHost::Block(block) => blocks.push(block),
        }
    }
    Some(AllowedHosts::new(names, blocks))
}

fn allowed_host(text: &str) -> Result<AllowedHost, String> {
    if let Some(block) = Cidr::parse(text) {
        return Ok(AllowedHost::Block(block));
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) if !text.contains(['/', ':', '@', '*']) => Ok(AllowedHost::Name(name)),
        _ => {
            Err("expected a host, an address or a block of addresses: `wiki.corp`, `10.1.2.3`, `10.1.0.0/16`"
                .to_owned())
        }
    }
}

/// A pattern in gitignore's syntax, of which an address's path is the file.
fn path_pattern(text: &str) -> Result<String, String> {
    if text.contains("://") {
        return Err("a pattern is about the path of an address: write `/docs/`, without the site before it".to_owned());
    }
    if text.contains('#') {
        return Err("a pattern is about the path of an address, which has no `#`".to_owned());
    }
    if text.contains(['{', '}']) {
        return Err("gitignore patterns have no `{a,b}`; write one pattern for each".to_owned());
    }
    pattern::check(text)?;
    globset::Glob::new(text).map_err(|error| format!("this is no pattern: {}", error.kind()))?;
    Ok(text.to_owned())
}

fn via(text: &str) -> Result<Via, String> {
    match text {
        "url" => Ok(Via::Url),
        "upload" => Ok(Via::Upload),
        _ => Err("expected `url` (the platform fetches the page) or `upload` (kbsync does, and uploads it)".to_owned()),
    }
}

fn connections(node: &Node, reading: &mut Reading) -> Option<usize> {
    let count = reading.count(node)?;
    if !(1..=MOST_CONNECTIONS).contains(&count) {
        reading.problem(node.referenced, format!("expected 1 to {MOST_CONNECTIONS} connections to one host"));
        return None;
    }
    usize::try_from(count).ok()
}

/// Headers by the origin that they are sent to.
fn headers(node: &Node, reading: &mut Reading) -> Option<Headers> {
    let wanted = "`headers` names for each origin what is sent to it, such as `https://example.com: {Authorization: \
                  \"Bearer ${TOKEN}\"}`";
    let Value::Map(origins) = &node.value else {
        reading.problem(node.referenced, wanted);
        return None;
    };
    let mut headers = Headers::default();
    let mut sound = true;
    for (origin, named) in origins {
        let (Ok(address), Value::Map(named)) = (address(&origin.value), &named.value) else {
            reading.problem(origin.referenced, wanted);
            sound = false;
            continue;
        };
        if address.path() != "/" || address.query().is_some() {
            reading.problem(origin.referenced, "an origin has no path; write `https://example.com`");
            sound = false;
        }
        if address.scheme() == "http" {
            let origin = address.origin().ascii_serialization();
            reading.warning(format!("what `headers` has for {origin} travels in clear; use https if the site has it"));
        }
        let of_origin = headers.0.entry(address.origin().ascii_serialization()).or_default();
        for (name, value) in named {
            if let Err(message) = header(&name.value) {
                reading.problem(name.referenced, message);
                sound = false;
            }
            let place = value.referenced;
            let checked = |reading: &mut Reading, text: String| {
                let sound = HeaderValue::from_str(&text).is_ok();
                if !sound {
                    reading.problem(place, "a header's value is one line of plain characters");
                }
                sound.then_some(text)
            };
            // Without it the config cannot be used for a pass, but for everything else.
            if let Some(value) = reading.secret_text(Secret::Header, value, checked) {
                of_origin.push((name.value.clone(), value.into()));
            }
        }
    }
    sound.then_some(headers)
}

/// Checks a header's name.
fn header(name: &str) -> Result<(), &'static str> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err("this is no name of a header, such as `Authorization`");
    }
    match OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        true => Err("kbsync sets this header itself; leave it out"),
        false => Ok(()),
    }
}
