//! The local platform.

pub mod extract;
