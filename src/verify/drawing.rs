//! Drawing documents, and finding what each can be asked for with.

use super::{Halt, Verifying};
use crate::{
    config::{Folder, Input, Pages, Via},
    model::DocPath,
    plan, scan,
    scan::Root,
    store::{Db, Phrase, StoreError},
};

/// Documents that are drawn for each that is wanted: one without a phrase is passed over.
const DRAWS: u64 = 20;

impl Verifying<'_> {
    /// Documents in random order, more than are wanted, of the collections whose content we know.
    pub(super) async fn draw(&self) -> Result<Vec<Phrase>, Halt> {
        let known = self.scope.config.collections.iter().filter(|collection| match &collection.input {
            Input::Folder(_) | Input::Pages(Pages { via: Via::Upload, .. }) => true,
            Input::Pages(_) | Input::Website(_) => false,
        });
        let names: Vec<String> = known.map(|collection| collection.name.to_string()).collect();
        let most = self.scope.sample.saturating_mul(DRAWS);
        self.read(move |db| db.draw_documents(&names.iter().map(String::as_str).collect::<Vec<_>>(), most)).await
    }

    /// A drawn document with its phrases, or why it cannot be asked for.
    pub(super) async fn with_phrases(&mut self, drawn: Phrase) -> Result<Phrase, (Phrase, String)> {
        let collection = self.scope.config.collections.iter().find(|one| one.name == drawn.collection);
        let phrases = match collection.map(|collection| &collection.input) {
            Some(Input::Folder(folder)) => self.phrases_of_file(folder, &drawn).await,
            _ if drawn.phrases.is_empty() => Err("nothing of its text is remembered".to_owned()),
            _ => Ok(drawn.phrases.clone()),
        };
        let phrases = match phrases {
            Ok(phrases) => phrases,
            Err(reason) => return Err((drawn, reason)),
        };
        let known = Phrase { phrases, ..drawn };
        if !self.read_of.contains(&known) {
            self.read_of.push(known.clone());
        }
        Ok(known)
    }

    /// A document with the first of its phrases that no live one has too; or the one that has the same.
    pub(super) async fn alone(&self, known: &Phrase) -> Result<Result<Phrase, String>, Halt> {
        let mut twin = None;
        for phrase in &known.phrases {
            let of_read = self.read_of.iter().find(|other| {
                (&other.collection, &other.path) != (&known.collection, &known.path) && other.phrases.contains(phrase)
            });
            let (of, asked) = (known.clone(), phrase.clone());
            let stored = self.read(move |db| db.twin(&of, &asked)).await?;
            match stored.or_else(|| of_read.map(|other| format!("{}/{}", other.collection, other.path))) {
                None => return Ok(Ok(Phrase { phrases: vec![phrase.clone()], ..known.clone() })),
                found => twin = twin.or(found),
            }
        }
        Ok(Err(twin.unwrap_or_default()))
    }

    /// The phrases of a file that is as the platform has it.
    async fn phrases_of_file(&self, folder: &Folder, drawn: &Phrase) -> Result<Vec<String>, String> {
        let (of, path, live) = (folder.clone(), drawn.path.clone(), drawn.hash);
        let same = blocking(move || Ok::<_, String>(hash(&of, &path)?.short() == live)).await?;
        if !same {
            return Err("it has changed since the last pass".to_owned());
        }
        if !drawn.phrases.is_empty() {
            return Ok(drawn.phrases.clone());
        }
        let file = folder.root.join(drawn.path.as_str());
        let text = self.scope.extractor.text(drawn.path.file_name(), &file).await.map_err(|error| error.to_string())?;
        let phrases = blocking(move || Ok(plan::phrases(&text))).await?;
        let none = || "it has no sentence of five words or more to ask for".to_owned();
        if phrases.is_empty() { Err(none()) } else { Ok(phrases) }
    }

    /// Whether the platform is still meant to hold this content.
    pub(super) async fn is_live(&self, phrase: &Phrase) -> Result<bool, Halt> {
        let (collection, path, hash) = (phrase.collection.clone(), phrase.path.clone(), phrase.hash);
        let record = self.read(move |db| db.record(&collection, &path)).await?;
        Ok(record.is_some_and(|record| record.live == Some(hash)))
    }

    /// Whether the document is one, whether the platform holds it or not.
    pub(super) async fn is_known(&self, phrase: &Phrase) -> Result<bool, Halt> {
        let (collection, path) = (phrase.collection.clone(), phrase.path.clone());
        Ok(self.read(move |db| db.record(&collection, &path)).await?.is_some())
    }

    /// Reads in the store, also while another process works with it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Halt> {
        let state = self.scope.config.state.clone();
        let read = tokio::task::spawn_blocking(move || work(&Db::open_to_read(&state)?));
        Ok(read.await.unwrap_or(Err(StoreError::Stopped))?)
    }
}

fn hash(folder: &Folder, path: &DocPath) -> Result<crate::model::ContentHash, String> {
    let root = Root::open(&folder.root, folder.follow_symlinks).map_err(|error| error.to_string())?;
    scan::hash(&root, path).map(|hashed| hashed.hash).map_err(|error| error.to_string())
}

/// Runs what blocks on a thread for that.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("reading it failed".to_owned()))
}
