//! What the child that reads may do: compute, read its input and write its text, and nothing else.
//!
//! A parser that a file has taken over holds nothing but that file: it can open no file and no connection, start no process,
//! look into no other one, and it ends with its parent. Limits of the kernel hold everywhere; seccomp and Landlock where the
//! kernel has them.

use std::{collections::BTreeMap, env::consts::ARCH, io};

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::{
    process::{Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit},
    thread::set_no_new_privs,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};
use serde::{Deserialize, Serialize};

/// The newest rights of Landlock that are taken away; a kernel that knows fewer takes away those.
const LANDLOCK: ABI = ABI::V6;

/// What a reader needs of the kernel: memory, its two pipes, the time, random numbers for hash maps, and an end.
const CALLS: [i64; 36] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_statx,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_sysinfo,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// How the reader is confined on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Whether its system calls are filtered.
    pub seccomp: bool,
    /// Whether it has no right to any file or port.
    pub landlock: bool,
}

/// Confines this process, which is a child of `parent` with one thread, for good: `memory` bytes of address space and `cpu`
/// seconds of the processor.
///
/// # Errors
/// When a limit cannot be set, or the parent has ended: then nothing may be read. That the kernel has no seccomp or Landlock is
/// no error.
pub fn confine(memory: u64, cpu: u64, parent: Option<Pid>) -> io::Result<Confinement> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended before that.
    if parent.is_some() && getppid() != parent {
        return Err(io::Error::other("its parent has ended"));
    }
    // The kernel sends SIGXCPU at the soft limit, and the SIGKILL of the hard one looks like the OOM killer's. Files that are
    // open stay open; no other one gets a number, also when one of them is closed.
    let limits = [
        (Resource::As, memory, memory),
        (Resource::Cpu, cpu, cpu + 1),
        (Resource::Core, 0, 0),
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, 0, 0),
        (Resource::Memlock, 0, 0),
    ];
    set_no_new_privs(true)?;
    let landlock = without_rights();
    for (resource, current, maximum) in limits {
        // Nobody but root may raise a limit that the service manager or the shell has set lower.
        let maximum = getrlimit(resource).maximum.map_or(maximum, |outer| outer.min(maximum));
        setrlimit(resource, Rlimit { current: Some(current.min(maximum)), maximum: Some(maximum) })?;
    }
    let seccomp = filter().is_some_and(|filter| apply_filter(&filter).is_ok());
    Ok(Confinement { seccomp, landlock })
}

/// Gives up every right that Landlock knows; `false` where the kernel has none of it.
fn without_rights() -> bool {
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create)
        .and_then(|created| created.restrict_self());
    ruleset.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

/// The filter of system calls; `None` on a processor that it is not known for. What is not needed fails, as parsers may do
/// without it.
fn filter() -> Option<BpfProgram> {
    let arch = TargetArch::try_from(ARCH).ok()?;
    let calls: BTreeMap<i64, Vec<_>> = CALLS.into_iter().map(|call| (call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    SeccompFilter::new(calls, refuse, SeccompAction::Allow, arch).ok()?.try_into().ok()
}
