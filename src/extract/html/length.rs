//! CSS lengths and numbers.

/// The size of text where nothing says another one.
pub(super) const TEXT_SIZE: f32 = 16.0;
/// The width and the height of a screen, for lengths that are shares of it.
const SCREEN: (f32, f32) = (1440.0, 900.0);
/// What is moved or placed this far outside of a screen is not on it.
const FAR: f32 = -999.0;
/// As far to the right. Pages may be long, so nothing is too far down.
const FAR_RIGHT: f32 = 9_999.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Length {
    Pixels(f32),
    Em(f32),
    Rem(f32),
    Percent(f32),
}

impl Length {
    /// Reads a length. Only zero has no unit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("calc(").and_then(|text| text.strip_suffix(')')).unwrap_or(text).trim();
        let is_exponent = |at: usize| text[at + 1..].starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
        let is_unit =
            |(at, c): &(usize, char)| (c.is_ascii_alphabetic() && (*c != 'e' || !is_exponent(*at))) || *c == '%';
        let unit = text.char_indices().find(is_unit).map_or(text.len(), |(at, _)| at);
        let number = number(&text[..unit])?;
        Some(match &text[unit..] {
            "" if number == 0.0 => Self::Pixels(0.0),
            "px" => Self::Pixels(number),
            "pt" => Self::Pixels(number * 4.0 / 3.0),
            "pc" => Self::Pixels(number * 16.0),
            "in" => Self::Pixels(number * 96.0),
            "cm" => Self::Pixels(number * 37.8),
            "mm" => Self::Pixels(number * 3.78),
            "q" => Self::Pixels(number * 0.945),
            "em" => Self::Em(number),
            "ex" | "ch" => Self::Em(number / 2.0),
            "rem" | "lh" | "rlh" => Self::Rem(number),
            "%" => Self::Percent(number),
            "vw" | "svw" | "lvw" | "dvw" | "vi" => Self::Pixels(number * SCREEN.0 / 100.0),
            "vh" | "svh" | "lvh" | "dvh" | "vb" | "vmin" => Self::Pixels(number * SCREEN.1 / 100.0),
            "vmax" => Self::Pixels(number * SCREEN.0 / 100.0),
            _ => return None,
        })
    }

    /// In pixels, where an `em` and a `rem` are so long. A share of what is around it is taken for one of a screen.
    pub(super) fn pixels(self, em: f32, rem: f32) -> f32 {
        match self {
            Self::Pixels(length) => length,
            Self::Em(length) => length * em,
            Self::Rem(length) => length * rem,
            Self::Percent(share) => share * SCREEN.0 / 100.0,
        }
    }
}

/// Whether something that is moved so far, in pixels, has left the screen to the left or at the top.
pub(super) fn is_far(pixels: f32) -> bool {
    pixels <= FAR
}

/// Whether it has left it to the right.
pub(super) fn is_far_right(pixels: f32) -> bool {
    pixels >= FAR_RIGHT
}

pub(super) fn number(text: &str) -> Option<f32> {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    text.parse().ok().filter(|number: &f32| is_number && number.is_finite())
}

/// A number or a percentage.
pub(super) fn fraction(text: &str) -> Option<f32> {
    let text = text.strip_prefix("calc(").and_then(|text| text.strip_suffix(')')).unwrap_or(text).trim();
    match text.strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    }
}

pub(super) fn is_nothing(share: f32) -> bool {
    share.abs() < 0.02
}
