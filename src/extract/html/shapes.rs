//! CSS values that leave nothing of an element: clips, transforms, filters.

use super::{
    background::gradient,
    calc::Quantity,
    declarations::{parts, words},
    length::{Length, TEXT_SIZE, fraction, is_far, is_far_right, is_nothing},
    property::{Value, wide},
};

/// Letters that are blurred so far, in pixels, are read by nobody.
const BLUR: f32 = 16.0;

/// The arguments of each function in a value, with its name.
fn functions(value: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    words(value).filter_map(|word| {
        let (name, arguments) = word.strip_suffix(')')?.split_once('(')?;
        Some((name.trim(), parts(arguments, b',').flat_map(words).collect()))
    })
}

pub(super) fn filter(value: &str) -> Option<Value> {
    let hides = |(name, arguments): (&str, Vec<&str>)| match name {
        "opacity" | "contrast" => arguments.first().and_then(|share| fraction(share)).is_some_and(is_nothing),
        "blur" => arguments
            .first()
            .and_then(|way| Length::parse(way))
            .is_some_and(|way| way.pixels(TEXT_SIZE, TEXT_SIZE) >= BLUR),
        _ => false,
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
    if functions(value).any(|(name, arguments)| is_clip_of_nothing(name, &arguments)) { Value::On } else { Value::Off }
}

fn is_clip_of_nothing(name: &str, arguments: &[&str]) -> bool {
    // How a corner is rounded says nothing of what is left.
    let arguments: Vec<_> = arguments.iter().copied().take_while(|word| *word != "round").collect();
    let lengths: Vec<_> = arguments.iter().map_while(|edge| Length::parse(edge)).collect();
    let is_thin = |at: usize| lengths.get(at).is_some_and(|length| length.pixels(TEXT_SIZE, TEXT_SIZE) < 1.0);
    match name {
        "inset" => {
            let top = lengths.first().copied();
            let right = lengths.get(1).copied().or(top);
            let (bottom, left) = (lengths.get(2).copied().or(top), lengths.get(3).copied().or(right));
            [(top, bottom), (left, right)].into_iter().any(|(from, to)| {
                let both = [from, to].into_iter().flatten();
                let share: f32 = both.clone().filter_map(Length::percent).sum();
                let pixels: f32 =
                    both.filter(|one| one.percent().is_none()).map(|one| one.pixels(TEXT_SIZE, TEXT_SIZE)).sum();
                share >= 99.0 || is_far_right(pixels * 5.0)
            })
        }
        "circle" => is_thin(0),
        "ellipse" => is_thin(0) || is_thin(1),
        "xywh" => is_thin(2) || is_thin(3),
        "rect" => {
            let edge = |at: usize| lengths.get(at).map(|length| length.pixels(TEXT_SIZE, TEXT_SIZE));
            let is_thin = |from: Option<f32>, to: Option<f32>| from.zip(to).is_some_and(|(from, to)| to - from < 1.0);
            lengths.len() == 4 && (is_thin(edge(0), edge(2)) || is_thin(edge(3), edge(1)))
        }
        "polygon" => is_flat(&lengths) && lengths.len() + 1 >= arguments.len(),
        // A path that goes nowhere.
        "path" => !arguments.join(" ").contains(|c: char| "lhvcsqta".contains(c)),
        _ => false,
    }
}

/// Whether a polygon has no area.
fn is_flat(lengths: &[Length]) -> bool {
    let points: Vec<_> = lengths
        .chunks_exact(2)
        .map(|point| (point[0].pixels(TEXT_SIZE, TEXT_SIZE), point[1].pixels(TEXT_SIZE, TEXT_SIZE)))
        .collect();
    let next = points.iter().cycle().skip(1);
    let twice: f32 = points.iter().zip(next).map(|((x, y), (to_x, to_y))| x * to_y - to_x * y).sum();
    twice.abs() < 2.0
}

/// A mask that nothing is seen through.
pub(super) fn mask(value: &str) -> Value {
    let layers: Vec<_> = parts(value, b',').map(str::trim).collect();
    let hides = |layer: &&str| {
        words(layer).next().and_then(gradient).is_some_and(|colour| colour.is_transparent()) || layer.contains(" 0 / 0")
    };
    if !layers.is_empty() && layers.iter().all(hides) { Value::On } else { Value::Off }
}

pub(super) fn is_far_length(text: &str) -> bool {
    let Some(length) = Length::parse(text) else { return false };
    // A share is one of the element's own size, which may be small.
    let way = length.percent().unwrap_or_else(|| length.pixels(TEXT_SIZE, TEXT_SIZE));
    is_far(way) || is_far_right(way)
}

/// Whether what is turned so far, in degrees, is seen from its edge.
pub(super) fn is_on_edge(degrees: f32) -> bool {
    ((degrees - 90.0) / 180.0 - ((degrees - 90.0) / 180.0).round()).abs() < 0.004
}

pub(super) fn transform(value: &str) -> Option<Value> {
    if value == "none" {
        return Some(Value::Off);
    }
    if let Some(wide) = wide(value, false) {
        return Some(wide);
    }
    let hides = |(name, arguments): (&str, Vec<&str>)| {
        let number = |at: usize| arguments.get(at).and_then(|part| fraction(part)).unwrap_or_default();
        let angle =
            |at: usize| arguments.get(at).and_then(|angle| Quantity::parse(angle)?.as_angle()).unwrap_or_default();
        match name {
            "scale" | "scalex" | "scaley" | "scale3d" => {
                arguments.iter().take(2).any(|share| fraction(share).is_some_and(is_nothing))
            }
            "translate" | "translatex" | "translatey" | "translate3d" => arguments.iter().any(|way| is_far_length(way)),
            "rotatex" | "rotatey" => is_on_edge(angle(0)),
            "rotate3d" => arguments.len() == 4 && number(2) == 0.0 && is_on_edge(angle(3)),
            "skew" => is_on_edge(angle(0)) || is_on_edge(angle(1)),
            "skewx" | "skewy" => is_on_edge(angle(0)),
            "matrix" if arguments.len() == 6 => {
                let is_flat = is_nothing(number(0) * number(3) - number(1) * number(2));
                is_flat || [4, 5].into_iter().any(|at| is_far(number(at)) || is_far_right(number(at)))
            }
            "matrix3d" if arguments.len() == 16 => {
                let is_flat = is_nothing(number(0) * number(5) - number(1) * number(4));
                is_flat || [12, 13].into_iter().any(|at| is_far(number(at)) || is_far_right(number(at)))
            }
            _ => false,
        }
    };
    value.contains('(').then(|| if functions(value).any(hides) { Value::On } else { Value::Unknown })
}
