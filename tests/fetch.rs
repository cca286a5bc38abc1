//! The fetcher of pages, against sites on this machine that behave as badly as sites do.

#[path = "fetch/addresses.rs"]
mod addresses;
#[path = "fetch/answers.rs"]
mod answers;
#[path = "fetch/harness.rs"]
mod harness;
#[path = "fetch/hosts.rs"]
mod hosts;
#[path = "fetch/keep_alive.rs"]
mod keep_alive;
#[path = "fetch/limits.rs"]
mod limits;
#[allow(dead_code, reason = "this test needs a part of it only")]
#[path = "support/origin.rs"]
mod origin;
#[path = "fetch/redirects.rs"]
mod redirects;
#[path = "fetch/robots.rs"]
mod robots;
#[path = "fetch/validators.rs"]
mod validators;
