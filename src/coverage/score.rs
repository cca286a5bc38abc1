//! How much of a question a text speaks of; all of it pure.

use std::collections::HashMap;

use crate::model::words::{MAX_TERMS, stem, terms, words};

/// Words of half a passage. What answers stands together, and a long text has every word somewhere.
const HALF: usize = 60;
/// The share of a question, by weight of its words, that a passage must speak of.
const ENOUGH: f64 = 0.5;
/// How many times as much a term weighs in a text that has it in its name or in a heading: the text is about it.
const PROMINENT: f64 = 2.5;
/// Terms are weighed as if there were so many texts at least. Among few texts every word is rare.
const TEXTS: usize = 100;

/// Some of a question's terms, a bit for each.
type Terms = u32;
const _: () = assert!(MAX_TERMS <= Terms::BITS as usize, "a term has no bit");

/// Questions, by the stems of their terms.
#[derive(Debug)]
pub(super) struct Questions {
    /// How many terms each has.
    counts: Vec<usize>,
    /// For each stem, the questions that have it, and which of their terms it is.
    stems: HashMap<String, Vec<(usize, Terms)>>,
}

/// What a text has of each question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// For each question, the terms that stand together in a passage, where no other passage has them and more.
    passages: Vec<Vec<Terms>>,
    /// For each question, the terms in the name or in a heading.
    prominent: Vec<Terms>,
    /// For each question, the terms that a passage has twice.
    repeated: Vec<Terms>,
    /// Whether there was nothing but the name to read.
    pub(super) by_name: bool,
}

impl Questions {
    pub(super) fn new(questions: &[&str]) -> Self {
        let mut counts = vec![0; questions.len()];
        let mut stems: HashMap<String, Vec<(usize, Terms)>> = HashMap::new();
        for (number, question) in questions.iter().enumerate() {
            for term in &terms(question) {
                let holders = stems.entry(stem(term).to_owned()).or_default();
                if holders.last().is_none_or(|(last, _)| *last != number) {
                    holders.push((number, 1 << counts[number]));
                    counts[number] += 1;
                }
            }
        }
        Self { counts, stems }
    }

    /// Reads a text. Its name, without the extension, belongs to each of its passages.
    pub(super) fn read(&self, name: &str, text: Option<&str>) -> Reading {
        let none = || vec![0; self.counts.len()];
        let mut named = none();
        for word in words(name.rsplit_once('.').map_or(name, |(name, _)| name)) {
            self.having(&word).for_each(|(question, term)| named[question] |= term);
        }
        let passages = vec![Vec::new(); self.counts.len()];
        let mut reading = Reading { passages, prominent: named.clone(), repeated: none(), by_name: text.is_none() };
        let (mut before, mut half) = (none(), none());
        let lines = text.unwrap_or_default().lines();
        let lines = lines.map(|line| (line.trim_start().starts_with('#'), words(line)));
        let text = lines.flat_map(|(heading, words)| words.map(move |word| (heading, word)));
        for (number, (heading, word)) in (0..).zip(text) {
            if number > 0 && number % HALF == 0 {
                reading.note(&[&named, &before, &half]);
                before = std::mem::replace(&mut half, none());
            }
            for (question, term) in self.having(&word) {
                if heading {
                    reading.prominent[question] |= term;
                }
                reading.repeated[question] |= (before[question] | half[question]) & term;
                half[question] |= term;
            }
        }
        reading.note(&[&named, &before, &half]);
        reading
    }

    /// The questions that have a word, and which of their terms it is.
    fn having(&self, word: &str) -> impl Iterator<Item = (usize, Terms)> {
        self.stems.get(stem(word)).into_iter().flatten().copied()
    }

