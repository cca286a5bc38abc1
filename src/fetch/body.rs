//! Bodies: decoded as they come, and never longer than what was asked for.
//!
//! They are decoded here and not by the client, which lets a body in brotli claim a window of a gigabyte.

use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use brotli_decompressor::{BrotliDecoderParameter, DecompressorWriter};
use flate2::{bufread::GzDecoder, write::MultiGzDecoder};
use reqwest::{Response, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Trouble, client::trouble};

/// What can be decoded, for `Accept-Encoding`.
pub(super) const ENCODINGS: &str = "gzip, br";

/// The length from which a body is long, in bytes.
const LONG: usize = 4 << 20;

/// What servers name as an encoding, and is none.
const NOT_ENCODED: [&str; 9] =
    ["identity", "none", "utf-8", "utf8", "iso-8859-1", "binary", "8bit", "aws-chunked", "text"];

/// A body, or its beginning.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    /// It goes on.
    pub(super) cut: bool,
    /// Held for as long as a long body is kept.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Reads a body as far as `most` bytes of what it decodes to. A long one waits for a place in `long`, where there is one.
pub(super) async fn read(
    mut response: Response,
    most: u64,
    mut long: Option<&Arc<Semaphore>>,
) -> Result<Body, Trouble> {
    let mut decoder = Decoder::new(&encoding(&response), most)?;
    let mut room = None;
    loop {
        let piece = response.chunk().await.map_err(|error| trouble(&error, Trouble::Cut))?;
        let written = match &piece {
            Some(piece) => decoder.write(piece),
            None => decoder.finish(),
        };
        let cut = decoder.sink().full;
        if cut || piece.is_none() {
            if !cut {
                written.map_err(|error| Trouble::Cut(error.to_string()))?;
            }
            return Ok(Body { bytes: std::mem::take(&mut decoder.sink().bytes), cut, room });
        }
        written.map_err(|error| Trouble::Cut(error.to_string()))?;
        if decoder.sink().bytes.len() > LONG
            && let Some(long) = long.take()
        {
            // Nobody closes it.
            room = Arc::clone(long).acquire_owned().await.ok();
        }
    }
}

/// Unpacks a text that its server has packed without a word about it.
pub(super) fn unpacked(bytes: Vec<u8>, most: u64) -> Result<Vec<u8>, Trouble> {
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let (bytes, damage) = gunzip(&bytes, most);
    if bytes.len() as u64 > most {
        return Err(Trouble::TooLarge(most));
    }
    damage.map_or(Ok(bytes), |damage| Err(Trouble::Cut(damage.to_string())))
}

/// What was packed with gzip, as far as it can be unpacked and one byte more than `most`. Zeros at its end are padding, as
/// tapes and some storages have it.
pub(super) fn gunzip(packed: &[u8], most: u64) -> (Vec<u8>, Option<io::Error>) {
    let (mut bytes, mut rest) = (Vec::new(), packed);
    loop {
        let mut member = GzDecoder::new(rest);
        let read = (&mut member).take(most + 1 - bytes.len() as u64).read_to_end(&mut bytes);
        rest = member.into_inner();
        if read.is_err() || bytes.len() as u64 > most || rest.iter().all(|byte| *byte == 0) {
            return (bytes, read.err());
        }
    }
}

/// Whether an answer says that its body will be longer.
pub(super) fn announces_more(response: &Response, most: u64) -> bool {
    encoding(response).is_empty() && response.content_length().is_some_and(|length| length > most)
}

/// How the body is encoded; empty where it is not.
fn encoding(response: &Response) -> String {
    let said = response.headers().get(header::CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let said = said.unwrap_or_default().to_ascii_lowercase();
    let codings = said.split(',').map(str::trim).filter(|coding| !coding.is_empty() && !NOT_ENCODED.contains(coding));
    codings.collect::<Vec<_>>().join(", ")
}

/// What has been decoded, up to a limit.
#[derive(Debug)]
struct Sink {
    bytes: Vec<u8>,
    most: u64,
    /// There was more.
    full: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(self.most).unwrap_or(usize::MAX).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..room.min(bytes.len())]);
        if bytes.len() > room {
            self.full = true;
            return Err(io::Error::other("it is too long"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Decoder {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Brotli(Box<DecompressorWriter<Sink>>),
}

impl Decoder {
    fn new(encoding: &str, most: u64) -> Result<Self, Trouble> {
        let sink = Sink { bytes: Vec::new(), most, full: false };
        match encoding {
            "" => Ok(Self::Plain(sink)),
            "gzip" | "x-gzip" => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(sink)))),
            "br" => {
                let mut decoder = DecompressorWriter::new(sink, 0);
                decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                Ok(Self::Brotli(Box::new(decoder)))
            }
            other => Err(Trouble::Encoding(other.to_owned())),
        }
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.write_all(piece),
            Self::Gzip(decoder) => decoder.write_all(piece),
            Self::Brotli(decoder) => decoder.write_all(piece),
        }
    }

    /// The end: what was held back is written, and what is missing is an error.
    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Brotli(decoder) => decoder.close(),
        }
    }

    fn sink(&mut self) -> &mut Sink {
        match self {
            Self::Plain(sink) => sink,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
        }
    }
}
