//! CSS properties that can hide text, and their values.
//!
//! A value that browsers reject is rejected here too: the declaration before it stays in force. One that is valid but
//! unknown hides nothing.

use super::{
    background::{background, picture},
    calc::Quantity,
    colour::Colour,
    declarations::{parts, words},
    length::{Length, TEXT_SIZE, fraction, is_nothing},
    shapes::{clip, clip_path, filter, is_far_length, is_on_edge, mask, transform},
};

/// Lower lines, as a share of their letters, show nothing of them where what is outside is cut off.
const MIN_LINE: f32 = 0.1;
/// Where `font-size-adjust` sets a smaller share, letters are not read.
const MIN_ADJUST: f32 = 0.05;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Property {
    Display,
    /// Whether it is a box that gives what is in it room.
    Flex,
    /// Whether that is below one another.
    Column,
    Visibility,
    ContentVisibility,
    Opacity,
    Filter,
    FontSize,
    Colour,
    Fill,
    /// The same within a drawing.
    SvgFill,
    /// The line or the shadow around letters.
    Outline,
    Background,
    Picture,
    /// Whether the background is seen through the letters alone.
    ClipToText,
    Position,
    /// Whether it is placed on the screen, and does not move with the page.
    Fixed,
    Left,
    Right,
    Top,
    Bottom,
    Indent,
    /// Whether a line has next to no height.
    LineHeight,
    /// Room between letters.
    Spacing,
    /// Whether dots stand for the letters.
    Security,
    /// Whether letters are as small as nothing.
    SizeAdjust,
    /// Whether a list item, or a summary, has no sign before it.
    NoMarker,
    MarginLeft,
    MarginTop,
    Width,
    Height,
    MaxWidth,
    MaxHeight,
    MinWidth,
    MinHeight,
    /// Room above, below and beside what is in a box.
    PaddingTop,
    PaddingBottom,
    PaddingSide,
    Aspect,
    Grow,
    OverflowX,
    OverflowY,
    Clip,
    ClipPath,
    Mask,
    MaskSize,
    Transform,
    Scale,
    Zoom,
    Translate,
    Rotate,
    /// What is shown in the place of an element's own text.
    Content,
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
        "fill" => one(
            P::SvgFill,
            wide(value, true).or_else(|| match value {
                "none" => Colour::parse("transparent").map(Value::Colour),
                value => colour(value),
            }),
        ),
        "flex-direction" | "flex-flow" => {
            one(P::Column, Some(hides(words(value).any(|word| word.starts_with("column")))))
        }
        "display" => {
            let flex = if words(value).any(|word| word.ends_with("flex")) { Value::On } else { Value::Off };
            let display = wide(value, false).or_else(|| display(value));
            display.map(|display| vec![(P::Display, display), (P::Flex, flex)]).unwrap_or_default()
        }
        "visibility" => one(P::Visibility, wide(value, true).or(keyword(value, &["hidden", "collapse"], &["visible"]))),
        "content-visibility" => one(P::ContentVisibility, keyword(value, &["hidden"], &["visible", "auto"])),
        "opacity" => one(P::Opacity, wide(value, false).or_else(|| fraction(value).map(Value::Number))),
        "filter" => one(P::Filter, filter(value)),
        "font-size" => one(P::FontSize, wide(value, true).or_else(|| font_size(value))),
        "font" => {
            let line =
                words(value).find_map(|word| word.split_once('/')).map_or(Value::Off, |(_, line)| line_height(line));
            let size = wide(value, true).or_else(|| font(value));
            size.map(|size| vec![(P::FontSize, size), (P::LineHeight, line)]).unwrap_or_default()
        }
        "line-height" => one(P::LineHeight, wide(value, true).or_else(|| Some(line_height(value)))),
        "letter-spacing" => one(P::Spacing, wide(value, true).or_else(|| length(value)).or(Some(Value::Off))),
        "-webkit-text-security" | "text-security" => {
            one(P::Security, wide(value, true).or(keyword(value, &["circle", "disc", "square"], &["none"])))
        }
        "font-size-adjust" => one(
            P::SizeAdjust,
            wide(value, true)
                .or_else(|| Some(hides(words(value).filter_map(fraction).any(|share| share.abs() < MIN_ADJUST)))),
        ),
        "list-style" | "list-style-type" => one(P::NoMarker, Some(hides(words(value).any(|word| word == "none")))),
        "color" => one(P::Colour, wide(value, true).or_else(|| colour(value))),
        "-webkit-text-fill-color" => one(P::Fill, wide(value, true).or_else(|| colour(value))),
        "-webkit-text-stroke" | "-webkit-text-stroke-color" | "text-shadow" => {
            let colour = words(value).flat_map(|word| parts(word, b',')).find_map(Colour::parse);
            let is_thin =
                name == "-webkit-text-stroke" && words(value).find_map(Length::parse).is_some_and(is_no_length);
            one(P::Outline, Some(colour.filter(|_| !is_thin).map_or(Value::Off, Value::Colour)))
        }
        "background" => background(value),
        "background-color" => one(P::Background, wide(value, false).or_else(|| colour(value))),
        "background-image" => one(P::Picture, wide(value, false).or_else(|| Some(picture(value)))),
        "background-clip" | "-webkit-background-clip" => one(P::ClipToText, keyword(value, &["text"], &[""])),
        "position" => {
            let position =
                position(value).map(|position| vec![(P::Position, position), (P::Fixed, hides(value == "fixed"))]);
            position.unwrap_or_default()
        }
        "left" | "inset-inline-start" => one(P::Left, length(value)),
        "right" | "inset-inline-end" => one(P::Right, length(value)),
        "top" | "inset-block-start" => one(P::Top, length(value)),
        "bottom" | "inset-block-end" => one(P::Bottom, length(value)),
        "inset" => sides(value, [P::Top, P::Right, P::Bottom, P::Left]),
        "inset-inline" => pair(value, [P::Left, P::Right]),
        "inset-block" => pair(value, [P::Top, P::Bottom]),
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
        "min-width" | "min-inline-size" => one(P::MinWidth, length(value)),
        "min-height" | "min-block-size" => one(P::MinHeight, length(value)),
        "padding" => sides(value, [P::PaddingTop, P::PaddingSide, P::PaddingBottom, P::PaddingSide]),
        "padding-top" | "padding-block-start" => one(P::PaddingTop, length(value)),
        "padding-bottom" | "padding-block-end" => one(P::PaddingBottom, length(value)),
        "padding-block" => pair(value, [P::PaddingTop, P::PaddingBottom]),
        "padding-left" | "padding-right" | "padding-inline" | "padding-inline-start" | "padding-inline-end" => {
            one(P::PaddingSide, words(value).find_map(length))
        }
        "aspect-ratio" => {
            one(P::Aspect, wide(value, false).or_else(|| Some(if value == "auto" { Value::Off } else { Value::On })))
        }
        "flex" => one(P::Grow, wide(value, false).or_else(|| flex(value))),
        "flex-grow" => one(P::Grow, wide(value, false).or_else(|| flex(value))),
        "overflow" => {
            vec![P::OverflowX, P::OverflowY].into_iter().filter_map(|of| Some((of, overflow(value)?))).collect()
        }
        "overflow-x" | "overflow-inline" => one(P::OverflowX, overflow(value)),
        "overflow-y" | "overflow-block" => one(P::OverflowY, overflow(value)),
        "clip" => one(P::Clip, clip(value)),
        "clip-path" | "-webkit-clip-path" => one(P::ClipPath, Some(clip_path(value))),
        "mask" | "mask-image" | "-webkit-mask" | "-webkit-mask-image" => one(P::Mask, Some(mask(value))),
        "mask-size" | "-webkit-mask-size" => {
            one(P::MaskSize, Some(hides(words(value).filter_map(Length::parse).any(is_no_length))))
        }
        "transform" | "-webkit-transform" => one(P::Transform, transform(value)),
        "scale" => {
            one(P::Scale, Some(hides(words(value).take(2).any(|share| fraction(share).is_some_and(is_nothing)))))
        }
        "zoom" => one(P::Zoom, Some(hides(fraction(value).is_some_and(|share| share > 0.0 && share < 0.1)))),
        "translate" => one(P::Translate, Some(hides(words(value).any(is_far_length)))),
        "rotate" => {
            let is_flat = words(value).any(|word| matches!(word, "x" | "y"));
            let angle = words(value)
                .filter_map(Quantity::parse)
                .find_map(|angle| angle.as_angle().filter(|angle| *angle != 0.0));
            one(P::Rotate, Some(hides(is_flat && angle.is_some_and(is_on_edge))))
        }
        "content" => one(
            P::Content,
            Some(hides(value.starts_with("url(") || value.contains("gradient(") || value.contains("image-set("))),
        ),
        "animation" | "animation-name" | "-webkit-animation" | "transition" | "transition-property" | "will-change" => {
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
        _ => is_open(value).then_some(Value::Unknown),
    }
}

