//! Platforms that are odd but real: other shapes of answers, other sizes of pages, refusals of single requests, keys that
//! are repeated or replaced, and rate headers in every dialect. The clients are driven against a server in this process.

#[path = "odd_platform/answers.rs"]
mod answers;
#[path = "odd_platform/blame.rs"]
mod blame;
#[path = "odd_platform/keys.rs"]
mod keys;
#[path = "odd_platform/pace.rs"]
mod pace;
#[path = "odd_platform/server.rs"]
mod server;
