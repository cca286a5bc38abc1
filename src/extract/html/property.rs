//! CSS properties that can hide text, and their values.
//!
//! A value that browsers reject is rejected here too: the declaration before it stays in force. One that is valid but
//! unknown, such as `var(--x)`, hides nothing.

use super::{
    colour::Colour,
    declarations::{parts, words},
    length::{Length, TEXT_SIZE, fraction, is_nothing},
    shapes::{clip, clip_path, filter, is_far_length, transform},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Property {
    Display,
    Visibility,
    ContentVisibility,
    Opacity,
    Filter,
    FontSize,
    Colour,
    Fill,
    /// The line or the shadow around letters.
    Outline,
    Background,
    Picture,
    /// Whether the background is seen through the letters alone.
    ClipToText,
    Position,
    Left,
    Right,
    Top,
    Bottom,
    Indent,
    MarginLeft,
    MarginTop,
    Width,
    Height,
    MaxWidth,
    MaxHeight,
    Overflow,
    Clip,
    ClipPath,
    Transform,
    /// Animations and transitions: what is transparent may appear.
    Motion,
}

/// The number of properties.
pub(super) const PROPERTIES: usize = Property::Motion as usize + 1;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// The keyword or the function that hides, clips or places.
    On,
    /// Any other keyword.
    Off,
    Number(f32),
    Length(Length),
    Colour(Colour),
    Inherit,
    Unknown,
}

/// The values that a declaration sets.
pub(super) fn values(name: &str, value: &str) -> Vec<(Property, Value)> {
    use Property as P;
    let one = |property, value: Option<Value>| value.map(|value| (property, value)).into_iter().collect();
    match name {
        "display" => one(P::Display, wide(value, false).or_else(|| display(value))),
        "visibility" => one(P::Visibility, wide(value, true).or(keyword(value, &["hidden", "collapse"], &["visible"]))),
        "content-visibility" => one(P::ContentVisibility, keyword(value, &["hidden"], &["visible", "auto"])),
        "opacity" => one(P::Opacity, wide(value, false).or_else(|| fraction(value).map(Value::Number))),
        "filter" => one(P::Filter, filter(value)),
        "font-size" => one(P::FontSize, wide(value, true).or_else(|| font_size(value))),
        "font" => one(P::FontSize, wide(value, true).or_else(|| font(value))),
        "color" => one(P::Colour, wide(value, true).or_else(|| colour(value))),
        "-webkit-text-fill-color" => one(P::Fill, wide(value, true).or_else(|| colour(value))),
        "-webkit-text-stroke" | "-webkit-text-stroke-color" | "text-shadow" => {
            let colour = words(value).flat_map(|word| parts(word, b',')).find_map(Colour::parse);
            one(P::Outline, Some(colour.map_or(Value::Off, Value::Colour)))
        }
        "background" => background(value),
        "background-color" => one(P::Background, wide(value, false).or_else(|| colour(value))),
        "background-image" => one(P::Picture, Some(if value == "none" { Value::Off } else { Value::Unknown })),
        "background-clip" | "-webkit-background-clip" => one(P::ClipToText, keyword(value, &["text"], &[""])),
        "position" => one(P::Position, position(value)),
        "left" | "inset-inline-start" => one(P::Left, length(value)),
        "right" | "inset-inline-end" => one(P::Right, length(value)),
        "top" | "inset-block-start" => one(P::Top, length(value)),
        "bottom" | "inset-block-end" => one(P::Bottom, length(value)),
        "inset" => sides(value, [P::Top, P::Right, P::Bottom, P::Left]),
        "text-indent" => one(P::Indent, wide(value, true).or_else(|| words(value).find_map(length))),
        "margin-left" | "margin-inline-start" => one(P::MarginLeft, length(value)),
        "margin-top" | "margin-block-start" => one(P::MarginTop, length(value)),
        "margin" => sides(value, [P::MarginTop, P::MarginTop, P::MarginTop, P::MarginLeft])
            .into_iter()
            .enumerate()
            .filter_map(|(side, value)| (side == 0 || side == 3).then_some(value))
            .collect(),
        "width" | "inline-size" => one(P::Width, length(value)),
        "height" | "block-size" => one(P::Height, length(value)),
        "max-width" | "max-inline-size" => one(P::MaxWidth, length(value)),
        "max-height" | "max-block-size" => one(P::MaxHeight, length(value)),
        "overflow" | "overflow-x" | "overflow-y" => {
            one(P::Overflow, keyword(value, &["hidden", "clip", "auto", "scroll"], &["visible"]))
        }
        "clip" => one(P::Clip, clip(value)),
        "clip-path" | "-webkit-clip-path" => one(P::ClipPath, Some(clip_path(value))),
        "transform" | "-webkit-transform" => one(P::Transform, transform(value)),
        "scale" => {
            one(P::Transform, words(value).any(|share| fraction(share).is_some_and(is_nothing)).then_some(Value::On))
        }
        "zoom" => {
            one(P::Transform, fraction(value).is_some_and(|share| share > 0.0 && share < 0.1).then_some(Value::On))
        }
        "translate" => one(P::Transform, words(value).any(is_far_length).then_some(Value::On)),
        "animation" | "animation-name" | "transition" | "transition-property" | "will-change" => {
            one(P::Motion, Some(if matches!(value, "none" | "auto") { Value::Off } else { Value::On }))
        }
        _ => Vec::new(),
    }
}

