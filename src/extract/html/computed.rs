//! Computed style: what the declarations for an element and those around it make of its text.

use dom_query::NodeRef;

use super::{
    colour::{Colour, FAINT},
    declarations::declarations,
    length::{Length, TEXT_SIZE, is_far, is_far_right},
    property::{self, PROPERTIES, Property, Value},
    stylesheet::Set,
};

/// Smaller text, in pixels, is not read.
const MIN_TEXT: f32 = 2.0;
/// A box that is no wider or higher, in pixels, has no room for text.
const NO_ROOM: f32 = 1.0;
/// Elements that browsers give colors of their own.
const COLOURED: &[&str] = &["button", "input", "mark", "option", "select", "textarea"];
/// Attributes of elements that scripts let appear.
const APPEARS: &[&str] =
    &["data-animate", "data-animation", "data-aos", "data-framer-appear-id", "data-sal", "data-w-id"];

/// What hides all that is in an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hiding {
    /// The property that does.
    pub(super) by: Property,
    /// Whether its `style` attribute says so.
    pub(super) inline: bool,
}

/// What the text of an element looks like, which elements in it take over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) is_visible: bool,
    /// Whether its own `style` attribute made it invisible.
    pub(super) is_invisible_inline: bool,
    size: f32,
    root_size: f32,
    opacity: f32,
    is_indented: bool,
    /// None where it is unknown, as the background may be.
    colour: Option<Colour>,
    fill: Option<Option<Colour>>,
    outline: Option<Colour>,
    background: Option<Colour>,
    /// Whether a background is seen through its letters.
    is_clipped: bool,
}

/// What is declared for an element, and whether its `style` attribute does.
pub(super) struct Declared([Option<(Value, bool)>; PROPERTIES]);

impl Declared {
    /// What rules, the last of which counts most, and its attributes declare for an element.
    pub(super) fn of(element: &NodeRef<'_>, rules: &[&[Set]]) -> Self {
        let mut declared = Self([None; PROPERTIES]);
        let inline: Vec<Set> = element.attr("style").map(|style| sets(&style)).unwrap_or_default();
        declared.attributes(element);
        for important in [false, true] {
            let of_rules = rules.iter().copied().flatten().map(|set| (set, false));
            for ((property, value, is_important), is_inline) in of_rules.chain(inline.iter().map(|set| (set, true))) {
                if *is_important == important {
                    declared.0[*property as usize] = Some((*value, is_inline));
                }
            }
        }
        declared
    }

    /// Colors of the time before style sheets.
    fn attributes(&mut self, element: &NodeRef<'_>) {
        let is_body = element.has_name("body");
        let colour = |name: &str| element.attr(name).and_then(|value| Colour::of_attribute(&value)).map(Value::Colour);
        let ink = if is_body { colour("text") } else { colour("color").filter(|_| element.has_name("font")) };
        self.0[Property::Colour as usize] = ink.map(|ink| (ink, false));
        self.0[Property::Background as usize] = colour("bgcolor").map(|colour| (colour, false));
        if element.has_attr("background") {
            self.0[Property::Picture as usize] = Some((Value::Unknown, false));
        }
        if is_replaced(element) {
            for (name, property) in [("width", Property::Width), ("height", Property::Height)] {
                let pixels = element.attr(name).and_then(|value| value.trim().parse().ok()).map(Length::Pixels);
                self.0[property as usize] = pixels.map(|pixels| (Value::Length(pixels), true));
            }
        }
    }

    /// Whether the element lies above what is around it.
    pub(super) fn is_placed(&self) -> bool {
        self.is_on(Property::Position)
    }

    fn get(&self, property: Property) -> Option<Value> {
        self.0[property as usize].map(|(value, _)| value)
    }

    fn is_on(&self, property: Property) -> bool {
        self.get(property) == Some(Value::On)
    }

    /// A length in pixels, where one is declared.
    fn pixels(&self, property: Property, look: &Look) -> Option<f32> {
        match self.get(property) {
            Some(Value::Length(length)) => Some(length.pixels(look.size, look.root_size)),
            _ => None,
        }
    }
}

/// Whether an element has a size of its own, and nothing of it is outside.
fn is_replaced(element: &NodeRef<'_>) -> bool {
    element.has_name("iframe") || element.has_name("img")
}

fn sets(style: &str) -> Vec<Set> {
    let of = |declaration: super::declarations::Declaration| {
        let values = property::values(&declaration.name, &declaration.value);
        values.into_iter().map(move |(property, value)| (property, value, declaration.important))
    };
    declarations(style).into_iter().flat_map(of).collect()
}

impl Look {
    /// That of a page before it declares anything. Where all of its style is `known`, it is black on white.
    pub(super) fn of_page(known: bool) -> Self {
        Self {
            is_visible: true,
            is_invisible_inline: false,
            size: TEXT_SIZE,
            root_size: TEXT_SIZE,
            opacity: 1.0,
            is_indented: false,
            colour: known.then_some(Colour::BLACK),
            fill: None,
            outline: None,
            background: known.then_some(Colour::WHITE),
            is_clipped: false,
        }
    }

    /// That of an element in this one. Sheets that are not known may say anything of what has a class.
    pub(super) fn within(&self, element: &NodeRef<'_>, declared: &Declared, known: bool) -> Self {
        let mut look = Self { is_invisible_inline: false, ..*self };
        if let Some((visibility, is_inline)) =
            declared.0[Property::Visibility as usize].filter(|(value, _)| *value != Value::Inherit)
        {
            look.is_visible = visibility != Value::On;
            look.is_invisible_inline = is_inline && !look.is_visible;
        }
        look.text(element, declared);
        look.colours(element, declared, known);
        look
    }

