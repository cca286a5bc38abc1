//! CSS values that leave nothing of an element: clips, transforms, filters.

use super::{
    declarations::{parts, words},
    length::{Length, TEXT_SIZE, fraction, is_far, is_far_right, is_nothing, number},
    property::{Value, wide},
};

/// The arguments of each function in a value, with its name.
fn functions(value: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    words(value).filter_map(|word| {
        let (name, arguments) = word.strip_suffix(')')?.split_once('(')?;
        Some((name.trim(), parts(arguments, b',').flat_map(words).collect()))
    })
}

pub(super) fn filter(value: &str) -> Option<Value> {
    let hides = |(name, arguments): (&str, Vec<&str>)| {
        name == "opacity" && arguments.first().and_then(|share| fraction(share)).is_some_and(is_nothing)
    };
    Some(if functions(value).any(hides) { Value::On } else { Value::Off })
}

/// `rect(top, right, bottom, left)` that leaves a pixel or less.
pub(super) fn clip(value: &str) -> Option<Value> {
    let Some((_, arguments)) = functions(value).find(|(name, _)| *name == "rect") else {
        return (value == "auto").then_some(Value::Off).or_else(|| wide(value, false));
    };
    let edges: Vec<_> = arguments.iter().map(|edge| Some(Length::parse(edge)?.pixels(TEXT_SIZE, TEXT_SIZE))).collect();
    let leaves_nothing = match edges[..] {
        [top, right, bottom, left] => {
            let is_thin = |from: Option<f32>, to: Option<f32>| from.zip(to).is_some_and(|(from, to)| to - from <= 1.0);
            is_thin(top, bottom) || is_thin(left, right)
        }
        _ => false,
    };
    Some(if leaves_nothing { Value::On } else { Value::Off })
}

pub(super) fn clip_path(value: &str) -> Value {
    let leaves_nothing = |(name, arguments): (&str, Vec<&str>)| match name {
        "inset" => {
            let share = |at: usize| arguments.get(at).and_then(|edge| edge.strip_suffix('%')).and_then(number);
            let top = share(0).unwrap_or_default();
            let right = if arguments.len() > 1 { share(1).unwrap_or_default() } else { top };
            let bottom = if arguments.len() > 2 { share(2).unwrap_or_default() } else { top };
            let left = if arguments.len() > 3 { share(3).unwrap_or_default() } else { right };
            top + bottom >= 99.0 || left + right >= 99.0
        }
        "circle" | "ellipse" => arguments
            .first()
            .and_then(|radius| Length::parse(radius))
            .is_some_and(|radius| radius.pixels(TEXT_SIZE, TEXT_SIZE) < 1.0),
        "polygon" => {
            let points: Vec<_> = arguments.chunks(2).collect();
            points.iter().all(|point| Some(point) == points.first())
        }
        _ => false,
    };
    if functions(value).any(leaves_nothing) { Value::On } else { Value::Off }
}

pub(super) fn is_far_length(text: &str) -> bool {
    let is_far_way = |length: Length| match length {
        // A share of the element's own size, which may be small.
        Length::Percent(share) => is_far(share) || is_far_right(share),
        length => {
            let pixels = length.pixels(TEXT_SIZE, TEXT_SIZE);
            is_far(pixels) || is_far_right(pixels)
        }
    };
    Length::parse(text).is_some_and(is_far_way)
}

pub(super) fn transform(value: &str) -> Option<Value> {
    if value == "none" {
        return Some(Value::Off);
    }
    if let Some(wide) = wide(value, false) {
        return Some(wide);
    }
    let hides = |(name, arguments): (&str, Vec<&str>)| match name {
        "scale" | "scalex" | "scaley" | "scale3d" => {
            arguments.iter().take(2).any(|share| fraction(share).is_some_and(is_nothing))
        }
        "translate" | "translatex" | "translatey" | "translate3d" => arguments.iter().any(|way| is_far_length(way)),
        // Seen from its edge.
        "rotatex" | "rotatey" => matches!(arguments[..], ["90deg" | "-90deg" | "270deg" | "-270deg"]),
        "matrix" => [0, 3].iter().all(|at| arguments.get(*at).and_then(|share| number(share)).is_some_and(is_nothing)),
        _ => false,
    };
    value.contains('(').then(|| if functions(value).any(hides) { Value::On } else { Value::Unknown })
}
