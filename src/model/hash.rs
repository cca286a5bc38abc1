//! The hash of a document's content, whole and in the short form that a source's name carries.

use std::fmt;

/// SHA-256 of the bytes that would be uploaded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The first 48 bits, as the marker in a source's name carries them.
    pub fn short(&self) -> ShortHash {
        let [a, b, c, d, e, f, ..] = self.0;
        ShortHash([a, b, c, d, e, f])
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first 48 bits of a content hash: 12 hex digits, enough to tell the versions of one document apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortHash(pub [u8; 6]);

impl ShortHash {
    /// A number of its own, which is like no other's in its bits.
    pub fn as_number(self) -> u64 {
        super::sketch::mix(self.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Reads 12 lower-case hex digits; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 12 || !digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 6];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for ShortHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ShortHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_reads_back_what_it_prints() {
        let hash = ContentHash(std::array::from_fn(|i| (i * 37) as u8));
        assert_eq!(hash.to_string().len(), 64);
        assert!(hash.to_string().starts_with(&hash.short().to_string()));
        assert_eq!(ShortHash::parse(&hash.short().to_string()), Some(hash.short()));
        for bad in ["", "0123456789a", "0123456789abc", "0123456789AB", "0123456789ag", "ééé456"] {
            assert_eq!(ShortHash::parse(bad), None, "{bad}");
        }
    }
}
