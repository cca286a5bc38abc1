//! Following jobs to their end: one by one, or many with one page of the list.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    future::Future,
    time::Duration,
};

use super::{
    Deed, Document, Event, Fatal, Pass, Report, Sent, always_fatal, fatal,
    paging::Paging,
    work::{Ending, Polled, Step, Task},
};
use crate::{
    model::{JobId, Moment, Phase, Replica, ReplicaId, SourceId},
    pace::{Durations, Poll, PollSchedule},
    platform::{Cursor, Holding, JobState, Platform, RemoteSource},
    scan::Wake,
};

/// A pass follows the crawl of a website no longer than this; the next one goes on.
const CRAWL: Duration = Duration::from_secs(120);
/// The service looks again so much later.
const CRAWL_AGAIN: Duration = Duration::from_secs(60);
/// A crawl that takes longer has failed.
const CRAWL_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

struct Followed {
    replica: Replica,
    source: SourceId,
    /// None of a website, which the platform crawls by itself.
    job: Option<JobId>,
    begun: Moment,
    asked: Moment,
    upload: Option<(u64, Moment)>,
}

/// A job that has ended.
pub(super) struct Settled {
    replica: Replica,
    pub(super) ending: Ending,
    /// The time since its upload began, or since an earlier pass noted it.
    pub(super) took: Duration,
    sent: Option<Sent>,
}

/// The jobs of one round.
pub(super) struct Jobs {
    followed: BTreeMap<ReplicaId, Followed>,
    by_source: HashMap<SourceId, ReplicaId>,
    schedule: PollSchedule,
    durations: Durations,
    timeout: Duration,
    paging: Paging,
    /// The page of the list that was read last, and its sources.
    page: (Option<Cursor>, Vec<SourceId>),
    /// Whether the platform can only be asked by its list.
    by_list: bool,
}

