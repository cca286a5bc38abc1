//! What a plan costs: requests, and the minutes that the pace allows them in.

use std::time::Duration;

use super::assemble::{Action, Plan};
use crate::model::Making;

/// A poll of the list serves so many uploads, more or less (`pace::PollSchedule`).
const UPLOADS_PER_POLL: u64 = 10;

/// What a plan costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Requests, polls included.
    pub requests: u64,
    /// The time that they take at the platform's pace.
    pub time: Duration,
    /// Documents that go up.
    pub uploads: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a platform asks for its work.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    /// How it makes a source.
    pub making: Making,
    /// Whether it can give a source another name; otherwise a rename is an upload.
    pub rename: bool,
    /// How many sources one page of its list has at most.
    pub page_size: u64,
}

impl Price {
    /// How many requests read a list of `sources` sources.
    pub fn list(&self, sources: u64) -> u64 {
        sources.div_ceil(self.page_size.max(1)).max(1)
    }
}

/// Estimates a plan that is carried out with a request every `gap`, after `lists` of them that read the list.
pub fn estimate(plan: &Plan, gap: Duration, lists: u64, price: &Price) -> Estimate {
    let put = match price.making {
        Making::Empty => 2,
        Making::Filled => 1,
    };
    let (mut requests, mut uploads, mut bytes) = (0, 0_u64, 0);
    for action in &plan.actions {
        match action {
            Action::Delete { .. } => requests += 1,
            Action::Rename { .. } if price.rename => requests += 1,
            Action::Rename { to, .. } => {
                requests += put + 1;
                uploads += 1;
                bytes += to.fingerprint.size;
            }
            Action::Put { wanted, .. } => {
                requests += put + u64::from(wanted.replaces);
                uploads += 1;
                bytes += wanted.fingerprint.size;
            }
        }
    }
    requests += uploads.div_ceil(UPLOADS_PER_POLL) + lists;
    let time = gap.saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX));
    Estimate { requests, time, uploads, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{CollectionName, ContentHash, DocPath, Fingerprint},
        plan::{gathered::Wanted, guard::Gone},
    };

    #[test]
    fn an_empty_plan_costs_one_look_at_the_list() {
        let second = Duration::from_secs(1);
        let price = Price { making: Making::Empty, rename: true, page_size: 100 };
        let looks = |sources| estimate(&Plan::default(), second, price.list(sources), &price);
        assert_eq!(looks(0), Estimate { requests: 1, time: second, uploads: 0, bytes: 0 });
        assert_eq!(looks(501).requests, 6);
    }

    fn wanted(size: u64, replaces: bool) -> Wanted {
        let fingerprint = Fingerprint { size, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
        Wanted {
            path: DocPath::new("a.md").unwrap(),
            fingerprint,
            hash: ContentHash([0; 32]),
            min_hash: None,
            replaces,
        }
    }

    #[test]
    fn what_a_platform_can_do_decides_what_an_action_costs() {
        let docs = || CollectionName::new("docs").unwrap();
        let gone = || Gone {
            path: DocPath::new("b.md").unwrap(),
            live: ContentHash([0; 32]).short(),
            size: 7,
            min_hash: None,
            made_here: true,
            successor: None,
            overdue: false,
        };
        let put = |replaces| Action::Put { collection: docs(), wanted: wanted(10, replaces) };
        let rename = Action::Rename { away: docs(), from: gone(), collection: docs(), to: wanted(10, false) };
        let delete = Action::Delete { collection: docs(), gone: gone(), moved: false };
        let (empty, filled) = (Making::Empty, Making::Filled);
        // Besides its own requests each plan costs one look at the list, and one poll where something goes up.
        for (action, making, rename, requests, bytes) in [
            (put(false), empty, true, 4, 10),
            (put(true), empty, true, 5, 10),
            (put(false), filled, false, 3, 10),
            (put(true), filled, false, 4, 10),
            (rename.clone(), empty, true, 2, 0),
            (rename.clone(), filled, true, 2, 0),
            (rename.clone(), empty, false, 5, 10),
            (rename, filled, false, 4, 10),
            (delete, filled, false, 2, 0),
        ] {
            let plan = Plan { actions: vec![action], ..Plan::default() };
            let price = Price { making, rename, page_size: 100 };
            let cost = estimate(&plan, Duration::from_secs(1), price.list(0), &price);
            assert_eq!((cost.requests, cost.bytes), (requests, bytes), "{plan:?} {price:?}");
        }
    }
}
