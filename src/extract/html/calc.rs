//! CSS math: numbers with units, and what `calc()` and its like make of them.

use cssparser::{ParseError, Parser, Token};

/// Functions in one another.
const MAX_DEPTH: usize = 24;
/// Larger numbers are no larger on any screen.
const MOST: f32 = 1.0e7;

/// A number, a length or an angle: the sum of what each unit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quantity {
    pub(super) number: f32,
    pub(super) pixels: f32,
    pub(super) em: f32,
    pub(super) rem: f32,
    pub(super) percent: f32,
    pub(super) degrees: f32,
}

impl Quantity {
    /// Reads one value, which may be computed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser::new(text);
        let value = value(&mut parser, 0)?;
        parser.is_exhausted().then(|| value.bounded())
    }

    /// The value of what has no unit.
    pub(super) fn as_number(self) -> Option<f32> {
        (Self { number: 0.0, ..self } == Self::default()).then_some(self.number)
    }

    /// Degrees, which zero need not have.
    pub(super) fn as_angle(self) -> Option<f32> {
        let rest = Self { degrees: 0.0, ..self };
        (rest == Self::default()).then_some(self.degrees)
    }

    /// A measure by which two quantities are compared. Text is as large as usual, and shares are of a screen.
    fn size(self) -> f32 {
        let Self { number, pixels, em, rem, percent, degrees } = self;
        number + pixels + (em + rem) * super::length::TEXT_SIZE + percent * 14.4 + degrees
    }

    fn of(number: f32) -> Self {
        Self { number, ..Self::default() }
    }

    fn map(self, of: impl Fn(f32) -> f32) -> Self {
        let Self { number, pixels, em, rem, percent, degrees } = self;
        Self {
            number: of(number),
            pixels: of(pixels),
            em: of(em),
            rem: of(rem),
            percent: of(percent),
            degrees: of(degrees),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            number: self.number + other.number,
            pixels: self.pixels + other.pixels,
            em: self.em + other.em,
            rem: self.rem + other.rem,
            percent: self.percent + other.percent,
            degrees: self.degrees + other.degrees,
        }
    }

    fn bounded(self) -> Self {
        self.map(|part| if part.is_nan() { 0.0 } else { part.clamp(-MOST, MOST) })
    }

    /// A number with its unit.
    fn with_unit(number: f32, unit: &str) -> Option<Self> {
        /// The width and the height of a screen, in hundredths.
        const SCREEN: (f32, f32) = (14.4, 9.0);
        let pixels = |each: f32| Self { pixels: number * each, ..Self::default() };
        let degrees = |each: f32| Self { degrees: number * each, ..Self::default() };
        Some(match unit.to_ascii_lowercase().as_str() {
            "px" => pixels(1.0),
            "pt" => pixels(4.0 / 3.0),
            "pc" => pixels(16.0),
            "in" => pixels(96.0),
            "cm" => pixels(37.8),
            "mm" => pixels(3.78),
            "q" => pixels(0.945),
            "em" | "ic" => Self { em: number, ..Self::default() },
            "ex" | "ch" | "cap" => Self { em: number / 2.0, ..Self::default() },
            "rem" | "lh" | "rlh" | "ric" => Self { rem: number, ..Self::default() },
            "rex" | "rch" | "rcap" => Self { rem: number / 2.0, ..Self::default() },
            "vw" | "svw" | "lvw" | "dvw" | "vi" | "svi" | "lvi" | "dvi" | "vmax" | "svmax" | "lvmax" | "dvmax"
            | "cqw" | "cqi" | "cqmax" => pixels(SCREEN.0),
            "vh" | "svh" | "lvh" | "dvh" | "vb" | "svb" | "lvb" | "dvb" | "vmin" | "svmin" | "lvmin" | "dvmin"
            | "cqh" | "cqb" | "cqmin" => pixels(SCREEN.1),
            "deg" => degrees(1.0),
            "rad" => degrees(1.0_f32.to_degrees()),
            "grad" => degrees(0.9),
            "turn" => degrees(360.0),
            _ => return None,
        })
    }
}

