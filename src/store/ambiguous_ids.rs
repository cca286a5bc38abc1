//! Ids that one list shows twice with different names: where each type of source counts its own, a file of ours has the id of
//! somebody else's website. Nothing is deleted, and nothing concluded, by such an id.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::{cached::Cached, listing::ListedSource};
use crate::model::Moment;

const REASON: &str = "the platform lists several sources with the id of its source, so kbsync cannot tell which one a request \
                      means: nothing is deleted or renamed by this id";

/// What is to be deleted by such an id waits this long for another list.
const AGAIN: Duration = Duration::from_secs(60 * 60);

/// How one reading of the list has shown a source's id before.
pub(super) enum ShownBefore {
    /// It has not.
    Not,
    /// With the same name.
    Alike,
    /// With another name.
    Otherwise,
}

/// How this reading of the list has shown the id of a source so far.
pub(super) fn shown_before(
    connection: &Connection,
    source: &ListedSource,
    reading: u32,
) -> Result<ShownBefore, rusqlite::Error> {
    let sql = "SELECT ambiguous OR text <> ?3 FROM listed WHERE source_id = ?1 AND reading = ?2";
    let differs = connection.row(sql, params![source.id.0, reading, source.text], |row| row.get(0)).optional()?;
    Ok(match differs {
        None => ShownBefore::Not,
        Some(false) => ShownBefore::Alike,
        Some(true) => ShownBefore::Otherwise,
    })
}

/// Such an id tells no more than that a source is there.
pub(super) fn set_ambiguous(connection: &Connection, source: &ListedSource) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE listed SET ambiguous = 1, text = '', collection = NULL, path = NULL, hash = NULL, nameless = 1,
                   holds = 0, filled = 0, done = 0, empty = 0, unready = NULL WHERE source_id = ?1";
    connection.run(sql, [&source.id.0]).map(drop)
}

/// Replicas with such ids are not deleted or renamed, and are named; what is to be deleted waits for another list.
pub(super) fn note_ambiguous(connection: &Connection, now: Moment) -> Result<(), rusqlite::Error> {
    let listed = "source_id IN (SELECT source_id FROM listed WHERE ambiguous)";
    let cleared = format!(
        "UPDATE replicas SET unready = NULL WHERE phase = 'ready' AND unready = ?1 AND NOT {listed}
             AND source_id IN (SELECT source_id FROM listed)"
    );
    connection.run(&cleared, [REASON])?;
    let noted = format!(
        "UPDATE replicas SET missing = max(missing, 1),
             unready = CASE WHEN phase = 'ready' THEN ?1 ELSE unready END, lasting = 1,
             failure = CASE WHEN phase = 'retiring' THEN ?1 ELSE failure END,
             retry_at = CASE WHEN phase = 'retiring' THEN coalesce(retry_at, ?2) ELSE retry_at END
         WHERE phase IN ('ready', 'retiring') AND {listed}"
    );
    connection.run(&noted, params![REASON, (now + AGAIN).0.cast_signed()]).map(drop)
}
