//! What rules and attributes declare for an element.

use std::{cmp::Reverse, rc::Rc};

use dom_query::NodeRef;

use super::{
    animation::Run,
    colour::Colour,
    computed::Look,
    declarations::{Declaration, declarations},
    length::Length,
    property::{self, PROPERTIES, Property, Value},
    stylesheet::{Set, Setting, Stylesheet, settings},
    variables::{Scope, resolved},
};

/// Attributes of a drawing that are properties as well.
const DRAWN: &[&str] = &["clip-path", "display", "fill", "font-size", "opacity", "transform", "visibility"];
/// A smaller box, in pixels, is no background of a text.
const LAYER: f32 = 40.0;

/// What is declared for an element, and whether its `style` attribute does.
pub(super) struct Declared {
    values: [Option<(Value, bool)>; PROPERTIES],
    /// Its custom properties.
    pub(super) scope: Rc<Scope>,
    /// Whether an animation whose frames are known shows it; none where it has none.
    pub(super) appears: Option<bool>,
    /// Whether it would be hidden by its attribute, had no rule another word for it.
    pub(super) is_shown: bool,
}

impl Declared {
    /// What rules, the last of which counts most, and its attributes declare for an element in a scope.
    pub(super) fn of(
        element: &NodeRef<'_>,
        rules: &[(usize, &[Setting])],
        around: &Rc<Scope>,
        sheet: &Stylesheet,
        in_svg: bool,
    ) -> Self {
        let inline: Vec<Setting> = element.attr("style").map(|style| sets(&style)).unwrap_or_default();
        let in_order = |important: bool| {
            let mut rules = rules.to_vec();
            // What is important in an earlier layer counts more.
            if important {
                rules.sort_by_key(|(layer, _)| Reverse(*layer));
            }
            let of_rules = rules.into_iter().flat_map(|(_, sets)| sets).map(|set| (set, false));
            let all: Vec<_> = of_rules.chain(inline.iter().map(|set| (set, true))).collect();
            all.into_iter().filter(move |((_, is_important), _)| *is_important == important)
        };
        let all: Vec<_> = in_order(false).chain(in_order(true)).collect();
        let of = |pick: fn(&Set) -> Option<&Declaration>| {
            all.iter().filter_map(|((set, _), _)| pick(set)).cloned().collect::<Vec<_>>()
        };
        let scope = Scope::within(
            around,
            of(|set| match set {
                Set::Custom(declaration) => Some(declaration),
                _ => None,
            }),
        );
        let run = Run::of(&of(|set| match set {
            Set::Motion(declaration) => Some(declaration),
            _ => None,
        }));
        let mut declared = Self { values: [None; PROPERTIES], scope, appears: None, is_shown: false };
        declared.attributes(element, in_svg);
        in_order(false).for_each(|((set, _), is_inline)| declared.set(set, is_inline, element, sheet));
        for frames in run.names.iter().filter_map(|name| sheet.frames(name)) {
            let lasting = frames.lasting(&run);
            let is_over = lasting.iter().any(|set| matches!(set, Set::Value(Property::Opacity, _) | Set::Open(_)));
            declared.appears = Some(frames.shows(Property::Opacity) && !is_over);
            lasting.iter().for_each(|set| declared.set(set, false, element, sheet));
        }
        in_order(true).for_each(|((set, _), is_inline)| declared.set(set, is_inline, element, sheet));
        declared.is_shown = element.has_attr("hidden") && declared.get(Property::Display) == Some(Value::Off);
        declared
    }

    fn set(&mut self, set: &Set, is_inline: bool, element: &NodeRef<'_>, sheet: &Stylesheet) {
        match set {
            Set::Value(property, value) => self.values[*property as usize] = Some((*value, is_inline)),
            Set::Open(Declaration { name, value, .. }) => {
                // What nothing sets may be set in a sheet of another address.
                let unset = if sheet.has_others() { "var()" } else { "unset" };
                let value = resolved(value, &self.scope, element, sheet).unwrap_or_else(|| unset.to_owned());
                for (property, value) in property::values(name, value.trim().to_ascii_lowercase().as_str()) {
                    self.values[property as usize] = Some((value, is_inline));
                }
            }
            Set::Custom(_) | Set::Motion(_) => {}
        }
    }

