//! Bots in a full pass: beside the documents, for neither waits for the other, and a bot that fails holds up nothing.

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{Fatal, Pass};
use crate::{
    config::Chatbot,
    model::{BotField, BotFields, OnDrift},
    plan::{self, BotChange, BotPlan, Written},
    platform::{ApiError, Platform, nexvio::Nexvio, wire::nexvio::ChatbotChange},
    store::{Db, StoreError},
};

/// What a pass did about bots, or would do.
#[derive(Debug, Default)]
pub struct Bots {
    /// Settings that were written.
    pub changed: Vec<BotChanges>,
    /// Settings that somebody changed on the platform, and that are left so.
    pub reported: Vec<BotChanges>,
    /// Bots that failed.
    pub failed: Vec<BotFailure>,
    /// Why not all of them were looked at; another pass will.
    pub unavailable: Option<String>,
}

/// Settings of one bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotChanges {
    /// The bot's id.
    pub id: String,
    /// Its name on the platform, before any change.
    pub name: String,
    /// The settings; at least one.
    pub changes: Vec<BotChange>,
}

/// A bot that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotFailure {
    /// Its id.
    pub id: String,
    /// Why, and what to do.
    pub reason: String,
}

/// Why a bot could not be brought in step.
enum Trouble {
    /// For a reason of its own.
    Own(String),
    /// The platform cannot be reached, or is in trouble.
    Unavailable(String),
    /// The pass stops.
    Fatal(Fatal),
}

impl From<Fatal> for Trouble {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Fatal(Fatal::Store(error))
    }
}

impl Bots {
    /// The same for programs; `of` says what is shown of a bot's settings.
    pub fn to_json(&self, of: impl Fn(&BotChanges) -> Value) -> Value {
        let list = |bots: &[BotChanges]| bots.iter().map(&of).collect::<Vec<_>>();
        let failed = self.failed.iter().map(|failure| json!({ "id": failure.id, "reason": failure.reason }));
        json!({
            "changed": list(&self.changed),
            "reported": list(&self.reported),
            "failed": failed.collect::<Vec<_>>(),
            "unavailable": self.unavailable,
        })
    }

    /// Notes what became of one bot. `false` when there is no sense in going on with others.
    fn note(&mut self, id: &str, done: Result<(String, BotPlan), Trouble>) -> Result<bool, Fatal> {
        match done {
            Ok((name, BotPlan { changes, reported })) => {
                for (list, changes) in [(&mut self.changed, changes), (&mut self.reported, reported)] {
                    if !changes.is_empty() {
                        list.push(BotChanges { id: id.to_owned(), name: name.clone(), changes });
                    }
                }
            }
            Err(Trouble::Own(reason)) => self.failed.push(BotFailure { id: id.to_owned(), reason }),
            Err(Trouble::Unavailable(reason)) => {
                self.unavailable = Some(reason);
                return Ok(false);
            }
            Err(Trouble::Fatal(fatal)) => return Err(fatal),
        }
        Ok(true)
    }
}

impl<P: Platform> Pass<'_, P> {
    /// Brings the bots in step. What was done is said also where the pass has to stop.
    pub(super) async fn bring_bots_in_step(&self) -> (Bots, Result<(), Fatal>) {
        let mut bots = Bots::default();
        let Some(nexvio) = self.platform.bots() else { return (bots, Ok(())) };
        for chatbot in &self.scope.chatbots {
            let done = self.bring_bot_in_step(nexvio, chatbot).await;
            match bots.note(&chatbot.id, done) {
                Ok(true) => {}
                Ok(false) => break,
                Err(fatal) => return (bots, Err(fatal)),
            }
        }
        (bots, Ok(()))
    }

    async fn bring_bot_in_step(&self, nexvio: &Nexvio, chatbot: &Chatbot) -> Result<(String, BotPlan), Trouble> {
        let reading = chatbot.clone();
        let reading = self.scope.machine.blocking(move || reading.fields());
        let wanted = reading.await.map_err(|error| Trouble::Own(error.to_string()))?;
        let wanted = wanted.map_err(Trouble::Own)?;
        let id = chatbot.id.clone();
        let written = self.store.call(move |db| db.bot_fields(&id)).await?;
        let looking = look(nexvio, &chatbot.id, &wanted, &written, chatbot.drift);
        let (name, plan) = self.unless_stopped(looking.map(Ok)).await??;
        let mut shown = BotFields::new();
        if !plan.changes.is_empty() {
            let fields: BotFields = plan.changes.iter().map(|change| (change.field, change.to.clone())).collect();
            // One that is cut off by a stop took effect or did not; the next pass looks.
            let change = ChatbotChange::of(&fields);
            let updating = nexvio.update_chatbot(&chatbot.id, &change);
            let updated = self.unless_stopped(updating.map(Ok)).await?.map_err(|error| sorted(error, &fields))?;
            // An answer may repeat what it was sent, and the bot show what the platform makes of that.
            let looking = nexvio.chatbot(&chatbot.id);
            let found = self.unless_stopped(looking.map(Ok)).await?.ok().flatten().unwrap_or(updated);
            shown = plan::shown(&plan.changes, &found.fields());
        }
        let id = chatbot.id.clone();
        self.store.call(move |db| db.note_bot(&id, &plan::written(&wanted, &shown, &written))).await?;
        Ok((name, plan))
    }
}

