//! What was last written into the settings of bots, in the store: as hashes, for they may be long.

use std::collections::BTreeMap;

use rusqlite::{Row, params};

use super::{Db, StoreError, cached::Cached};
use crate::model::{BotField, BotNote, ContentHash};

impl Db {
    /// What was last written into a bot's settings.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn bot_fields(&self, bot: &str) -> Result<BTreeMap<BotField, BotNote>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT field, hash, shown FROM bot_fields WHERE bot = ?1")?;
        let note = |row: &Row| -> Result<BotNote, rusqlite::Error> {
            Ok(BotNote { wanted: ContentHash(row.get(1)?), shown: row.get::<_, Option<_>>(2)?.map(ContentHash) })
        };
        let rows = statement.query_map([bot], |row| Ok((row.get::<_, String>(0)?, note(row)?)))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let known = |name: &str| BotField::ALL.into_iter().find(|field| field.as_str() == name);
        Ok(rows.into_iter().filter_map(|(field, note)| Some((known(&field)?, note))).collect())
    }

    /// Notes that a bot has these settings of ours, and no others.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_bot(&mut self, bot: &str, fields: &BTreeMap<BotField, BotNote>) -> Result<(), StoreError> {
        if self.bot_fields(bot)? == *fields {
            return Ok(());
        }
        self.together(|connection| {
            connection.run("DELETE FROM bot_fields WHERE bot = ?1", [bot])?;
            let mut insert = connection
                .prepare_cached("INSERT INTO bot_fields (bot, field, hash, shown) VALUES (?1, ?2, ?3, ?4)")?;
            for (field, BotNote { wanted, shown }) in fields {
                insert.execute(params![bot, field.as_str(), wanted.0, shown.map(|hash| hash.0)])?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_replaced_bot_by_bot() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = Db::open(&folder.path().join("state.db"), None).unwrap();
        let fields = |hash: u8, fields: &[BotField]| -> BTreeMap<BotField, BotNote> {
            let shown = (hash == 1).then_some(ContentHash([9; 32]));
            fields.iter().map(|field| (*field, BotNote { wanted: ContentHash([hash; 32]), shown })).collect()
        };
        let first = fields(1, &[BotField::Name, BotField::HideBranding]);
        db.note_bot("a", &first).unwrap();
        db.note_bot("b", &fields(2, &[BotField::Name])).unwrap();
        assert_eq!(db.bot_fields("a").unwrap(), first);
        db.note_bot("a", &fields(3, &[BotField::Model])).unwrap();
        assert_eq!(db.bot_fields("a").unwrap(), fields(3, &[BotField::Model]));
        assert_eq!(db.bot_fields("b").unwrap(), fields(2, &[BotField::Name]));
        db.note_bot("a", &BTreeMap::new()).unwrap();
        assert!(db.bot_fields("a").unwrap().is_empty() && db.bot_fields("c").unwrap().is_empty());
    }
}
