//! Pauses of fetching pages: uploads and deletions of what was found do not wait for slow hosts.

use std::time::Duration;

use tokio::sync::watch;

/// When fetching pages is interrupted for uploads and deletions.
#[derive(Debug)]
pub(in crate::reconcile) struct Pause {
    /// The time until then.
    after: Duration,
    /// Whether any collection has uploads or deletions to make.
    goes_up: watch::Sender<bool>,
}

impl Pause {
    /// A pause after that time, once there is something to upload or to delete.
    pub(in crate::reconcile) fn after(after: Duration, goes_up: bool) -> Self {
        Self { after, goes_up: watch::Sender::new(goes_up) }
    }

    /// No pause.
    pub(in crate::reconcile) fn never() -> Self {
        Self::after(Duration::MAX, false)
    }

    /// There is something to upload or to delete.
    pub(in crate::reconcile) fn goes_up(&self) {
        self.goes_up.send_replace(true);
    }

    /// Ends when it is time for the pause.
    pub(super) async fn over(&self) {
        tokio::time::sleep(self.after).await;
        // The sender is this one.
        let _ = self.goes_up.subscribe().wait_for(|goes_up| *goes_up).await;
    }
}
