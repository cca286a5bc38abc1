//! The service: it watches, keeps a schedule, listens to signals, and says how it is.

pub mod log;
pub mod signals;
pub mod systemd;
