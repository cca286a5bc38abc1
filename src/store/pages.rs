//! Pages in the store: what is remembered of each besides the document that it is.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, StoreError, cached::Cached, documents::note_look};
use crate::model::{
    Claim, Claimed, CollectionName, ContentHash, DocPath, LastLook, Moment, PageSaid, PageState, Sketch, Stale, Ways,
};

const COLUMNS: &str = "pass, looked, read, etag, last_modified, lastmod, kind, missing, missed, stale_since, \
                       stale_reason, moved, lists, fetched, claim, claims, claimed, words, text, likeness, turned, \
                       canonical, title, ended, to_upload, costly";

/// What a look at one page gave: its state, and its content where that was had.
pub type PageLook = (DocPath, PageState, Option<LastLook>);

impl Db {
    /// What is remembered of a collection's pages, by their addresses.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn pages(&self, collection: &CollectionName) -> Result<BTreeMap<String, PageState>, StoreError> {
        let sql = format!("SELECT {COLUMNS}, path FROM pages WHERE collection = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([collection.as_str()], |row| Ok((row.get("path")?, state(row)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What is remembered of one page.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn page(&self, collection: &CollectionName, path: &DocPath) -> Result<Option<PageState>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM pages WHERE collection = ?1 AND path = ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([collection.as_str(), path.as_str()], state).optional()?)
    }

    /// Notes what looks at pages gave.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_pages(&mut self, collection: &CollectionName, looks: &[PageLook]) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT OR REPLACE INTO pages (collection, path, {COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
                     ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)"
        );
        self.together(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            for (path, state, look) in looks {
                let (stale, claim) = (state.stale.as_ref(), state.claim.as_ref());
                statement.execute(params![
                    collection.as_str(),
                    path.as_str(),
                    state.pass,
                    state.looked.0.cast_signed(),
                    state.read.map(|at| at.0.cast_signed()),
                    state.etag,
                    state.last_modified,
                    state.lastmod,
                    state.kind,
                    state.missing.cast_signed(),
                    state.missed.map(|at| at.0.cast_signed()),
                    stale.map(|stale| stale.since.0.cast_signed()),
                    stale.map(|stale| stale.reason.as_str()),
                    state.moved,
                    state.lists.as_ref().map(Ways::as_str),
                    state.fetched.map(|at| at.0.cast_signed()),
                    claim.map(|claim| claim.what.to_text()),
                    claim.map_or(0, |claim| claim.count.cast_signed()),
                    claim.map(|claim| claim.at.0.cast_signed()),
                    state.sketch.map(|sketch| sketch.words.cast_signed()),
                    state.sketch.map(|sketch| sketch.text.cast_signed()),
                    state.sketch.map(|sketch| sketch.likeness.cast_signed()),
                    state.turned.map(u64::cast_signed),
                    state.said.canonical,
                    state.said.title.map(u64::cast_signed),
                    state.ended,
                    state.to_upload,
                    state.costly.map(|content| content.0),
                ])?;
                if let Some(look) = look {
                    note_look(connection, collection, path, look)?;
                }
            }
            Ok(())
        })
    }

    /// Forgets the pages of a collection that this pass has not looked at, but for those that are documents still.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget_pages(&mut self, collection: &CollectionName, pass: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM pages WHERE collection = ?1 AND pass <> ?2 AND NOT EXISTS (
                       SELECT * FROM documents d WHERE d.collection = pages.collection AND d.path = pages.path)";
        self.connection.run(sql, [collection.as_str(), pass])?;
        Ok(())
    }

    /// Forgets the pages of all collections but these.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget_pages_but_of(&mut self, collections: &BTreeSet<CollectionName>) -> Result<(), StoreError> {
        let known: Vec<String> = {
            let mut statement = self.connection.prepare_cached("SELECT DISTINCT collection FROM pages")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        let others = known.iter().filter(|known| collections.iter().all(|name| name.as_str() != known.as_str()));
        for other in others {
            self.connection.run("DELETE FROM pages WHERE collection = ?1", [other])?;
        }
        Ok(())
    }

    /// The pages of which what is known may be old: (collection, address, since when and why).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn stale_pages(&self) -> Result<Vec<(String, String, Stale)>, StoreError> {
        let sql = "SELECT collection, path, coalesce(stale_since, missed),
                          coalesce(stale_reason, 'it is said to be gone, which another look must confirm') FROM pages
                   WHERE coalesce(stale_since, missed) IS NOT NULL ORDER BY collection, path";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let since = Moment(row.get::<_, i64>(2)?.cast_unsigned());
            Ok((row.get(0)?, row.get(1)?, Stale { since, reason: row.get(3)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn state(row: &Row<'_>) -> Result<PageState, rusqlite::Error> {
    let moment = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(|at| Moment(at.cast_unsigned())));
    let (since, reason) = (moment(9)?, row.get::<_, Option<String>>(10)?);
    let number = |column| row.get::<_, Option<i64>>(column).map(|number| number.map(i64::cast_unsigned));
    let claim = row.get::<_, Option<String>>(14)?.and_then(|text| Claimed::parse(&text)).zip(moment(16)?);
    let count = row.get::<_, i64>(15)?.cast_unsigned();
    let sketch = number(17)?.zip(number(18)?).zip(number(19)?);
    Ok(PageState {
        pass: row.get(0)?,
        looked: Moment(row.get::<_, i64>(1)?.cast_unsigned()),
        read: moment(2)?,
        etag: row.get(3)?,
        last_modified: row.get(4)?,
        lastmod: row.get(5)?,
        kind: row.get(6)?,
        missing: row.get::<_, i64>(7)?.cast_unsigned(),
        missed: moment(8)?,
        stale: since.zip(reason).map(|(since, reason)| Stale { since, reason }),
        moved: row.get(11)?,
        lists: row.get::<_, Option<String>>(12)?.map(Ways::of),
        fetched: moment(13)?,
        claim: claim.map(|(what, at)| Claim { what, count, at }),
        sketch: sketch.map(|((words, text), likeness)| Sketch { words, text, likeness }),
        turned: number(20)?,
        said: PageSaid { canonical: row.get(21)?, title: number(22)? },
        ended: row.get(23)?,
        to_upload: row.get(24)?,
        costly: row.get::<_, Option<_>>(25)?.map(ContentHash),
    })
}
