//! A bot's settings: what each may be, as Nexvio's page for updating a chatbot says (`nexvio-update-chatbot`).

use std::{collections::BTreeMap, fmt};

use super::ContentHash;

/// The models that a bot may use.
pub const MODELS: [&str; 2] = ["gpt-3.5-turbo", "gpt-4"];
/// The styles of the chat button.
pub const BUTTON_STYLES: [&str; 2] = ["round", "square"];
/// The places of the chat widget.
pub const POSITIONS: [&str; 4] = ["bottom-right", "bottom-left", "top-right", "top-left"];
/// The most characters that instructions may have.
pub const LONGEST_INSTRUCTIONS: usize = 32_000;

/// Whether a text is a colour as the page shows it: `#` and six hexadecimal digits, or three.
pub fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| matches!(hex.len(), 3 | 6) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A setting of a bot that a config can say, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BotField {
    /// Its name.
    Name,
    /// What it says first.
    WelcomeMessage,
    /// The model that answers.
    Model,
    /// What it is told to be.
    Instructions,
    /// The id of the team that it belongs to.
    Team,
    /// The colour of its window.
    PrimaryColor,
    /// The style of the button that opens it.
    ButtonStyle,
    /// Where on the page it is.
    Position,
    /// What stands above the conversation.
    HeaderText,
    /// Whether the platform's own name is hidden: `true` or `false`.
    HideBranding,
}

/// The value of each setting that is there.
pub type BotFields = BTreeMap<BotField, String>;

impl BotField {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::WelcomeMessage,
        Self::Model,
        Self::Instructions,
        Self::Team,
        Self::PrimaryColor,
        Self::ButtonStyle,
        Self::Position,
        Self::HeaderText,
        Self::HideBranding,
    ];

    /// Where it stands in the config.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::WelcomeMessage => "welcome_message",
            Self::Model => "model",
            Self::Instructions => "instructions",
            Self::Team => "team",
            Self::PrimaryColor => "appearance.primary_color",
            Self::ButtonStyle => "appearance.chat_bubble_button_style",
            Self::Position => "appearance.position",
            Self::HeaderText => "appearance.chatbox_header_text",
            Self::HideBranding => "appearance.hide_branding",
        }
    }

    /// The last part of that.
    pub fn key(self) -> &'static str {
        self.as_str().rsplit('.').next().unwrap_or_default()
    }

    /// Whether it is about how the bot looks.
    pub fn is_appearance(self) -> bool {
        self.as_str() != self.key()
    }

    /// What it may be, where the page lists that.
    pub fn choices(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Model => Some(&MODELS),
            Self::ButtonStyle => Some(&BUTTON_STYLES),
            Self::Position => Some(&POSITIONS),
            Self::HideBranding => Some(&["true", "false"]),
            Self::Name
            | Self::WelcomeMessage
            | Self::Instructions
            | Self::Team
            | Self::PrimaryColor
            | Self::HeaderText => None,
        }
    }

    /// Why a text cannot be its value, for people.
    ///
    /// # Errors
    /// What is wrong, and what is expected.
    pub fn check(self, text: &str) -> Result<(), String> {
        let characters = text.chars().count();
        match self {
            Self::Name | Self::Team if text.trim().is_empty() => Err(format!("`{}` is empty", self.key())),
            Self::Instructions if characters > LONGEST_INSTRUCTIONS => Err(format!(
                "the instructions have {} characters; {} is the most",
                grouped(characters),
                grouped(LONGEST_INSTRUCTIONS)
            )),
            Self::PrimaryColor if !is_colour(text) => {
                Err("expected a colour as a hex code in quotes, such as \"#2A52BE\"".to_owned())
            }
            _ => match self.choices() {
                Some(choices) if !choices.contains(&text) => Err(format!("`{}` is {}", self.key(), either(choices))),
                _ => Ok(()),
            },
        }
    }

    /// The value in the one form in which two that mean the same are the same: with each line end as `\n`, without white
    /// space at the end, and with a colour in small letters.
    pub fn canonical(self, text: &str) -> String {
        let text = text.trim_end().replace("\r\n", "\n");
        if self == Self::PrimaryColor { text.to_ascii_lowercase() } else { text }
    }

    /// What a platform means that does not show it.
    pub fn absent(self) -> &'static str {
        if self == Self::HideBranding { "false" } else { "" }
    }
}

impl fmt::Display for BotField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is remembered of a setting that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BotNote {
    /// What the config said.
    pub wanted: ContentHash,
    /// What the platform made of it, where it has shown that.
    pub shown: Option<ContentHash>,
}

/// What is done about a setting that somebody changed on the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDrift {
    /// It is put right.
    #[default]
    Fix,
    /// It is only said.
    Report,
}

/// A number with a comma at every thousand.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits.char_indices().flat_map(|(at, digit)| comma(at).then_some(',').into_iter().chain([digit])).collect()
}

/// `one`, `two` or `three`.
fn either(choices: &[&str]) -> String {
    let quoted: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_hex_codes() {
        for colour in ["#4A90E2", "#2a52be", "#fff"] {
            assert!(is_colour(colour), "{colour}");
        }
        for none in ["", "#", "4A90E2", "#4A90E", "#4A90E2F", "#GGGGGG", "blue", "#４A90E2"] {
            assert!(!is_colour(none), "{none}");
        }
    }

    #[test]
    fn values_are_checked_as_the_page_says() {
        let long = "é".repeat(LONGEST_INSTRUCTIONS);
        for (field, text) in [
            (BotField::Model, "gpt-4"),
            (BotField::Position, "top-left"),
            (BotField::HideBranding, "true"),
            (BotField::WelcomeMessage, ""),
            (BotField::Instructions, &long),
            (BotField::PrimaryColor, "#fff"),
        ] {
            assert_eq!(field.check(text), Ok(()), "{field}");
        }
        let longer = long + "é";
        for (field, text, wrong) in [
            (BotField::Model, "gpt-5", "`model` is `gpt-3.5-turbo` or `gpt-4`"),
            (BotField::Position, "", "`position` is `bottom-right`, `bottom-left`, `top-right` or `top-left`"),
            (BotField::Name, " ", "`name` is empty"),
            (BotField::Team, "", "`team` is empty"),
            (BotField::Instructions, &longer, "the instructions have 32,001 characters; 32,000 is the most"),
            (BotField::PrimaryColor, "blue", "expected a colour as a hex code in quotes, such as \"#2A52BE\""),
        ] {
            assert_eq!(field.check(text), Err(wrong.to_owned()), "{field}");
        }
    }

    #[test]
    fn every_field_has_its_place_in_the_config() {
        assert_eq!(BotField::ALL.iter().filter(|field| field.is_appearance()).count(), 5);
        assert_eq!(BotField::HideBranding.key(), "hide_branding");
        assert!(BotField::ALL.is_sorted());
        assert_eq!([7, 1_234, 32_000, 1_000_000].map(grouped), ["7", "1,234", "32,000", "1,000,000"]);
    }
}
