//! CSS lengths and numbers.

use super::calc::Quantity;

/// The size of text where nothing says another one.
pub(super) const TEXT_SIZE: f32 = 16.0;
/// The width of a screen, for lengths that are shares of it.
const SCREEN: f32 = 1_440.0;
/// What is moved or placed this far outside of a screen is not on it.
const FAR: f32 = -999.0;
/// As far to the right. Pages may be long, so nothing is too far down.
const FAR_RIGHT: f32 = 9_999.0;

/// What stays on the screen, and is no box of a whole page, has left it this far outside.
const OFF_SCREEN: f32 = -400.0;
const BELOW_SCREEN: f32 = 1_700.0;
const BESIDE_SCREEN: f32 = 4_000.0;

/// A length: what it has of each unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Length(Quantity);

impl Length {
    pub(super) fn of_pixels(pixels: f32) -> Self {
        Self(Quantity { pixels, ..Quantity::default() })
    }

    pub(super) fn of_em(em: f32) -> Self {
        Self(Quantity { em, ..Quantity::default() })
    }

    /// Reads a length. Only zero has no unit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let quantity = Quantity::parse(text)?;
        (quantity.number == 0.0 && quantity.degrees == 0.0).then_some(Self(quantity))
    }

    /// In pixels, where an `em` and a `rem` are so long. A share of what is around it is taken for one of a screen.
    pub(super) fn pixels(self, em: f32, rem: f32) -> f32 {
        self.0.pixels + self.0.em * em + self.0.rem * rem + self.0.percent * SCREEN / 100.0
    }

    /// Shares as those of an `em`, as text has its size.
    pub(super) fn of_text(self) -> Self {
        let quantity = self.0;
        Self(Quantity { percent: 0.0, em: quantity.em + quantity.percent / 100.0, ..quantity })
    }

    /// The share of something, where it is nothing else.
    pub(super) fn percent(self) -> Option<f32> {
        let Quantity { pixels, em, rem, percent, .. } = self.0;
        (pixels == 0.0 && em == 0.0 && rem == 0.0 && percent != 0.0).then_some(percent)
    }
}

/// Whether something that is moved so far, in pixels, has left the screen to the left or at the top.
pub(super) fn is_far(pixels: f32) -> bool {
    pixels <= FAR
}

/// Whether a box that stays on the screen is placed so far, in pixels, that it has left it.
pub(super) fn is_off_screen(pixels: f32, is_down: bool) -> bool {
    pixels <= OFF_SCREEN || pixels >= if is_down { BELOW_SCREEN } else { BESIDE_SCREEN }
}

/// Whether it has left it to the right.
pub(super) fn is_far_right(pixels: f32) -> bool {
    pixels >= FAR_RIGHT
}

/// A number or a percentage.
pub(super) fn fraction(text: &str) -> Option<f32> {
    let quantity = Quantity::parse(text)?;
    let share = Quantity { percent: 0.0, ..quantity };
    share.as_number().map(|number| number + quantity.percent / 100.0)
}

pub(super) fn is_nothing(share: f32) -> bool {
    share.abs() < 0.02
}
