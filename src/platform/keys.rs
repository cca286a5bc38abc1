//! The API key, read again when the platform refuses it, and kept out of every word that is passed on.

use std::sync::{Arc, PoisonError, RwLock};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{BuildError, answer::shortened};
use crate::model::Redactor;

/// Where a key comes from, such as a file that may have been replaced.
pub type KeySource = Arc<dyn Fn() -> Option<SecretString> + Send + Sync>;

/// A platform's words are passed on in far fewer characters than these.
const LONGEST: usize = 4_096;

/// The key of one client, and those that it had before.
pub(super) struct Keys {
    state: RwLock<State>,
}

struct State {
    key: SecretString,
    source: Option<KeySource>,
    redactors: Vec<Redactor>,
}

impl Keys {
    pub(super) fn new(key: SecretString) -> Result<Self, BuildError> {
        if !is_usable(&key) {
            return Err(BuildError::Key);
        }
        let redactors = vec![Redactor::new(&key)];
        Ok(Self { state: RwLock::new(State { key, source: None, redactors }) })
    }

    pub(super) fn set_source(&self, source: KeySource) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).source = Some(source);
    }

    pub(super) fn current(&self) -> SecretString {
        self.state.read().unwrap_or_else(PoisonError::into_inner).key.clone()
    }

    /// Reads the key again after this one was refused. Says whether there is another one now.
    pub(super) async fn renew(&self, refused: &SecretString) -> bool {
        let is_refused = |key: &SecretString| key.expose_secret() == refused.expose_secret();
        if !is_refused(&self.current()) {
            return true;
        }
        let source = self.state.read().unwrap_or_else(PoisonError::into_inner).source.clone();
        let Some(source) = source else { return false };
        let Ok(Some(key)) = tokio::task::spawn_blocking(move || source()).await else { return false };
        if key.expose_secret().is_empty() || is_refused(&key) || !is_usable(&key) {
            return false;
        }
        tracing::info!("the platform refused the key; using the one that is there now");
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.redactors.push(Redactor::new(&key));
        state.key = key;
        true
    }

    /// A platform's words as they may be passed on: without a key, on one line, and not for ever. All of them come this way.
    pub(super) fn words(&self, words: &str) -> String {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let words = words.chars().take(LONGEST).collect();
        shortened(&state.redactors.iter().fold(words, |words: String, redactor| redactor.redact(&words)))
    }

    /// Masks the key and its long parts in every text of an answer: what the platform calls things, and what it answers,
    /// goes wherever the user wants it.
    pub(super) fn mask(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.masked(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.mask(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Takes what is ready of a text that comes in pieces, masked: all but what may be the beginning of a key.
    pub(super) fn take_masked(&self, held: &mut String) -> String {
        *held = self.masked(held);
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let open = state.redactors.iter().map(|redactor| redactor.open_end(held)).max().unwrap_or_default();
        let rest = held.split_off(held.len() - open);
        std::mem::replace(held, rest)
    }

    fn masked(&self, text: &str) -> String {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.redactors.iter().fold(text.to_owned(), |text, redactor| redactor.redact_answer(&text))
    }
}

fn is_usable(key: &SecretString) -> bool {
    HeaderValue::from_str(key.expose_secret()).is_ok()
}
