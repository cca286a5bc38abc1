//! The service: it watches, keeps a schedule, listens to signals, and says how it is.

pub mod systemd;
