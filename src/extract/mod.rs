//! The text of a file or a page: in this process where that is harmless, else in a child process under limits.

mod child;
mod confine;
mod docx;
mod front_matter;
mod html;
mod pdf;
mod plain;
mod refusal;

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytesize::ByteSize;
use encoding_rs::Encoding;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use url::Url;

pub use self::child::{child_main, text_here};
pub use self::confine::{Confinement, confine};
pub use self::html::{Headers, Markdown, Page, SIGN_IN_WORDS};

/// How much of a child's standard error is kept: a reason is one line.
const MAX_STDERR: u64 = 4 << 10;

/// A page is smaller than a file, there are more of them, and nobody has chosen them one by one: they get less.
const PAGE_TIME: Duration = Duration::from_secs(10);
/// How many times the processor's time a reading may take on the clock.
const ON_THE_CLOCK: u32 = 6;
const PAGE_MEMORY: u64 = 256 << 20;

/// Turns files and pages into text.
#[derive(Clone, Debug)]
pub struct Extractor {
    program: PathBuf,
    limits: Limits,
}

/// What the reading of one file may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time of the processor, in whole seconds rounded up. On the clock it may take six times as long, as it
    /// does where many others want the processor.
    pub time: Duration,
    /// Bytes of the child's address space.
    pub memory: u64,
    /// Bytes of text.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(60), memory: 512 << 20, output: 16 << 20 }
    }
}

/// A type of file that only a child reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Portable Document Format.
    Pdf,
    /// Word's Office Open XML.
    Docx,
    /// A page of the web.
    Html,
    /// Markdown, which may have HTML in it.
    Markdown,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Pdf, Self::Docx, Self::Html, Self::Markdown];

    /// The kind that a child is told to read.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// As the child is told, and as the extension of a file.
    fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Markdown => "md",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
            Self::Html => "HTML",
            Self::Markdown => "Markdown",
        })
    }
}

/// Why a file gave no text, in words for its owner.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// Neither PDF nor DOCX nor text, judged by its name. Holds the extension with its dot.
    #[error("unsupported type {0}")]
    Unsupported(String),
    /// It opens with a password only.
    #[error("the {0} is encrypted")]
    Encrypted(Kind),
    /// It was read, and there is nothing in it that is text.
    #[error("no text could be read from it{}", if *.0 == Kind::Pdf { " (a scan?)" } else { "" })]
    NoText(Kind),
    /// A text file with nothing in it.
    #[error("it is empty")]
    Empty,
    /// A text file by name only.
    #[error("it is not text, though its name says so")]
    NotText,
    /// It could not be read.
    #[error("the {kind} is damaged: {reason}")]
    Damaged {
        /// What it should have been.
        kind: Kind,
        /// What is wrong with it.
        reason: String,
    },
    /// It was given up on after this time.
    #[error("took longer than {} s", .0.as_secs_f32())]
    Time(Duration),
    /// It was given up on at this many bytes of memory.
    #[error("needed more than {:.0} of memory", ByteSize(*.0))]
    Memory(u64),
    /// It has more than this many bytes of text.
    #[error("its text is longer than {:.0}", ByteSize(*.0))]
    TooLong(u64),
    /// The child ended in a way that nothing of the above explains.
    #[error("its reader crashed ({0})")]
    Crashed(ExitStatus),
    /// The uploaded file or the child could not be got at.
    #[error("it could not be read: {0}")]
    Io(#[from] io::Error),
}

impl ExtractError {
    /// Whether the content costs more than it may, or breaks its reader: the same content would do so again.
    pub fn is_of_cost(&self) -> bool {
        match self {
            Self::Time(_) | Self::Memory(_) | Self::TooLong(_) => true,
            Self::Crashed(status) => child::is_broken(*status),
            _ => false,
        }
    }
}

