//! `MinHash` signature of a text's word pairs: tells an edited text from an unrelated one, at the cost of one hash a word.

use super::sketch::mix;

/// Slots of a signature. Each has the least hash of its share of the word pairs.
const SLOTS: usize = 128;
/// Fewer filled slots say nothing about a text.
const LEAST_SLOTS: usize = 10;
/// Two texts are similar that have this percentage of word pairs in common, at least. One that has another word in every
/// third place keeps 30 %; unrelated ones of one language have some 3 %.
const SIMILAR_PERCENT: u32 = 14;

/// The signature of a text that is long enough to be compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MinHash([u8; SLOTS]);

impl MinHash {
    /// The signature of a whole text; `None` where it has too few words.
    pub fn of(text: &[u8]) -> Option<Self> {
        let mut hasher = MinHasher::default();
        hasher.update(text);
        hasher.finish()
    }

    /// The share of word pairs that two texts have in common, in percent.
    pub fn similarity(&self, other: &Self) -> u32 {
        let slots = self.0.iter().zip(&other.0);
        let (same, filled) = slots.fold((0, 0), |(same, filled), (one, other)| {
            (same + u32::from(one == other && *one != 0), filled + u32::from(*one != 0 || *other != 0))
        });
        same * 100 / filled.max(1)
    }

    /// Whether one may be an edited version of the other.
    pub fn is_similar(&self, other: &Self) -> bool {
        self.similarity(other) >= SIMILAR_PERCENT
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From stored bytes; `None` where another version wrote them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Debug for MinHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MinHash")
    }
}

/// Computes a signature of a text that comes in pieces. Its memory is bounded.
#[derive(Debug)]
pub struct MinHasher {
    slots: [u64; SLOTS],
    /// The word before this one.
    last: u64,
    /// The word so far; 0 between words.
    word: u64,
    /// Bytes of the present character that are still to come, where it is a word by itself.
    rest: u8,
}

impl Default for MinHasher {
    fn default() -> Self {
        Self { slots: [u64::MAX; SLOTS], last: 0, word: 0, rest: 0 }
    }
}

