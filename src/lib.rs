//! kbsync keeps an AI assistant's knowledge base in step with your folders, and proves it.

pub mod cli;
pub mod config;
pub mod local;
pub mod model;
pub mod pace;
pub mod plan;
pub mod platform;
pub mod reconcile;
pub mod scan;
pub mod store;