    /// Takes away its transparency.
    pub(super) fn show(&mut self) {
        self.opacity = 1.0;
    }

    fn text(&mut self, element: &NodeRef<'_>, declared: &Declared) {
        match declared.get(Property::FontSize) {
            Some(Value::Length(length)) => self.size = length.pixels(self.size, self.root_size),
            Some(Value::Off | Value::Unknown) => self.size = TEXT_SIZE,
            _ => {}
        }
        if element.has_name("html") {
            self.root_size = self.size;
        }
        match declared.get(Property::Indent) {
            Some(Value::Inherit) | None => {}
            Some(_) => {
                self.is_indented =
                    declared.pixels(Property::Indent, self).is_some_and(|way| is_far(way) || is_far_right(way))
            }
        }
        let appears = matches!(declared.get(Property::Transform), Some(Value::Unknown))
            || declared.is_on(Property::Motion)
            || APPEARS.iter().any(|name| element.has_attr(name));
        match declared.get(Property::Opacity) {
            Some(Value::Number(share)) if share <= FAINT && appears => {}
            Some(Value::Number(share)) => self.opacity *= share.clamp(0.0, 1.0),
            _ => {}
        }
    }

    fn colours(&mut self, element: &NodeRef<'_>, declared: &Declared, known: bool) {
        let has_name = || element.has_attr("class") || element.has_attr("id");
        let is_own = COLOURED.iter().any(|name| element.has_name(name));
        if is_own || (!known && has_name()) {
            (self.colour, self.background) = (None, None);
        }
        if element.has_name("a") && element.has_attr("href") {
            self.colour = None;
        }
        let around = self.background;
        match declared.get(Property::Colour) {
            Some(Value::Colour(colour)) => self.colour = Some(colour),
            Some(Value::Off) => self.colour = Some(Colour::BLACK),
            Some(Value::Unknown) => self.colour = None,
            _ => {}
        }
        match declared.get(Property::Fill) {
            Some(Value::Colour(colour)) => self.fill = Some(Some(colour)),
            Some(Value::Unknown) => self.fill = Some(None),
            Some(Value::Off) => self.fill = None,
            _ => {}
        }
        match declared.get(Property::Outline) {
            Some(Value::Colour(colour)) => self.outline = Some(colour),
            Some(_) => self.outline = None,
            None => {}
        }
        self.background = match (declared.get(Property::Picture), declared.get(Property::Background)) {
            (Some(Value::Unknown | Value::Inherit), _) | (_, Some(Value::Unknown | Value::Inherit)) => None,
            (_, Some(Value::Colour(colour))) if colour.is_opaque() => Some(colour),
            (_, Some(Value::Colour(colour))) if colour.is_transparent() => around,
            (_, Some(Value::Colour(colour))) => around.map(|around| colour.over(around)),
            _ => around,
        };
        self.is_clipped |= declared.is_on(Property::ClipToText);
    }

    /// Whether nobody can read text that looks so: it is too small, far outside, or of the color of what is behind it.
    /// `is_over_picture` is asked where it is the color of a background.
    pub(super) fn is_unreadable(&self, is_over_picture: impl FnOnce() -> bool) -> bool {
        if self.size < MIN_TEXT || self.is_indented {
            return true;
        }
        let Some(ink) = self.fill.unwrap_or(self.colour) else { return false };
        let ink = if ink.is_transparent() { self.outline.unwrap_or(ink) } else { ink };
        if ink.is_transparent() {
            return !self.is_clipped;
        }
        let is_like = self.background.is_some_and(|background| ink.over(background).is_like(background));
        is_like && !self.is_clipped && !is_over_picture()
    }

    /// What hides all of an element that looks so, but for its visibility, of which parts of it may have their own.
    pub(super) fn hiding(&self, element: &NodeRef<'_>, declared: &Declared) -> Option<Hiding> {
        let by = self.hiding_property(element, declared)?;
        Some(Hiding { by, inline: declared.0[by as usize].is_some_and(|(_, is_inline)| is_inline) })
    }

    fn hiding_property(&self, element: &NodeRef<'_>, declared: &Declared) -> Option<Property> {
        use Property as P;
        let length = |property| declared.pixels(property, self);
        let on = [P::Display, P::ContentVisibility].into_iter().find(|property| declared.is_on(*property));
        let is_cut = declared.is_on(P::Overflow) || is_replaced(element);
        let side = |of: [P; 2]| of.into_iter().find(|of| is_cut && length(*of).is_some_and(|length| length <= NO_ROOM));
        let (thin, flat) = (side([P::Width, P::MaxWidth]), side([P::Height, P::MaxHeight]));
        // What has neither width nor height is opened by nothing.
        let size = match (thin, flat) {
            (Some(_), Some(_)) => Some(P::Overflow),
            (thin, flat) => flat.or(thin),
        };
        let is_placed = declared.is_on(P::Position) || declared.get(P::Position) == Some(Value::Unknown);
        let is_out = |property: &P| {
            length(*property).is_some_and(|way| is_far(way) || (*property == P::Left && is_far_right(way)))
        };
        let placed = [P::Left, P::Right, P::Top, P::Bottom].into_iter().find(|property| is_placed && is_out(property));
        let moved = [P::MarginLeft, P::MarginTop].into_iter().find(|property| length(*property).is_some_and(is_far));
        let clipped = Some(P::Clip).filter(|_| declared.is_on(P::Clip) && declared.is_on(P::Position));
        let cut = [P::ClipPath, P::Transform, P::Filter].into_iter().find(|property| declared.is_on(*property));
        let faint = Some(P::Opacity).filter(|_| self.opacity <= FAINT);
        on.or(size).or(placed).or(moved).or(clipped).or(cut).or(faint)
    }
}
