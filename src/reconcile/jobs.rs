//! Following jobs to their end: one by one, or many with one page of the list.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    future::Future,
    time::Duration,
};

use super::{
    Deed, Document, Event, Fatal, Pass, Report, Sent,
    asking::{Asking, FORGOTTEN, ask_list, ask_one, ask_site, failed},
    followed::Followed,
    paging::{Growth, Paging, Place},
    work::{Ending, Polled, Settled, Step, Task},
};
use crate::{
    model::{Instance, Moment, Phase, Replica, ReplicaId, SourceId, SourceName},
    pace::{Durations, Poll, PollSchedule},
    plan::FailureCause,
    platform::{Holding, Platform, SourcePage},
    scan::Wake,
    store::Db,
};

/// The service looks again so much later.
const CRAWL_AGAIN: Duration = Duration::from_secs(60);

/// What the list did not show is looked for again after this at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The jobs of one round.
pub(super) struct Jobs {
    followed: BTreeMap<ReplicaId, Followed>,
    by_source: HashMap<SourceId, ReplicaId>,
    schedule: PollSchedule,
    durations: Durations,
    timeout: Duration,
    paging: Paging,
    growth: Growth,
    /// When the list was asked last.
    list_asked: Moment,
    /// The page that is being read, and whether as the next one of a way through the whole list.
    reading: (Place, bool),
    /// Why a page could not be read, on such a way.
    unread: Option<String>,
    /// Jobs that only such a page may show, each with the reason.
    unseen: Vec<(ReplicaId, String)>,
    /// Jobs whose source the list does not show, and shows another one under its name.
    elsewhere: Vec<ReplicaId>,
    /// Whether the platform can only be asked by its list.
    by_list: bool,
    /// Whether a list of the platform has ever shown content of ours: then it tells what its sources hold.
    tells: bool,
    /// Whose sources are ours.
    instance: Instance,
}

