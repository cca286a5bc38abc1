//! From what was gathered of each collection to one sorted plan: renames found, guards asked, deletions first.

use std::collections::{BTreeSet, HashMap};

use super::{
    gathered::{Gathered, Wanted},
    guard::{Authority, Candidates, Gone, Guarded, Policy, guard},
    moves::{self, Move, NewMove},
    replacement_guard::{self, Asked, HeldReplacements},
    rewritten::{RewrittenName, match_begun, match_rewritten_names},
    successors::{Successors, pair_by_file},
    withheld::{Why, Withheld},
};
use crate::model::{CollectionName, ShortHash};

/// One step of a plan. The order of the variants is the order in which they are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Remove the document's source.
    Delete {
        /// Which collection.
        collection: CollectionName,
        /// Which document.
        gone: Gone,
        /// Whether it has only moved, and its content is held at its new place.
        moved: bool,
    },
    /// Give the source of one document to another one with the same content.
    Rename {
        /// Which collection the document was in.
        away: CollectionName,
        /// The document that is gone.
        from: Gone,
        /// Which collection the document has come to.
        collection: CollectionName,
        /// The document that has come.
        to: Wanted,
    },
    /// Put the document into a source of its own; the older version goes when it is ready.
    Put {
        /// Which collection.
        collection: CollectionName,
        /// Which document.
        wanted: Wanted,
    },
}

/// What a pass would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Deletions, then renames, then puts, each in key order.
    pub actions: Vec<Action>,
    /// Deletions that are not made.
    pub withheld: Vec<Withheld>,
    /// Documents that are gone, and whose deletion waits for what may be their successors.
    pub waiting: Vec<(CollectionName, Gone)>,
    /// Documents that were moved and edited, or moved over others: they are put at their new places, and what they leave goes
    /// after that.
    pub begun_moves: Vec<NewMove>,
    /// Replacements that are not made.
    pub held_replacements: Vec<HeldReplacements>,
    /// Collections of which everything was seen: what is not there is gone, or was never there.
    pub seen: BTreeSet<CollectionName>,
    /// Sources that are documents' under names that a platform has rewritten, to be noted before anything is done.
    pub rewritten_names: Vec<RewrittenName>,
}

impl Plan {
    /// Whether there is nothing to do and nothing withheld by a guard.
    pub fn is_in_step(&self) -> bool {
        self.actions.is_empty()
            && self.held_replacements.is_empty()
            && self.withheld.iter().all(|withheld| withheld.why == Why::Never)
    }
}

/// The platform takes no new document: those that have come count as failed, but for what has only moved.
pub fn refuse_new(gathered: &mut [Gathered]) {
    let gone: BTreeSet<_> = gathered.iter().flat_map(|one| &one.gone).map(|gone| gone.live).collect();
    for one in gathered {
        let is_new = |wanted: &Wanted| !wanted.replaces && !gone.contains(&wanted.hash.short());
        one.failed.extend(one.wanted.extract_if(.., |wanted| is_new(wanted)).map(|wanted| wanted.path));
    }
}

