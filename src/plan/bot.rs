//! What a pass has to do about one bot: which of its settings differ, who changed them, and what is put right.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::model::{BotField, BotFields, BotNote, ContentHash, OnDrift};

/// What was last written into each setting of a bot.
pub type Written = BTreeMap<BotField, BotNote>;

/// A setting that differs on the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotChange {
    /// Which.
    pub field: BotField,
    /// As it is on the platform.
    pub from: String,
    /// As the config says.
    pub to: String,
    /// Who changed it.
    pub why: BotCause,
}

/// Who changed a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotCause {
    /// The config says something else than what was last written.
    Config,
    /// Somebody changed it on the platform.
    Drift,
}

impl BotCause {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Drift => "drift",
        }
    }
}

/// What is to be done about a bot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotPlan {
    /// What is written.
    pub changes: Vec<BotChange>,
    /// What is only said.
    pub reported: Vec<BotChange>,
}

/// Holds the settings that are wanted against the platform's. Those that are not wanted are nobody's business, and what
/// the platform makes of a value that it was given is no difference.
pub fn bot(wanted: &BotFields, found: &BotFields, written: &Written, on_drift: OnDrift) -> BotPlan {
    let mut plan = BotPlan::default();
    for (&field, to) in wanted {
        let from = found.get(&field).map_or(field.absent(), String::as_str);
        if field.canonical(from) == field.canonical(to) {
            continue;
        }
        let last = written.get(&field).filter(|last| last.wanted == hash(field, to));
        if last.is_some_and(|last| last.shown == Some(hash(field, from))) {
            continue;
        }
        let why = if last.is_some() { BotCause::Drift } else { BotCause::Config };
        let change = BotChange { field, from: from.to_owned(), to: to.clone(), why };
        match (why, on_drift) {
            (BotCause::Drift, OnDrift::Report) => plan.reported.push(change),
            (BotCause::Drift, OnDrift::Fix) | (BotCause::Config, _) => plan.changes.push(change),
        }
    }
    plan
}

/// How the platform, `found` after these changes, shows what was written. A setting that is as it was before has not taken
/// the change yet, or never will.
pub fn shown(changes: &[BotChange], found: &BotFields) -> BotFields {
    let shows = |change: &BotChange| {
        let value = found.get(&change.field)?;
        (change.field.canonical(value) != change.field.canonical(&change.from)).then(|| (change.field, value.clone()))
    };
    changes.iter().filter_map(shows).collect()
}

/// What is to be remembered as written once the platform has all that is wanted. `shown` is how it showed what was
/// written now; of the rest is known what was shown before.
pub fn written(wanted: &BotFields, shown: &BotFields, before: &Written) -> Written {
    let note = |(&field, value): (&BotField, &String)| {
        let wanted = hash(field, value);
        let shown_before = || before.get(&field).filter(|last| last.wanted == wanted).and_then(|last| last.shown);
        let shown = shown.get(&field).map(|value| hash(field, value)).or_else(shown_before);
        (field, BotNote { wanted, shown })
    };
    wanted.iter().map(note).collect()
}

fn hash(field: BotField, value: &str) -> ContentHash {
    ContentHash(Sha256::digest(field.canonical(value).as_bytes()).into())
}

