//! The targets: each feeds bytes to one of the readers of what others wrote, and says what must hold of the outcome.

mod answers;
pub mod cevvo_answers;
pub mod config;
pub mod cron;
pub mod extract;
pub mod headers;
pub mod html;
pub mod lists;
pub mod names;
pub mod nexvio_answers;
pub mod robots;
pub mod store_rows;
