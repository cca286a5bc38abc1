//! The child process that reads a PDF, a DOCX or a page, and what its end tells the parent.
//!
//! A malformed file can make a parser run for ever, ask for all memory, overflow its stack or panic. All of that
//! happens to the child: it is [confined](super::confine), and its end is all that the parent sees.

use std::any::Any;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use rustix::process::{Pid, Signal};

use super::{
    ExtractError, Kind, Limits,
    confine::{Confinement, confine},
    docx, html, pdf,
    refusal::Refusal,
};

const ENCRYPTED: u8 = 10;
const NO_TEXT: u8 = 11;
const MEMORY: u8 = 12;
const DAMAGED: u8 = 13;

/// What a child is told that reads nothing, and says how it is confined.
pub(super) const NO_KIND: &str = "nothing";

const GAVE_UP: &str = "its reader gave up on it";

/// Characters of a reason that are shown.
const MAX_REASON: usize = 200;

/// What the hidden subcommand `extract-text` does: limits itself, reads a file of `kind` (`pdf`, `docx`, `html` or `md`)
/// from standard input, and writes its text to standard output. A page comes after a line with a JSON object that says
/// what is known of it, and its text is a [`Page`](super::Page) as JSON.
///
/// `memory` is in bytes of address space, `cpu` in seconds; it ends with the process `parent`. The exit code is 0 when there is text; any other is for
/// [`Extractor::text`](super::Extractor::text) to read.
pub fn child_main(kind: &str, memory: u64, cpu: u64, parent: Option<i32>) -> ExitCode {
    let confined = match confine(memory, cpu, parent.and_then(Pid::from_raw)) {
        Ok(confined) => confined,
        Err(error) => return refuse(&Refusal::Damaged(format!("its reader could not limit itself: {error}"))),
    };
    if kind == NO_KIND {
        return say(&confined);
    }
    let Some(kind) = Kind::from_name(kind) else { return refuse(&Refusal::Damaged("unknown kind".into())) };
    // What a panic says is of no use to the owner of the file.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| read(kind));
    match outcome.unwrap_or_else(|panic| Err(why_it_panicked(&*panic))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => refuse(&refusal),
    }
}

/// The parsers abort when memory is refused, but for zlib-rs, which panics with its error code.
fn why_it_panicked(panic: &(dyn Any + Send)) -> Refusal {
    match panic.downcast_ref::<String>() {
        Some(message) if message.contains("MemError") => Refusal::Memory,
        _ => Refusal::Damaged(GAVE_UP.into()),
    }
}

fn read(kind: Kind) -> Result<(), Refusal> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let text = text_of(kind, &bytes)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

fn text_of(kind: Kind, bytes: &[u8]) -> Result<String, Refusal> {
    let text = match kind {
        Kind::Pdf => pdf::text(bytes)?,
        Kind::Docx => docx::text(bytes)?,
        Kind::Html => page(bytes)?,
        Kind::Markdown => {
            let seen = html::seen(&String::from_utf8_lossy(bytes))?;
            serde_json::to_string(&seen).map_err(|error| Refusal::Damaged(error.to_string()))?
        }
    };
    let text = text.trim();
    if text.is_empty() { Err(Refusal::NoText) } else { Ok(text.to_owned()) }
}

/// What the child would say to the same input, read in this process and without any limit; `None` where it would refuse.
/// For tests: whoever feeds this what others wrote has to do without the process.
pub fn text_here(kind: Kind, input: &[u8]) -> Option<String> {
    text_of(kind, input).ok()
}

/// A page as JSON, from its request and its bytes.
fn page(input: &[u8]) -> Result<String, Refusal> {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (request, html) = input.split_at(end);
    let request = serde_json::from_slice(request).map_err(|error| Refusal::Damaged(error.to_string()))?;
    let page = html::page(&request, html.get(1..).unwrap_or_default())?;
    serde_json::to_string(&page).map_err(|error| Refusal::Damaged(error.to_string()))
}

