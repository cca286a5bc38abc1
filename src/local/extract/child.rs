//! The child process that reads a PDF or a DOCX, and what its end tells the parent.
//!
//! A malformed file can make a parser run for ever, ask for all memory, overflow its stack or panic. All of that
//! happens to the child: it lives under limits of its own, can open no file, and its end is all that the parent sees.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use rustix::process::{Resource, Rlimit, Signal, setrlimit};

use super::{ExtractError, Kind, Limits, docx, pdf};

/// Why the child gives no text. It travels as an exit code, and the detail on standard error.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It opens with a password only.
    Encrypted,
    /// It was read, and holds no text.
    NoText,
    /// It could not be read; why, in a few words.
    Damaged(String),
}

const ENCRYPTED: u8 = 10;
const NO_TEXT: u8 = 11;
const DAMAGED: u8 = 12;

/// What the hidden subcommand `extract-text` does: limits itself, reads a file of `kind` (`pdf` or `docx`) from
/// standard input, and writes its text to standard output.
///
/// `memory` is in bytes of address space, `cpu` in seconds. The exit code is 0 when there is text; any other is for
/// [`Extractor::text`](super::Extractor::text) to read.
pub fn child_main(kind: &str, memory: u64, cpu: u64) -> ExitCode {
    let Some(kind) = Kind::from_extension(kind) else { return refuse(&Refusal::Damaged("unknown kind".into())) };
    if let Err(error) = confine(memory, cpu) {
        return refuse(&Refusal::Damaged(format!("its reader could not limit itself: {error}")));
    }
    // What a panic says is of no use to the owner of the file.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| read(kind));
    match outcome.unwrap_or_else(|_| Err(Refusal::Damaged("its reader gave up on it".into()))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => refuse(&refusal),
    }
}

fn read(kind: Kind) -> Result<(), Refusal> {
    let broken_pipe = |error: std::io::Error| Refusal::Damaged(error.to_string());
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(broken_pipe)?;
    let text = match kind {
        Kind::Pdf => pdf::text(&bytes)?,
        Kind::Docx => docx::text(&bytes)?,
    };
    if text.trim().is_empty() {
        return Err(Refusal::NoText);
    }
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.trim().as_bytes()).and_then(|()| stdout.flush()).map_err(broken_pipe)
}

/// Sets the limits that the kernel keeps: address space, processor time, no core dump, no writing and no opening
/// of files.
fn confine(memory: u64, cpu: u64) -> std::io::Result<()> {
    // The kernel sends SIGXCPU at the soft limit, and the SIGKILL of the hard one looks like the OOM killer's.
    let limits = [
        (Resource::As, memory, memory),
        (Resource::Cpu, cpu, cpu + 1),
        (Resource::Core, 0, 0),
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, 3, 3),
    ];
    for (resource, current, maximum) in limits {
        setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) })?;
    }
    Ok(())
}

fn refuse(refusal: &Refusal) -> ExitCode {
    match refusal {
        Refusal::Encrypted => ExitCode::from(ENCRYPTED),
        Refusal::NoText => ExitCode::from(NO_TEXT),
        Refusal::Damaged(reason) => {
            // Nobody may be reading any more; there is no one else to tell.
            let _ = writeln!(std::io::stderr(), "{reason}");
            ExitCode::from(DAMAGED)
        }
    }
}

/// What the end of a child that gave no text means.
pub(super) fn verdict(kind: Kind, limits: &Limits, status: ExitStatus, stderr: &str) -> ExtractError {
    let damaged = |reason: &str| ExtractError::Damaged { kind, reason: reason.to_owned() };
    match (status.code().and_then(|code| u8::try_from(code).ok()), status.signal()) {
        (Some(ENCRYPTED), _) => ExtractError::Encrypted(kind),
        (Some(NO_TEXT), _) => ExtractError::NoText(kind),
        (Some(DAMAGED), _) => damaged(stderr.lines().next().unwrap_or("its reader gave up on it")),
        (_, Some(signal)) if signal == Signal::XCPU.as_raw() => ExtractError::Time(limits.time),
        // The words with which Rust's runtime aborts.
        (_, Some(signal)) if signal == Signal::ABORT.as_raw() && stderr.contains("overflowed its stack") => {
            damaged("it nests too deeply")
        }
        (_, Some(signal)) if signal == Signal::ABORT.as_raw() => ExtractError::Memory(limits.memory),
        // The system was out of memory.
        (_, Some(signal)) if signal == Signal::KILL.as_raw() => ExtractError::Memory(limits.memory),
        _ => ExtractError::Crashed(status),
    }
}
