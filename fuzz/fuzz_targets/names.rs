//! `names`, with coverage for a guide.

#![no_main]

#[allow(dead_code, reason = "a binary has one target of them all")]
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::names::names(data));