/// What a pass would do about bots, without doing it. Without a store nothing was ever written.
///
/// # Errors
/// When the key is refused, or the store cannot be read.
pub async fn preview_bots(nexvio: &Nexvio, chatbots: &[Chatbot], db: Option<&Db>) -> Result<Bots, Fatal> {
    let mut bots = Bots::default();
    for chatbot in chatbots {
        let written = db.map(|db| db.bot_fields(&chatbot.id)).transpose()?.unwrap_or_default();
        let looked = match chatbot.fields() {
            Ok(wanted) => look(nexvio, &chatbot.id, &wanted, &written, chatbot.drift).await,
            Err(reason) => Err(Trouble::Own(reason)),
        };
        if !bots.note(&chatbot.id, looked)? {
            break;
        }
    }
    Ok(bots)
}

/// Holds what is wanted of a bot against the platform; gives the bot's name there, too.
async fn look(
    nexvio: &Nexvio,
    id: &str,
    wanted: &BotFields,
    written: &Written,
    on_drift: OnDrift,
) -> Result<(String, BotPlan), Trouble> {
    let Some(found) = nexvio.chatbot(id).await.map_err(|error| sorted(error, &BotFields::new()))? else {
        let words = "the platform has no bot of this id; `kbsync bots list` shows those that it has";
        return Err(Trouble::Own(words.to_owned()));
    };
    let plan = plan::bot(wanted, &found.fields(), written, on_drift);
    Ok((found.name, plan))
}

/// Sorts what went wrong with a request about one bot, by which these settings were to be written.
fn sorted(error: ApiError, fields: &BotFields) -> Trouble {
    match error {
        ApiError::Denied { status: 403, message } => Trouble::Own(forbidden(&message, fields)),
        ApiError::Denied { .. } => Trouble::Fatal(Fatal::Denied(error.to_string())),
        ApiError::Unavailable(reason) => Trouble::Unavailable(reason),
        ApiError::Refused { .. } | ApiError::Unknown { .. } | ApiError::NoSuchCall(_) | ApiError::File(_) => {
            Trouble::Own(error.to_string())
        }
    }
}

/// The likely cause of a 403 (`nexvio-update-chatbot`, "Appearance Object" and "Changing Models").
fn forbidden(message: &str, fields: &BotFields) -> String {
    let likely = if fields.contains_key(&BotField::HideBranding) {
        "`hide_branding` needs Nexvio's enterprise plan; remove it, or change the plan"
    } else if fields.contains_key(&BotField::Model) {
        "see whether your plan has this `model`, and whether the key may change bots"
    } else {
        "see whether the key may do this"
    };
    format!("the platform does not allow it (403): {message}; {likely}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forbidden_names_the_likely_cause() {
        let words = |fields: &[BotField]| {
            let fields = fields.iter().map(|field| (*field, "x".to_owned())).collect();
            match sorted(ApiError::Denied { status: 403, message: "no".to_owned() }, &fields) {
                Trouble::Own(reason) => reason,
                Trouble::Unavailable(_) | Trouble::Fatal(_) => panic!("a 403 is the bot's own"),
            }
        };
        assert!(words(&[BotField::Model, BotField::HideBranding]).contains("enterprise plan"));
        assert!(words(&[BotField::Model]).contains("your plan has this `model`"));
        assert!(words(&[]).contains("(403): no; see whether the key"));
        let denied = ApiError::Denied { status: 401, message: "no".to_owned() };
        assert!(matches!(sorted(denied, &BotFields::new()), Trouble::Fatal(Fatal::Denied(_))));
    }
}