/// Whether a value depends on the element that it is for.
pub(super) fn is_open(value: &str) -> bool {
    ["var(", "env(", "attr("].iter().any(|function| value.contains(function))
}

/// Whether a property is one of these.
pub(super) fn is_known(name: &str) -> bool {
    !values(name, "inherit").is_empty()
}

/// Whether a value is one that shows what another rule may hide.
pub(super) fn shows(property: Property, value: Value) -> bool {
    use Property as P;
    match (property, value) {
        (P::Display | P::Visibility | P::ContentVisibility, Value::Off) => true,
        (P::Opacity, Value::Number(share)) => share >= 0.1,
        (P::Height | P::MaxHeight, Value::Off) => true,
        (P::Height | P::MaxHeight, Value::Length(length)) => length.pixels(1.0, 1.0) > 1.0,
        (P::Transform | P::Scale | P::Translate | P::Clip | P::ClipPath, Value::Off) => true,
        (P::Left | P::Right | P::Top | P::Bottom, Value::Off) => true,
        (P::Left | P::Right | P::Top | P::Bottom, Value::Length(length)) => {
            (-100.0..=1_000.0).contains(&length.pixels(1.0, 1.0))
        }
        _ => false,
    }
}

fn hides(does: bool) -> Value {
    if does { Value::On } else { Value::Off }
}

