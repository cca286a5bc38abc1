//! Fetching the lists of a collection, and those to which they lead: those of different hosts side by side.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::{task::spawn_blocking, time::Instant};
use url::Url;

use super::{
    canonical::canonical,
    document::{self, Document, MAX_SIZE},
    gather::{Gathering, Source},
};
use crate::fetch::{Access, Answer, Fetcher};

/// How deep indexes may lead, the list that the config names included.
const MAX_LEVELS: usize = 3;
/// The most lists that one list of the config may lead to, itself included.
const MAX_LISTS: usize = 1000;
/// After this number of lists in a row that cannot be had, the rest of them is not asked for: each may take a time-out.
const PATIENCE: usize = 5;
/// Hosts whose lists are asked for at once.
const HOSTS: usize = 16;

/// Reads these lists of the config, beginning at that one of each host, so that it is not always the same that are left
/// when its time is over.
pub(super) async fn read<'a>(
    fetcher: &Fetcher,
    named: impl Iterator<Item = &'a Url>,
    access: &Access,
    (gathering, start): (Gathering, usize),
) -> Gathering {
    // Who names a list in the config has been asked; and what is right for a page is small for a list.
    let access = Access { obey_robots: false, max_size: MAX_SIZE as u64, ..access.clone() };
    let deadline = Instant::now() + fetcher.timing().lists;
    let reading = ListReading { fetcher, access, deadline, start, gathering: Mutex::new(gathering) };
    let mut hosts: BTreeMap<&str, Vec<Url>> = BTreeMap::new();
    named.for_each(|list| hosts.entry(list.host_str().unwrap_or_default()).or_default().push(list.clone()));
    let hosts: Vec<_> = hosts.into_values().map(|lists| reading.trees(lists)).collect();
    stream::iter(hosts).buffer_unordered(HOSTS).collect::<()>().await;
    reading.gathering.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The lists of one collection at work.
struct ListReading<'f> {
    fetcher: &'f Fetcher,
    access: Access,
    /// No further list is asked for after that.
    deadline: Instant,
    start: usize,
    gathering: Mutex<Gathering>,
}

impl ListReading<'_> {
    fn gather<T>(&self, work: impl FnOnce(&mut Gathering) -> T) -> T {
        work(&mut self.gathering.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the lists of one host, one after the other.
    async fn trees(&self, mut lists: Vec<Url>) {
        let first = self.start % lists.len().max(1);
        lists.rotate_left(first);
        for list in lists {
            self.tree(&list).await;
        }
    }

    /// Takes the pages that a list on the web names, and those that the lists name to which it leads.
    async fn tree(&self, named: &Url) {
        let named = match canonical(named.as_str()) {
            Ok(named) => named,
            Err(why) => return self.gather(|all| all.misnamed(why)),
        };
        let mut waiting = VecDeque::from([vec![named.clone()]]);
        let (mut room, mut beyond, mut without_answer, mut left) = (MAX_LISTS - 1, 0, 0, None);
        while let Some(way) = waiting.pop_front() {
            let Some(list) = way.last() else { continue };
            if way.len() > 1 && Instant::now() >= self.deadline {
                let minutes = self.fetcher.timing().lists.as_secs() / 60;
                left = Some(format!("reading the lists of the collection has taken {minutes} minutes"));
                waiting.push_front(way);
                break;
            }
            if !self.gather(|all| all.begin(list, &way)) {
                continue;
            }
            let (from, document, age) = match fetch(self.fetcher, list, &self.access).await {
                Ok(read) => read,
                Err(Unread::Missing(status)) if way.len() > 1 => {
                    self.gather(|all| all.part_missing(list, status));
                    continue;
                }
                Err(why) => {
                    self.gather(|all| all.failed(list, why));
                    without_answer += 1;
                    if without_answer == PATIENCE {
                        left = Some(format!("{PATIENCE} lists in a row could not be had"));
                        break;
                    }
                    continue;
                }
            };
            without_answer = 0;
            let source = Source { way: way.clone(), from };
            let mut further: Vec<_> =
                self.gather(|all| all.take_part(&named, &source, document, age)).into_iter().collect();
            if !further.is_empty() && way.len() == MAX_LEVELS {
                let why = format!("it is an index {MAX_LEVELS} levels deep, so what it names is not read");
                self.gather(|all| all.failed(list, why));
                continue;
            }
            let first = self.start % further.len().max(1);
            further.rotate_left(first);
            let taken = further.len().min(room);
            beyond += further.len() - taken;
            room -= taken;
            waiting.extend(further.into_iter().take(taken).map(|list| [&way[..], &[list]].concat()));
        }
        if let Some(cause) = left.filter(|_| !waiting.is_empty()) {
            let lists: Vec<_> = waiting.iter().filter_map(|way| way.last()).collect();
            self.gather(|all| all.left(&named, &cause, lists.into_iter()));
        }
        if beyond > 0 {
            let why = format!("it leads to more than {MAX_LISTS} lists, so {beyond} were not asked for");
            self.gather(|all| all.failed(&named, why));
        }
    }
}

/// Fetches a list and reads it: where it came from at last, what it says, and how old that is.
async fn fetch(fetcher: &Fetcher, list: &Url, access: &Access) -> Result<(Url, Document, Duration), Unread> {
    let fetched = match fetcher.get(list, access, None).await {
        Answer::Page(fetched) => *fetched,
        Answer::Gone { status, .. } => return Err(Unread::Missing(status)),
        Answer::Unchanged { .. } => {
            return Err(Unread::Failed("the site answers 304 to a request without conditions".to_owned()));
        }
        Answer::Kept(trouble) => return Err(Unread::Failed(trouble.to_string())),
    };
    let from = fetched.url;
    let read = move || {
        // As long as the body is kept.
        let _room = fetched.room;
        let document = document::read(&fetched.body, &fetched.media_type, fetched.charset.as_deref(), &from);
        (from, document, fetched.age)
    };
    spawn_blocking(read).await.map_err(|error| Unread::Failed(error.to_string()))
}

/// Why there is nothing to read of a list.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("the site answers {0}")]
    Missing(u16),
    #[error("{0}")]
    Failed(String),
}