/// A text in which each computed number is what it comes to.
pub(super) fn computed(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("calc(") {
        let (before, from) = rest.split_at(at);
        let end = super::declarations::find(&from[5..], b")")? + 6;
        let Quantity { percent, degrees, .. } = Quantity::parse(&from[..end])?;
        plain.push_str(before);
        match Quantity::parse(&from[..end])?.as_number() {
            Some(number) => plain.push_str(&number.to_string()),
            None if percent != 0.0 => plain.push_str(&format!("{percent}%")),
            None => plain.push_str(&format!("{degrees}deg")),
        }
        rest = &from[end..];
    }
    plain.push_str(rest);
    Some(plain)
}

fn sum(parser: &mut Parser<'_>, depth: usize) -> Option<Quantity> {
    let mut total = product(parser, depth)?;
    loop {
        let before = parser.state();
        match parser.next() {
            Ok(Token::Delim('+')) => total = total.plus(product(parser, depth)?),
            Ok(Token::Delim('-')) => total = total.plus(product(parser, depth)?.map(|part| -part)),
            _ => {
                parser.reset(&before);
                return Some(total);
            }
        }
    }
}

fn product(parser: &mut Parser<'_>, depth: usize) -> Option<Quantity> {
    let mut total = value(parser, depth)?;
    loop {
        let before = parser.state();
        match parser.next() {
            Ok(Token::Delim('*')) => {
                let by = value(parser, depth)?;
                total = match (total.as_number(), by.as_number()) {
                    (_, Some(by)) => total.map(|part| part * by),
                    (Some(number), None) => by.map(|part| part * number),
                    (None, None) => return None,
                };
            }
            Ok(Token::Delim('/')) => {
                let by = value(parser, depth)?.as_number()?;
                total = total.map(|part| part / by).bounded();
            }
            _ => {
                parser.reset(&before);
                return Some(total);
            }
        }
    }
}

fn value(parser: &mut Parser<'_>, depth: usize) -> Option<Quantity> {
    if depth > MAX_DEPTH {
        return None;
    }
    match parser.next().ok()?.clone() {
        Token::Number { value, .. } => Some(Quantity::of(value)),
        Token::Percentage { unit_value, .. } => Some(Quantity { percent: unit_value * 100.0, ..Quantity::default() }),
        Token::Dimension { value, unit, .. } => Quantity::with_unit(value, &unit),
        Token::Ident(name) if depth > 0 => Some(Quantity::of(match name.to_ascii_lowercase().as_str() {
            "pi" => std::f32::consts::PI,
            "e" => std::f32::consts::E,
            "infinity" => MOST,
            "-infinity" => -MOST,
            "nan" => 0.0,
            _ => return None,
        })),
        Token::ParenthesisBlock if depth > 0 => nested(parser, |inner| sum(inner, depth + 1)),
        Token::Function(name) => {
            let arguments = nested(parser, |inner| arguments(inner, depth + 1))?;
            function(&name.to_ascii_lowercase(), &arguments)
        }
        _ => None,
    }
}

fn nested<T>(parser: &mut Parser<'_>, read: impl FnOnce(&mut Parser<'_>) -> Option<T>) -> Option<T> {
    let read = |inner: &mut Parser<'_>| read(inner).ok_or_else(|| ParseError::<()>::custom(()));
    parser.parse_nested_block(read).ok()
}

fn arguments(parser: &mut Parser<'_>, depth: usize) -> Option<Vec<Quantity>> {
    // How `round()` rounds makes little difference.
    let before = parser.state();
    let is_way = |name: &str| ["up", "down", "nearest", "to-zero"].contains(&name);
    let has_way = parser.expect_ident().is_ok_and(|name| is_way(&name.to_ascii_lowercase()));
    if !has_way || parser.expect_comma().is_err() {
        parser.reset(&before);
    }
    let mut all = vec![sum(parser, depth)?];
    while parser.try_parse(Parser::expect_comma).is_ok() {
        all.push(sum(parser, depth)?);
    }
    Some(all)
}

