//! What a look at one document means: whether it must be read, and whether it must go up.

use std::time::Duration;

use crate::model::{ContentHash, Fingerprint, LastLook, Moment, Record};

/// A file changed so shortly before the last look may have changed again within the same tick of its clock.
const RACY: Duration = Duration::from_secs(2);

/// What a fingerprint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Content as it was, with this hash.
    Same(ContentHash),
    /// Only reading it will tell.
    Read,
    /// Written so shortly ago that it may not be finished; look again after that.
    Settling(Moment),
}

/// Judges a fingerprint against the last look.
pub fn look(seen: &Fingerprint, last: Option<&LastLook>, now: Moment, settle: Duration) -> Look {
    if let Some(last) = last {
        let changed_at = seen.mtime_ns.max(seen.ctime_ns);
        let racy = changed_at > (last.at - RACY).as_nanos();
        if last.fingerprint == *seen && !racy {
            return Look::Same(last.hash);
        }
    }
    let written = Moment(u64::try_from(seen.mtime_ns / 1_000).unwrap_or(0));
    // A time in the future says nothing about when the file was written.
    if written <= now && now.since(written) < settle { Look::Settling(written + settle) } else { Look::Read }
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
        Fingerprint { size: 1, mtime_ns: changed.as_nanos(), ctime_ns: changed.as_nanos(), inode: 1 }
    }

    fn hash(first: u8) -> ContentHash {
        ContentHash([first; 32])
    }

    #[test]
    fn looks() {
        let old = fingerprint(NOW - SECOND * 100);
        let last = |fingerprint, at| LastLook { fingerprint, at, hash: hash(1) };
        let calm = last(old, NOW - SECOND * 50);
        let at = |seen: &Fingerprint, last: Option<&LastLook>| look(seen, last, NOW, SECOND * 2);
        assert_eq!(at(&old, None), Look::Read, "new");
        assert_eq!(at(&old, Some(&calm)), Look::Same(hash(1)), "as it was");
        for changed in [
            Fingerprint { size: 2, ..old },
            Fingerprint { inode: 2, ..old },
            Fingerprint { ctime_ns: old.ctime_ns + 1, ..old },
            Fingerprint { mtime_ns: old.mtime_ns - 1, ..old },
        ] {
            assert_eq!(at(&changed, Some(&calm)), Look::Read, "{changed:?}");
        }
        let racy = last(old, NOW - SECOND * 99);
        assert_eq!(at(&old, Some(&racy)), Look::Read, "changed one second before the last look");
        let fresh = fingerprint(NOW - SECOND);
        assert_eq!(at(&fresh, None), Look::Settling(NOW + SECOND), "written a second ago");
        let future = fingerprint(NOW + SECOND * 1_000);
        assert_eq!(at(&future, None), Look::Read, "written in the future");
        let moved = Fingerprint { ctime_ns: NOW.as_nanos(), ..old };
        assert_eq!(at(&moved, None), Look::Read, "moved here just now, written long ago");
    }

    #[test]
    fn judgements() {
        let record = |live: Option<u8>, failed: Option<u8>| Record {
            path: DocPath::new("a").unwrap(),
            seen: None,
            live: live.map(|first| hash(first).short()),
            trouble: failed.map(|first| Trouble { hash: hash(first).short(), reason: "bad".to_owned() }),
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
