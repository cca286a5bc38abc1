//! One run of the program under strace, which kills it or lets a call of it fail.

use std::{
    fmt, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// The longest that a run may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Calls of the system at which something is to happen: of one name, and on one of the store's files, where one is given
/// by what its name has after the store's.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub call: &'static str,
    pub file: Option<&'static str>,
}

impl Point {
    /// Any call of this name.
    pub const fn any(call: &'static str) -> Self {
        Self { call, file: None }
    }

    /// Those on the store's file with this at its end.
    pub const fn on(call: &'static str, file: &'static str) -> Self {
        Self { call, file: Some(file) }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file {
            None => f.write_str(self.call),
            Some(file) => write!(f, "{} state.db{file}", self.call),
        }
    }
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// The process is killed instead.
    Kill,
    /// The call fails, once.
    Fails(&'static str),
    /// It and all later ones fail.
    FailFromThen(&'static str),
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill => f.write_str("killed"),
            Self::Fails(error) => write!(f, "{error} once"),
            Self::FailFromThen(error) => write!(f, "{error} from then on"),
        }
    }
}

/// How a run ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// Whether the blow fell.
    pub struck: bool,
    /// The exit code; none where the process was killed.
    pub code: Option<i32>,
    pub said: String,
}

impl Ended {
    pub fn killed(&self) -> bool {
        self.code.is_none()
    }
}

/// The program with these arguments. One thread does what the network wants, so that its calls can be counted: strace
/// counts those of each thread.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kbsync"));
    command.args(args);
    in_peace(&mut command);
    command
}

/// The same under strace, with a blow at the call with this number, from 1.
pub fn struck(args: &[&str], store: &Path, point: Point, blow: Blow, number: usize) -> (Command, PathBuf) {
    let trace = store.with_file_name("trace");
    let mut command = Command::new("strace");
    command.arg("-f").arg("-o").arg(&trace);
    if let Some(file) = point.file {
        let mut path = store.as_os_str().to_owned();
        path.push(file);
        command.arg("-P").arg(path);
    }
    let what = match blow {
        Blow::Kill => format!("signal=SIGKILL:when={number}"),
        Blow::Fails(error) => format!("error={error}:when={number}"),
        Blow::FailFromThen(error) => format!("error={error}:when={number}+"),
    };
    // All other calls are at full speed then; a signal is not delivered that way.
    if blow != Blow::Kill {
        command.arg("--seccomp-bpf");
    }
    command.arg("-e").arg(format!("trace={}", point.call)).arg("-e").arg(format!("inject={}:{what}", point.call));
    command.arg(env!("CARGO_BIN_EXE_kbsync")).args(args);
    in_peace(&mut command);
    (command, trace)
}

fn in_peace(command: &mut Command) {
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", "UTC");
    command.env("TOKIO_WORKER_THREADS", "1");
    // The certificates of a system are hundreds of files, and each call costs a stop.
    command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/dev/null");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
}

/// Runs it to its end.
pub async fn run(command: Command, trace: Option<&Path>) -> Ended {
    let output = tokio::process::Command::from(command).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.expect("the program ends").expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("kbsync speaks UTF-8");
    let code = output.status.code();
    assert!(code.is_some() || output.status.signal() == Some(9), "{:?}: {said}", output.status);
    let failed = || trace.is_some_and(|trace| fs::read_to_string(trace).expect("the trace").contains("(INJECTED)"));
    Ended { struck: code.is_none() || failed(), code, said }
}