impl Jobs {
    pub(super) fn new(platform: &impl Platform, timeout: Duration, tells: bool, instance: Instance) -> Self {
        Self {
            followed: BTreeMap::new(),
            by_source: HashMap::new(),
            schedule: PollSchedule::new(platform.gap()),
            durations: Durations::default(),
            timeout,
            paging: Paging::default(),
            growth: Growth::default(),
            list_asked: Moment::default(),
            reading: (None, false),
            unread: None,
            unseen: Vec::new(),
            elsewhere: Vec::new(),
            by_list: !platform.abilities().jobs,
            tells,
            instance,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.followed.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.followed.len()
    }

    /// Follows a replica's job from now on; of an upload of this pass, with its size and when it began. Whether it takes the
    /// place of something that the platform holds.
    pub(super) fn follow(&mut self, replica: Replica, upload: Option<(u64, Moment)>, replaces: bool, now: Moment) {
        let Some(source) = replica.source.clone() else { return };
        self.by_source.insert(source.clone(), replica.id);
        self.followed.insert(replica.id, Followed::new(replica, source, upload, replaces, now));
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
        // Of those that only the list tells of, the list is asked in their turn.
        let is_any_blind = self.followed.values().any(|job| job.blind);
        if poll != Poll::List
            && let Some(job) = self.followed.values_mut().filter(|job| !job.blind).min_by_key(|job| job.asked)
            && !(is_any_blind && self.list_asked < job.asked)
        {
            job.asked = now;
            let asking = Asking {
                source: job.source.clone(),
                age: now.since(job.begun),
                timeout: self.timeout,
                doubted: job.doubted,
                tells: self.tells,
            };
            one = Some((asking, job.job.clone()));
        }
        if one.is_none() {
            self.list_asked = now;
            let found = self.growth.next(self.followed.values().map(|job| &job.seen));
            self.reading = found.map_or((self.paging.at(), true), |page| (page, false));
        }
        let (page, by_list) = (self.reading.0, self.by_list);
        async move {
            let polled = match one {
                Some((asking, Some(job))) => ask_one(platform, asking, &job).await?,
                Some((asking, None)) => ask_site(platform, asking).await?,
                None => ask_list(platform, page, by_list).await?,
            };
            Ok(Step::Polled(polled))
        }
    }

    /// Takes what a poll gave, and hands out the jobs that have ended.
    pub(super) fn settle(&mut self, mut polled: Polled, now: Moment) -> Vec<Settled> {
        let mut settled = Vec::new();
        let is_by_list = polled.list.is_some();
        let way_goes_on = match &polled.list {
            Some(Ok(page)) => self.note_page(page, now),
            Some(Err(reason)) => self.note_unread(reason, now),
            None => false,
        };
        for (source, ending) in polled.endings {
            let Some(id) = self.by_source.get(&source).copied() else { continue };
            let Some(job) = self.followed.get_mut(&id) else { continue };
            job.shown = polled.shown.take().or(job.shown.take());
            match ending {
                // A failure that the list shows is asked for its reason first, where there is somebody to ask.
                Ending::Lost if is_by_list && !job.blind => job.asked = Moment::default(),
                Ending::Lost if is_by_list => settled.extend(self.end(id, failed(None), now)),
                Ending::Unknown => job.blind = true,
                ending => settled.extend(self.end(id, ending, now)),
            }
        }
        let unseen = std::mem::take(&mut self.unseen);
        settled.extend(unseen.into_iter().filter_map(|(id, reason)| self.end(id, Ending::Unseen(reason), now)));
        for id in std::mem::take(&mut self.elsewhere) {
            let namesake = self.followed.get_mut(&id).and_then(|job| job.namesake.take());
            settled.extend(namesake.and_then(|source| self.end(id, Ending::Elsewhere(source), now)));
        }
        let is_late = |job: &Followed| now.since(job.begun) > self.timeout;
        let late = self.followed.iter().filter(|(_, job)| (self.by_list || job.blind) && is_late(job));
        let late: Vec<_> = late.map(|(id, job)| (*id, job.given_up(self.tells))).collect();
        for (id, ending) in late {
            settled.extend(self.end(id, ending, now));
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
        // Sources that are not followed, by their names.
        let mut others = BTreeMap::new();
        for source in &page.sources {
            match self.by_source.get(&source.id).and_then(|id| self.followed.get_mut(id)) {
                Some(job) => {
                    let name = job.replica.name(&self.instance);
                    job.named |= SourceName::parse(&source.name).is_some_and(|listed| listed == name);
                    job.done = source.holding == Holding::Done;
                    job.shown = Some(source.name.clone()).filter(|name| !name.is_empty());
                }
                None if self.by_list => others.extend(SourceName::parse(&source.name).map(|name| (name, &source.id))),
                None => {}
            }
        }
        if !others.is_empty() {
            for job in self.followed.values_mut() {
                let namesake = others.get(&job.replica.name(&self.instance));
                job.namesake = namesake.map(|id| (*id).clone()).or(job.namesake.take());
            }
        }
        let seen = self.followed.iter_mut().map(|(id, job)| (&mut job.seen, shown.contains(id)));
        self.growth.note(page, place, seen, now);
        if !on_the_way {
            return false;
        }
        let ended = self.paging.read(page);
        if ended {
            self.end_way(now);
        }
        self.by_list && !ended && shown.is_empty()
    }

    /// The same where the page cannot be read.
    fn note_unread(&mut self, reason: &str, now: Moment) -> bool {
        let (place, on_the_way) = self.reading;
        self.growth.note_unread(place, self.followed.values_mut().map(|job| &mut job.seen));
        if !on_the_way {
            return false;
        }
        self.unread = Some(reason.to_owned());
        let ended = self.paging.skip();
        if ended {
            self.end_way(now);
        }
        self.by_list && !ended
    }

    /// The way through the list has come to its end. What it did not show is looked for again when as much time has passed
    /// as it took so far.
    fn end_way(&mut self, now: Moment) {
        let (by_list, unread) = (self.by_list, self.unread.take());
        let missing = self.followed.values_mut().filter(|job| job.seen.page.is_none());
        let youngest = missing.map(|job| (job.seen.asked = now, job.begun).1).max();
        if youngest.is_some() {
            self.paging.doubt_total();
        }
        if let Some(begun) = youngest.filter(|_| by_list && self.followed.values().all(|job| job.seen.page.is_none())) {
            self.schedule.pause(now + now.since(begun).min(LONGEST_PAUSE));
        }
        let Some(reason) = unread else {
            // What was answered was the id of something else, such as a task.
            let is_elsewhere = |job: &Followed| by_list && job.seen.page.is_none() && job.namesake.is_some();
            self.elsewhere = self.followed.iter().filter(|(_, job)| is_elsewhere(job)).map(|(id, _)| *id).collect();
            return;
        };
        let patience = FORGOTTEN.min(self.timeout);
        let is_unseen = |job: &Followed| (by_list || job.blind) && job.seen.page.is_none();
        let unseen = self.followed.iter().filter(|(_, job)| is_unseen(job) && now.since(job.begun) > patience);
        self.unseen = unseen.map(|(id, _)| (*id, reason.clone())).collect();
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
        let Followed { replica, named, shown, doubted, .. } = job;
        Some(Settled { replica, ending, named, shown, doubted, took, sent })
    }
}

impl<P: Platform> Pass<'_, P> {
    /// Notes how a job ended, and queues what follows from it.
    pub(super) async fn settle(
        &self,
        Settled { replica, ending, named, shown, doubted, sent, .. }: Settled,
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
            // The same; whether the platform holds it nobody can see now.
            Ending::Unseen(reason) => {
                let document = Document::new(&replica.collection, &replica.path);
                tracing::warn!(%document, reason, "an upload could not be confirmed: a page of the list cannot be read");
                report.unlisted_sources = Some(reason);
                Ok(Step::Nothing)
            }
            Ending::Lost | Ending::Unknown => {
                // It may come to hold its document all the same.
                let id = replica.id;
                self.store.call(move |db| db.job_lost(id)).await?;
                Ok(Step::Unknown(self.now() + self.scope.policy.grace))
            }
            // A list tells whether that is the one.
            Ending::Elsewhere(namesake) => {
                let (id, now) = (replica.id, self.now());
                self.store.call(move |db| db.mistake_source(id, &namesake, now)).await?;
                Ok(Step::Relist)
            }
            Ending::Ready => {
                // An older version is deleted for it, so it must be ours.
                if doubted && self.is_renamed(&replica, shown.as_deref()) {
                    let id = replica.id;
                    self.store.call(move |db| db.require_list(id)).await?;
                    return Ok(Step::Relist);
                }
                if let Some(reason) = self.lost_marker(&replica, shown.filter(|_| !named)) {
                    return self.fail(replica, reason, FailureCause::Document).await;
                }
                let (id, now) = (replica.id, self.now());
                if named {
                    self.store.call(move |db| db.named(id)).await?;
                }
                let is_listed = !self.platform.abilities().jobs;
                let ready = move |db: &mut Db| {
                    if is_listed {
                        db.content_shown()?;
                    }
                    db.ready(id, now)
                };
                let Some(retiring) = self.store.call(ready).await? else {
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
