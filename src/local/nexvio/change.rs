//! Reading what is wanted of a chatbot, as the page on updating one says (`nexvio-update-chatbot`).

use serde_json::{Map, Value};

use super::request::{Wrong, not_among};
use crate::{
    local::error::ApiError,
    platform::wire::nexvio::{
        Appearance, BUTTON_STYLES, ChatbotChange, LONGEST_INSTRUCTIONS, MODELS, POSITIONS, is_colour,
    },
};

/// Reads the fields that are there. Unknown ones are passed over; what is `null` is wrong, as it is no value of any.
pub(super) fn read(fields: &Map<String, Value>, name_is_needed: bool) -> Result<ChatbotChange, ApiError> {
    let mut wrong = Wrong::default();
    if name_is_needed && !fields.contains_key("name") {
        wrong.add("name", "Is required");
    }
    let mut reader = Reader { fields, within: "", wrong: &mut wrong };
    let change = ChatbotChange {
        name: reader.text("name", not_blank),
        welcome_message: reader.text("welcome_message", |_| Ok(())),
        model: reader.one_of("model", &MODELS),
        instructions: reader.text("instructions", short_enough),
        team_id: reader.text("team_id", not_blank),
        appearance: reader.appearance(),
    };
    wrong.check().map(|()| change)
}

fn not_blank(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("Must not be empty".to_owned()) } else { Ok(()) }
}

fn short_enough(text: &str) -> Result<(), String> {
    if text.chars().count() > LONGEST_INSTRUCTIONS {
        return Err("Must have at most 32,000 characters".to_owned());
    }
    Ok(())
}

fn colour(text: &str) -> Result<(), String> {
    if is_colour(text) {
        Ok(())
    } else {
        Err("Invalid colour specified. Must be a hex code such as #4A90E2".to_owned())
    }
}

/// Reads the fields of an object, and notes what is wrong.
struct Reader<'a> {
    fields: &'a Map<String, Value>,
    /// What comes before a field's name where it is told.
    within: &'static str,
    wrong: &'a mut Wrong,
}

impl Reader<'_> {
    fn text(&mut self, name: &str, check: impl FnOnce(&str) -> Result<(), String>) -> Option<String> {
        let text = self.fields.get(name)?.as_str();
        match text.map_or_else(|| Err("Must be a string".to_owned()), check) {
            Ok(()) => text.map(str::to_owned),
            Err(reason) => self.is_wrong(name, reason),
        }
    }

    fn one_of(&mut self, name: &str, allowed: &[&str]) -> Option<String> {
        self.text(name, |text| if allowed.contains(&text) { Ok(()) } else { Err(not_among(name, allowed)) })
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.fields.get(name)?;
        value.as_bool().or_else(|| self.is_wrong(name, "Must be a boolean".to_owned()))
    }

    fn appearance(&mut self) -> Option<Appearance> {
        let name = "appearance";
        let Some(fields) = self.fields.get(name)?.as_object() else {
            return self.is_wrong(name, "Must be an object".to_owned());
        };
        let mut reader = Reader { fields, within: "appearance.", wrong: self.wrong };
        Some(Appearance {
            primary_color: reader.text("primary_color", colour),
            chat_bubble_button_style: reader.one_of("chat_bubble_button_style", &BUTTON_STYLES),
            position: reader.one_of("position", &POSITIONS),
            chatbox_header_text: reader.text("chatbox_header_text", |_| Ok(())),
            hide_branding: reader.flag("hide_branding"),
        })
    }

    fn is_wrong<T>(&mut self, name: &str, reason: String) -> Option<T> {
        self.wrong.add(format!("{}{name}", self.within), reason);
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_value(value: &Value) -> Result<ChatbotChange, ApiError> {
        read(value.as_object().unwrap(), false)
    }

    #[test]
    fn what_is_there_is_read_and_nothing_else() {
        let change = read_value(&json!({"name": "Sales", "appearance": {"position": "top-left"}, "mood": 7})).unwrap();
        let appearance = Appearance { position: Some("top-left".to_owned()), ..Appearance::default() };
        let expected =
            ChatbotChange { name: Some("Sales".to_owned()), appearance: Some(appearance), ..ChatbotChange::default() };
        assert_eq!(change, expected);
        assert_eq!(read_value(&json!({})).unwrap(), ChatbotChange::default());
    }

    #[test]
    fn instructions_are_measured_in_characters() {
        assert!(read_value(&json!({"instructions": "ü".repeat(32_000)})).is_ok());
        assert!(read_value(&json!({"instructions": "u".repeat(32_001)})).is_err());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let error = read_value(&json!({
            "name": " ",
            "welcome_message": null,
            "model": "gpt-5",
            "team_id": 7,
            "appearance": {
                "primary_color": "blue", "chat_bubble_button_style": "oval", "position": null, "hide_branding": "yes"
            },
        }));
        let details = error.unwrap_err().details.unwrap();
        assert_eq!(
            details,
            json!({
                "name": "Must not be empty",
                "welcome_message": "Must be a string",
                "model": "Invalid model specified. Allowed values: gpt-3.5-turbo, gpt-4",
                "team_id": "Must be a string",
                "appearance.primary_color": "Invalid colour specified. Must be a hex code such as #4A90E2",
                "appearance.chat_bubble_button_style":
                    "Invalid chat_bubble_button_style specified. Allowed values: round, square",
                "appearance.position": "Must be a string",
                "appearance.hide_branding": "Must be a boolean",
            })
        );
        let details = read_value(&json!({"appearance": []})).unwrap_err().details;
        assert_eq!(details, Some(json!({"appearance": "Must be an object"})));
        let details = read(&Map::new(), true).unwrap_err().details;
        assert_eq!(details, Some(json!({"name": "Is required"})));
    }
}