    /// Colors of the time before style sheets, and of drawings.
    fn attributes(&mut self, element: &NodeRef<'_>, in_svg: bool) {
        for name in DRAWN.iter().filter(|_| in_svg) {
            let value = element.attr(name).map(|value| value.trim().to_ascii_lowercase());
            let set = value.map(|value| property::values(name, &value)).unwrap_or_default();
            set.into_iter().for_each(|(property, value)| self.values[property as usize] = Some((value, true)));
        }
        // Only what opens them shows these.
        if element.has_attr("popover") || (element.has_name("dialog") && !element.has_attr("open")) {
            self.values[Property::Display as usize] = Some((Value::On, false));
        }
        let is_alternative = |parent: NodeRef<'_>| parent.has_name("semantics") || parent.has_name("maction");
        if element.has_name("mphantom") {
            self.values[Property::Visibility as usize] = Some((Value::On, false));
        } else if element.parent().is_some_and(is_alternative) && element.prev_element_sibling().is_some() {
            self.values[Property::Display as usize] = Some((Value::On, false));
        }
        if in_svg {
            return;
        }
        let is_body = element.has_name("body");
        let colour = |name: &str| element.attr(name).and_then(|value| Colour::of_attribute(&value)).map(Value::Colour);
        let ink = if is_body { colour("text") } else { colour("color").filter(|_| element.has_name("font")) };
        self.values[Property::Colour as usize] = ink.map(|ink| (ink, false));
        self.values[Property::Background as usize] = colour("bgcolor").map(|colour| (colour, false));
        if element.has_attr("background") {
            self.values[Property::Picture as usize] = Some((Value::Unknown, false));
        }
        if is_replaced(element) {
            for (name, property) in [("width", Property::Width), ("height", Property::Height)] {
                let pixels = element.attr(name).and_then(|value| value.trim().parse().ok()).map(Length::of_pixels);
                self.values[property as usize] = pixels.map(|pixels| (Value::Length(pixels), true));
            }
        }
    }

    /// Whether the element lies above what is around it.
    pub(super) fn is_placed(&self) -> bool {
        self.is_on(Property::Position)
    }

    pub(super) fn get(&self, property: Property) -> Option<Value> {
        self.values[property as usize].map(|(value, _)| value)
    }

    /// A value, and whether its `style` attribute says so.
    pub(super) fn with_place(&self, property: Property) -> Option<(Value, bool)> {
        self.values[property as usize]
    }

    pub(super) fn is_on(&self, property: Property) -> bool {
        self.get(property) == Some(Value::On)
    }

    /// Whether what has no room in it is not seen.
    pub(super) fn is_cut(&self) -> bool {
        self.is_on(Property::OverflowX) || self.is_on(Property::OverflowY)
    }

    pub(super) fn length(&self, property: Property) -> Option<Length> {
        match self.get(property) {
            Some(Value::Length(length)) => Some(length),
            _ => None,
        }
    }

    /// A length in pixels, where one is declared.
    pub(super) fn pixels(&self, property: Property, look: &Look) -> Option<f32> {
        self.length(property).map(|length| look.pixels(length))
    }

    /// Whether it has a background of its own.
    pub(super) fn is_painted(&self) -> bool {
        let is_coloured = match self.get(Property::Background) {
            Some(Value::Colour(colour)) => !colour.is_transparent(),
            Some(Value::Unknown) => true,
            _ => false,
        };
        is_coloured || matches!(self.get(Property::Picture), Some(Value::Unknown | Value::Colour(_)))
    }

    /// Whether it is too small to be the background of a text.
    pub(super) fn is_small(&self, look: &Look) -> bool {
        let sizes = [Property::Width, Property::Height, Property::MaxWidth, Property::MaxHeight];
        sizes.into_iter().any(|size| self.pixels(size, look).is_some_and(|length| length < LAYER))
    }
}

/// Whether an element has a size of its own.
fn is_replaced(element: &NodeRef<'_>) -> bool {
    element.has_name("iframe") || element.has_name("img")
}

/// Whether nothing of an element is outside of its box.
pub(super) fn is_box(element: &NodeRef<'_>) -> bool {
    is_replaced(element) || ["input", "meter", "textarea"].iter().any(|name| element.has_name(name))
}

fn sets(style: &str) -> Vec<Setting> {
    declarations(style).iter().flat_map(settings).collect()
}
