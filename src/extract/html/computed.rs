//! Computed style: what the declarations for an element and those around it make of its text.

use dom_query::NodeRef;

use super::{
    colour::Colour,
    declared::{Declared, is_box},
    length::{Length, TEXT_SIZE, is_far, is_far_right, is_off_screen},
    property::{Property, Value},
};

/// Smaller text, in pixels, is not read.
const MIN_TEXT: f32 = 2.0;
/// Less opacity leaves nothing that is read.
const FAINT: f32 = 0.1;
/// Letters that are drawn together by such a share of their size lie on one another.
const PACKED: f32 = -0.5;
/// A box that is no wider or higher, in pixels, has no room for text.
const NO_ROOM: f32 = 1.0;
/// Elements that browsers give colors of their own.
const COLOURED: &[&str] = &["button", "input", "mark", "option", "select", "textarea"];
/// Room beside text, in pixels, in which what is cut off below or beside it is seen.
const PADDING: f32 = 8.0;
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
    /// Whether dots stand for its letters, they lie on one another, or are as small as nothing.
    is_blotted: [bool; 3],
    /// Whether its lines have no height, and whether they are cut off as well.
    is_flat: bool,
    is_squeezed: bool,
    /// Whether it is in a drawing, whose text has the color of what fills it.
    pub(super) in_svg: bool,
    /// Of a box that gives what is in it the room that is left: whether they stand one below the other.
    flex: Option<bool>,
    /// None where it is unknown, as the background may be.
    colour: Option<Colour>,
    fill: Option<Option<Colour>>,
    outline: Option<Colour>,
    background: Option<Colour>,
    /// Whether a background is seen through its letters, and its color where that is known.
    is_clipped: bool,
    letters: Option<Colour>,
}