fn function(name: &str, arguments: &[Quantity]) -> Option<Quantity> {
    let least = || arguments.iter().copied().min_by(|a, b| a.size().total_cmp(&b.size()));
    let most = || arguments.iter().copied().max_by(|a, b| a.size().total_cmp(&b.size()));
    let number = |at: usize| arguments.get(at).copied().and_then(Quantity::as_number);
    // An angle, or a number of radians.
    let angle = || arguments.first().map(|angle| angle.degrees.to_radians() + angle.number);
    match (name, arguments) {
        ("calc" | "-webkit-calc" | "-moz-calc", [one]) => Some(*one),
        ("min", _) => least(),
        ("max", _) => most(),
        ("clamp", [low, value, high]) => {
            let value = if value.size() > high.size() { high } else { value };
            Some(if value.size() < low.size() { *low } else { *value })
        }
        ("abs", [one]) => Some(if one.size() < 0.0 { one.map(|part| -part) } else { *one }),
        ("sign", [one]) => Some(Quantity::of(if one.size() == 0.0 { 0.0 } else { one.size().signum() })),
        ("round", [one]) => Some(one.map(f32::round)),
        ("round", [one, step]) => Some(one.map(|part| part - part % step.size().abs().max(f32::MIN_POSITIVE))),
        ("mod" | "rem", [one, step]) => Some(one.map(|part| part % step.size().abs().max(f32::MIN_POSITIVE))),
        ("sin", [_]) => Some(Quantity::of(angle()?.sin())),
        ("cos", [_]) => Some(Quantity::of(angle()?.cos())),
        ("tan", [_]) => Some(Quantity::of(angle()?.tan())),
        ("sqrt", [_]) => Some(Quantity::of(number(0)?.sqrt())),
        ("exp", [_]) => Some(Quantity::of(number(0)?.exp())),
        ("log", [_]) => Some(Quantity::of(number(0)?.ln())),
        ("pow", [_, _]) => Some(Quantity::of(number(0)?.powf(number(1)?))),
        ("hypot", _) => Some(Quantity::of(arguments.iter().map(|part| part.size().powi(2)).sum::<f32>().sqrt())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse__what_is_computed__is_its_value() {
        let of = Quantity::of;
        let pixels = |pixels| Quantity { pixels, ..Quantity::default() };
        for (text, expected) in [
            ("0", of(0.0)),
            ("-.5e1", of(-5.0)),
            ("12px", pixels(12.0)),
            ("calc(1px * 0)", pixels(0.0)),
            ("calc( (2px + 3px) * -2 )", pixels(-10.0)),
            ("calc(1 - 1)", of(0.0)),
            ("calc(1 / 0)", of(MOST)),
            ("calc(-infinity * 1px)", pixels(-MOST)),
            ("-webkit-calc(10px - 4px/2)", pixels(8.0)),
            ("min(0px, 5em)", pixels(0.0)),
            ("max(-9999px, 1px - 2px)", pixels(-1.0)),
            ("clamp(0, 5, 0)", of(0.0)),
            ("calc(min(1, 2) * max(3, 4))", of(4.0)),
            ("abs(-2px)", pixels(2.0)),
            ("sin(0)", of(0.0)),
            ("round(down, 0.4, 1)", of(0.0)),
            ("round(0.4)", of(0.0)),
            (".25turn", Quantity { degrees: 90.0, ..Quantity::default() }),
            ("calc(50% + 2em)", Quantity { percent: 50.0, em: 2.0, ..Quantity::default() }),
        ] {
            assert_eq!(Quantity::parse(text), Some(expected), "{text}");
        }
        for text in ["", "x", "1 2", "calc(1px 2px)", "calc(1px * 1px)", "calc(", "foo(1)", "pi", "12quux", "min(1,)"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        let deep = format!("calc{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(Quantity::parse(&deep), None);
    }
}
