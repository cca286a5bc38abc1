//! kbsync keeps an AI assistant's knowledge base in step with your folders, and proves it.

pub mod local;
pub mod model;
pub mod platform;