/// Values that every property has, where `inherits` is whether it takes that of the element around it by itself.
pub(super) fn wide(value: &str, inherits: bool) -> Option<Value> {
    match value {
        "inherit" => Some(if inherits { Value::Inherit } else { Value::Unknown }),
        "unset" | "revert" | "revert-layer" => Some(if inherits { Value::Inherit } else { Value::Off }),
        "initial" => Some(Value::Off),
        _ => is_computed(value).then_some(Value::Unknown),
    }
}

/// Whether a value is only known in a browser.
fn is_computed(value: &str) -> bool {
    ["var(", "env(", "attr("].iter().any(|function| value.contains(function))
}

/// A keyword that hides, or one that shows. A value that has none of them is invalid; `""` stands for any.
fn keyword(value: &str, on: &[&str], off: &[&str]) -> Option<Value> {
    if words(value).any(|word| on.contains(&word)) {
        return Some(Value::On);
    }
    let is_off = words(value).any(|word| off.contains(&word) || off.contains(&"") || wide(word, false).is_some());
    is_off.then_some(Value::Off)
}

fn display(value: &str) -> Option<Value> {
    const BOXES: &[&str] = &[
        "block",
        "contents",
        "flex",
        "flow",
        "flow-root",
        "grid",
        "inline",
        "list-item",
        "math",
        "ruby",
        "run-in",
        "table",
    ];
    const BEGINNINGS: &[&str] = &["inline-", "ruby-", "table-", "-ms-", "-moz-", "-webkit-"];
    let is_box = words(value)
        .all(|word| BOXES.contains(&word) || BEGINNINGS.iter().any(|beginning| word.starts_with(beginning)));
    match value {
        "none" => Some(Value::On),
        "" => None,
        _ => is_box.then_some(Value::Off),
    }
}

fn position(value: &str) -> Option<Value> {
    match value {
        "absolute" | "fixed" => Some(Value::On),
        "relative" | "sticky" | "-webkit-sticky" => Some(Value::Unknown),
        "static" => Some(Value::Off),
        _ => wide(value, false),
    }
}

fn length(value: &str) -> Option<Value> {
    const KEYWORDS: &[&str] = &["auto", "none", "min-content", "max-content", "stretch", "-moz-available"];
    if KEYWORDS.contains(&value) {
        return Some(Value::Off);
    }
    // What is computed of several lengths is some length.
    Length::parse(value)
        .map(Value::Length)
        .or_else(|| wide(value, false))
        .or(value.contains('(').then_some(Value::Unknown))
}

