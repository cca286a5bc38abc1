//! Tokens of a text that change by themselves: the time of day, how long ago something was, who has looked, and
//! identifiers of requests. A change of them alone is no change of words.

/// What stands for a token.
const TOKEN: &str = "·";
/// Words after a number that count those who look.
const COUNTED: &[&str] = &[
    "view",
    "views",
    "visit",
    "visits",
    "visitor",
    "visitors",
    "read",
    "reads",
    "like",
    "likes",
    "share",
    "shares",
    "download",
    "downloads",
    "aufruf",
    "aufrufe",
    "vue",
    "vues",
    "visitas",
    "vistas",
];
/// Units of time, in how long ago something was.
const UNITS: &[&str] = &[
    "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes", "h", "hr", "hrs", "hour",
    "hours", "d", "day", "days", "w", "week", "weeks", "mo", "month", "months", "y", "yr", "yrs", "year", "years",
    "sekunde", "sekunden", "minuten", "stunde", "stunden", "tag", "tagen", "woche", "wochen", "monat", "monaten",
    "jahr", "jahren", "seconde", "secondes", "heure", "heures", "jour", "jours", "semaine", "semaines", "mois", "an",
    "ans", "segundo", "segundos", "minuto", "minutos", "hora", "horas", "día", "días", "semana", "semanas", "mes",
    "meses", "año", "años",
];
/// Words before an identifier: `Ray ID: 8f3a`.
const NAMED: &[&str] =
    &["request", "ray", "trace", "session", "correlation", "incident", "event", "error", "reference"];
/// How lines begin that say when a page was made, and how many words they have at most.
const STAMPS: &[&str] = &[
    "updated",
    "last update",
    "last modified",
    "last changed",
    "last generated",
    "generated",
    "page generated",
    "rendered",
    "served",
    "stand:",
    "zuletzt aktualisiert",
    "letzte änderung",
    "dernière mise à jour",
    "última actualización",
];
const STAMP_WORDS: usize = 12;

/// The words of a line, with one sign for each token.
pub(super) fn settled(line: &str) -> impl Iterator<Item = &str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let plain: Vec<String> = words.iter().map(|word| bare(word).to_lowercase()).collect();
    let text = plain.join(" ");
    let is_owned = text.starts_with("copyright") || line.contains('©') || line.to_lowercase().contains("(c)");
    let is_stamp = words.len() <= STAMP_WORDS && STAMPS.iter().any(|start| text.starts_with(start));
    let at = |n: Option<usize>| n.and_then(|n| plain.get(n)).map_or("", String::as_str);
    let settled: Vec<_> = (0..words.len())
        .map(|n| {
            let (word, last, next) = (at(Some(n)), at(n.checked_sub(1)), at(Some(n + 1)));
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            let is_count = is_number && COUNTED.contains(&next)
                || is_number && COUNTED.contains(&last) && words[n - 1].ends_with(':');
            let is_dated = is_number && (is_stamp || is_owned && is_years(word));
            let is_named = word.contains(|c: char| c.is_ascii_digit())
                && (last == "id" && NAMED.contains(&at(n.checked_sub(2)))
                    || NAMED.contains(&last) && words[n - 1].ends_with([':', '#']));
            let is_ago = is_ago(&plain, n);
            if is_identifier(word) || is_clock(word) || is_count || is_dated || is_named || is_ago {
                TOKEN
            } else {
                words[n]
            }
        })
        .collect();
    settled.into_iter()
}

/// A word without marks and punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether it is a UUID, or eight digits or more of which some are letters.
fn is_identifier(word: &str) -> bool {
    let parts = word.split('-').map(str::len);
    let is_uuid = parts.eq([8, 4, 4, 4, 12]);
    let digits = word.bytes().filter(|byte| *byte != b'-').all(|byte| byte.is_ascii_hexdigit());
    let is_mixed = word.contains(|c: char| c.is_ascii_digit()) && word.contains(|c: char| c.is_ascii_alphabetic());
    digits && (is_uuid || (is_mixed && word.len() >= 8 && !word.contains('-') && !is_iban(word)))
}

/// Whether it is the number of a bank account, which its check digits tell: no token, but what a reader needs.
fn is_iban(word: &str) -> bool {
    let Some((country, rest)) = word.split_at_checked(4).filter(|_| (15..=34).contains(&word.len())) else {
        return false;
    };
    let is_country = country.bytes().take(2).all(|byte| byte.is_ascii_alphabetic());
    let mut digits = rest.chars().chain(country.chars()).map(|c| c.to_digit(36));
    let shift = |digit: u32| if digit < 10 { 10 } else { 100 };
    let rest = digits.try_fold(0_u32, |sum, digit| digit.map(|digit| (sum * shift(digit) + digit) % 97));
    is_country && rest == Some(1)
}

