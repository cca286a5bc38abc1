//! Nexvio's API: chatbots (`nexvio-api`, section Bots; `nexvio-get-chatbots`; `nexvio-update-chatbot`).

use reqwest::Method;

use super::{List, Nexvio};
use crate::{
    model::{BotField, BotFields},
    pace::RequestKind,
    platform::{
        ApiError,
        call::Call,
        envelope,
        gate::Class,
        wire::nexvio::{Appearance, Chatbot, ChatbotChange},
    },
};

impl Nexvio {
    /// One page of chatbots, after so many; of one team where it is named. At most 100 a page.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn chatbots(&self, limit: u64, offset: u64, team: Option<&str>) -> Result<List<Chatbot>, ApiError> {
        let mut query = vec![("limit", limit.to_string()), ("offset", offset.to_string())];
        query.extend(team.map(|team| ("team_id", team.to_owned())));
        self.http.list(Call::new(Method::GET, "/chatbots", Class::Begin).query(&query), "chatbots").await
    }

    /// A chatbot with all its fields; `None` when it does not exist.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn chatbot(&self, id: &str) -> Result<Option<Chatbot>, ApiError> {
        let call = Call::new(Method::GET, "/chatbots/{id}", Class::Begin).id(id);
        match self.http.one(call, &["chatbot", "bot"]).await {
            Ok(chatbot) => Ok(Some(chatbot)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a chatbot.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn create_bot(&self, fields: &ChatbotChange) -> Result<Chatbot, ApiError> {
        self.http.one(Call::new(Method::POST, "/bots", Class::Begin).json(fields), &["chatbot", "bot"]).await
    }

    /// Changes the fields of a chatbot that are there, and no others. What it gives is the chatbot as it is then.
    ///
    /// # Errors
    /// See [`ApiError`]; here a chatbot that does not exist is one.
    pub async fn update_chatbot(&self, id: &str, change: &ChatbotChange) -> Result<Chatbot, ApiError> {
        let call = Call::new(Method::PATCH, "/chatbots/{id}", Class::Finish).id(id).json(change);
        // An answer without a chatbot shows none of its settings.
        Ok(envelope::one(self.http.change(call).await?, &["chatbot", "bot"]).unwrap_or_default())
    }

    /// Deletes a chatbot.
    ///
    /// # Errors
    /// See [`ApiError`]; here a chatbot that does not exist is one.
    pub async fn delete_bot(&self, id: &str) -> Result<(), ApiError> {
        self.remove("/bots/{id}", id, RequestKind::Other).await
    }
}

impl Chatbot {
    /// The settings that it shows.
    pub fn fields(&self) -> BotFields {
        let appearance = self.appearance.clone().unwrap_or_default();
        let value = |field| match field {
            BotField::Name => Some(self.name.clone()).filter(|name| !name.is_empty()),
            BotField::WelcomeMessage => self.welcome_message.clone(),
            BotField::Model => self.model.clone(),
            BotField::Instructions => self.instructions.clone(),
            BotField::Team => self.team_id.clone(),
            BotField::PrimaryColor => appearance.primary_color.clone(),
            BotField::ButtonStyle => appearance.chat_bubble_button_style.clone(),
            BotField::Position => appearance.position.clone(),
            BotField::HeaderText => appearance.chatbox_header_text.clone(),
            BotField::HideBranding => appearance.hide_branding.map(|hide| hide.to_string()),
        };
        BotField::ALL.into_iter().filter_map(|field| Some((field, value(field)?))).collect()
    }
}

impl ChatbotChange {
    /// A change of these settings and no others.
    pub fn of(fields: &BotFields) -> Self {
        let value = |field| fields.get(&field).cloned();
        let appearance = fields.keys().any(|field| field.is_appearance()).then(|| Appearance {
            primary_color: value(BotField::PrimaryColor),
            chat_bubble_button_style: value(BotField::ButtonStyle),
            position: value(BotField::Position),
            chatbox_header_text: value(BotField::HeaderText),
            hide_branding: value(BotField::HideBranding).map(|hide| hide == "true"),
        });
        Self {
            name: value(BotField::Name),
            welcome_message: value(BotField::WelcomeMessage),
            model: value(BotField::Model),
            instructions: value(BotField::Instructions),
            team_id: value(BotField::Team),
            appearance,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_sent_as_they_are_shown() {
        let all = json!({
            "name": "Sales", "welcome_message": "Hi", "model": "gpt-4", "instructions": "Be kind.", "team_id": "team_1",
            "appearance": {
                "primary_color": "#4A90E2", "chat_bubble_button_style": "round", "position": "bottom-right",
                "chatbox_header_text": "Sales", "hide_branding": true,
            },
        });
        let mut shown = all.clone();
        shown["id"] = json!("chatbot_1");
        let fields = serde_json::from_value::<Chatbot>(shown).unwrap().fields();
        assert_eq!(fields.len(), BotField::ALL.len());
        assert_eq!(serde_json::to_value(ChatbotChange::of(&fields)).unwrap(), all);
        let some = BotFields::from([(BotField::Position, "top-left".to_owned())]);
        assert_eq!(
            serde_json::to_value(ChatbotChange::of(&some)).unwrap(),
            json!({"appearance": {"position": "top-left"}})
        );
    }
}
