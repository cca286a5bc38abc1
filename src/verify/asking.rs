//! Asking: each question in a conversation of its own, which is deleted afterwards.

use std::time::Duration;

use tokio::sync::watch;

use super::Halt;
use crate::platform::{
    ApiError,
    cevvo::Cevvo,
    wire::cevvo::{ChatAnswer, ChatRequest},
};

/// How long what is in flight may go on after somebody asked to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers that may be lost one after another before the platform counts as out of reach.
const LOST_IN_A_ROW: usize = 3;

/// What came of a question.
pub(super) enum Reply {
    /// An answer.
    Answer(ChatAnswer),
    /// A refusal, in the platform's words.
    Refused(String),
    /// Nothing: the answer was lost on its way, which says nothing of the documents.
    Lost(String),
}

/// Who asks.
pub(super) struct Asking<'a> {
    assistant: &'a Cevvo,
    stop: watch::Receiver<bool>,
    warnings: Vec<String>,
    /// Questions that got no answer, and how many of them were the last ones.
    lost: usize,
    lost_in_a_row: usize,
}

impl<'a> Asking<'a> {
    pub(super) fn new(assistant: &'a Cevvo, stop: watch::Receiver<bool>) -> Self {
        Self { assistant, stop, warnings: Vec::new(), lost: 0, lost_in_a_row: 0 }
    }

    /// Whether somebody has asked to stop.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Whether an answer was lost.
    pub(super) fn has_lost(&self) -> bool {
        self.lost > 0
    }

    /// What could not be tidied up, for people.
    pub(super) fn warnings(mut self) -> Vec<String> {
        let conversations = match self.lost {
            0 => return self.warnings,
            1 => "a question got no answer, so its conversation may be left".to_owned(),
            lost => format!("{lost} questions got no answer, so their conversations may be left"),
        };
        self.warnings.push(format!("{conversations}; `kbsync conversations` lists them"));
        self.warnings
    }

    /// What comes of a question.
    pub(super) async fn ask(&mut self, question: &str) -> Result<Reply, Halt> {
        if self.is_stopped() {
            return Err(Halt::Stopped);
        }
        let request = ChatRequest { message: question.to_owned(), ..ChatRequest::default() };
        let answered = self.in_time(self.assistant.chat(&request)).await;
        let is_lost = matches!(answered, Err(_) | Ok(Err(ApiError::Unknown { .. })));
        self.lost += usize::from(is_lost);
        self.lost_in_a_row = if is_lost { self.lost_in_a_row + 1 } else { 0 };
        match answered? {
            Ok(answer) => {
                self.forget(answer.thread_id.as_deref()).await;
                Ok(Reply::Answer(answer))
            }
            Err(error @ ApiError::Unknown { .. }) if self.lost_in_a_row >= LOST_IN_A_ROW => {
                let why = format!("{LOST_IN_A_ROW} questions in a row got no answer; the last: {error}");
                Err(Halt::Platform(ApiError::Unavailable(why)))
            }
            Err(error @ ApiError::Unknown { .. }) => Ok(Reply::Lost(format!("not checked: {error}"))),
            Err(error @ (ApiError::Refused { .. } | ApiError::NoSuchCall(_) | ApiError::File(_))) => {
                Ok(Reply::Refused(error.to_string()))
            }
            Err(error @ (ApiError::Denied { .. } | ApiError::Unavailable(_))) => Err(Halt::Platform(error)),
        }
    }

    /// Deletes a conversation; also when somebody has asked to stop.
    async fn forget(&mut self, conversation: Option<&str>) {
        let Some(id) = conversation else {
            let warning = "the platform does not say which conversation a question began, so it is left there";
            if !self.warnings.iter().any(|said| said == warning) {
                self.warnings.push(warning.to_owned());
            }
            return;
        };
        let reason = match self.in_time(self.assistant.delete_conversation(id)).await {
            // A repeated request may find that the first one was heard.
            Ok(Ok(()) | Err(ApiError::Refused { status: 404 | 410, .. })) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "there was no time for it".to_owned(),
        };
        self.warnings.push(format!("the conversation {id} of a question could not be deleted: {reason}"));
    }

    /// Does what should come to its end once it has begun: whoever asks to stop waits for it, and not for long.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Halt> {
        let mut stop = self.stop.clone();
        let late = async {
            // Where nobody can ask to stop any more, there is no end to wait for.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending().await
            }
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = late => Err(Halt::Stopped),
        }
    }
}
