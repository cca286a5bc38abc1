//! CSS backgrounds: their colors, and whether there is a picture.

use super::{
    colour::Colour,
    declarations::{parts, words},
    property::{Property, Value, length, wide},
};

/// What a picture makes of a background: nothing, one color, or what nobody knows.
pub(super) fn picture(value: &str) -> Value {
    let is_gradient = |part: &str| part.contains("gradient(");
    if !value.contains("url(") && !is_gradient(value) && !value.contains("image") && !value.contains("element(") {
        return Value::Off;
    }
    let mut layers = parts(value, b',');
    let colours: Option<Vec<_>> = layers.by_ref().map(|layer| gradient(layer.trim())).collect();
    match colours.as_deref() {
        Some([one]) => Value::Colour(*one),
        _ => Value::Unknown,
    }
}

/// The color of a gradient that has no other one.
pub(super) fn gradient(value: &str) -> Option<Colour> {
    let (name, arguments) = value.strip_suffix(')')?.split_once('(')?;
    let colours = parts(arguments, b',').flat_map(words).filter_map(Colour::parse);
    let mut colours = colours.collect::<Vec<_>>().into_iter();
    let first = colours.next().filter(|_| name.ends_with("gradient"))?;
    let is_one = |other: Colour| other.is_like(first) && other.is_transparent() == first.is_transparent();
    colours.all(is_one).then_some(first)
}

/// What the shorthand sets.
pub(super) fn background(value: &str) -> Vec<(Property, Value)> {
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
    let colour = all.iter().find_map(|word| Colour::parse(word));
    let is_known = |word: &&str| {
        let is_length =
            || word.split('/').all(|part| part.is_empty() || KEYWORDS.contains(&part) || length(part).is_some());
        KEYWORDS.contains(word) || Colour::parse(word).is_some() || word.contains('(') || is_length()
    };
    if all.is_empty() || !all.iter().all(is_known) {
        return Vec::new();
    }
    let pictures: Vec<_> = all.iter().map(|word| picture(word)).filter(|picture| *picture != Value::Off).collect();
    let picture = pictures.iter().copied().find(|picture| *picture == Value::Unknown).or(pictures.first().copied());
    let picture = picture.unwrap_or(Value::Off);
    let is_other = |word: &&&str| word.contains('(') && !word.contains("gradient(") && !word.contains("url(");
    let other = if all.iter().any(|word| is_other(&word)) { Value::Unknown } else { Value::Off };
    let clip = if all.contains(&"text") { Value::On } else { Value::Off };
    vec![(P::Background, colour.map_or(other, Value::Colour)), (P::Picture, picture), (P::ClipToText, clip)]
}