impl Jobs {
    pub(super) fn new(platform: &impl Platform, timeout: Duration) -> Self {
        Self {
            followed: BTreeMap::new(),
            by_source: HashMap::new(),
            schedule: PollSchedule::new(platform.gap()),
            durations: Durations::default(),
            timeout,
            paging: Paging::default(),
            page: (None, Vec::new()),
            by_list: !platform.abilities().jobs,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.followed.is_empty()
    }

    /// Follows a replica's job from now on; of an upload of this pass, with its size and when it began.
    pub(super) fn follow(&mut self, replica: Replica, upload: Option<(u64, Moment)>, now: Moment) {
        let Some(source) = replica.source.clone() else { return };
        let job = replica.job.clone();
        self.by_source.insert(source.clone(), replica.id);
        // A clock that was ahead when it was written must not make the job wait for it.
        let begun = replica.since.min(now);
        let asked = Moment::default();
        self.followed.insert(replica.id, Followed { replica, source, job, begun, asked, upload });
    }

    /// What to ask next, and when.
    pub(super) fn next(&self, now: Moment, busy: bool) -> (Moment, Poll) {
        let oldest = self.followed.values().map(|job| job.begun).min().unwrap_or(now);
        let next = |at| self.schedule.next(at, self.followed.len(), oldest, self.durations.predicted(), busy);
        let (at, poll) = match next(now) {
            // By then the answer may be another one, so it is asked for again.
            Poll::At(at) => (at, next(at)),
            poll => (now, poll),
        };
        (at, if self.by_list { Poll::List } else { poll })
    }

    /// Asks. The one that was asked after least lately comes first.
    pub(super) fn ask<'p, P: Platform>(
        &mut self,
        platform: &'p P,
        poll: Poll,
        now: Moment,
    ) -> impl Future<Output = Result<Step, Fatal>> + Send + use<'p, P> {
        let mut one = None;
        if poll != Poll::List
            && let Some(job) = self.followed.values_mut().min_by_key(|job| job.asked)
        {
            job.asked = now;
            one = Some((job.source.clone(), job.job.clone(), now.since(job.begun)));
        }
        let (page, timeout, by_list) = (self.paging.at(), self.timeout, self.by_list);
        async move {
            let polled = match one {
                Some((source, Some(job), age)) => ask_one(platform, source, &job, age > timeout).await?,
                Some((source, None, age)) => ask_site(platform, source, age, CRAWL.min(timeout)).await?,
                None => ask_list(platform, page, by_list).await?,
            };
            Ok(Step::Polled(polled))
        }
    }

    /// Takes what a poll gave, and hands out the jobs that have ended.
    pub(super) fn settle(&mut self, polled: Polled, now: Moment) -> Vec<Settled> {
        let mut settled = Vec::new();
        for (source, ending) in polled.endings {
            let Some(id) = self.by_source.get(&source).copied() else { continue };
            // A failure that the list shows is asked for its reason first, where there is somebody to ask.
            if polled.list.is_some() && ending == Ending::Lost {
                if let Some(job) = self.followed.get_mut(&id) {
                    job.asked = Moment::default();
                }
                continue;
            }
            settled.extend(self.end(id, ending, now));
        }
        // Where something was, there may be more. A platform that shows the same as another page has no other.
        let (at, before) = (self.paging.at(), std::mem::take(&mut self.page));
        let whole = match &polled.list {
            Some(page) if settled.is_empty() => {
                let seen = page.sources.iter().map(|source| source.id.clone()).collect();
                self.page = (at, seen);
                let repeats = before.0 != at && before.1 == self.page.1;
                if repeats { self.paging.end() } else { self.paging.read(page) }
            }
            Some(_) | None => false,
        };
        if self.by_list {
            let late = self.followed.iter().filter(|(_, job)| now.since(job.begun) > self.timeout);
            let late: Vec<_> = late.map(|(id, _)| *id).collect();
            settled.extend(late.into_iter().filter_map(|id| self.end(id, Ending::Lost, now)));
        }
        // Where only the list can be asked, the way through it is one question, however many its pages.
        let goes_on = self.by_list && !whole;
        self.schedule.polled(now, settled.len().max(usize::from(goes_on)));
        settled
    }

    /// A job has ended.
    fn end(&mut self, id: ReplicaId, ending: Ending, now: Moment) -> Option<Settled> {
        let job = self.followed.remove(&id)?;
        self.by_source.remove(&job.source);
        let took = now.since(job.begun);
        // What was left under way may have ended while nobody looked.
        if job.upload.is_some() {
            self.durations.record(took);
        }
        let sent = job.upload.map(|(bytes, began)| Sent { bytes, took: now.since(began) });
        Some(Settled { replica: job.replica, ending, took, sent })
    }
}

async fn ask_one<P: Platform>(platform: &P, source: SourceId, job: &JobId, late: bool) -> Result<Polled, Fatal> {
    let state = match platform.job(job).await.map_err(fatal) {
        Ok(state) => state,
        // What the platform says of the job is no use: the source tells.
        Err(Ok(_)) => JobState::Forgotten,
        Err(Err(fatal)) => return Err(fatal),
    };
    let ending = match state {
        JobState::Completed(Some(0)) => Some(Ending::Failed("the platform found no text in it".to_owned())),
        JobState::Completed(_) => Some(Ending::Ready),
        JobState::Failed(reason) => Some(Ending::Failed(reason)),
        JobState::Working if !late => None,
        JobState::Working | JobState::Forgotten => Some(match platform.source(&source).await.map_err(fatal) {
            Ok(source) => by_source(source),
            // A source that cannot be read may hold its document: the list tells.
            Err(Ok(_)) => Ending::Lost,
            Err(Err(fatal)) => return Err(fatal),
        }),
    };
    Ok(Polled::one(source, ending))
}

fn failed(reason: Option<String>) -> Ending {
    Ending::Failed(reason.unwrap_or_else(|| "the platform says that it failed, and not why".to_owned()))
}

/// Judges a job that nobody can tell of by its source.
fn by_source(source: Option<RemoteSource>) -> Ending {
    match source.map(|source| source.holding) {
        Some(Holding::Document) => Ending::Ready,
        Some(Holding::Failed(reason)) => failed(reason),
        Some(Holding::Nothing | Holding::AtWork | Holding::Empty) | None => Ending::Lost,
    }
}

