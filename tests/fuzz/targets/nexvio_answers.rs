//! Nexvio's answers: the first byte says what was asked for, the rest is the body.

use kbsync::platform::{
    read,
    wire::nexvio::{Chatbot, ChatbotChange, Conversation, Integration, Knowledge, Message, Stats},
};
use serde::{Serialize, de::DeserializeOwned};

use super::answers::{address, error, settled, sources};

pub fn nexvio_answers(data: &[u8]) {
    let Some((what, body)) = data.split_first() else { return };
    match what % 10 {
        0 => {
            let Some(page) = read::nexvio_page(body, 3) else { return };
            sources(&page);
            assert_eq!(page.next.is_none(), page.sources.is_empty() && page.unreadable == 0);
        }
        1 => error(body),
        2 => list::<Chatbot>(body, "chatbots", |bot| &bot.id),
        3 => one::<Chatbot>(body, &["chatbot", "bot"]).iter().for_each(bot),
        4 => list::<Conversation>(body, "conversations", |conversation| &conversation.id),
        5 => {
            one::<Conversation>(body, &["conversation"]);
        }
        6 => {
            let messages = read::list::<Message>(body, "messages");
            messages.into_iter().flat_map(|found| found.items).for_each(|message| settled(&message));
        }
        7 => {
            one::<Stats>(body, &[]);
        }
        8 => {
            let found = read::list::<Integration>(body, "integrations");
            found.into_iter().flat_map(|found| found.items).for_each(|integration| address(&integration.id));
        }
        _ => {
            one::<Knowledge>(body, &["knowledge", "source"]);
        }
    }
}

fn list<T: Serialize + DeserializeOwned>(body: &[u8], key: &str, id: fn(&T) -> &str) {
    let Some(found) = read::list::<T>(body, key) else { return };
    assert!(found.count() as usize <= body.len());
    for item in &found.items {
        assert!(!id(item).is_empty());
        address(id(item));
        settled(item);
    }
}

fn one<T: Serialize + DeserializeOwned>(body: &[u8], keys: &[&str]) -> Option<T> {
    let found = read::one::<T>(body, keys)?;
    settled(&found);
    Some(found)
}

/// A bot's settings are sent as they are shown.
fn bot(bot: &Chatbot) {
    let fields = bot.fields();
    let change = ChatbotChange::of(&fields);
    let shown =
        Chatbot { name: change.name.unwrap_or_default(), welcome_message: change.welcome_message, ..bot.clone() };
    let shown = Chatbot { appearance: change.appearance, instructions: change.instructions, ..shown };
    assert_eq!(shown.fields(), fields);
}
