//! The service: it watches, keeps a schedule, listens to signals, and says how it is.

mod metrics;
mod note;
pub mod status;

pub use metrics::{Counted, MEDIA_TYPE, Metrics};
pub use note::{How, Note, Watching};
