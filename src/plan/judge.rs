//! What a look at one document means: whether it must be read, and whether it must go up.

use std::time::Duration;

use crate::model::{ContentHash, Fingerprint, Moment, Record};

/// A file changed so shortly before the last look may have changed again within the same tick of its clock.
const RACY: Duration = Duration::from_secs(2);

/// What a file is left alone for at least where it changes while it is read.
const LEAST_SETTLE: Duration = Duration::from_secs(1);

/// What a fingerprint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Content as it was at the last look.
    Same,
    /// Only reading it will tell.
    Read,
    /// Written so shortly ago that it may not be finished; look again after that.
    Settling(Moment),
}

/// Judges a fingerprint against the last one, and when that was taken.
pub fn look(seen: &Fingerprint, last: Option<(Fingerprint, Moment)>, now: Moment, settle: Duration) -> Look {
    if let Some((fingerprint, at)) = last {
        let racy = changed_at(seen) > (at - RACY).as_nanos();
        if fingerprint == *seen && !racy {
            return Look::Same;
        }
    }
    let written = Moment(u64::try_from(seen.mtime_ns / 1_000).unwrap_or(0));
    settles(written, now, settle).map_or(Look::Read, Look::Settling)
}

/// When a file that was `written` then may be read, where it was written so shortly ago that it may not be finished.
pub fn settles(written: Moment, now: Moment, settle: Duration) -> Option<Moment> {
    // A time in the future says nothing about when the file was written.
    (written <= now && now.since(written) < settle).then(|| written + settle)
}

/// How long a collection's decisions wait at most for files that are being written: deletions for those that documents may
/// have become, and everything for ignore files. Others may keep coming.
pub fn longest_wait(settle: Duration) -> Duration {
    Duration::from_secs(60) + often(settle)
}

/// A file that is written for longer is written too often to be read.
fn often(settle: Duration) -> Duration {
    settle.max(LEAST_SETTLE) * 10
}

/// Whether a document that is being written, and therefore not read, has been so for long: more than ten times the time that it
/// must be left alone.
pub fn is_written_long(since: Moment, now: Moment, settle: Duration) -> bool {
    now.since(since) > often(settle)
}

/// The moment that the next look at a file, read `now`, is to be judged by.
///
/// A file dated after the look at it is racy by its date, for as long as the date is ahead. It is read once more, and when
/// the two looks are further apart than a tick of its clock, it has not changed since the first: the moment is then one by
/// which its date is past.
pub fn moment_of_look(seen: &Fingerprint, last: Option<(Fingerprint, Moment)>, now: Moment) -> Moment {
    match last {
        Some((fingerprint, at)) if fingerprint == *seen && now.since(at).max(at.since(now)) >= RACY => {
            now.max(Moment::from_nanos(changed_at(seen)) + RACY)
        }
        _ => now,
    }
}

fn changed_at(seen: &Fingerprint) -> i64 {
    seen.mtime_ns.max(seen.ctime_ns)
}

/// What a document's content asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The platform holds this content.
    InStep,
    /// This content has failed before, and will again.
    Quarantined,
    /// It must go up; `replaces` says whether the platform holds an older version.
    Put {
        /// Whether an older version is held, and is deleted once the new one is ready.
        replaces: bool,
    },
}

