//! CSS colors: parsing, blending, and whether one can be told from another.

use color::{ColorSpaceTag, DynamicColor, HueDirection, Srgb, parse_color};

use super::{
    calc::computed,
    declarations::{parts, words},
    length::fraction,
};

/// Channels of two colors that differ by no more look alike.
const ALIKE: f32 = 10.5 / 255.0;
/// Those that differ by no more do so where one is hardly lighter than the other: `#f4f4f4` and white.
const NEAR: f32 = 26.0 / 255.0;
const CONTRAST: f32 = 1.1;
/// A share of opacity below which nothing is seen.
const FAINT: f32 = 0.05;
/// Colors in one another.
const MAX_DEPTH: usize = 8;

/// A color with its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    channels: [f32; 3],
    alpha: f32,
}

impl Colour {
    pub(super) const WHITE: Self = Self { channels: [1.0; 3], alpha: 1.0 };
    pub(super) const BLACK: Self = Self { channels: [0.0; 3], alpha: 1.0 };

    /// Reads a color in lower case.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let [red, green, blue, alpha] = read(value, 0)?.to_alpha_color::<Srgb>().components;
        let channels = [red, green, blue].map(|channel| channel.clamp(0.0, 1.0));
        Some(Self { channels, alpha: alpha.clamp(0.0, 1.0) })
    }

    /// Reads the color of an attribute, such as `bgcolor`, whose `#` may be missing.
    pub(super) fn of_attribute(value: &str) -> Option<Self> {
        let value = value.trim().to_ascii_lowercase();
        Self::parse(&value).or_else(|| Self::parse(&format!("#{value}")))
    }

    /// Whether nothing is seen of it, whatever is behind.
    pub(super) fn is_transparent(&self) -> bool {
        self.alpha <= FAINT
    }

    /// Whether nothing is seen of what is behind.
    pub(super) fn is_opaque(&self) -> bool {
        self.alpha >= 1.0 - FAINT
    }

    /// What is seen of it in front of another one.
    pub(super) fn over(self, behind: Self) -> Self {
        let mix = |front: f32, back: f32| front * self.alpha + back * (1.0 - self.alpha);
        let [red, green, blue] = self.channels;
        let [r, g, b] = behind.channels;
        Self { channels: [mix(red, r), mix(green, g), mix(blue, b)], alpha: self.alpha.max(behind.alpha) }
    }

    /// Whether nobody can tell it from another one.
    pub(super) fn is_like(self, other: Self) -> bool {
        let pairs = self.channels.iter().zip(other.channels);
        let most = pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
        most <= ALIKE || (most <= NEAR && self.contrast(other) < CONTRAST)
    }

    /// The ratio of the Web Content Accessibility Guidelines.
    fn contrast(self, other: Self) -> f32 {
        let (one, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(other) / one.min(other)
    }

    fn luminance(self) -> f32 {
        let linear = |channel: f32| {
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.channels.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

fn read(value: &str, depth: usize) -> Option<DynamicColor> {
    if depth > MAX_DEPTH {
        return None;
    }
    let Some((function, arguments)) = value.strip_suffix(')').and_then(|value| value.split_once('(')) else {
        return parse_color(of_system(value)).ok();
    };
    match function {
        "color-mix" => mix(arguments, depth),
        // Nobody has chosen the dark one.
        "light-dark" => read(parts(arguments, b',').next()?.trim(), depth + 1),
        _ => match arguments.trim_start().strip_prefix("from ") {
            Some(arguments) => relative(function, arguments, depth),
            None => parse_color(&computed(value)?).ok(),
        },
    }
}

/// The colors of a page that chooses none.
fn of_system(name: &str) -> &str {
    match name {
        "canvas" | "field" | "-moz-default-background-color" => "#fff",
        "canvastext" | "fieldtext" | "-moz-default-color" | "windowtext" => "#000",
        name => name,
    }
}

/// `in oklab, red 20%, blue`.
fn mix(arguments: &str, depth: usize) -> Option<DynamicColor> {
    let mut arguments = parts(arguments, b',').map(str::trim);
    let mut way = arguments.next()?.strip_prefix("in ")?.split_whitespace();
    let space = space(way.next()?)?;
    let direction = match way.next() {
        Some("longer") => HueDirection::Longer,
        Some("increasing") => HueDirection::Increasing,
        Some("decreasing") => HueDirection::Decreasing,
        _ => HueDirection::Shorter,
    };
    let mut part = || {
        let (mut share, mut colour) = (None, None);
        for word in words(arguments.next()?) {
            match fraction(word).filter(|_| colour.is_none() || share.is_none()) {
                Some(found) => share = Some(found),
                None => colour = Some(read(word, depth + 1)?),
            }
        }
        Some((colour?, share))
    };
    let ((one, of_one), (other, of_other)) = (part()?, part()?);
    let of_one = of_one.or(of_other.map(|share| 1.0 - share)).unwrap_or(0.5);
    let of_other = of_other.unwrap_or(1.0 - of_one);
    let all = of_one + of_other;
    let mixed = one.interpolate(other, space, direction).eval(of_other / all.max(f32::MIN_POSITIVE));
    Some(mixed.multiply_alpha(all.min(1.0)))
}

fn space(name: &str) -> Option<ColorSpaceTag> {
    Some(match name {
        "srgb" => ColorSpaceTag::Srgb,
        "srgb-linear" => ColorSpaceTag::LinearSrgb,
        "display-p3" => ColorSpaceTag::DisplayP3,
        "a98-rgb" => ColorSpaceTag::A98Rgb,
        "prophoto-rgb" => ColorSpaceTag::ProphotoRgb,
        "rec2020" => ColorSpaceTag::Rec2020,
        "lab" => ColorSpaceTag::Lab,
        "lch" => ColorSpaceTag::Lch,
        "oklab" => ColorSpaceTag::Oklab,
        "oklch" => ColorSpaceTag::Oklch,
        "hsl" => ColorSpaceTag::Hsl,
        "hwb" => ColorSpaceTag::Hwb,
        "xyz-d50" => ColorSpaceTag::XyzD50,
        "xyz" | "xyz-d65" => ColorSpaceTag::XyzD65,
        _ => return None,
    })
}

/// `rgb(from white r g b / 0)`: the channels of another color, by their names.
fn relative(function: &str, arguments: &str, depth: usize) -> Option<DynamicColor> {
    let mut arguments = arguments.trim();
    let origin = words(arguments).next()?;
    arguments = arguments.strip_prefix(origin)?.trim();
    let (names, tag) = match function {
        "rgb" | "rgba" => (["r", "g", "b"], ColorSpaceTag::Srgb),
        "hsl" | "hsla" => (["h", "s", "l"], ColorSpaceTag::Hsl),
        "hwb" => (["h", "w", "b"], ColorSpaceTag::Hwb),
        "lab" => (["l", "a", "b"], ColorSpaceTag::Lab),
        "lch" => (["l", "c", "h"], ColorSpaceTag::Lch),
        "oklab" => (["l", "a", "b"], ColorSpaceTag::Oklab),
        "oklch" => (["l", "c", "h"], ColorSpaceTag::Oklch),
        "color" => {
            let name = words(arguments).next()?;
            let names = if name.starts_with("xyz") { ["x", "y", "z"] } else { ["r", "g", "b"] };
            (names, space(name)?)
        }
        _ => return None,
    };
    let [one, two, three, alpha] = read(origin, depth + 1)?.convert(tag).components;
    let whole = if matches!(function, "rgb" | "rgba") { 255.0 } else { 1.0 };
    let channels = names.iter().copied().zip([one * whole, two * whole, three * whole]).chain([("alpha", alpha)]);
    let channels: Vec<_> = channels.collect();
    // Words that are names become numbers, within brackets too.
    let mut plain = String::new();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '%';
    for piece in arguments.split_inclusive(|c: char| !is_name(c)) {
        let word = piece.trim_end_matches(|c: char| !is_name(c));
        match channels.iter().find(|(name, _)| *name == word) {
            Some((_, number)) => plain.push_str(&format!("{number}{}", &piece[word.len()..])),
            None => plain.push_str(piece),
        }
    }
    let alpha = if plain.contains('/') && parts(&plain, b'/').count() > 1 { "" } else { &format!(" / {alpha}") };
    parse_color(&computed(&format!("{function}({plain}{alpha})"))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse__each_way_to_write_white__is_white() {
        for value in [
            "white",
            "#fff",
            "#ffff",
            "#ffffff",
            "#ffffffff",
            "rgb(255,255,255)",
            "rgb(255 255 255)",
            "rgba(255, 255, 255, 1)",
            "rgb(100% 100% 100% / 100%)",
            "rgb(calc(250 + 5) calc(51 * 5) 255)",
            "rgb(300 999 255 / calc(2 / 2))",
            "hsl(0, 0%, 100%)",
            "hsla(120deg 50% 100% / 1)",
            "hsl(0.5turn 0% 100%)",
            "hwb(0 100% 0%)",
            "hwb(90deg 100% 0% / 1)",
            "lab(100 0 0)",
            "lab(100% 0 0)",
            "lch(100 0 0)",
            "oklab(1 0 0)",
            "oklch(100% 0 none)",
            "color(srgb 1 1 1)",
            "color(display-p3 1 1 1 / 1)",
            "color(srgb-linear 100% 100% 100%)",
            "color(xyz-d65 .9505 1 1.089)",
            "color-mix(in srgb, white, white)",
            "color-mix(in oklab, #fff 30%, rgb(255 255 255))",
            "color-mix(in lch longer hue, white 100%, red)",
            "color-mix(in srgb, red 0%, white)",
            "light-dark(white, black)",
            "rgb(from white r g b)",
            "rgb(from black 255 255 calc(b + 255))",
            "hsl(from red h s 100%)",
            "oklch(from white l c h / alpha)",
            "canvas",
        ] {
            let read = Colour::parse(value).unwrap_or_else(|| panic!("{value}"));
            assert!(read.is_like(Colour::WHITE) && read.is_opaque(), "{value}: {read:?}");
        }
        assert!(Colour::of_attribute(" FFFFFF ").unwrap().is_like(Colour::WHITE));
        let red = Colour { channels: [1.0, 0.0, 0.0], alpha: 1.0 };
        for value in ["red", "hsl(0 100% 50%)", "color-mix(in srgb, red, red 10%)"] {
            assert!(Colour::parse(value).unwrap().is_like(red), "{value}");
        }
        let grey = Colour::parse("color-mix(in srgb, white, black)").unwrap();
        assert!(grey.is_like(Colour::parse("#808080").unwrap()));
        for value in ["", "#ff", "#gggggg", "wite", "rgb(1,2)", "rgb(a,b,c)", "lab(1 2)", "rgb(1,2,3", "ffffff", "#é1"]
        {
            assert_eq!(Colour::parse(value), None, "{value}");
        }
    }

    #[test]
    fn is_like__colors_that_nobody_tells_apart__are_alike() {
        let parse = |value| Colour::parse(value).unwrap();
        for (front, back, expected) in [
            ("#fefefe", "white", true),
            ("#f5f5f5", "#fff", true),
            ("#eee", "#fff", false),
            ("#f4f4f4", "#fff", true),
            ("#f0f0f0", "#fff", false),
            ("#1c1c1c", "#222", true),
            ("#333", "#222", false),
            ("#ff0", "#fff", false),
            ("#0000ff", "#2000d0", false),
            ("#e3e3e3", "#eee", false),
            ("rgba(0,0,0,.03)", "#fff", true),
            ("rgba(255,255,255,.5)", "#fff", true),
            ("rgba(0,0,0,.5)", "#fff", false),
            ("black", "#010203", true),
        ] {
            assert_eq!(parse(front).over(parse(back)).is_like(parse(back)), expected, "{front} on {back}");
        }
        for value in [
            "transparent",
            "#fff0",
            "rgb(0 0 0 / 0)",
            "hwb(0 0% 0% / 0%)",
            "oklch(0 0 0 / 0)",
            "color(srgb 1 0 0 / .01)",
            "color-mix(in srgb, transparent, transparent)",
            "rgb(from red r g b / 0)",
            "rgb(0 0 0 / calc(1 - 1))",
            "rgb(0 0 0 / none)",
        ] {
            assert!(parse(value).is_transparent(), "{value}");
        }
    }
}