/// Makes the plan. `moves` are those that were begun before.
pub fn assemble(mut gathered: Vec<Gathered>, moves: &[Move], policy: &Policy) -> Plan {
    let (mut actions, mut renames, mut puts, mut withheld) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut held_replacements = Vec::new();
    let moves = &moves::as_seen(moves, &gathered);
    pair_by_file(&mut gathered);
    let seen = gathered.iter().filter(|one| one.authority == Authority::Whole && one.out_of_sight.is_none());
    let seen = seen.map(|one| one.collection.clone()).collect();
    for Gathered { wanted, gone, strays, out_of_sight, .. } in &mut gathered {
        // What holds just what is to be put is taken over.
        let wanted: BTreeSet<_> = wanted.iter().map(|wanted| (&wanted.path, wanted.hash.short())).collect();
        strays.retain(|stray| !wanted.contains(&(&stray.path, stray.live)));
        if let Some(part) = out_of_sight {
            part.take(gone);
            strays.retain(|stray| !part.hides(&stray.path));
        }
    }
    let begun = match_begun(&gathered);
    let mut rewritten_names = if policy.never { Vec::new() } else { match_rewritten_names(&mut gathered) };
    // After what is held, beside which other versions retire.
    rewritten_names.extend(begun);
    // What was not seen for sure may be there again.
    for Gathered { collection, gone, moved, .. } in gathered.iter_mut().filter(|one| one.authority == Authority::Whole)
    {
        if policy.never {
            // They stand beside what they have become.
            gone.append(moved);
            gone.sort_by(|a, b| a.path.cmp(&b.path));
        }
        let left = moves::settle(collection, gone, moves).into_iter().chain(std::mem::take(moved));
        actions.extend(left.map(|gone| Action::Delete { collection: collection.clone(), gone, moved: true }));
    }
    for one in &mut gathered {
        renames.append(&mut renamed(std::slice::from_mut(one)));
    }
    // What moved from one collection to another, or all of one that has another name now.
    renames.append(&mut renamed(&mut gathered));
    let mut begun_moves = moves::over(&mut gathered, moves);
    begun_moves.append(&mut moves::edited(&mut gathered, moves));
    let candidates: Vec<_> = gathered
        .iter_mut()
        .map(|one| Candidates {
            gone: std::mem::take(&mut one.gone),
            strays: std::mem::take(&mut one.strays),
            of: one.held_by_platform,
        })
        .collect();
    let renamed = renames.iter().filter_map(|action| match action {
        Action::Rename { collection, to, .. } => Some((collection, &to.path)),
        Action::Delete { .. } | Action::Put { .. } => None,
    });
    let successors = Successors::of(&gathered, &begun_moves).with_renamed(renamed);
    let mut waiting = Vec::new();
    for (one, candidates) in gathered.iter().zip(candidates) {
        let Gathered { collection, authority, standing, .. } = one;
        let Guarded { deletions, waiting: wait, withheld: held } =
            guard(collection, candidates, standing, authority, policy, &successors);
        withheld.extend(held);
        waiting.extend(wait.into_iter().map(|gone| (collection.clone(), gone)));
        let delete = |gone| Action::Delete { collection: collection.clone(), gone, moved: false };
        actions.extend(deletions.into_iter().map(delete));
    }
    for one in gathered {
        let Gathered {
            collection, mut wanted, held_by_platform: of, out_of_sight, texts, others, replacements, ..
        } = one;
        withheld.extend(out_of_sight.and_then(|part| part.withheld(&collection, of)));
        let asked =
            Asked { collection: &collection, of, texts: &texts, others: &others, standing: &replacements, policy };
        held_replacements.extend(replacement_guard::hold(&mut wanted, &asked));
        puts.extend(wanted.into_iter().map(|wanted| Action::Put { collection: collection.clone(), wanted }));
    }
    actions.append(&mut renames);
    actions.append(&mut puts);
    Plan { actions, withheld, held_replacements, waiting, begun_moves, seen, rewritten_names }
}