    /// For each question the readings that answer it, best first, each by its number and with its share. The rarer a
    /// term is among all readings, the more it weighs.
    pub(super) fn rank(&self, readings: &[Reading]) -> Vec<Vec<(usize, f64)>> {
        let rank = |question: usize| {
            let holders = |term: usize| readings.iter().filter(|reading| reading.has(question, 1 << term)).count();
            let weights: Vec<f64> =
                (0..self.counts[question]).map(|term| weight(readings.len(), holders(term))).collect();
            let mut ranked: Vec<(usize, f64)> = readings
                .iter()
                .enumerate()
                .map(|(number, reading)| (number, reading.share(question, &weights)))
                .filter(|(_, share)| *share >= ENOUGH)
                .collect();
            // Of equals, what was read in full, and then the first.
            ranked.sort_by(|(a, x), (b, y)| {
                y.total_cmp(x).then(readings[*a].by_name.cmp(&readings[*b].by_name)).then(a.cmp(b))
            });
            ranked
        };
        (0..self.counts.len()).map(rank).collect()
    }
}

impl Reading {
    /// Notes a passage, given the terms that its parts have of each question.
    fn note(&mut self, parts: &[&[Terms]; 3]) {
        for (question, passages) in self.passages.iter_mut().enumerate() {
            let terms = parts.iter().fold(0, |all, part| all | part[question]);
            if terms != 0 && passages.iter().all(|other| terms & !other != 0) {
                passages.retain(|other| other & !terms != 0);
                passages.push(terms);
            }
        }
    }

    fn has(&self, question: usize, term: Terms) -> bool {
        self.passages[question].iter().any(|passage| passage & term != 0)
    }

    /// The share of a question that the best passage speaks of. One word that occurs once is in passing: a question of
    /// one term asks for more.
    fn share(&self, question: usize, weights: &[f64]) -> f64 {
        if weights.len() == 1 && self.prominent[question] | self.repeated[question] == 0 {
            return 0.0;
        }
        let has = |terms: Terms, term: usize| terms & (1 << term) != 0;
        let of_term = |(term, weight): (usize, &f64)| {
            if has(self.prominent[question], term) { weight * PROMINENT } else { *weight }
        };
        let weights: Vec<f64> = weights.iter().enumerate().map(of_term).collect();
        let all: f64 = weights.iter().sum();
        let of = |passage: &Terms| {
            (0..weights.len()).filter(|term| has(*passage, *term)).map(|term| weights[term]).sum::<f64>() / all
        };
        self.passages[question].iter().map(of).fold(0.0, f64::max)
    }
}

