//! What is remembered of a text on its way up, so that `verify` can ask for it.

use std::{fs::File, os::unix::fs::FileExt};

use super::{Fatal, Pass};
use crate::{
    extract,
    model::CollectionName,
    plan::{self, Wanted},
    platform::Platform,
    store::Phrase,
};

impl<P: Platform> Pass<'_, P> {
    /// Remembers the phrase of a document that goes up under this name, where it is a text.
    pub(super) async fn remember_phrase(
        &self,
        collection: &CollectionName,
        wanted: &Wanted,
        file: &File,
        name: &str,
    ) -> Result<(), Fatal> {
        if !self.scope.phrases {
            return Ok(());
        }
        // What cannot be read is said by the upload.
        let Some((extension, Ok(file))) = extract::text_extension(name).map(|kind| (kind, file.try_clone())) else {
            return Ok(());
        };
        let reading = move || Some(plan::phrases(&extract::decoded_text(extension, &beginning(&file))?));
        let reading = self.scope.machine.blocking(reading);
        let phrase = Phrase {
            collection: collection.clone(),
            path: wanted.path.clone(),
            hash: wanted.hash.short(),
            phrases: reading.await.ok().flatten().unwrap_or_default(),
        };
        Ok(self.store.call(move |db| db.remember_phrase(&phrase)).await?)
    }
}

/// The first lines of a file, wherever its reader stands; nothing where it cannot be read.
fn beginning(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; plan::LOOKED_AT];
    let mut read = 0;
    while let Ok(more @ 1..) = file.read_at(&mut bytes[read..], read as u64) {
        read += more;
    }
    // A line that is cut in the middle of a character would make another charset of the whole.
    if read == bytes.len()
        && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n')
    {
        read = end + 1;
    }
    bytes.truncate(read);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn the_beginning_is_whole_lines_and_leaves_the_reader_where_it_stands() {
        let mut file = tempfile::tempfile().unwrap();
        assert_eq!(beginning(&file), b"");
        let text = "Übergrößen\n".repeat(10_000);
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        let read = String::from_utf8(beginning(&file)).unwrap();
        assert!(text.starts_with(&read) && read.ends_with('\n') && read.len() > plan::LOOKED_AT - 20);
        let mut all = String::new();
        file.read_to_string(&mut all).unwrap();
        assert_eq!(all, text);
    }
}
