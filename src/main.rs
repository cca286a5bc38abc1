//! The `kbsync` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        // Before anything else: no runtime, no thread, nothing that the child's limits would have to make room for.
        ["extract-text", kind, memory, cpu] => match (memory.parse(), cpu.parse()) {
            (Ok(memory), Ok(cpu)) => kbsync::local::extract::child_main(kind, memory, cpu),
            _ => ExitCode::from(2),
        },
        _ => ExitCode::SUCCESS,
    }
}
