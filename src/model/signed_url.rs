//! Secrets in the query of an address: what stands there to sign it, or to open the page.

use std::borrow::Cow;

/// What stands for a secret.
const MASK: &str = "…";

/// Names of parameters that are secret as a whole, in lower case without separators.
const SECRET: [&str; 11] = ["bearer", "hmac", "jwt", "otp", "pass", "pin", "policy", "pwd", "sid", "sig", "ticket"];
/// Ends of names that make a parameter secret.
const SECRET_ENDS: [&str; 2] = ["auth", "key"];
/// Parts of names that make a parameter secret, written the same way.
const SECRET_PARTS: [&str; 9] =
    ["accesskey", "credential", "keypairid", "passw", "saml", "secret", "session", "signature", "token"];

/// A text with the values of secret parameters masked in every address that it names. Addresses signed for S3, CloudFront,
/// Google Cloud Storage, OSS and Azure are known, and parameters that are named as a secret.
pub fn mask_secret_parameters(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut kept = 0;
    let mut at = text.find("://").unwrap_or(text.len());
    while let Some(found) = text[at..].find(['?', '&', ';']) {
        let name_start = at + found + 1;
        let name = &text[name_start..name_start + length(&text[name_start..], &['=', '&', ';'])];
        at = name_start + name.len();
        if !text[at..].starts_with('=') || !is_secret(name) {
            continue;
        }
        let value = &text[at + 1..at + 1 + length(&text[at + 1..], &['&', ';', '#'])];
        masked.push_str(&text[kept..=at]);
        masked.push_str(if value.is_empty() { "" } else { MASK });
        at += 1 + value.len();
        kept = at;
    }
    if kept == 0 { Cow::Borrowed(text) } else { Cow::Owned(masked + &text[kept..]) }
}

/// How many bytes come before one of these signs, or before the address ends.
fn length(text: &str, ends: &[char]) -> usize {
    let is_end =
        |c: char| ends.contains(&c) || c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '`');
    text.find(is_end).unwrap_or(text.len())
}

fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET.contains(&name.as_str())
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
        || SECRET_PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_secret_parameters__signed_addresses__keep_what_is_no_secret() {
        for (text, masked) in [
            (
                "https://b.s3.amazonaws.com/a.pdf?X-Amz-Credential=AKIA%2Fx&X-Amz-Date=2026&X-Amz-Signature=0f3a#p2",
                "https://b.s3.amazonaws.com/a.pdf?X-Amz-Credential=…&X-Amz-Date=2026&X-Amz-Signature=…#p2",
            ),
            (
                "https://a.blob.core.windows.net/c/d?sv=2024&sig=ab%3D",
                "https://a.blob.core.windows.net/c/d?sv=2024&sig=…",
            ),
            (
                "`https://x.example/?page=2&access_token=abc` failed",
                "`https://x.example/?page=2&access_token=…` failed",
            ),
            ("http://a/?token=1 and http://b/?id=2;SESSIONID=3", "http://a/?token=… and http://b/?id=2;SESSIONID=…"),
            ("https://x.example/?Policy=e30_&Key-Pair-Id=K2", "https://x.example/?Policy=…&Key-Pair-Id=…"),
            ("https://x.example/?token=&q=a", "https://x.example/?token=&q=a"),
            ("https://x.example/?keyword=key&spin=1", "https://x.example/?keyword=key&spin=1"),
            ("https://x.example/?resourcekey=a&tempauth=b&pin=1", "https://x.example/?resourcekey=…&tempauth=…&pin=…"),
            ("https://x.example/?token&q", "https://x.example/?token&q"),
            ("notes/why?token=1.md", "notes/why?token=1.md"),
            ("?", "?"),
            ("", ""),
        ] {
            assert_eq!(mask_secret_parameters(text), masked, "{text}");
        }
    }
}
