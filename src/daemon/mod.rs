//! The service: it watches, keeps a schedule, listens to signals, and says how it is.

mod agenda;
pub mod endpoint;
mod listener;
pub mod log;
mod metrics;
mod note;
mod page;
mod record;
mod service;
mod shared;
pub mod signals;
pub mod status;
mod systemd;
mod watches;

pub use listener::{Bound, bind};
pub use metrics::{Counted, MEDIA_TYPE, Metrics};
pub use note::{How, Note, Watching};
pub use record::record;
pub use service::{Host, Service};
pub use shared::Shared;
