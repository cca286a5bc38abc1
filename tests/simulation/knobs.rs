//! Knobs: what a platform may do that its pages do not promise, and a disk that nobody expects. Each life draws a random subset of them (swarm testing).

use std::{fmt, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use unicode_normalization::UnicodeNormalization;

use crate::broken::{Broken, Part};

/// The knobs, each with what it does, and the list of all of them.
macro_rules! knobs {
    ($($(#[doc = $what:literal])+ $name:ident,)+) => {
        /// One belief that a client could hold about a platform, and that does not hold in a life that has drawn it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Knob {
            $($(#[doc = $what])+ $name,)+
        }

        impl Knob {
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

knobs! {
    /// Names are stored in Unicode's composed form.
    NamesComposed,
    /// Blanks in names are trimmed and collapsed.
    NamesTrimmed,
    /// Names are stored in lower case.
    NamesFolded,
    /// `&`, `<` and `>` in names become HTML entities.
    NamesEscaped,
    /// Names are cut, so that some or all lose their marker.
    NamesCut,
    /// The list shows no names, where the API has no call that shows one.
    NamesMissing,
    /// `total` is one too high.
    TotalHigh,
    /// `total` is one too low.
    TotalLow,
    /// `total` is null.
    TotalNull,
    /// `total` is a string, and `page` is missing.
    TotalText,
    /// Sources of others have odd fields, or are no objects at all.
    OddItems,
    /// A field of every source and job is of another type or format than the pages show.
    OddFields,
    /// A field of every source is missing, or null.
    NoFields,
    /// A new source shows in lists some seconds late.
    ListLags,
    /// A deleted source shows in lists for some seconds more.
    ListKeeps,
    /// Others add a source each time that a page of the list is read.
    ListGrows,
    /// On bad days, every page of the list is of another order.
    ListShuffles,
    /// Pages of the list are shorter than what was asked for.
    PagesShort,
    /// The list ignores which page is asked for, and shows everything each time.
    ListWhole,
    /// The list is empty, once or twice in a row.
    ListEmpty,
    /// An upload is answered 404 while its source is young.
    UploadsLag,
    /// Each status of one document's jobs is answered with an error.
    JobBroken,
    /// No source of one document can be deleted.
    DeleteBroken,
    /// No source of one document can be renamed.
    RenameBroken,
    /// No source can be created for one document.
    CreateBroken,
    /// No source of one document takes an upload.
    UploadBroken,
    /// Two sources cannot have the same name.
    NamesUnique,
    /// Deletions and renames are answered 204, without a body.
    NoBodies,
    /// A created source is answered without a body.
    CreateSilent,
    /// A source that was ready loses its document later.
    SourcesSpoil,
    /// A source shows its document some seconds after its job is done.
    SourcesLag,
    /// Files turn into something else than their names say.
    FilesUnsound,
    /// Programs leave files of their own beside documents.
    FilesLittered,
    /// A file that moves looks as if it was just written.
    MovesFresh,
    /// A file that moves is edited as well.
    MovesEdited,
    /// A file that moves is edited and has another name: only its words tell what it was.
    MovesRenamed,
    /// A file moves from one folder to another after the walk through the second and before the walk through the first.
    MovesInLooks,
    /// A file that goes comes back.
    FilesReturn,
    /// Rate headers come in another dialect, or by another clock.
    OddRates,
    /// The platform puts text around names.
    NamesDecorated,
    /// For a while the account is refused, and then no more.
    AccountWeather,
    /// The wait that a 429 asks for is in the past, below zero, for ever, or no number.
    RetryAfterOdd,
    /// The id of a deleted source is given to the next one, also to somebody else's.
    IdsAgain,
    /// Sources have the ids of others after a while, as when a platform is moved.
    IdsExchanged,
    /// The platform is restored to an older backup.
    PlatformRestored,
    /// Names lose what is no part of the marker: folders, slashes, blanks or endings.
    NamesFlattened,
    /// A page after the last one of the list is refused.
    ListEnds,
    /// Pages of the list that are larger than the platform likes are refused.
    PagesLimited,
    /// Who saves a document puts a new file in its place, as editors do.
    FilesReplaced,
    /// Documents keep a date of long ago whatever is written into them, as `rsync -t` and `cp -p` do.
    FilesDated,
}

use Knob::*;

impl Knob {
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|knob| format!("{knob:?}") == name)
    }
}

/// The knobs of a life, with the dice for their details.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Knobs {
    bits: u64,
    seed: u64,
}

/// Which knobs lives have: each some of all, or by `KBSYNC_KNOBS` exactly those that it names.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    Some,
    /// The same without the knobs that came after the seeds that have found something.
    Early,
    Exactly(u64),
}

impl Choice {
    pub fn of_environment() -> Self {
        let Ok(names) = std::env::var("KBSYNC_KNOBS") else { return Self::Some };
        let names = names.split(',').filter(|name| !name.is_empty());
        let known = |name| Knob::named(name).unwrap_or_else(|| panic!("KBSYNC_KNOBS: no knob is called {name}"));
        Self::Exactly(names.map(known).fold(0, |bits, knob| bits | knob.bit()))
    }
}

impl Knob {
    fn bit(self) -> u64 {
        1 << self as u32
    }
}

impl Knobs {
    /// The knobs of a seed. They have dice of their own, so that a new knob changes no step of a life.
    pub fn of(seed: u64, choice: Choice) -> Self {
        let seed = seed ^ 0x6b6e_6f62;
        match choice {
            Choice::Exactly(bits) => Self { bits, seed },
            Choice::Early => Self::of_early(seed),
            // What came later is drawn by itself, so that the other knobs of a seed stay.
            Choice::Some => {
                let mut rng = StdRng::seed_from_u64(!seed);
                let late = Knob::ALL[FilesReplaced as usize..].iter().filter(|_| rng.random_bool(0.1));
                late.fold(Self::of_early(seed), |knobs, knob| knobs.and(*knob))
            }
        }
    }

    fn of_early(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let most = if rng.random_bool(0.3) { 0 } else { rng.random_range(1..=4) };
        let early = &Knob::ALL[..FilesReplaced as usize];
        Self { bits: early.sample(&mut rng, most).fold(0, |bits, knob| bits | knob.bit()), seed }
    }

    /// One alone, in a life by hand.
    pub fn of_one(knob: Knob) -> Self {
        Self { bits: knob.bit(), seed: 0 }
    }

    /// The same with another one.
    pub fn and(self, knob: Knob) -> Self {
        Self { bits: self.bits | knob.bit(), ..self }
    }

    pub fn has(self, knob: Knob) -> bool {
        self.bits & knob.bit() != 0
    }

    pub fn drawn(self) -> impl Iterator<Item = Knob> {
        Knob::ALL.iter().copied().filter(move |knob| self.has(*knob))
    }

    /// The same without one of them.
    pub fn without(self, knob: Knob) -> Self {
        Self { bits: self.bits & !knob.bit(), ..self }
    }

    /// A detail of a knob, which is the same in the whole life.
    pub fn detail<T: Copy>(self, knob: Knob, of: &[T]) -> T {
        let salt = (knob as u64) << 32 | of.len() as u64;
        let mut rng = StdRng::seed_from_u64(self.seed ^ salt);
        *of.choose(&mut rng).expect("not empty")
    }

    /// By how much a list lags behind, or keeps what is gone.
    pub fn seconds(self, knob: Knob) -> Duration {
        Duration::from_secs(if self.has(knob) { self.detail(knob, &[2, 8, 20]) } else { 0 })
    }

    /// Dice for what is drawn each time.
    pub fn dice(self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }

    /// What becomes of a name.
    pub fn rewritten(self, name: &str) -> String {
        let mut name = name.to_owned();
        if self.has(NamesComposed) {
            name = name.nfc().collect();
        }
        if self.has(NamesTrimmed) {
            name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        if self.has(NamesFolded) {
            name = name.to_lowercase();
        }
        if self.has(NamesEscaped) {
            name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        }
        if self.has(NamesFlattened) {
            let (document, marker) = name.rsplit_once(" [").map_or((name.as_str(), ""), |(name, end)| (name, end));
            name = match self.detail(NamesFlattened, &[0, 1, 2, 3, 4]) {
                0 => name.replace('/', "_"),
                1 => name.rsplit('/').next().unwrap_or_default().to_owned(),
                2 => format!("{document}[{marker}"),
                3 => name.replace(' ', "%20"),
                _ => format!("{} [{marker}", document.rsplit_once('.').map_or(document, |(stem, _)| stem)),
            };
        }
        if self.has(NamesDecorated) {
            name = format!("Team A / {name} (copy)");
        }
        if self.has(NamesCut) {
            name = name.chars().take(self.detail(NamesCut, &[28, 45, 45, 45])).collect();
        }
        name
    }

    /// What is broken for good.
    pub fn broken(self) -> Option<Broken> {
        let parts = [
            (JobBroken, Part::Job),
            (DeleteBroken, Part::Deletion),
            (RenameBroken, Part::Rename),
            (CreateBroken, Part::Creation),
            (UploadBroken, Part::Upload),
        ];
        let drawn = parts.into_iter().find(|(knob, _)| self.has(*knob));
        drawn.map(|(_, part)| Broken::any(part, self.seed))
    }
}

impl fmt::Debug for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.drawn().map(|knob| format!("{knob:?}")).collect::<Vec<_>>().join(","))
    }
}
