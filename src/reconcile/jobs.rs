//! Following jobs to their end: one by one, or many with one page of the list.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    future::Future,
    time::Duration,
};

use super::{
    Deed, Document, Event, Fatal, Pass, Report, Sent, fatal,
    paging::{Growth, Paging, Place, Seen},
    work::{Ending, Polled, Step, Task},
};
use crate::{
    model::{JobId, Moment, Phase, Replica, ReplicaId, SourceId},
    pace::{Durations, Poll, PollSchedule},
    plan::FailureCause,
    platform::{Holding, JobState, Platform, RemoteSource, SourcePage},
    scan::Wake,
};

/// A pass follows the crawl of a website no longer than this; the next one goes on.
const CRAWL: Duration = Duration::from_secs(120);
/// The service looks again so much later.
const CRAWL_AGAIN: Duration = Duration::from_secs(60);
/// A crawl that takes longer has failed.
const CRAWL_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// What the list did not show is looked for again after this at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// A job that the platform has forgotten, and whose source is idle for so long, is lost.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// Why a document failed whose job nobody can tell of.
const UNREADABLE: &str =
    "the platform can tell neither of its job nor of its source; `kbsync retry` lets it be tried again";

struct Followed {
    replica: Replica,
    source: SourceId,
    /// None of a website, which the platform crawls by itself.
    job: Option<JobId>,
    begun: Moment,
    asked: Moment,
    upload: Option<(u64, Moment)>,
    seen: Seen,
    /// Whether neither the job nor its source can be read by itself: only the list tells.
    blind: bool,
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
    growth: Growth,
    /// The page that is being read, and whether as the next one of a way through the whole list.
    reading: (Place, bool),
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
            growth: Growth::default(),
            reading: (None, false),
            by_list: !platform.abilities().jobs,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.followed.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.followed.len()
    }

    /// Follows a replica's job from now on; of an upload of this pass, with its size and when it began.
    pub(super) fn follow(&mut self, replica: Replica, upload: Option<(u64, Moment)>, now: Moment) {
        let Some(source) = replica.source.clone() else { return };
        let job = replica.job.clone();
        self.by_source.insert(source.clone(), replica.id);
        // A clock that was ahead when it was written must not make the job wait for it.
        let begun = replica.since.min(now);
        let asked = Moment::default();
        self.followed.insert(
            replica.id,
            Followed { replica, source, job, begun, asked, upload, seen: Seen::default(), blind: false },
        );
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
        let only_by_list = self.by_list || self.followed.values().all(|job| job.blind);
        (at, if only_by_list { Poll::List } else { poll })
    }

    /// Polls. The job that was polled least lately comes first.
    pub(super) fn ask<'p, P: Platform>(
        &mut self,
        platform: &'p P,
        poll: Poll,
        now: Moment,
    ) -> impl Future<Output = Result<Step, Fatal>> + Send + use<'p, P> {
        let mut one = None;
        if poll != Poll::List
            && let Some(job) = self.followed.values_mut().filter(|job| !job.blind).min_by_key(|job| job.asked)
        {
            job.asked = now;
            one = Some((job.source.clone(), job.job.clone(), now.since(job.begun)));
        }
        if one.is_none() {
            let found = self.growth.next(self.followed.values().map(|job| &job.seen));
            self.reading = found.map_or((self.paging.at(), true), |page| (page, false));
        }
        let (page, timeout, by_list) = (self.reading.0, self.timeout, self.by_list);
        async move {
            let polled = match one {
                Some((source, Some(job), age)) => ask_one(platform, source, &job, age, timeout).await?,
                Some((source, None, age)) => ask_site(platform, source, age, CRAWL.min(timeout)).await?,
                None => ask_list(platform, page, by_list).await?,
            };
            Ok(Step::Polled(polled))
        }
    }

    /// Takes what a poll gave, and hands out the jobs that have ended.
    pub(super) fn settle(&mut self, polled: Polled, now: Moment) -> Vec<Settled> {
        let mut settled = Vec::new();
        let way_goes_on = polled.list.as_ref().is_some_and(|page| self.note_page(page, now));
        for (source, ending) in polled.endings {
            let Some(id) = self.by_source.get(&source).copied() else { continue };
            let Some(job) = self.followed.get_mut(&id) else { continue };
            match ending {
                // A failure that the list shows is asked for its reason first, where there is somebody to ask.
                Ending::Lost if polled.list.is_some() && !job.blind => job.asked = Moment::default(),
                Ending::Lost if polled.list.is_some() => settled.extend(self.end(id, failed(None), now)),
                Ending::Unknown => job.blind = true,
                ending => settled.extend(self.end(id, ending, now)),
            }
        }
        let is_late = |job: &Followed| now.since(job.begun) > self.timeout;
        let late: Vec<_> =
            self.followed.iter().filter(|(_, job)| (self.by_list || job.blind) && is_late(job)).collect();
        let late: Vec<_> = late.into_iter().map(|(id, job)| (*id, job.blind)).collect();
        for (id, blind) in late {
            let unreadable = || Ending::Failed(UNREADABLE.to_owned());
            settled.extend(self.end(id, if blind { unreadable() } else { Ending::Lost }, now));
        }
        // The way through the list is one question, however many its pages.
        self.schedule.polled(now, settled.len().max(usize::from(way_goes_on)));
        settled
    }

    /// Remembers where a page shows what is followed. Says whether the way through the list goes on.
    fn note_page(&mut self, page: &SourcePage, now: Moment) -> bool {
        let (place, on_the_way) = self.reading;
        let shown: HashSet<_> =
            page.sources.iter().filter_map(|source| self.by_source.get(&source.id)).copied().collect();
        let seen = self.followed.iter_mut().map(|(id, job)| (&mut job.seen, shown.contains(id)));
        self.growth.note(page, place, seen, now);
        if !on_the_way {
            return false;
        }
        let ended = self.paging.read(page);
        if ended {
            // What the whole list did not show is looked for again when as much time has passed as it took so far.
            let missing = self.followed.values_mut().filter(|job| job.seen.page.is_none());
            let youngest = missing.map(|job| (job.seen.asked = now, job.begun).1).max();
            if let Some(begun) =
                youngest.filter(|_| self.by_list && self.followed.values().all(|job| job.seen.page.is_none()))
            {
                self.schedule.pause(now + now.since(begun).min(LONGEST_PAUSE));
            }
        }
        self.by_list && !ended && shown.is_empty()
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

async fn ask_one<P: Platform>(
    platform: &P,
    source: SourceId,
    job: &JobId,
    age: Duration,
    timeout: Duration,
) -> Result<Polled, Fatal> {
    let (state, patience) = match platform.job(job).await.map_err(fatal) {
        Ok(JobState::Forgotten) => (JobState::Forgotten, FORGOTTEN.min(timeout)),
        Ok(state) => (state, timeout),
        // The job cannot be read, and may be at work: the source tells.
        Err(Ok(_)) => (JobState::Forgotten, timeout),
        Err(Err(fatal)) => return Err(fatal),
    };
    let ending = match state {
        JobState::Completed(Some(0)) => Some(Ending::Failed("the platform found no text in it".to_owned())),
        JobState::Completed(_) => Some(Ending::Ready),
        JobState::Failed(reason) => Some(Ending::Failed(reason)),
        JobState::Working if age <= timeout => None,
        JobState::Working | JobState::Unclear | JobState::Forgotten => {
            match platform.source(&source).await.map_err(fatal) {
                Ok(source) => by_source(source, age > timeout, age > patience),
                // The list tells.
                Err(Ok(_)) => Some(Ending::Unknown),
                Err(Err(fatal)) => return Err(fatal),
            }
        }
    };
    Ok(Polled::one(source, ending))
}

fn failed(reason: Option<String>) -> Ending {
    Ending::Failed(reason.unwrap_or_else(|| "the platform says that it failed, and not why".to_owned()))
}

/// Judges a job by its source; none while the platform may be at work on it, for then nothing is uploaded a second time. An
/// idle source may have a job that waits for its turn.
fn by_source(source: Option<RemoteSource>, is_late: bool, is_late_for_idle: bool) -> Option<Ending> {
    match source.map(|source| source.holding) {
        Some(Holding::Document) => Some(Ending::Ready),
        Some(Holding::Failed(reason)) => Some(failed(reason)),
        Some(Holding::AtWork) if !is_late => None,
        Some(Holding::Nothing) if !is_late_for_idle => None,
        Some(Holding::Nothing | Holding::AtWork | Holding::Empty) | None => Some(Ending::Lost),
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
async fn ask_list<P: Platform>(platform: &P, at: Place, by_list: bool) -> Result<Polled, Fatal> {
    let page = match platform.sources(at).await.map_err(fatal) {
        Ok(page) => page,
        // Where the list alone tells, nothing can be known without it.
        Err(Ok(error)) if by_list => return Err(Fatal::Unavailable(error.to_string())),
        Err(Ok(_)) => return Ok(Polled { endings: Vec::new(), list: None }),
        Err(Err(fatal)) => return Err(fatal),
    };
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
            Ending::Failed(reason) => {
                let cause = FailureCause::of_job(&reason);
                self.fail(replica, reason, cause).await
            }
            // The pass after this one finds it under way.
            Ending::Later => {
                let whole = Wake::everything();
                report.leave(replica.collection.clone(), whole, CRAWL_AGAIN);
                report.crawling.insert(replica.collection);
                Ok(Step::Nothing)
            }
            Ending::Lost | Ending::Unknown => {
                // It may come to hold its document all the same.
                let (id, now) = (replica.id, self.now());
                self.store.call(move |db| db.unanswered(id, Phase::Uploading, now)).await?;
                Ok(Step::Unknown(now + self.scope.policy.grace))
            }
            Ending::Ready => {
                let (id, now) = (replica.id, self.now());
                let Some(retiring) = self.store.call(move |db| db.ready(id, now)).await? else {
                    return Ok(Step::Relist);
                };
                let (collection, path) = (replica.collection.clone(), replica.path.clone());
                let left = self.store.call(move |db| db.moved_to(&collection, &path)).await?;
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
