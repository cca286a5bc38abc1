//! The `kbsync` command.

fn main() -> std::process::ExitCode {
    kbsync::cli::main()
}