/// What is known of an element besides what is declared for it.
pub(super) struct About {
    /// Whether all that styles the page is in it. Sheets that are not known may say anything of what has a class.
    pub(super) known: bool,
    /// Whether something may be painted behind it that is no element.
    pub(super) is_painted: bool,
    /// Whether something may show it that begins out of sight.
    pub(super) may_appear: bool,
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
            is_blotted: [false; 3],
            is_flat: false,
            is_squeezed: false,
            in_svg: false,
            flex: None,
            colour: known.then_some(Colour::BLACK),
            fill: None,
            outline: None,
            background: known.then_some(Colour::WHITE),
            is_clipped: false,
            letters: None,
        }
    }

    /// That of an element in this one.
    pub(super) fn within(&self, element: &NodeRef<'_>, declared: &Declared, about: &About) -> Self {
        let in_svg = (self.in_svg && !element.has_name("foreignObject")) || element.has_name("svg");
        let flex = declared.is_on(Property::Flex).then(|| declared.is_on(Property::Column));
        let mut look = Self { is_invisible_inline: false, in_svg, flex, ..*self };
        if let Some((visibility, is_inline)) =
            declared.with_place(Property::Visibility).filter(|(value, _)| *value != Value::Inherit)
        {
            look.is_visible = visibility != Value::On;
            look.is_invisible_inline = is_inline && !look.is_visible;
        }
        look.text(element, declared, about);
        look.colours(element, declared, about);
        look
    }

    /// A length in pixels.
    pub(super) fn pixels(&self, length: Length) -> f32 {
        length.pixels(self.size, self.root_size)
    }

    /// Takes away its transparency.
    pub(super) fn show(&mut self) {
        self.opacity = 1.0;
    }

    fn text(&mut self, element: &NodeRef<'_>, declared: &Declared, about: &About) {
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
                let is_out = |length: Length| length.percent().is_some_and(|share| share >= 100.0) && declared.is_cut();
                let length = declared.length(Property::Indent);
                let pixels = length.map(|length| length.pixels(self.size, self.root_size));
                self.is_indented =
                    pixels.is_some_and(|way| is_far(way) || is_far_right(way)) || length.is_some_and(is_out);
            }
        }
        for (property, is_blotted) in
            [Property::Security, Property::Spacing, Property::SizeAdjust].into_iter().zip(&mut self.is_blotted)
        {
            match declared.get(property) {
                Some(Value::Inherit) | None => {}
                Some(Value::Length(length)) => {
                    *is_blotted = length.of_text().pixels(self.size, self.root_size) <= self.size * PACKED;
                }
                Some(value) => *is_blotted = value == Value::On,
            }
        }
        match declared.get(Property::LineHeight) {
            Some(Value::Inherit) | None => {}
            Some(value) => self.is_flat = value == Value::On,
        }
        self.is_squeezed = self.is_flat && (self.is_squeezed || declared.is_cut()) && !self.has_room(element, declared);
        let moves = || {
            matches!(declared.get(Property::Transform), Some(Value::Unknown))
                || declared.is_on(Property::Motion)
                || APPEARS.iter().any(|name| element.has_attr(name))
        };
        let appears = declared.appears.unwrap_or_else(|| about.may_appear && moves());
        match declared.get(Property::Opacity) {
            Some(Value::Number(share)) if share < FAINT && appears => {}
            Some(Value::Number(share)) => self.opacity *= share.clamp(0.0, 1.0),
            _ => {}
        }
    }

    /// Whether a box has a height of its own, or by a picture.
    fn has_room(&self, element: &NodeRef<'_>, declared: &Declared) -> bool {
        use Property as P;
        let is_high = |of: Property| declared.pixels(of, self).is_some_and(|length| length > NO_ROOM);
        [P::Height, P::MinHeight, P::PaddingTop, P::PaddingBottom].into_iter().any(is_high)
            || declared.is_on(P::Aspect)
            || element.descendants_it().any(|node| is_box(&node) || node.has_name("svg") || node.has_name("video"))
    }

    fn colours(&mut self, element: &NodeRef<'_>, declared: &Declared, about: &About) {
        let has_name = || element.has_attr("class") || element.has_attr("id");
        let is_own = COLOURED.iter().any(|name| element.has_name(name));
        if is_own || (!about.known && has_name()) {
            (self.colour, self.background) = (None, None);
        }
        // What is drawn below a text is known to nobody.
        if about.is_painted || self.in_svg {
            self.background = None;
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
        match declared.get(Property::SvgFill).filter(|_| self.in_svg) {
            Some(Value::Colour(colour)) => self.fill = Some(Some(colour)),
            Some(_) => self.fill = Some(None),
            None => {}
        }
        match declared.get(Property::Outline) {
            Some(Value::Colour(colour)) => self.outline = Some(colour),
            Some(_) => self.outline = None,
            None => {}
        }
        let picture = declared.get(Property::Picture);
        let colour = match picture {
            Some(Value::Colour(_)) => picture,
            _ => declared.get(Property::Background),
        };
        self.background = match (picture, colour) {
            (Some(Value::Unknown | Value::Inherit), _) | (_, Some(Value::Unknown | Value::Inherit)) => None,
            (_, Some(Value::Colour(colour))) if colour.is_opaque() => Some(colour),
            (_, Some(Value::Colour(colour))) if colour.is_transparent() => around,
            (_, Some(Value::Colour(colour))) => around.map(|around| colour.over(around)),
            _ => around,
        };
        if declared.is_on(Property::ClipToText) {
            self.is_clipped = true;
            // It is painted through the letters, and not behind them.
            self.letters = match (picture, colour) {
                (None | Some(Value::Off | Value::Colour(_)), Some(Value::Colour(colour))) => Some(colour),
                (None | Some(Value::Off), Some(Value::Off)) => Colour::parse("transparent"),
                _ => None,
            };
            self.background = around;
        }
    }

    /// Whether nobody can read text that looks so: it is too small, far outside, or of the color of what is behind it.
    /// `is_over_picture` is asked where it is the color of a background.
    pub(super) fn is_unreadable(&self, is_over_picture: impl FnOnce() -> bool) -> bool {
        if self.size < MIN_TEXT || self.is_indented || self.is_squeezed || self.is_blotted.contains(&true) {
            return true;
        }
        let Some(ink) = self.fill.unwrap_or(self.colour) else { return false };
        let ink = if ink.is_transparent() { self.outline.unwrap_or(ink) } else { ink };
        if ink.is_transparent() && !self.is_clipped {
            return true;
        }
        let Some(background) = self.background else { return false };
        let is_like = match self.letters.filter(|_| self.is_clipped) {
            Some(letters) => ink.over(letters.over(background)).is_like(background),
            None => !self.is_clipped && ink.over(background).is_like(background),
        };
        is_like && !is_over_picture()
    }

    /// Whether nobody can read text that looks so on the background of another element.
    pub(super) fn is_lost_on(&self, layer: &Self) -> bool {
        let ink = self.fill.unwrap_or(self.colour);
        ink.zip(layer.background).is_some_and(|(ink, background)| ink.over(background).is_like(background))
    }

    /// What hides all of an element that looks so in what is around it, but for its visibility, of which parts of it may have
    /// their own.
    pub(super) fn hiding(&self, element: &NodeRef<'_>, declared: &Declared, around: &Self) -> Option<Hiding> {
        let by = self.hiding_property(element, declared, around)?;
        Some(Hiding { by, inline: declared.with_place(by).is_some_and(|(_, is_inline)| is_inline) })
    }

    fn hiding_property(&self, element: &NodeRef<'_>, declared: &Declared, around: &Self) -> Option<Property> {
        use Property as P;
        const CUT: [Property; 10] = [
            P::ClipPath,
            P::Mask,
            P::MaskSize,
            P::Transform,
            P::Scale,
            P::Zoom,
            P::Translate,
            P::Rotate,
            P::Filter,
            P::Content,
        ];
        let length = |property| declared.pixels(property, self);
        let on = [P::Display, P::ContentVisibility].into_iter().find(|property| declared.is_on(*property));
        let is_fixed = declared.is_on(P::Fixed);
        let is_placed = declared.is_on(P::Position) || declared.get(P::Position) == Some(Value::Unknown);
        let is_out = |property: &P| length(*property).is_some_and(|way| is_far(way) || is_far_right(way));
        let is_out_of = |property: &P| match property {
            of if is_fixed => length(*of).is_some_and(|way| is_off_screen(way, matches!(of, P::Top | P::Bottom))),
            // Pages may be long.
            P::Top | P::Bottom => length(*property).is_some_and(is_far),
            property => is_out(property),
        };
        let placed =
            [P::Left, P::Right, P::Top, P::Bottom].into_iter().find(|property| is_placed && is_out_of(property));
        let moved =
            Some(P::MarginLeft).filter(is_out).or(Some(P::MarginTop).filter(|of| length(*of).is_some_and(is_far)));
        let clipped = Some(P::Clip).filter(|_| declared.is_on(P::Clip) && declared.is_on(P::Position));
        let cut = CUT.into_iter().find(|property| declared.is_on(*property));
        // What is in it is hidden with it.
        let faint = Some(P::Opacity).filter(|_| self.opacity < FAINT && around.opacity >= FAINT);
        on.or(self.without_room(element, declared, around)).or(placed).or(moved).or(clipped).or(cut).or(faint)
    }

    /// What leaves an element no room.
    fn without_room(&self, element: &NodeRef<'_>, declared: &Declared, around: &Self) -> Option<Property> {
        use Property as P;
        if !declared.is_cut() && !is_box(element) {
            return None;
        }
        let length = |property| declared.pixels(property, self);
        let is_small = |property: P| length(property).is_some_and(|length| length <= NO_ROOM);
        let grows = |down: bool| around.flex == Some(down) && declared.is_on(P::Grow);
        let has = |least: P, padding: &[P]| {
            length(least).is_some_and(|length| length > NO_ROOM)
                || padding.iter().filter_map(|padding| length(*padding)).sum::<f32>() >= PADDING
        };
        let side = |size: P, most: P, is_roomy: bool, grows: bool| match () {
            () if is_roomy => None,
            () if is_small(most) => Some(most),
            () => Some(size).filter(|size| is_small(*size) && !grows),
        };
        let thin = side(P::Width, P::MaxWidth, has(P::MinWidth, &[P::PaddingSide]), grows(false));
        let flat = side(P::Height, P::MaxHeight, has(P::MinHeight, &[P::PaddingTop, P::PaddingBottom]), grows(true));
        match (thin, flat) {
            // What has neither width nor height is opened by nothing.
            (Some(_), Some(_)) => Some(P::OverflowX),
            (thin, flat) => flat.or(thin),
        }
    }
}
