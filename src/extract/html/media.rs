//! Media queries: on which screens a rule applies.

use super::{
    declarations::{find, parts},
    length::Length,
};

/// A phone, a tablet and a desk's screen: width and height in pixels.
const SCREENS: [(f32, f32); 3] = [(390.0, 844.0), (820.0, 1_180.0), (1_440.0, 900.0)];
/// The size that `em` stands for in a query.
const EM: f32 = 16.0;

/// A set of screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Screens(u8);

impl Screens {
    pub(super) const ALL: Self = Self(0b111);
    const NONE: Self = Self(0);
    const HANDHELD: Self = Self(0b011);

    /// The screens that a list of queries is for.
    pub(super) fn of(queries: &str) -> Self {
        let queries = queries.trim().to_ascii_lowercase();
        if queries.is_empty() {
            return Self::ALL;
        }
        Self(parts(&queries, b',').map(|query| Self::of_query(query).0).fold(0, |all, some| all | some))
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Those that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the screen with this number is one of them.
    pub(super) fn has(self, screen: usize) -> bool {
        self.0 & (1 << screen) != 0
    }

    /// The numbers of all screens.
    pub(super) fn numbers() -> std::ops::Range<usize> {
        0..SCREENS.len()
    }

    fn not(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }

    fn of_query(query: &str) -> Self {
        let query = query.trim();
        if let Some(query) = query.strip_prefix("not ") {
            return Self::of_query(query).not();
        }
        let query = query.strip_prefix("only ").unwrap_or(query);
        let words = query.replace(" or ", " and or ");
        let mut screens = Self::ALL;
        for part in words.split(" and ") {
            match part.trim().strip_prefix("or ") {
                Some(part) => screens = Self(screens.0 | Self::of_part(part).0),
                None => screens = screens.and(Self::of_part(part)),
            }
        }
        screens
    }

    /// The screens of a type, or of a feature in brackets.
    fn of_part(part: &str) -> Self {
        let part = part.trim();
        if let Some(part) = part.strip_prefix("not ") {
            return Self::of_part(part).not();
        }
        let Some(feature) = part.strip_prefix('(').and_then(|part| part.strip_suffix(')')) else {
            // `foo` is a type that no browser has.
            return if matches!(part, "screen" | "all" | "") || part.contains('(') { Self::ALL } else { Self::NONE };
        };
        let feature = feature.trim();
        if feature.starts_with('(') || feature.starts_with("not ") {
            return Self::of_query(feature);
        }
        match feature.split_once(':') {
            Some((name, value)) => Self::of_feature(name.trim(), value.trim()),
            None if find(feature, b"<>=").is_some() => Self::of_range(feature),
            None => Self::ALL,
        }
    }

    /// What a person has who has chosen nothing: light colors, and motion. What is unknown applies.
    fn of_feature(name: &str, value: &str) -> Self {
        let length = |holds: fn((f32, f32), f32) -> bool| {
            let length = Length::parse(value).map(|length| length.pixels(EM, EM));
            length.map_or(Self::ALL, |length| Self::matching(|screen| holds(screen, length)))
        };
        match (name, value) {
            ("min-width" | "min-device-width" | "min-inline-size", _) => length(|(width, _), least| width >= least),
            ("max-width" | "max-device-width" | "max-inline-size", _) => length(|(width, _), most| width <= most),
            ("min-height" | "min-device-height", _) => length(|(_, height), least| height >= least),
            ("max-height" | "max-device-height", _) => length(|(_, height), most| height <= most),
            ("orientation", "portrait") | ("hover" | "any-hover", "none") | ("pointer", "coarse") => Self::HANDHELD,
            ("orientation", "landscape") | ("hover" | "any-hover", "hover") | ("pointer", "fine") => {
                Self::HANDHELD.not()
            }
            ("prefers-color-scheme", "dark")
            | ("prefers-reduced-motion" | "prefers-reduced-transparency" | "prefers-reduced-data", "reduce")
            | ("prefers-contrast", "more" | "less" | "custom")
            | ("forced-colors" | "-ms-high-contrast", "active")
            | ("inverted-colors", "inverted")
            | ("scripting", "none")
            | ("display-mode", "standalone" | "fullscreen" | "minimal-ui") => Self::NONE,
            _ => Self::ALL,
        }
    }

    /// `width >= 600px`, `400px < width <= 800px`.
    fn of_range(feature: &str) -> Self {
        let spaced = feature
            .replace("<=", " ≤ ")
            .replace(">=", " ≥ ")
            .replace('<', " < ")
            .replace('>', " > ")
            .replace('=', " = ");
        let words: Vec<_> = spaced.split_whitespace().collect();
        let side = |word: &str, screen: (f32, f32)| match word {
            "width" | "inline-size" => Some(screen.0),
            "height" | "block-size" => Some(screen.1),
            word => Some(Length::parse(word)?.pixels(EM, EM)),
        };
        let holds = |screen: (f32, f32)| {
            words.windows(3).step_by(2).all(|part| {
                let Some((one, other)) = side(part[0], screen).zip(side(part[2], screen)) else { return true };
                match part[1] {
                    "<" | "≤" => one <= other,
                    ">" | "≥" => one >= other,
                    _ => true,
                }
            })
        };
        Self::matching(holds)
    }

    fn matching(holds: impl Fn((f32, f32)) -> bool) -> Self {
        let screens = SCREENS.iter().enumerate().filter(|(_, screen)| holds(**screen));
        Self(screens.fold(0, |screens, (number, _)| screens | 1 << number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of__media_queries__are_the_screens_that_they_are_for() {
        for (queries, expected) in [
            ("", 0b111),
            ("screen", 0b111),
            ("ONLY Screen", 0b111),
            ("print", 0),
            ("not print", 0b111),
            ("not all", 0),
            ("print, screen", 0b111),
            ("print and (min-width: 1px)", 0),
            ("screen and (min-width: 600px)", 0b110),
            ("(max-width:37.5em)", 0b001),
            ("not screen and (min-width: 600px)", 0b001),
            ("(min-width: 600px) and (max-width: 1000px)", 0b010),
            ("(width >= 600px)", 0b110),
            ("(400px < width <= 900px)", 0b010),
            ("(not (min-width: 600px))", 0b001),
            ("(min-width: 1000px) or (max-width: 500px)", 0b101),
            ("(prefers-color-scheme: dark)", 0),
            ("(prefers-reduced-motion: no-preference)", 0b111),
            ("(hover: hover)", 0b100),
            ("(orientation: portrait)", 0b011),
            ("(color)", 0b111),
            ("(min-width: many)", 0b111),
            ("(", 0b111),
        ] {
            assert_eq!(Screens::of(queries), Screens(expected), "{queries}");
        }
    }
}
