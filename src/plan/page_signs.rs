//! Which dates, validators and titles tell something of a page, and which only say how its site was built.

use std::collections::HashMap;

/// HTTP is younger: earlier dates stand for "unknown".
const FIRST_YEAR: u32 = 1990;
/// The same in seconds since 1970.
const FIRST_SECOND: u64 = 631_152_000;
/// A date that this many pages of a host have, and a quarter of them, is the date of a build.
const SHARED: usize = 3;
const SHARED_PART: usize = 4;

/// The dates, or the titles, of the pages of all hosts: how many pages have each.
#[derive(Debug, Default)]
pub struct PageSigns {
    /// By host: how many pages there are.
    pages: HashMap<String, usize>,
    /// By host and date: how many pages have it.
    counts: HashMap<(String, String), usize>,
}

impl PageSigns {
    /// Counts a page, which may have no date.
    pub fn add(&mut self, host: &str, date: Option<&str>) {
        *self.pages.entry(host.to_owned()).or_default() += 1;
        if let Some(date) = date {
            *self.counts.entry((host.to_owned(), date.to_owned())).or_default() += 1;
        }
    }

    /// Whether a date of a page tells something about this page.
    pub fn is_sign(&self, host: &str, date: &str) -> bool {
        let (pages, same) = self.count(host, date);
        let is_shared = same >= SHARED && same * SHARED_PART >= pages;
        !is_shared && year(date).is_none_or(|year| year >= FIRST_YEAR)
    }

    /// Whether one of several pages alone has this title. That of the only page may be its site's.
    pub fn is_own(&self, host: &str, title: &str) -> bool {
        let (pages, same) = self.count(host, title);
        same == 1 && pages > 1
    }

    /// How many pages a host has, and how many of them have this sign.
    fn count(&self, host: &str, sign: &str) -> (usize, usize) {
        let pages = self.pages.get(host).copied().unwrap_or(0);
        (pages, self.counts.get(&(host.to_owned(), sign.to_owned())).copied().unwrap_or(0))
    }
}

/// The year in a date, however it is written.
fn year(date: &str) -> Option<u32> {
    let mut numbers = date.split(|c: char| !c.is_ascii_digit());
    numbers.find(|number| number.len() == 4)?.parse().ok()
}

/// Whether an `ETag` tells one version from another, where the page's date does so or does not.
///
/// Many servers make it of the file's size and date, and then it is worth what the date is worth.
pub fn is_strong(etag: &str, date_is_sign: Option<bool>) -> bool {
    let parts = etag.trim_start_matches("W/").trim_matches('"').split('-').map(|part| u64::from_str_radix(part, 16));
    let Ok(parts) = parts.collect::<Result<Vec<_>, _>>() else { return true };
    let is_of_file = (2..=3).contains(&parts.len());
    // In seconds, or in microseconds.
    let has_date = parts.iter().any(|part| *part >= FIRST_SECOND);
    !is_of_file || date_is_sign.unwrap_or(has_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles__of_one_page_among_others__are_its_own() {
        let mut titles = PageSigns::default();
        for (host, title) in [("a", "Tea"), ("a", "Acme"), ("a", "Acme"), ("b", "Acme")] {
            titles.add(host, Some(title));
        }
        for (host, title, expected) in
            [("a", "Tea", true), ("a", "Acme", false), ("a", "Milk", false), ("b", "Acme", false)]
        {
            assert_eq!(titles.is_own(host, title), expected, "{host} {title}");
        }
    }

    #[test]
    fn dates__of_a_build_or_of_no_time__are_no_signs() {
        let mut dates = PageSigns::default();
        for date in ["2026-11-01", "2026-11-01", "2026-11-01", "2026-11-02", "2026-11-03", "2026-11-03"] {
            dates.add("a", Some(date));
        }
        (0..20).for_each(|_| dates.add("b", None));
        (0..3).for_each(|_| dates.add("b", Some("2026-11-01")));
        for (host, date, expected) in [
            ("a", "2026-11-01", false),
            ("a", "2026-11-02", true),
            ("a", "2026-11-03", true),
            ("a", "2026-11-04", true),
            ("b", "2026-11-01", true),
            ("c", "Tue, 01 Jan 1980 00:00:01 GMT", false),
            ("c", "Thu, 01 Jan 1970 00:00:00 GMT", false),
            ("c", "1970-01-01", false),
            ("c", "0001-01-01T00:00:00Z", false),
            ("c", "1985-10-26T08:15:00Z", false),
            ("c", "Sat, 21 Nov 2026 00:00:00 GMT", true),
            ("c", "yesterday", true),
        ] {
            assert_eq!(dates.is_sign(host, date), expected, "{host} {date}");
        }
    }

    #[test]
    fn etags__made_of_size_and_date__are_worth_the_date() {
        for (etag, date, expected) in [
            ("\"12cea601-1f\"", Some(false), false),
            ("W/\"12cea601-1f\"", Some(false), false),
            ("\"12cea601-1f\"", None, false),
            ("\"1-1f\"", None, false),
            ("\"6561f0a0-1f\"", None, true),
            ("\"6561f0a0-1f\"", Some(true), true),
            ("\"6561f0a0-1f\"", Some(false), false),
            ("\"1f-5e0a8b2c1d340\"", None, true),
            ("\"a3-1f-5e0a8b2c1d340\"", Some(false), false),
            ("\"9e107d9d372bb6826bd81d3542a419d6\"", Some(false), true),
            ("\"v1-main\"", Some(false), true),
            ("\"5d8c72\"", Some(false), true),
        ] {
            assert_eq!(is_strong(etag, date), expected, "{etag} {date:?}");
        }
    }
}
