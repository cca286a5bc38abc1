//! kbsync keeps an AI assistant's knowledge base in step with your folders, and proves it.

pub mod config;
pub mod model;
pub mod platform;
pub mod scan;
