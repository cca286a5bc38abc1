//! The service: it watches, keeps a schedule, listens to signals, and says how it is.

mod note;
pub mod status;

pub use note::{How, Note, Watching};
