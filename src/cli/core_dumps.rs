//! No core file of a process that has a key in its memory.

use std::fs;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Nothing of this process or its children is written down when they crash. The process stays one that its user may look
/// at: that is what `PR_SET_DUMPABLE` would take away, from debuggers and from whoever counts open files in `/proc` too.
pub(super) fn forbid() {
    // It can always be lowered.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Where the kernel pipes core files to a program it does not ask for the limit; with no bit set here it pipes no memory.
    let _ = fs::write("/proc/self/coredump_filter", "0");
}