/// Takes out of what is wanted and gone what has the same content.
fn renamed(gathered: &mut [Gathered]) -> Vec<Action> {
    let mut free: HashMap<ShortHash, Vec<(CollectionName, Gone)>> = HashMap::new();
    // The first in key order is the last of its list.
    for one in gathered.iter_mut().rev() {
        // A document that was not seen for sure may still be there: its source is not given away.
        if one.authority == Authority::Whole {
            for gone in std::mem::take(&mut one.gone).into_iter().rev() {
                free.entry(gone.live).or_default().push((one.collection.clone(), gone));
            }
        }
    }
    let mut renames = Vec::new();
    for one in gathered.iter_mut() {
        for to in std::mem::take(&mut one.wanted) {
            let found = if to.replaces { None } else { free.get_mut(&to.hash.short()).and_then(Vec::pop) };
            match found {
                Some((away, from)) => {
                    renames.push(Action::Rename { away, from, collection: one.collection.clone(), to })
                }
                None => one.wanted.push(to),
            }
        }
    }
    for (collection, gone) in free.into_values().flatten() {
        let one = gathered.iter_mut().find(|one| one.collection == collection);
        one.into_iter().for_each(|one| one.gone.push(gone.clone()));
    }
    gathered.iter_mut().for_each(|one| one.gone.sort_by(|a, b| a.path.cmp(&b.path)));
    renames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ContentHash, DocPath, Fingerprint},
        plan::{MoveState, OutOfSight, Standing},
    };

    const POLICY: Policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };

    fn wanted(path: &str, content: u8) -> Wanted {
        let fingerprint = Fingerprint { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
        Wanted {
            path: DocPath::new(path).unwrap(),
            fingerprint,
            hash: ContentHash([content; 32]),
            min_hash: None,
            replaces: false,
        }
    }

    fn gone(path: &str, content: u8) -> Gone {
        Gone {
            path: DocPath::new(path).unwrap(),
            live: ContentHash([content; 32]).short(),
            size: 1,
            min_hash: None,
            made_here: true,
            successor: None,
            overdue: false,
        }
    }

    fn gathered(wanted: Vec<Wanted>, gone: Vec<Gone>) -> Gathered {
        let collection = CollectionName::new("c").unwrap();
        Gathered { wanted, gone, held_by_platform: 20, ..Gathered::new(&collection, Standing::default()) }
    }

    /// A plan as people read it: one line an action.
    fn lines(plan: &Plan) -> Vec<String> {
        let line = |action: &Action| match action {
            Action::Delete { gone, .. } => format!("- {}", gone.path),
            Action::Rename { from, to, .. } => format!("{} > {}", from.path, to.path),
            Action::Put { wanted, .. } if wanted.replaces => format!("~ {}", wanted.path),
            Action::Put { wanted, .. } => format!("+ {}", wanted.path),
        };
        let waiting = plan.waiting.iter().map(|(_, gone)| format!("waits {}", gone.path));
        let over = plan.begun_moves.iter().filter(|begun| !begun.edited);
        let over = over.map(|NewMove { from, to, .. }| format!("{} moves to {}", from.path, to.1));
        plan.actions.iter().map(line).chain(waiting).chain(over).collect()
    }

    #[test]
    fn plans() {
        let replaced = |path, content| Wanted { replaces: true, ..wanted(path, content) };
        for (name, input, expected) in [
            ("nothing", gathered(vec![], vec![]), vec![]),
            ("new", gathered(vec![wanted("a", 1)], vec![]), vec!["+ a"]),
            ("edited", gathered(vec![replaced("a", 1)], vec![]), vec!["~ a"]),
            ("deleted", gathered(vec![], vec![gone("a", 1)]), vec!["- a"]),
            ("renamed", gathered(vec![wanted("b", 1)], vec![gone("a", 1)]), vec!["a > b"]),
            ("renamed and edited", gathered(vec![wanted("b", 2)], vec![gone("a", 1)]), vec!["+ b", "waits a"]),
            ("moved over another", gathered(vec![replaced("b", 1)], vec![gone("a", 1)]), vec!["~ b", "a moves to b"]),
            (
                "one of two twins moved over another",
                gathered(vec![replaced("b", 1)], vec![gone("a", 1), gone("c", 1)]),
                vec!["~ b", "waits c", "a moves to b"],
            ),
            (
                "twins renamed in key order, one left over on each side",
                gathered(
                    vec![wanted("x", 1), wanted("y", 1), wanted("z", 2)],
                    vec![gone("a", 1), gone("b", 1), gone("c", 1)],
                ),
                vec!["a > x", "b > y", "+ z", "waits c"],
            ),
            (
                "copied: one stays, one goes up",
                gathered(vec![wanted("b", 1), wanted("c", 1)], vec![gone("a", 1)]),
                vec!["a > b", "+ c"],
            ),
        ] {
            let plan = assemble(vec![input], &[], &POLICY);
            assert_eq!(lines(&plan), expected, "{name}");
            assert_eq!(plan.withheld, vec![], "{name}");
        }
    }

    #[test]
    fn a_collection_with_another_name_is_renamed_document_by_document() {
        let of = |name: &str, wanted, gone| Gathered {
            collection: CollectionName::new(name).unwrap(),
            ..gathered(wanted, gone)
        };
        let all = || (0..20).map(|i| format!("{i:02}")).zip(0..20);
        let came = || all().map(|(path, content)| wanted(&path, content)).collect();
        let went = || all().map(|(path, content)| gone(&path, content)).collect();
        let plan = assemble(vec![of("new", came(), vec![]), of("old", vec![], went())], &[], &POLICY);
        assert_eq!((plan.actions.len(), &plan.withheld), (20, &vec![]));
        for action in plan.actions {
            let Action::Rename { away, from, collection, to } = action else { panic!("{action:?}") };
            assert_eq!((away.as_str(), collection.as_str(), from.path), ("old", "new", to.path));
        }
        // The own collection's come first, and nothing is given away that was not seen for sure.
        let near = of("c", vec![wanted("b", 1)], vec![gone("a", 1)]);
        let plan = assemble(vec![of("old", vec![], vec![gone("x", 1)]), near.clone()], &[], &POLICY);
        assert_eq!(lines(&plan), ["- x", "a > b"]);
        let unsure = Gathered { authority: Authority::Unsure(String::new()), ..of("old", vec![], went()) };
        assert_eq!(lines(&assemble(vec![of("new", vec![wanted("a", 1)], vec![]), unsure], &[], &POLICY)), ["+ a"]);
    }

    #[test]
    fn moved_pages__with_delete_never__stay() {
        let input = || Gathered { moved: vec![gone("a", 1), gone("c", 3)], ..gathered(vec![], vec![gone("b", 2)]) };
        assert_eq!(lines(&assemble(vec![input()], &[], &POLICY)), ["- a", "- c", "- b"]);
        let plan = assemble(vec![input()], &[], &Policy { never: true, ..POLICY });
        let [withheld] = &plan.withheld[..] else { panic!("{:?}", plan.withheld) };
        assert_eq!((lines(&plan).len(), withheld.deletes(), &withheld.why), (0, 3, &Why::Never));
    }

    #[test]
    fn what_has_moved_is_no_deletion_and_goes_when_it_has_arrived() {
        let of = |from: &str, content: u8, state| Move {
            away: CollectionName::new("c").unwrap(),
            from: DocPath::new(from).unwrap(),
            hash: ContentHash([content; 32]).short(),
            to: (CollectionName::new("c").unwrap(), DocPath::new(format!("to {from}")).unwrap()),
            state,
        };
        let all = || gathered(vec![wanted("x", 1)], (10..30).map(|i| gone(&format!("a{i}"), i)).collect());
        let plan = |input, moves: &[Move]| {
            let plan = assemble(vec![input], moves, &POLICY);
            (lines(&plan), plan.withheld.iter().map(|withheld| withheld.gone.len()).sum::<usize>())
        };
        let arrived: Vec<_> = (10..30).map(|i| of(&format!("a{i}"), i, MoveState::Arrived)).collect();
        let deleted: Vec<_> = (10..30).map(|i| format!("- a{i}")).chain(["+ x".to_owned()]).collect();
        assert_eq!(plan(all(), &arrived), (deleted, 0));
        let waiting: Vec<_> = (10..30).map(|i| of(&format!("a{i}"), i, MoveState::Waits)).collect();
        assert_eq!(plan(all(), &waiting), (vec!["+ x".to_owned()], 0));
        // The one that is still wanted was begun: its source is not given away, nor put a second time by a rename.
        let one = || gathered(vec![wanted("b", 1)], vec![gone("a", 1)]);
        assert_eq!(plan(one(), &[of("a", 1, MoveState::Waits)]).0, ["+ b"]);
        assert_eq!(plan(one(), &[of("a", 2, MoveState::Waits)]).0, ["a > b"], "of another content");
        assert_eq!(plan(one(), &[of("a", 1, MoveState::Off)]).0, ["a > b"]);
        let unsure = Gathered { authority: Authority::Unsure(String::new()), ..one() };
        assert_eq!(plan(unsure, &[of("a", 1, MoveState::Arrived)]), (vec!["+ b".to_owned()], 1));
        let moved_on = || gathered(vec![wanted("b", 1)], vec![gone("a", 1), gone("to a", 2)]);
        assert_eq!(
            plan(moved_on(), &[of("a", 1, MoveState::Waits)]).0,
            ["- to a", "a > b"],
            "where it went is gone as well"
        );
    }

    #[test]
    fn an_unsure_scan_adds_and_neither_deletes_nor_renames() {
        let unsure = Authority::Unsure("the folder is missing".to_owned());
        let input = Gathered { authority: unsure, ..gathered(vec![wanted("b", 1)], vec![gone("a", 1)]) };
        let plan = assemble(vec![input], &[], &POLICY);
        assert_eq!(lines(&plan), ["+ b"]);
        assert_eq!(plan.withheld[0].why, Why::Unsure("the folder is missing".to_owned()));
        assert_eq!(plan.seen.len(), 0);
        assert!(!plan.is_in_step());
    }

    #[test]
    fn part_out_of_sight__what_was_seen_beside_it_is_deleted_and_renamed() {
        let reason = "permission denied".to_owned();
        let part = OutOfSight { paths: vec!["x".to_owned()], reason, documents: Vec::new() };
        let all = vec![gone("a", 1), gone("e", 3), gone("x", 4), gone("x/b", 2), gone("x.md", 5)];
        let stray = |path| Gone { made_here: false, ..gone(path, 7) };
        let input = Gathered { strays: vec![stray("x/s")], ..gathered(vec![wanted("c", 1), wanted("d", 2)], all) };
        let plan = assemble(vec![Gathered { out_of_sight: Some(part), ..input.clone() }], &[], &POLICY);
        let deleted: Vec<_> = lines(&plan).into_iter().filter(|line| line.starts_with('-')).collect();
        let waiting: Vec<_> = plan.waiting.iter().map(|(_, gone)| format!("- {}", gone.path)).collect();
        assert_eq!([deleted, waiting].concat(), ["- e", "- x.md"]);
        assert!(lines(&plan).contains(&"a > c".to_owned()), "{plan:?}");
        let [withheld] = &plan.withheld[..] else { panic!("{:?}", plan.withheld) };
        let expected = "x could not be read (permission denied), so what is in it may still be there";
        assert_eq!((withheld.deletes(), &withheld.why), (2, &Why::Unsure(expected.to_owned())));
        assert_eq!(plan.seen.len(), 0, "something may have been begun for what is there");
    }

    #[test]
    fn renames_do_not_count_against_the_guard() {
        let many = |letter: &str| (10..30).map(move |i| format!("{letter}{i}")).collect::<Vec<_>>();
        let all_moved = gathered(
            many("b").iter().enumerate().map(|(i, path)| wanted(path, i as u8)).collect(),
            many("a").iter().enumerate().map(|(i, path)| gone(path, i as u8)).collect(),
        );
        let plan = assemble(vec![all_moved], &[], &POLICY);
        assert_eq!(plan.actions.len(), 20);
        assert_eq!(plan.withheld, vec![]);
    }

    #[test]
    fn what_is_held_leaves_the_rest_of_the_pass() {
        let input = gathered(vec![wanted("new", 99)], (10..30).map(|i| gone(&format!("a{i}"), i)).collect());
        let plan = assemble(vec![input.clone()], &[], &POLICY);
        assert_eq!(lines(&plan), ["+ new"]);
        assert_eq!((plan.withheld[0].deletes(), plan.withheld[0].of, &plan.withheld[0].why), (20, 20, &Why::Held));
        let approved = input.gone.iter().map(Gone::deletion).collect();
        let standing = Standing { approved, ..Standing::default() };
        let approved = assemble(vec![Gathered { standing, ..input }], &[], &POLICY);
        assert_eq!((lines(&approved).len(), approved.withheld.len()), (21, 0), "they wait for the new one");
    }
}