/// Writes how the child is confined.
fn say(confined: &Confinement) -> ExitCode {
    let written = serde_json::to_string(confined).map_err(io::Error::other).and_then(|words| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(words.as_bytes())?;
        stdout.flush()
    });
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn refuse(refusal: &Refusal) -> ExitCode {
    match refusal {
        Refusal::Encrypted => ExitCode::from(ENCRYPTED),
        Refusal::NoText => ExitCode::from(NO_TEXT),
        Refusal::Memory => ExitCode::from(MEMORY),
        Refusal::Damaged(reason) => {
            // Nobody may be reading any more; there is no one else to tell.
            let _ = writeln!(io::stderr(), "{reason}");
            ExitCode::from(DAMAGED)
        }
    }
}

/// Whether a child has broken by itself. Others may end it as well, such as a service manager that stops kbsync.
pub(super) fn is_broken(status: ExitStatus) -> bool {
    let signal = status.signal().and_then(Signal::from_named_raw);
    matches!(signal, Some(Signal::BUS | Signal::FPE | Signal::ILL | Signal::SEGV))
}

/// What the end of a child that gave no text means.
pub(super) fn verdict(kind: Kind, limits: &Limits, status: ExitStatus, stderr: &str) -> ExtractError {
    let damaged = |reason: &str| ExtractError::Damaged { kind, reason: reason.to_owned() };
    match (status.code().map(u8::try_from), status.signal().and_then(Signal::from_named_raw)) {
        (Some(Ok(ENCRYPTED)), _) => ExtractError::Encrypted(kind),
        (Some(Ok(NO_TEXT)), _) => ExtractError::NoText(kind),
        (Some(Ok(MEMORY)), _) => ExtractError::Memory(limits.memory),
        (Some(Ok(DAMAGED)), _) => damaged(&first_line(stderr)),
        (_, Some(Signal::XCPU)) => ExtractError::Time(limits.time),
        // Rust's runtime aborts for two reasons, and says which.
        (_, Some(Signal::ABORT)) if stderr.contains("overflowed its stack") => damaged("it nests too deeply"),
        // The system kills when it is out of memory itself.
        (_, Some(Signal::ABORT | Signal::KILL)) => ExtractError::Memory(limits.memory),
        _ => ExtractError::Crashed(status),
    }
}

/// The beginning of a reason. It may quote the file, so it is cut, and control characters are left out.
fn first_line(stderr: &str) -> String {
    stderr.lines().next().unwrap_or(GAVE_UP).chars().filter(|c| !c.is_control()).take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statuses as `wait(2)` gives them: the code in the high byte, the signal in the low one.
    #[test]
    fn ends_and_what_they_mean() {
        let noisy = format!("quoting \u{1b}[31m{}\nsecond line", "x".repeat(1000));
        let cut = format!("the PDF is damaged: quoting [31m{}", "x".repeat(MAX_REASON - "quoting [31m".len()));
        for (status, stderr, expected) in [
            (10 << 8, "", "the PDF is encrypted"),
            (11 << 8, "", "no text could be read from it (a scan?)"),
            (12 << 8, "", "needed more than 512 MiB of memory"),
            (13 << 8, "no trailer\n", "the PDF is damaged: no trailer"),
            (13 << 8, "", "the PDF is damaged: its reader gave up on it"),
            (13 << 8, &noisy, &cut),
            (24, "", "took longer than 60 s"),
            (6, "memory allocation of 8 bytes failed", "needed more than 512 MiB of memory"),
            (6, "thread 'main' has overflowed its stack", "the PDF is damaged: it nests too deeply"),
            (9, "", "needed more than 512 MiB of memory"),
            (11, "", "its reader crashed (signal: 11 (SIGSEGV))"),
            (1 << 8, "", "its reader crashed (exit status: 1)"),
        ] {
            let error = verdict(Kind::Pdf, &Limits::default(), ExitStatus::from_raw(status), stderr);
            assert_eq!(error.to_string(), expected, "{status}");
        }
    }

    #[test]
    fn ends__that_the_same_content_would_bring_about_again__are_of_cost() {
        for (status, expected) in [
            (24, true),
            (12 << 8, true),
            (6, true),
            (11, true),
            (7, true),
            (15, false),
            (2, false),
            (1 << 8, false),
            (11 << 8, false),
            (13 << 8, false),
        ] {
            let error = verdict(Kind::Html, &Limits::default(), ExitStatus::from_raw(status), "");
            assert_eq!(error.is_of_cost(), expected, "{status}: {error}");
        }
    }
}