/// The first line in which two texts differ: its number, and what it is in each; `None` where one of them has ended.
pub fn first_difference<'a>(from: &'a str, to: &'a str) -> Option<(usize, Option<&'a str>, Option<&'a str>)> {
    let (mut from, mut to) = (from.split('\n'), to.split('\n'));
    (1..)
        .map(|number| (number, from.next(), to.next()))
        .take_while(|(_, a, b)| a.is_some() || b.is_some())
        .find(|(_, a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: BotField = BotField::Name;

    fn fields(field: BotField, value: Option<&str>) -> BotFields {
        value.map(|value| (field, value.to_owned())).into_iter().collect()
    }

    /// The plan for one setting, in few words.
    fn planned(field: BotField, wanted: Option<&str>, found: Option<&str>, last: Option<&str>, on: OnDrift) -> String {
        let written = written(&fields(field, last), &BotFields::new(), &Written::new());
        let plan = bot(&fields(field, wanted), &fields(field, found), &written, on);
        let said = |changes: &[BotChange], what: &str| -> String {
            changes.iter().map(|c| format!("{what} {} > {} ({})", c.from, c.to, c.why.as_str())).collect()
        };
        said(&plan.changes, "write") + &said(&plan.reported, "say")
    }

    #[test]
    fn who_changed_it_decides() {
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        for (wanted, found, last, fix, report) in [
            (None, a, None, "", ""),
            (None, a, b, "", ""),
            (a, a, None, "", ""),
            (a, a, b, "", ""),
            (a, b, None, "write b > a (config)", "write b > a (config)"),
            (a, b, b, "write b > a (config)", "write b > a (config)"),
            (a, b, c, "write b > a (config)", "write b > a (config)"),
            (a, b, a, "write b > a (drift)", "say b > a (drift)"),
            (a, None, a, "write  > a (drift)", "say  > a (drift)"),
            (a, None, None, "write  > a (config)", "write  > a (config)"),
            (Some(""), None, None, "", ""),
        ] {
            let case = format!("{wanted:?} {found:?} {last:?}");
            assert_eq!(planned(FIELD, wanted, found, last, OnDrift::Fix), fix, "{case}");
            assert_eq!(planned(FIELD, wanted, found, last, OnDrift::Report), report, "{case}");
        }
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        let same = [
            (BotField::Instructions, "Be kind.", "Be kind.\n"),
            (BotField::Instructions, "Be kind.\n", "Be kind."),
            (BotField::Instructions, "", "\n"),
            (BotField::Instructions, "a\r\nb \r\n", "a\nb"),
            (BotField::Name, "a \n", "a"),
            (BotField::WelcomeMessage, "a\nb", "a\r\nb\t"),
            (BotField::PrimaryColor, "#2A52BE", "#2a52be"),
        ];
        for (field, wanted, found) in same {
            assert_eq!(planned(field, Some(wanted), Some(found), None, OnDrift::Fix), "", "{wanted:?} {found:?}");
            let last = planned(field, Some(wanted), Some("x"), Some(found), OnDrift::Report);
            assert!(last.starts_with("say"), "{last}");
        }
        assert_eq!(planned(BotField::HideBranding, Some("false"), None, None, OnDrift::Fix), "");
        let other = [
            (BotField::Instructions, " Be kind.", "Be kind."),
            (BotField::Name, "a\nb", "a b"),
            (BotField::HideBranding, "true", "false"),
        ];
        for (field, wanted, found) in other {
            assert_ne!(planned(field, Some(wanted), Some(found), None, OnDrift::Fix), "", "{wanted:?} {found:?}");
        }
    }

    #[test]
    fn what_the_platform_makes_of_a_value_is_no_difference() {
        let name = |value: &str| fields(FIELD, Some(value));
        let trimmed = written(&name(" a"), &name("a"), &Written::new());
        // The next pass writes nothing, and shows nothing.
        let kept = written(&name(" a"), &BotFields::new(), &trimmed);
        let other = written(&name("b"), &BotFields::new(), &kept);
        let unseen = written(&name(" a"), &BotFields::new(), &Written::new());
        for (notes, wanted, found, cause) in [
            (&trimmed, " a", "a", None),
            (&kept, " a", "a", None),
            (&kept, " a", " a", None),
            (&kept, " a", "x", Some(BotCause::Drift)),
            (&kept, "b", "a", Some(BotCause::Config)),
            (&other, "b", "a", Some(BotCause::Drift)),
            (&unseen, " a", "a", Some(BotCause::Drift)),
        ] {
            let plan = bot(&name(wanted), &name(found), notes, OnDrift::Fix);
            assert_eq!(plan.changes.first().map(|change| change.why), cause, "{wanted:?} {found:?}");
        }
    }

    #[test]
    fn shown__what_was_made_of_a_value__and_not_what_was_there_before() {
        let change = BotChange { field: FIELD, from: "x".to_owned(), to: " a".to_owned(), why: BotCause::Config };
        for (found, expected) in [(Some("a"), Some("a")), (Some(" a"), Some(" a")), (Some("x"), None), (None, None)] {
            let shown = shown(std::slice::from_ref(&change), &fields(FIELD, found));
            assert_eq!(shown, fields(FIELD, expected), "{found:?}");
        }
    }

    #[test]
    fn settings_are_judged_one_by_one() {
        let set = |model: &str, name: &str| -> BotFields {
            [(BotField::Model, model.to_owned()), (BotField::Name, name.to_owned())].into()
        };
        let plan = bot(
            &set("gpt-4", "Sales"),
            &set("gpt-3.5-turbo", "Mine"),
            &written(&set("x", "Sales"), &BotFields::new(), &Written::new()),
            OnDrift::Report,
        );
        assert_eq!(plan.changes.iter().map(|change| change.field).collect::<Vec<_>>(), [BotField::Model]);
        assert_eq!(plan.reported.iter().map(|change| change.field).collect::<Vec<_>>(), [BotField::Name]);
    }

    #[test]
    fn texts_differ_in_a_line() {
        assert_eq!(first_difference("a\nb", "a\nb"), None);
        assert_eq!(first_difference("a\nb\nc", "a\nx\nc"), Some((2, Some("b"), Some("x"))));
        assert_eq!(first_difference("a", "a\nb"), Some((2, None, Some("b"))));
        assert_eq!(first_difference("", "b"), Some((1, Some(""), Some("b"))));
    }
}
