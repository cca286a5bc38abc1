//! CSS colors: parsing, blending, and whether one can be told from another.

/// Channels of two colors that differ by no more look alike.
const ALIKE: u8 = 10;
/// A share of opacity below which nothing is seen.
pub(super) const FAINT: f32 = 0.05;

/// The names of CSS, with their values.
const NAMES: &str = "aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque \
ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 \
canvas ffffff canvastext 000000 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc \
crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey \
a9a9a9 darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 \
darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 \
darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 \
floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray \
808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory \
fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral \
f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 \
lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue \
b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa \
mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen \
00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 \
navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 \
palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru \
cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue \
4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 \
skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan \
d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 \
yellow ffff00 yellowgreen 9acd32 transparent 00000000";

/// A color with its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    channels: [u8; 3],
    alpha: f32,
}

impl Colour {
    pub(super) const WHITE: Self = Self { channels: [255; 3], alpha: 1.0 };
    pub(super) const BLACK: Self = Self { channels: [0; 3], alpha: 1.0 };

    /// Reads a color in lower case: a name, `#rrggbb` and its short forms, `rgb()`, `hsl()`.
    pub(super) fn parse(value: &str) -> Option<Self> {
        if let Some(digits) = value.strip_prefix('#') {
            return Self::hex(digits);
        }
        let Some((function, arguments)) = value.strip_suffix(')').and_then(|value| value.split_once('(')) else {
            let mut names = NAMES.split_ascii_whitespace();
            return names
                .by_ref()
                .step_by(2)
                .zip(NAMES.split_ascii_whitespace().skip(1).step_by(2))
                .find(|(name, _)| *name == value)
                .and_then(|(_, digits)| Self::hex(digits));
        };
        let arguments: Vec<_> = arguments.split([',', '/', ' ', '\t', '\n']).filter(|part| !part.is_empty()).collect();
        let ([one, two, three] | [one, two, three, _]) = arguments[..] else { return None };
        let alpha = arguments.get(3).map_or(Some(1.0), |alpha| share(alpha, 1.0))?.clamp(0.0, 1.0);
        let channels = match function.trim() {
            "rgb" | "rgba" => [channel(one)?, channel(two)?, channel(three)?],
            "hsl" | "hsla" => hsl(angle(one)?, share(two, 100.0)?, share(three, 100.0)?),
            _ => return None,
        };
        Some(Self { channels, alpha })
    }

    /// Reads the color of an attribute, such as `bgcolor`, whose `#` may be missing.
    pub(super) fn of_attribute(value: &str) -> Option<Self> {
        let value = value.trim().to_ascii_lowercase();
        Self::parse(&value).or_else(|| Self::hex(&value))
    }

    fn hex(digits: &str) -> Option<Self> {
        let long: String = match digits.len() {
            3 | 4 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.to_owned(),
        };
        let byte = |at: usize| u8::from_str_radix(long.get(at..at + 2)?, 16).ok();
        let alpha = match long.len() {
            6 => 1.0,
            8 => f32::from(byte(6)?) / 255.0,
            _ => return None,
        };
        Some(Self { channels: [byte(0)?, byte(2)?, byte(4)?], alpha })
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
        let mix = |front: u8, back: u8| f32::from(front) * self.alpha + f32::from(back) * (1.0 - self.alpha);
        let [red, green, blue] = self.channels;
        let [r, g, b] = behind.channels;
        Self { channels: [mix(red, r), mix(green, g), mix(blue, b)].map(byte), alpha: self.alpha.max(behind.alpha) }
    }

    /// Whether nobody can tell it from another one.
    pub(super) fn is_like(self, other: Self) -> bool {
        self.channels.iter().zip(other.channels).all(|(one, other)| one.abs_diff(other) <= ALIKE)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range of a byte")]
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// A number, or a percentage of the whole.
fn share(text: &str, whole: f32) -> Option<f32> {
    match text.strip_suffix('%') {
        Some(percent) => Some(percent.parse::<f32>().ok()? * whole / 100.0),
        None if text == "none" => Some(0.0),
        None => text.parse().ok(),
    }
}

fn channel(text: &str) -> Option<u8> {
    share(text, 255.0).map(byte)
}

fn angle(text: &str) -> Option<f32> {
    text.strip_suffix("deg").unwrap_or(text).parse().ok()
}

fn hsl(hue: f32, saturation: f32, lightness: f32) -> [u8; 3] {
    let (saturation, lightness) = ((saturation / 100.0).clamp(0.0, 1.0), (lightness / 100.0).clamp(0.0, 1.0));
    let spread = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let turn = (offset + hue / 30.0).rem_euclid(12.0);
        byte(255.0 * (lightness - spread * (turn - 3.0).min(9.0 - turn).clamp(-1.0, 1.0)))
    })
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
            "hsl(0, 0%, 100%)",
            "hsla(120deg 50% 100% / 1)",
        ] {
            assert_eq!(Colour::parse(value), Some(Colour::WHITE), "{value}");
        }
        assert_eq!(Colour::of_attribute(" FFFFFF "), Some(Colour::WHITE));
        let red = Some(Colour { channels: [255, 0, 0], alpha: 1.0 });
        assert!(Colour::parse("red") == red && Colour::parse("hsl(0 100% 50%)") == red);
        for value in
            ["", "#ff", "#gggggg", "wite", "rgb(1,2)", "rgb(a,b,c)", "lab(1 2 3)", "rgb(1,2,3", "ffffff", "#é1"]
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
            ("rgba(0,0,0,.03)", "#fff", true),
            ("rgba(255,255,255,.5)", "#fff", true),
            ("rgba(0,0,0,.5)", "#fff", false),
            ("black", "#010203", true),
        ] {
            assert_eq!(parse(front).over(parse(back)).is_like(parse(back)), expected, "{front} on {back}");
        }
        assert!(parse("transparent").is_transparent() && parse("#fff0").is_transparent());
    }
}