/// A term's weight, from 1 for one that every text has. One that is found nowhere weighs as one that is found once.
fn weight(texts: usize, holders: usize) -> f64 {
    let (texts, holders) = (texts.max(TEXTS) as f64, holders.max(1) as f64);
    1.0 + (1.0 + (texts - holders + 0.5) / (holders + 0.5)).ln() / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts, by number, that answer a question, best first.
    fn answering(question: &str, texts: &[(&str, &str)]) -> Vec<usize> {
        let questions = Questions::new(&[question]);
        let readings: Vec<_> = texts.iter().map(|(name, text)| questions.read(name, Some(text))).collect();
        questions.rank(&readings).remove(0).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn what_speaks_of_most_of_the_question_comes_first() {
        let texts = [
            ("a.md", "Our support answers within a day."),
            ("b.md", "SSO is supported with SAML."),
            ("c.md", "Nothing of the kind."),
            ("d.md", "Single sign-on (SSO) is for everybody."),
            ("e.md", "Write to our support."),
        ];
        assert_eq!(answering("Do you support SSO?", &texts), vec![1, 3]);
        assert_eq!(answering("How much is a unicorn?", &texts), Vec::<usize>::new());
        assert_eq!(
            answering("How do you do?", &texts),
            Vec::<usize>::new(),
            "a question of stop words is about nothing"
        );
    }

    #[test]
    fn common_words_alone_are_not_enough() {
        let texts = [("a.md", "The price of bread."), ("b.md", "The price of tea."), ("c.md", "The price is right.")];
        assert_eq!(answering("What is the price of a unicorn?", &texts), Vec::<usize>::new());
        assert_eq!(answering("What is the price of tea?", &texts), [1]);
    }

    #[test]
    fn forms_of_a_word_are_alike_and_names_count() {
        assert_eq!(answering("How do I claim refunds?", &[("claims.md", "Refunding takes a week.")]), [0]);
        assert_eq!(answering("running runs", &[("a.md", "They run, and are running.")]), [0], "one stem counts once");
    }

    #[test]
    fn what_a_text_is_about_is_enough_among_few_texts() {
        let sso = ("sso.md", "Turn on SAML in the settings. SSO then works.");
        let titled = ("login.md", "# SSO\n\nTurn on SAML in the settings. SSO then works.");
        let plain = ("login.md", "Turn on SAML in the settings. SSO then works.");
        let novel = ("novel.md", "We once lost an invoice, and the cat ate it.");
        for others in [0, 1, 5, 500] {
            let mut texts = vec![sso, novel];
            texts.extend((0..others).map(|_| ("other.md", "The sky is blue.")));
            for question in ["Do you support SSO?", "How do I configure SSO for my company?"] {
                assert_eq!(answering(question, &texts), [0], "{question} among {others}");
                texts[0] = titled;
                assert_eq!(answering(question, &texts), [0], "{question} among {others}, by a heading");
                texts[0] = sso;
            }
            texts[0] = plain;
            let question = "How do I configure SSO for my company?";
            assert_eq!(answering(question, &texts), Vec::<usize>::new(), "in passing, among {others}");
        }
    }

    #[test]
    fn a_question_of_one_term_is_not_answered_in_passing() {
        let texts = [
            ("novel.md", "We once lost an invoice, and the cat ate it."),
            ("twice.md", "An invoice is sent each month. Invoices have a number."),
            ("invoice.md", "It is sent each month."),
            ("headed.md", "## Your invoice\n\nIt is sent each month."),
        ];
        for (number, text) in texts.iter().enumerate() {
            let expected = if number == 0 { vec![] } else { vec![0] };
            assert_eq!(answering("Is there an invoice?", &[*text]), expected, "{text:?}");
        }
        let apart = format!("An invoice. {} The invoice.", "word ".repeat(3 * HALF));
        assert_eq!(answering("Is there an invoice?", &[("novel.md", &apart)]), Vec::<usize>::new());
    }

    #[test]
    fn words_that_stand_far_apart_do_not_answer() {
        let filler = "so it goes on and on ".repeat(40);
        let apart = format!("The holiday begins. {filler} The allowance ends.");
        let together = format!("{filler} The holiday allowance. {filler}");
        let question = "What is the holiday allowance in Antarctica?";
        assert_eq!(answering(question, &[("a.md", &apart), ("b.md", &together)]), [1]);
        // A passage reaches over the end of a half.
        for shift in 0..HALF {
            let text = "word ".repeat(HALF + shift) + "holiday or an allowance";
            assert_eq!(answering("holiday allowance", &[("a.md", &text)]), [0], "{shift}");
        }
    }

    #[test]
    fn a_name_alone_can_fit() {
        let questions = Questions::new(&["How do I claim travel expenses?", "What is a pdf?"]);
        let reading = questions.read("Travel-Expenses.pdf", None);
        assert!(reading.by_name);
        let ranked = questions.rank(&[reading, questions.read("other.pdf", None)]);
        assert_eq!(ranked[0].iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0]);
        assert!(ranked[1].is_empty(), "an extension is no word");
    }

    #[test]
    fn many_terms_have_a_bit_each() {
        let long: String = (0..40).map(|n| format!("term{n} ")).collect();
        let questions = Questions::new(&[&long]);
        let share = questions.rank(&[questions.read("a.md", Some(&long))])[0][0].1;
        assert!((share - 1.0).abs() < 1e-9, "{share}");
    }
}
