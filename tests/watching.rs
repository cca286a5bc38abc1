//! Folders watched through the real kernel.

#[path = "watching/changes.rs"]
mod changes;
#[path = "watching/ground.rs"]
mod ground;
#[path = "watching/mirror.rs"]
mod mirror;
#[path = "watching/races.rs"]
mod races;
#[path = "watching/versions.rs"]
mod versions;
#[path = "watching/words.rs"]
mod words;