fn line_height(value: &str) -> Value {
    let share =
        fraction(value).or_else(|| Length::parse(value).map(|height| height.pixels(TEXT_SIZE, TEXT_SIZE) / TEXT_SIZE));
    hides(share.is_some_and(|share| (0.0..MIN_LINE).contains(&share)))
}

fn is_no_length(length: Length) -> bool {
    length.pixels(TEXT_SIZE, TEXT_SIZE).abs() < 0.1
}

fn overflow(value: &str) -> Option<Value> {
    keyword(value, &["hidden", "clip", "auto", "scroll"], &["visible"])
}

/// Whether something takes the room that is left.
fn flex(value: &str) -> Option<Value> {
    let first = words(value).next()?;
    match first {
        "auto" => Some(Value::On),
        "none" | "initial" => Some(Value::Off),
        first => fraction(first).map(|grow| hides(grow > 0.0)),
    }
}

/// Two lengths, or one for both.
fn pair(value: &str, [start, end]: [Property; 2]) -> Vec<(Property, Value)> {
    let Some(lengths) = words(value).map(length).collect::<Option<Vec<_>>>() else { return Vec::new() };
    match lengths[..] {
        [both] => vec![(start, both), (end, both)],
        [first, second] => vec![(start, first), (end, second)],
        _ => Vec::new(),
    }
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

pub(super) fn length(value: &str) -> Option<Value> {
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
        "smaller" => return Some(Value::Length(Length::of_em(0.83))),
        "larger" => return Some(Value::Length(Length::of_em(1.2))),
        _ => {
            return Length::parse(value)
                .map(|length| Value::Length(length.of_text()))
                .or(value.contains('(').then_some(Value::Unknown));
        }
    };
    Some(Value::Length(Length::of_pixels(pixels)))
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