/// Judges a document's content against its record.
pub fn judge(record: Option<&Record>, hash: ContentHash) -> Judgement {
    let Some(record) = record else { return Judgement::Put { replaces: false } };
    if record.live == Some(hash.short()) {
        return Judgement::InStep;
    }
    match &record.trouble {
        Some(trouble) if trouble.hash == hash.short() => Judgement::Quarantined,
        _ => Judgement::Put { replaces: record.live.is_some() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocPath, Trouble};

    const SECOND: Duration = Duration::from_secs(1);
    const NOW: Moment = Moment(1_000_000_000);

    fn fingerprint(changed: Moment) -> Fingerprint {
        Fingerprint { size: 1, mtime_ns: changed.as_nanos(), ctime_ns: changed.as_nanos(), inode: 1, born_ns: None }
    }

    fn hash(first: u8) -> ContentHash {
        ContentHash([first; 32])
    }

    #[test]
    fn looks() {
        let old = fingerprint(NOW - SECOND * 100);
        let calm = (old, NOW - SECOND * 50);
        let at = |seen: &Fingerprint, last| look(seen, last, NOW, SECOND * 2);
        assert_eq!(at(&old, None), Look::Read, "new");
        assert_eq!(at(&old, Some(calm)), Look::Same, "as it was");
        let born = Fingerprint { born_ns: Some(1), ..old };
        assert_eq!(at(&born, Some(calm)), Look::Same, "an earlier version did not note when it was made");
        for changed in [
            Fingerprint { size: 2, ..old },
            Fingerprint { inode: 2, ..old },
            Fingerprint { ctime_ns: old.ctime_ns + 1, ..old },
            Fingerprint { mtime_ns: old.mtime_ns - 1, ..old },
        ] {
            assert_eq!(at(&changed, Some(calm)), Look::Read, "{changed:?}");
        }
        assert_eq!(at(&old, Some((old, NOW - SECOND * 99))), Look::Read, "changed one second before the last look");
        let fresh = fingerprint(NOW - SECOND);
        assert_eq!(at(&fresh, None), Look::Settling(NOW + SECOND), "written a second ago");
        let future = fingerprint(NOW + SECOND * 1_000);
        assert_eq!(at(&future, None), Look::Read, "written in the future");
        let moved = Fingerprint { ctime_ns: NOW.as_nanos(), ..old };
        assert_eq!(at(&moved, None), Look::Read, "moved here just now, written long ago");
    }

    /// How often a file that never changes is read in this many looks, at these times.
    fn reads(seen: &Fingerprint, looks: impl IntoIterator<Item = Moment>) -> usize {
        let mut last = None;
        let mut reads = 0;
        for now in looks {
            if look(seen, last, now, SECOND * 2) == Look::Read {
                last = Some((*seen, moment_of_look(seen, last, now)));
                reads += 1;
            }
        }
        reads
    }

    #[test]
    fn look__date_ahead_of_the_clock__file_is_read_twice() {
        let minutes = || (0..100).map(|minute| NOW + SECOND * 60 * minute);
        let dated = |mtime_ns, ctime_ns| Fingerprint { mtime_ns, ctime_ns, ..fingerprint(NOW) };
        let (past, future) = ((NOW - SECOND * 100).as_nanos(), (NOW + SECOND * 100_000).as_nanos());
        for (seen, expected, why) in [
            (dated(past, past), 1, "written long ago"),
            (dated(future, past), 2, "dated ahead by hand"),
            (dated(future, future), 2, "the disk's clock is ahead"),
            (dated(past, future), 2, "its clock is ahead, and the date was kept"),
            (dated(i64::MAX, i64::MAX), 2, "the last date that there is"),
            (dated(past, NOW.as_nanos() + 1), 2, "changed a tick ahead"),
        ] {
            assert_eq!(reads(&seen, minutes()), expected, "{why}");
        }
        let often = (0..9).map(|tenth| NOW + SECOND / 10 * tenth);
        assert_eq!(reads(&dated(future, future), often), 9, "looks within one tick of a clock prove nothing");
        let set_back = [NOW + SECOND * 100_000, NOW, NOW + SECOND, NOW + SECOND * 60, NOW + SECOND * 120];
        let before = dated(past, (NOW + SECOND * 99_999).as_nanos());
        assert_eq!(reads(&before, set_back), 2, "our own clock was set back");
    }

    #[test]
    fn judgements() {
        let record = |live: Option<u8>, failed: Option<u8>| Record {
            path: DocPath::new("a").unwrap(),
            seen: None,
            live: live.map(|first| hash(first).short()),
            uploaded_here: false,
            trouble: failed.map(|first| Trouble::of_document(hash(first).short(), "bad".to_owned())),
            successor: None,
            live_size: None,
            skipped: None,
            written_since: None,
            gone_since: None,
        };
        assert_eq!(judge(None, hash(1)), Judgement::Put { replaces: false });
        for (live, failed, expected) in [
            (None, None, Judgement::Put { replaces: false }),
            (Some(1), None, Judgement::InStep),
            (Some(2), None, Judgement::Put { replaces: true }),
            (None, Some(1), Judgement::Quarantined),
            (Some(2), Some(1), Judgement::Quarantined),
            (Some(2), Some(3), Judgement::Put { replaces: true }),
            (Some(1), Some(1), Judgement::InStep),
        ] {
            assert_eq!(judge(Some(&record(live, failed)), hash(1)), expected, "{live:?} {failed:?}");
        }
    }
}
