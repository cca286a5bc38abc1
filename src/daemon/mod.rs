//! The service: it watches, keeps a schedule, listens to signals, and says how it is.

pub mod endpoint;
mod listener;
pub mod log;
mod metrics;
mod note;
mod page;
mod shared;
pub mod signals;
pub mod status;
pub mod systemd;

pub use listener::{Bound, bind};
pub use metrics::{Counted, MEDIA_TYPE, Metrics};
pub use note::{How, Note, Watching};
pub use shared::Shared;
