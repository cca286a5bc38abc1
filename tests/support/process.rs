//! What the kernel says of a process.

use std::{fmt, fs, io, time::Duration};

use rustix::process::{Pid, Signal, kill_process};

/// What a process holds and has used.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// The time that it has had of processors, to the hundredth of a second.
    pub cpu: Duration,
    /// Memory in KiB, now and at most.
    pub memory: (u64, u64),
    pub threads: usize,
    /// Open files.
    pub files: usize,
    /// Folders that are watched through inotify.
    pub watches: usize,
}

impl Process {
    pub fn look(pid: u32) -> io::Result<Self> {
        let of = |name: &str| format!("/proc/{pid}/{name}");
        let status = fs::read_to_string(of("status"))?;
        let kib = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
        };
        let stat = fs::read_to_string(of("stat"))?;
        // The name before it is in brackets, and can hold anything.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        let mut watches = 0;
        let mut files = 0;
        for entry in fs::read_dir(of("fdinfo"))? {
            // It may be closed by now.
            let info = fs::read_to_string(entry?.path()).unwrap_or_default();
            watches += info.lines().filter(|line| line.starts_with("inotify ")).count();
            files += 1;
        }
        Ok(Self {
            cpu: Duration::from_millis(ticks * 10),
            memory: (kib("VmRSS:"), kib("VmHWM:")),
            threads: fs::read_dir(of("task"))?.count(),
            files,
            watches,
        })
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, memory: (now, peak), threads, files, watches } = self;
        let mib = |kib: &u64| *kib as f64 / 1024.0;
        write!(
            f,
            "{:.1} MiB, at most {:.1} MiB; {threads} threads, {files} open files, {watches} watches, {cpu:?} of processors",
            mib(now),
            mib(peak)
        )
    }
}

pub fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = Pid::from_raw(pid.cast_signed()).ok_or(io::ErrorKind::NotFound)?;
    Ok(kill_process(pid, signal)?)
}