impl MinHasher {
    /// Takes in the next bytes. Letters of any script make words, in lower case where they are ASCII; scripts that set no
    /// blanks between words have one in each character.
    pub fn update(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                0x80..=0xbf if self.rest > 0 => {
                    self.add(*byte);
                    self.rest -= 1;
                    if self.rest == 0 {
                        self.end_word();
                    }
                }
                // From kana to Hangul.
                0xe3..=0xed => {
                    self.end_word();
                    self.add(*byte);
                    self.rest = 2;
                }
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => self.add(byte.to_ascii_lowercase()),
                _ => self.end_word(),
            }
        }
    }

    fn add(&mut self, byte: u8) {
        // FNV-1a, from a start that no word ends at.
        let word = if self.word == 0 { 0xcbf2_9ce4_8422_2325 } else { self.word };
        self.word = (word ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    fn end_word(&mut self) {
        self.rest = 0;
        if self.word == 0 {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let last = std::mem::replace(&mut self.last, word);
        if last != 0 {
            let pair = mix(last.rotate_left(23) ^ word);
            let slot = &mut self.slots[(pair % SLOTS as u64) as usize];
            *slot = pair.min(*slot);
        }
    }

    /// The signature; `None` where there were too few words.
    pub fn finish(mut self) -> Option<MinHash> {
        self.end_word();
        let least = |slot: &u64| match *slot {
            u64::MAX => 0,
            // Other bits than those that chose the slot, or that make it the least. 0 is an empty one.
            pair => 1 + ((pair >> 8) % 255) as u8,
        };
        let slots = self.slots.each_ref().map(least);
        let filled = slots.iter().filter(|slot| **slot != 0).count();
        (filled >= LEAST_SLOTS).then_some(MinHash(slots))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarity(one: &str, other: &str) -> Option<u32> {
        Some(MinHash::of(one.as_bytes())?.similarity(&MinHash::of(other.as_bytes())?))
    }

    const VACATION: &str = "Everybody has thirty days of vacation in a year. Ask your lead two weeks before you go, and note \
        it in the calendar of your team. What is left at the end of the year can be taken until the end of March; after \
        that it is lost. Who falls ill while on vacation gets those days back with a note from a doctor.";
    const PUMPS: &str = "The pump drains a cellar in hours. Clean its filter before the winter, take it out of the water, and \
        keep it in a dry place above freezing. The warranty lasts for two years and covers all parts that are made of \
        steel. Send the product back in its box, with the bill, and we pay the postage in all of Europe.";

    #[test]
    fn similarity__pairs_of_texts__edited_ones_are_similar_and_others_not() {
        let longer = format!("# Time off\n\nThis page is about time off in our company. {VACATION} {PUMPS}");
        let shorter = VACATION.split_once(". ").unwrap().1;
        for (one, other, expected) in [
            (VACATION, VACATION, Some(true)),
            (VACATION, &VACATION.to_uppercase(), Some(true)),
            (VACATION, &VACATION.replace(' ', "\n"), Some(true)),
            (
                VACATION,
                &VACATION.replace("thirty", "25").replace("March", "May").replace("lead", "manager"),
                Some(true),
            ),
            (VACATION, &longer, Some(true)),
            (VACATION, shorter, Some(true)),
            (VACATION, PUMPS, Some(false)),
            (
                "茶是一种热饮，起源于中国，现在世界各地的人都喜欢喝。",
                "茶是一种饮料，起源于中国，如今世界各地的人都喜欢喝。",
                Some(true),
            ),
            (
                "茶是一种热饮，起源于中国，现在世界各地的人都喜欢喝。",
                "水泵在几小时内排空地下室。冬天之前请清洁过滤器。",
                Some(false),
            ),
            (VACATION, "Too short to say.", None),
            ("", "", None),
        ] {
            let found = similarity(one, other);
            assert_eq!(found.map(|percent| percent >= SIMILAR_PERCENT), expected, "{found:?}: {other}");
            assert_eq!(found, similarity(other, one));
        }
    }

    #[test]
    fn update__text_in_pieces__is_as_the_whole() {
        let text = format!("{VACATION} 茶是一种热饮 Größe déjà \u{ff} {PUMPS}");
        let whole = MinHash::of(text.as_bytes());
        for size in [1, 2, 3, 7, 64] {
            let mut hasher = MinHasher::default();
            text.as_bytes().chunks(size).for_each(|piece| hasher.update(piece));
            assert!(hasher.finish() == whole, "{size}");
        }
        let bytes = *whole.unwrap().as_bytes().first_chunk::<SLOTS>().unwrap();
        assert_eq!(MinHash::from_bytes(&bytes), whole);
        assert_eq!(MinHash::from_bytes(&bytes[1..]), None);
    }

    /// Words as they come in texts: some often, most seldom.
    fn words(seed: u64, count: usize) -> Vec<String> {
        let mut state = seed;
        let mut next = || {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            state
        };
        let word = |_| {
            let rank = (1 << (next() % 13)) + next() % (1 << 12) / (1 + next() % 64);
            format!("w{rank}")
        };
        (0..count).map(word).collect()
    }

    proptest! {
        #[test]
        fn similarity__any_two_texts__is_symmetric_and_bounded(one in ".{0,300}", other in ".{0,300}") {
            prop_assert_eq!(similarity(&one, &other), similarity(&other, &one));
            prop_assert!(similarity(&one, &other).is_none_or(|percent| percent <= 100));
            prop_assert!(similarity(&one, &one).is_none_or(|percent| percent == 100));
        }

        #[test]
        fn is_similar__edited_text__is_and_unrelated_one_is_not(
            seed in any::<u64>(), count in 100_usize..3_000, percent in 1_usize..=30,
        ) {
            let old = words(seed, count);
            let other = words(!seed, count);
            let edited: Vec<_> = old.iter().enumerate().map(|(at, word)| {
                let is_changed = mix(seed ^ at as u64) % 100 < percent as u64;
                if is_changed { format!("new{at}") } else { word.clone() }
            }).collect();
            let similarity = |one: &[String], other: &[String]| similarity(&one.join(" "), &other.join(" ")).unwrap();
            prop_assert!(similarity(&old, &edited) >= SIMILAR_PERCENT, "edited: {}", similarity(&old, &edited));
            prop_assert!(similarity(&old, &other) < SIMILAR_PERCENT, "unrelated: {}", similarity(&old, &other));
        }
    }
}