/// Whether it is a time with seconds, with or without a date before it. A time without seconds may be when a shop opens.
fn is_clock(word: &str) -> bool {
    let time = word.rsplit_once(['t', '_']).map_or(word, |(_, time)| time);
    let mut parts = time.splitn(3, ':');
    let is_part = |part: Option<&str>, most: usize| {
        part.is_some_and(|part| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    is_part(parts.next(), 2)
        && is_part(parts.next(), 2)
        && parts.next().is_some_and(|seconds| seconds.bytes().take(2).filter(u8::is_ascii_digit).count() == 2)
}

/// `2019`, `2019-2026`.
fn is_years(word: &str) -> bool {
    word.split(['-', '–']).all(|year| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the word at a place is part of how long ago something was: `3 min ago`, `3m ago`, `vor 3 Minuten`, `il y a 2 h`.
fn is_ago(words: &[String], n: usize) -> bool {
    let word = |n: usize| words.get(n).map_or("", String::as_str);
    let is_count = |text: &str| {
        matches!(text, "a" | "an" | "one" | "few") || text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty()
    };
    let is_joined = |text: &str| {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        unit.len() < text.len() && UNITS.contains(&unit)
    };
    // The count stands here, or one word before.
    let pairs = [Some(n), n.checked_sub(1)].into_iter().flatten();
    let is_pair = pairs.into_iter().any(|count| {
        let before = |back: usize| count.checked_sub(back).map_or("", word);
        let is_told =
            word(count + 2) == "ago" || matches!(before(1), "vor" | "hace") || (before(1) == "a" && before(2) == "y");
        is_count(word(count)) && UNITS.contains(&word(count + 1)) && is_told
    });
    is_pair || (is_joined(word(n)) && word(n + 1) == "ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        settled(one).eq(settled(other))
    }

    #[test]
    fn settled__only_tokens_differ__is_the_same() {
        for (one, other) in [
            ("Request id: 3f2a", "Request id: 77b1c"),
            ("Ray ID: `8f3a77bc12`, sorry", "Ray ID: `9e107d9d37`, sorry"),
            ("Build 9e107d9d372bb682 of it", "Build 6826bd81d3542a41 of it"),
            ("Id 123e4567-e89b-12d3-a456-426614174000.", "Id 00000000-e89b-12d3-a456-426614174001."),
            ("Posted 3 min ago by Ann", "Posted 57 min ago by Ann"),
            ("Posted a day ago", "Posted 2 days ago"),
            ("Edited 3m ago", "Edited 4h ago"),
            ("vor 3 Minuten", "vor 2 Stunden"),
            ("il y a 3 minutes", "il y a 2 heures"),
            ("It is 12:03:55 now", "It is 9:13:05 now"),
            ("As of 2026-11-30T12:03:55Z", "As of 2026-12-01T00:00:00.123Z"),
            ("Updated 12:03", "Updated 13:59"),
            ("*Last updated: 2026-11-30 12:03*", "*Last updated: 2026-12-01 09:00*"),
            ("© 2026 Shop", "© 2027 Shop"),
            ("Copyright 2019-2026 Shop", "Copyright 2019–2027 Shop"),
            ("1,204 views", "1,311 views"),
            ("Views: 1204", "Views: 1311"),
        ] {
            assert!(
                same(one, other),
                "{:?} {:?}",
                settled(one).collect::<Vec<_>>(),
                settled(other).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn settled__a_word_or_a_number_differs__differs() {
        for (one, other) in [
            ("It costs 9 coins", "It costs 10 coins"),
            ("Pay to DE02120300000000202051.", "Pay to DE02500105170137075030."),
            ("Call 555-0100", "Call 555-0199"),
            ("Order 20261130", "Order 20261131"),
            ("Open from 9:00 to 17:00", "Open from 10:00 to 17:00"),
            ("Founded 3 years after it", "Founded 5 years after it"),
            ("The meeting is on 2026-11-30", "The meeting is on 2026-12-01"),
            ("In 2026 we sold it", "In 2027 we sold it"),
            ("Version 1.2.3", "Version 1.2.4"),
            ("posted 3 min ago", "deleted 3 min ago"),
            ("Rooms with 2 views", "Rooms with 2 beds"),
        ] {
            assert!(!same(one, other), "{one:?} {other:?}");
        }
    }
}
