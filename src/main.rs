//! The `kbsync` command.

fn main() {}
