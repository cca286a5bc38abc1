//! Ignore files that may not be finished: one that an editor has emptied and not yet written, or that is away for a moment.

use std::time::Duration;

use super::judge::{longest_wait, settles};
use crate::model::{Moment, RuleFile};

/// What a look has seen of the ignore files.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleFiles {
    /// Those to be remembered.
    pub known: Vec<RuleFile>,
    /// When what they leave out will be known, where it is not yet.
    pub until: Option<Moment>,
}

/// Compares the ignore files that were `found`, each with when it was written, with those that were known before. A file is
/// believed when nothing has written to it for `settle`, and that it is gone when that has lasted as long; but whatever goes
/// on with it holds nothing for longer than files being written do. `is_gone` says of one that was not found whether it is
/// there no more; others are forgotten, unless the look was at a `part`.
pub fn rule_files(
    before: &[RuleFile],
    found: &[(String, Moment)],
    is_gone: impl Fn(&str) -> bool,
    part: bool,
    (now, settle): (Moment, Duration),
) -> RuleFiles {
    let since = |path: &str| {
        let known = before.iter().find(|file| file.path == path).and_then(|file| file.unsettled_since);
        known.map_or(now, |since| since.min(now))
    };
    let mut seen = RuleFiles { known: Vec::new(), until: None };
    for (path, written) in found {
        let settled = settles(*written, now, settle);
        let unsettled_since = settled.map(|_| since(path));
        let is_waited_for = unsettled_since.is_some_and(|since| now.since(since) < longest_wait(settle));
        seen.until = seen.until.max(settled.filter(|_| is_waited_for));
        seen.known.push(RuleFile { path: path.clone(), unsettled_since });
    }
    for file in before.iter().filter(|file| found.iter().all(|(path, _)| *path != file.path)) {
        let missed = since(&file.path);
        if !is_gone(&file.path) {
            seen.known.extend(part.then(|| file.clone()));
        } else if now < missed + settle {
            seen.until = seen.until.max(Some(missed + settle));
            seen.known.push(RuleFile { unsettled_since: Some(missed), ..file.clone() });
        }
    }
    seen.known.sort_by(|a, b| a.path.cmp(&b.path));
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000_000);
    const SETTLE: Duration = Duration::from_secs(2);

    fn file(path: &str, since: Option<Moment>) -> RuleFile {
        RuleFile { path: path.to_owned(), unsettled_since: since }
    }

    #[test]
    fn rule_files__written_or_gone_a_moment_ago__are_waited_for_and_not_for_ever() {
        let second = Duration::from_secs(1);
        let (just, long) = (NOW - second, NOW - second * 90);
        for (before, found, gone, until, known) in [
            // Nothing is going on.
            (vec![], vec![], false, None, vec![]),
            (vec![], vec![("a", long)], false, None, vec![("a", None)]),
            // It is being written, and then it is too long that it is.
            (vec![("a", None)], vec![("a", just)], false, Some(just + SETTLE), vec![("a", Some(NOW))]),
            (vec![("a", Some(long))], vec![("a", just)], false, None, vec![("a", Some(long))]),
            // A date in the future says nothing, and hides no other file.
            (
                vec![],
                vec![("b", NOW + second * 9), ("a", just)],
                false,
                Some(just + SETTLE),
                vec![("a", Some(NOW)), ("b", None)],
            ),
            // It is away for a moment, or for good.
            (vec![("a", None)], vec![], true, Some(NOW + SETTLE), vec![("a", Some(NOW))]),
            (vec![("a", Some(just))], vec![], true, Some(just + SETTLE), vec![("a", Some(just))]),
            (vec![("a", Some(long))], vec![], true, None, vec![]),
            // It is there, and counts no more.
            (vec![("a", None)], vec![], false, None, vec![]),
        ] {
            let list =
                |files: Vec<(&str, Option<Moment>)>| files.into_iter().map(|(path, at)| file(path, at)).collect();
            let found: Vec<_> = found.into_iter().map(|(path, at)| (path.to_owned(), at)).collect();
            let before: Vec<RuleFile> = list(before);
            let seen = rule_files(&before, &found, |_| gone, false, (NOW, SETTLE));
            assert_eq!(seen, RuleFiles { known: list(known), until }, "{before:?} {found:?}");
        }
    }

    #[test]
    fn rule_files__elsewhere__stay_known_in_a_look_at_a_part() {
        let before = [file("a", None), file("b", None)];
        let seen = rule_files(&before, &[("b".to_owned(), NOW - SETTLE)], |_| false, true, (NOW, SETTLE));
        assert_eq!(seen, RuleFiles { known: before.to_vec(), until: None });
    }
}