/// Judges a website by its source: the platform crawls it without a job that could be asked after.
async fn ask_site<P: Platform>(
    platform: &P,
    source: SourceId,
    age: Duration,
    patience: Duration,
) -> Result<Polled, Fatal> {
    let found = match platform.source(&source).await.map_err(fatal) {
        Ok(found) => found,
        Err(Ok(error)) => return Ok(Polled::one(source, Some(Ending::Failed(error.to_string())))),
        Err(Err(fatal)) => return Err(fatal),
    };
    let ending = match found.map(|source| source.holding) {
        Some(Holding::Document) => Some(Ending::Ready),
        Some(Holding::Empty) => Some(Ending::Failed("the platform found no page on it".to_owned())),
        Some(Holding::Failed(_)) => {
            Some(Ending::Failed("the platform could not crawl it, and does not say why".to_owned()))
        }
        Some(Holding::Nothing | Holding::AtWork) if age > CRAWL_AT_MOST => {
            Some(Ending::Failed("the platform has crawled it for a day and has not come to an end".to_owned()))
        }
        Some(Holding::Nothing | Holding::AtWork) => (age > patience).then_some(Ending::Later),
        None => Some(Ending::Lost),
    };
    Ok(Polled::one(source, ending))
}

/// Asks for a page of the list; where there is nobody else to ask (`by_list`), a failure that it shows is the end.
async fn ask_list<P: Platform>(platform: &P, at: Option<Cursor>, by_list: bool) -> Result<Polled, Fatal> {
    let page = platform.sources(at).await.map_err(always_fatal)?;
    let endings = page.sources.iter().filter_map(|source| {
        let ending = match &source.holding {
            Holding::Document => Ending::Ready,
            Holding::Failed(reason) if by_list => failed(reason.clone()),
            Holding::Failed(_) => Ending::Lost,
            Holding::Nothing | Holding::AtWork | Holding::Empty => return None,
        };
        Some((source.id.clone(), ending))
    });
    Ok(Polled { endings: endings.collect(), list: Some(page) })
}

impl<P: Platform> Pass<'_, P> {
    /// Notes how a job ended, and queues what follows from it.
    pub(super) async fn settle(
        &self,
        Settled { replica, ending, sent, .. }: Settled,
        report: &mut Report,
        queue: &mut VecDeque<Task>,
    ) -> Result<Step, Fatal> {
        match ending {
            Ending::Failed(reason) => self.fail(replica, reason).await,
            // The pass after this one finds it under way.
            Ending::Later => {
                let whole = Wake::everything();
                report.leave(replica.collection.clone(), whole, CRAWL_AGAIN);
                report.crawling.insert(replica.collection);
                Ok(Step::Nothing)
            }
            Ending::Lost => {
                // It may come to hold its document all the same.
                let (id, now) = (replica.id, self.now());
                self.store.call(move |db| db.unanswered(id, now)).await?;
                Ok(Step::Unknown(now + self.scope.policy.grace))
            }
            Ending::Ready => {
                let (id, now) = (replica.id, self.now());
                let Some(retiring) = self.store.call(move |db| db.ready(id, now)).await? else {
                    return Ok(Step::Relist);
                };
                let (collection, path) = (replica.collection.clone(), replica.path.clone());
                // Where sources are renamed, a move leaves nothing.
                let left = if self.platform.abilities().rename {
                    Vec::new()
                } else {
                    self.store.call(move |db| db.moved_to(&collection, &path)).await?
                };
                let deed = if let Some((away, gone)) = left.first() {
                    report.renamed += 1;
                    Deed::Renamed { from: Document::new(away, &gone.path) }
                } else if retiring.iter().any(|old| old.phase == Phase::Ready) {
                    report.replaced += 1;
                    Deed::Replaced(sent)
                } else {
                    report.added += 1;
                    Deed::Added(sent)
                };
                let document = Document::new(&replica.collection, &replica.path);
                report.succeeded(&document);
                (self.event)(Event::Done { deed, document });
                queue.extend(left.into_iter().map(|(away, gone)| Task::Left(away, gone)));
                retiring.into_iter().for_each(|old| queue.push_front(Task::Delete(old)));
                // The website at another address that it may stand for goes in the next round.
                Ok(if self.is_website(&replica.collection) { Step::Again(None) } else { Step::Nothing })
            }
        }
    }
}