impl Extractor {
    /// An extractor with the default limits, for which `program` (kbsync itself) is run as
    /// `PROGRAM extract-text KIND MEMORY CPU PARENT` with the file on standard input.
    pub fn new(program: PathBuf) -> Self {
        Self { program, limits: Limits::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The text of a file, whose type is judged by `file_name`'s extension (pdf, docx, txt, md).
    ///
    /// # Errors
    /// Whatever is wrong with the file, or its text beyond the limits: see [`ExtractError`].
    pub async fn text(&self, file_name: &str, file: &Path) -> Result<String, ExtractError> {
        let (file, output) = (file.to_owned(), self.limits.output);
        let extension = extension(file_name);
        let decode = match extension.as_str() {
            "txt" => plain::text,
            "md" => plain::markdown,
            other => {
                // A page needs its address, and comes by another way.
                let kind = Kind::from_name(other).filter(|kind| *kind != Kind::Html);
                let kind = kind.ok_or_else(|| unsupported(other))?;
                let file = tokio::fs::File::open(file).await?.into_std().await;
                return self.by_child(kind, file.into(), &[]).await.map(|text| without_nul(&text));
            }
        };
        let decoded =
            tokio::task::spawn_blocking(move || decode(&read_up_to(&file, output)?).ok_or(ExtractError::NotText));
        let text = decoded.await.map_err(io::Error::other)??;
        let text = if extension == "md" { self.seen(text).await?.text } else { text };
        let text = without_nul(&text);
        if is_blank(&text) { Err(ExtractError::Empty) } else { Ok(text) }
    }

    /// The text of a fetched PDF or DOCX, by the limits of pages.
    ///
    /// # Errors
    /// Whatever is wrong with it, or its text beyond the limits: see [`ExtractError`].
    pub async fn text_of(&self, kind: &str, bytes: &[u8]) -> Result<String, ExtractError> {
        let kind = Kind::from_name(kind).ok_or_else(|| unsupported(kind))?;
        self.for_pages().by_child(kind, Stdio::piped(), &[bytes]).await
    }

    /// A page that is Markdown, in the charset that its origin names, else the likeliest one; without what its readers do not
    /// see.
    ///
    /// # Errors
    /// Whatever is wrong with the page, or its reading beyond the limits: see [`ExtractError`].
    pub async fn markdown(&self, bytes: &[u8], charset: Option<&str>) -> Result<Markdown, ExtractError> {
        self.for_pages().seen(decoded(bytes, charset)?).await
    }

    async fn seen(&self, text: String) -> Result<Markdown, ExtractError> {
        if !html::may_hide(&text) {
            return Ok(Markdown { text, hidden_words: 0 });
        }
        let answer = self.by_child(Kind::Markdown, Stdio::piped(), &[text.as_bytes()]).await?;
        Ok(serde_json::from_str(&answer).map_err(io::Error::other)?)
    }

    /// The same with the limits of pages.
    fn for_pages(&self) -> Self {
        let limits = Limits {
            time: self.limits.time.min(PAGE_TIME),
            memory: self.limits.memory.min(PAGE_MEMORY),
            output: self.limits.output,
        };
        self.clone().with_limits(limits)
    }

    /// A page's main content as Markdown, its title, and its links.
    ///
    /// `charset` is what the server said of it, and `address` where it is, for the links that are relative.
    ///
    /// # Errors
    /// Whatever is wrong with the page, or its reading beyond the limits: see [`ExtractError`].
    pub async fn page(&self, html: &[u8], headers: Headers, address: &Url) -> Result<Page, ExtractError> {
        let request = html::Request { headers, address: address.to_string() };
        // The address may hold a secret, which does not belong among a process's arguments.
        let mut input = serde_json::to_vec(&request).map_err(io::Error::other)?;
        input.push(b'\n');
        let answer = self.for_pages().by_child(Kind::Html, Stdio::piped(), &[&input, html]).await?;
        Ok(serde_json::from_str(&answer).map_err(io::Error::other)?)
    }

    /// What a child makes of its input: a file, or a pipe that is fed.
    async fn by_child(&self, kind: Kind, stdin: Stdio, input: &[&[u8]]) -> Result<String, ExtractError> {
        let mut child = self.spawn(kind.name(), stdin)?;
        match tokio::time::timeout(self.limits.time * ON_THE_CLOCK, self.collect(kind, &mut child, input)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                child.kill().await?;
                Err(ExtractError::Time(self.limits.time))
            }
        }
    }

    /// How a child that reads is confined on this machine.
    ///
    /// # Errors
    /// When there can be no child.
    pub async fn confinement(&self) -> io::Result<Confinement> {
        let output = self.spawn(child::NO_KIND, Stdio::null())?.wait_with_output().await?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn spawn(&self, kind: &str, stdin: Stdio) -> io::Result<Child> {
        let cpu = self.limits.time.as_millis().div_ceil(1_000);
        Command::new(&self.program)
            .args(["extract-text", kind, &self.limits.memory.to_string(), &cpu.to_string()])
            .arg(std::process::id().to_string())
            .env_clear()
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    /// Feeds the child while it reads what the child says, and waits for its end.
    async fn collect(&self, kind: Kind, child: &mut Child, input: &[&[u8]]) -> Result<String, ExtractError> {
        let limit = self.limits.output;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let ((), text, reason) = tokio::join!(feed(stdin, input), drain(stdout, limit + 1), drain(stderr, MAX_STDERR));
        // A child that has more to say has met a closed pipe, and ends as well.
        let status = child.wait().await?;
        let text = text?;
        if text.len() as u64 > limit {
            return Err(ExtractError::TooLong(limit));
        }
        if status.success() {
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
        Err(child::verdict(kind, &self.limits, status, &String::from_utf8_lossy(&reason?)))
    }
}

/// Writes to a pipe, and closes it. A child that ends before it has read all says why by its end.
async fn feed(pipe: Option<ChildStdin>, input: &[&[u8]]) {
    if let Some(mut pipe) = pipe {
        for piece in input {
            if pipe.write_all(piece).await.is_err() {
                return;
            }
        }
    }
}

/// The text of a page that is plain text or Markdown, in the charset that its origin names, else the likeliest one; without
/// the characters that nobody sees.
///
/// # Errors
/// [`ExtractError::NotText`].
pub fn decoded(bytes: &[u8], charset: Option<&str>) -> Result<String, ExtractError> {
    let text = plain::decode_as(bytes, &[charset.and_then(|name| Encoding::for_label(name.as_bytes()))]);
    if plain::is_text(&text, plain::STRAY) {
        Ok(html::displayed(&text).into_owned())
    } else {
        Err(ExtractError::NotText)
    }
}

/// The extension of a file that is plain text or Markdown by its name.
pub fn text_extension(file_name: &str) -> Option<&'static str> {
    let extension = extension(file_name);
    ["txt", "md"].into_iter().find(|text| *text == extension)
}

/// The text in the bytes of such a file, or of its first lines; `None` where they are not text.
pub fn decoded_text(extension: &str, bytes: &[u8]) -> Option<String> {
    if extension == "md" { plain::markdown(bytes) } else { plain::text(bytes) }
}

/// The first `limit` bytes of a pipe, which is closed after them.
async fn drain(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn read_up_to(file: &Path, limit: u64) -> Result<Vec<u8>, ExtractError> {
    let mut bytes = Vec::new();
    File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(ExtractError::TooLong(limit)) } else { Ok(bytes) }
}

/// Whether a text is white space and byte order marks alone.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

fn extension(file_name: &str) -> String {
    let name = Path::new(file_name).file_name().unwrap_or_default().to_string_lossy();
    // A file may be called `.md`.
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

fn unsupported(extension: &str) -> ExtractError {
    ExtractError::Unsupported(if extension.is_empty() { "(no extension)".into() } else { format!(".{extension}") })
}

/// SQLite's functions take a NUL for the end of a text.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}
