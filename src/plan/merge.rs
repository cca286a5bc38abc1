//! The merge-join of a walk and a cursor, both in key order: memory follows neither.

use std::{cmp::Ordering, iter::Peekable};

use crate::model::{DocPath, Record};

/// One document, as the walk and the store know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair<S> {
    /// Seen, and never before.
    New(S),
    /// Seen, and known.
    Both(S, Record),
    /// Known, and not seen.
    Gone(Record),
}

/// Joins two sequences that are both sorted by path and have no path twice.
pub fn merge<S, R, K>(seen: S, records: R, key: K) -> impl Iterator<Item = Pair<S::Item>>
where
    S: Iterator,
    R: Iterator<Item = Record>,
    K: Fn(&S::Item) -> &DocPath,
{
    let mut seen = seen.peekable();
    let mut records = records.peekable();
    std::iter::from_fn(move || next(&mut seen, &mut records, &key))
}

fn next<S, R, K>(seen: &mut Peekable<S>, records: &mut Peekable<R>, key: &K) -> Option<Pair<S::Item>>
where
    S: Iterator,
    R: Iterator<Item = Record>,
    K: Fn(&S::Item) -> &DocPath,
{
    let order = match (seen.peek(), records.peek()) {
        (Some(seen), Some(record)) => key(seen).cmp(&record.path),
        (Some(_), None) => Ordering::Less,
        (None, _) => Ordering::Greater,
    };
    match order {
        Ordering::Less => seen.next().map(Pair::New),
        Ordering::Equal => seen.next().zip(records.next()).map(|(seen, record)| Pair::Both(seen, record)),
        Ordering::Greater => records.next().map(Pair::Gone),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn record(path: &DocPath) -> Record {
        Record {
            path: path.clone(),
            seen: None,
            live: None,
            live_size: None,
            uploaded_here: false,
            trouble: None,
            skipped: None,
            written_since: None,
            gone_since: None,
            successor: None,
        }
    }

    proptest! {
        #[test]
        fn every_path_comes_out_once_on_the_right_side(
            seen in prop::collection::btree_set("[a-c]{1,3}", 0..20),
            known in prop::collection::btree_set("[a-c]{1,3}", 0..20),
        ) {
            let paths = |set: &BTreeSet<String>| set.iter().map(|p| DocPath::new(p.clone()).unwrap()).collect::<Vec<_>>();
            let pairs: Vec<_> = merge(paths(&seen).into_iter(), paths(&known).iter().map(record), |path| path).collect();
            let expected: Vec<_> = seen.union(&known).map(|path| (path.clone(), seen.contains(path), known.contains(path))).collect();
            let got: Vec<_> = pairs.into_iter().map(|pair| match pair {
                Pair::New(path) => (path.as_str().to_owned(), true, false),
                Pair::Both(path, record) => {
                    assert_eq!(path, record.path);
                    (path.as_str().to_owned(), true, true)
                }
                Pair::Gone(record) => (record.path.as_str().to_owned(), false, true),
            }).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
