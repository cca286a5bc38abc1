//! Which names are documents', judged before anything is asked of the file system.

use super::{
    ScanOptions,
    glob::Glob,
    ignore_file::{self, IgnoreFile},
    litter::{is_litter, named_by},
    rule::{Rule, Rules},
};

/// The filter of one collection.
#[derive(Debug)]
pub(super) struct Filter {
    include: Rules,
    exclude: Rules,
    accepted: &'static [&'static str],
    /// Names that are left out by default, and that the config takes by naming them.
    named: Vec<Glob>,
    /// The parts of the patterns by which the config takes something.
    taken: Vec<Vec<u8>>,
    /// How many bytes of a path lead to the collection's root.
    base: usize,
}

/// A path to be judged.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'p> {
    /// The path from the top of the repository, or from the root where there is none.
    pub(super) full: &'p [u8],
    /// The last part of it.
    pub(super) name: &'p [u8],
    /// Whether it is a folder.
    pub(super) is_folder: bool,
}

/// Why a path and all below it are left out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal<'r> {
    /// It belongs to git or to kbsync.
    Reserved,
    /// It is temporary, trash, an older version or a conflict copy.
    Litter,
    /// By a pattern of `exclude`.
    Excluded(&'r Rule),
    /// By a rule of an ignore file.
    Ignored(&'r IgnoreFile, &'r Rule),
}

/// Whether a name is git's or kbsync's own, at whatever place.
pub(super) fn is_reserved(name: &[u8]) -> bool {
    matches!(name, b".git" | b".kbsync")
}

impl Filter {
    /// The filter of a collection whose root is `base` bytes into the paths that it will judge.
    pub(super) fn new(options: &ScanOptions, base: usize) -> Self {
        let taken_back = options.exclude.iter().filter(|pattern| pattern.starts_with('!'));
        let taken = options.include.iter().filter(|pattern| !pattern.starts_with('!')).chain(taken_back);
        let parts = |pattern: &str| pattern.trim_start_matches('!').split('/').map(Vec::from).collect::<Vec<_>>();
        Self {
            taken: taken.clone().flat_map(|pattern| parts(pattern)).collect(),
            named: taken.flat_map(|pattern| named_by(pattern)).map(Glob::new).collect(),
            include: Rules::from_patterns(&options.include),
            exclude: Rules::from_patterns(&options.exclude),
            accepted: options.accepted,
            base,
        }
    }

    /// Why a candidate is left out, if it is. `ignores` are the files in force, the weightiest last.
    pub(super) fn refusal<'r>(&'r self, ignores: &'r [IgnoreFile], of: Candidate) -> Option<Refusal<'r>> {
        if is_reserved(of.name) || of.name == ignore_file::OWN.as_bytes() {
            return Some(Refusal::Reserved);
        }
        let excluded = self.exclude.decisive(&of.full[self.base..], of.name, of.is_folder);
        if let Some(rule) = excluded.filter(|rule| !rule.negated) {
            return Some(Refusal::Excluded(rule));
        }
        if self.leaves_out(of.name, of.is_folder) {
            return Some(Refusal::Litter);
        }
        let decision = |file: &'r IgnoreFile| Some((file, file.decisive(of.full, of.name, of.is_folder)?));
        let (file, rule) = ignores.iter().rev().find_map(decision)?;
        (!rule.negated).then_some(Refusal::Ignored(file, rule))
    }

    /// Whether a name is left out whatever its place: by default, and no pattern names it.
    pub(super) fn leaves_out(&self, name: &[u8], is_folder: bool) -> bool {
        is_litter(name, is_folder) && !self.named.iter().any(|glob| glob.matches(name))
    }

    /// Whether the config takes a folder by its name.
    pub(super) fn names(&self, folder: &[u8]) -> bool {
        self.taken.iter().any(|part| part == folder)
    }

    /// The pattern of `include` that decides about a candidate by itself, whatever is above it.
    pub(super) fn inclusion(&self, of: Candidate) -> Option<&Rule> {
        self.include.decisive(&of.full[self.base..], of.name, of.is_folder)
    }

    /// Whether `include` takes a candidate. What no pattern matches is as the folder above it.
    pub(super) fn includes(&self, of: Candidate, above: bool) -> bool {
        self.inclusion(of).map_or(above, |rule| !rule.negated)
    }

    /// Whether the platform takes files of this name's extension.
    pub(super) fn accepts(&self, name: &[u8]) -> bool {
        let dot = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0);
        let extension = dot.map_or(&b""[..], |at| &name[at + 1..]);
        self.accepted.iter().any(|accepted| extension.eq_ignore_ascii_case(accepted.as_bytes()))
    }

    /// Whether a file of this name and place is to be a document.
    pub(super) fn takes_file(&self, ignores: &[IgnoreFile], file: Candidate, above: bool) -> bool {
        self.accepts(file.name) && self.includes(file, above) && self.refusal(ignores, file).is_none()
    }
}