fn sides(value: &str, [top, right, bottom, left]: [Property; 4]) -> Vec<(Property, Value)> {
    let Some(lengths) = words(value).map(length).collect::<Option<Vec<_>>>() else { return Vec::new() };
    let (t, r, b, l) = match lengths[..] {
        [all] => (all, all, all, all),
        [tb, lr] => (tb, lr, tb, lr),
        [t, lr, b] => (t, lr, b, lr),
        [t, r, b, l] => (t, r, b, l),
        _ => return Vec::new(),
    };
    vec![(top, t), (right, r), (bottom, b), (left, l)]
}

fn font_size(value: &str) -> Option<Value> {
    let pixels = match value {
        "xx-small" => 9.0,
        "x-small" => 10.0,
        "small" => 13.0,
        "medium" => TEXT_SIZE,
        "large" => 18.0,
        "x-large" => 24.0,
        "xx-large" | "xxx-large" => 32.0,
        "smaller" => return Some(Value::Length(Length::Em(0.83))),
        "larger" => return Some(Value::Length(Length::Em(1.2))),
        _ => {
            let length = Length::parse(value).map(|length| match length {
                Length::Percent(share) => Length::Em(share / 100.0),
                length => length,
            });
            return length.map(Value::Length).or(value.contains('(').then_some(Value::Unknown));
        }
    };
    Some(Value::Length(Length::Pixels(pixels)))
}

/// The size in a shorthand: `italic bold 12px/30px serif`. The family comes last.
fn font(value: &str) -> Option<Value> {
    let size = words(value).find_map(|word| font_size(word.split('/').next().unwrap_or(word)));
    size.filter(|_| words(value).count() > 1)
}

fn colour(value: &str) -> Option<Value> {
    match Colour::parse(value) {
        Some(colour) => Some(Value::Colour(colour)),
        None if value == "currentcolor" => Some(Value::Inherit),
        // The names of the system's colors say nothing of the colors.
        None => value.contains('(').then_some(Value::Unknown),
    }
}

fn background(value: &str) -> Vec<(Property, Value)> {
    use Property as P;
    const KEYWORDS: &[&str] = &[
        "none",
        "repeat",
        "no-repeat",
        "repeat-x",
        "repeat-y",
        "round",
        "space",
        "scroll",
        "fixed",
        "local",
        "left",
        "right",
        "top",
        "bottom",
        "center",
        "cover",
        "contain",
        "auto",
        "border-box",
        "padding-box",
        "content-box",
        "text",
        "/",
    ];
    if let Some(wide) = wide(value, false) {
        return vec![(P::Background, wide), (P::Picture, wide)];
    }
    let all: Vec<_> = words(value).flat_map(|word| parts(word, b',')).collect();
    let is_picture = |word: &&str| word.contains("url(") || word.contains("gradient(") || word.contains("image");
    let colour = all.iter().find_map(|word| Colour::parse(word));
    let is_known = |word: &&str| {
        let is_length =
            || word.split('/').all(|part| part.is_empty() || KEYWORDS.contains(&part) || length(part).is_some());
        KEYWORDS.contains(word) || Colour::parse(word).is_some() || word.contains('(') || is_length()
    };
    if all.is_empty() || !all.iter().all(is_known) {
        return Vec::new();
    }
    let picture = if all.iter().any(is_picture) { Value::Unknown } else { Value::Off };
    let other = if all.iter().any(|word| word.contains('(')) { Value::Unknown } else { Value::Off };
    let clip = if all.contains(&"text") { Value::On } else { Value::Off };
    vec![(P::Background, colour.map_or(other, Value::Colour)), (P::Picture, picture), (P::ClipToText, clip)]
}
