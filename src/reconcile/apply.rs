//! Applying a plan: what may go at once goes at once, deletions and what was begun first, and jobs are followed.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    pin::Pin,
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::watch;

use super::{
    Deed, Document, Event, Failure, Fatal, Open, Pass, Report,
    jobs::Jobs,
    stopped,
    work::{Ending, Step, Task},
};
use crate::{
    model::{CollectionName, DocPath, Moment, Phase, Replica},
    pace::{Poll, UNPROVEN_AT_ONCE},
    plan::{Action, Plan, Resume},
    platform::Platform,
};

/// Tasks that run at once; the pacer decides how fast their requests go.
const AT_ONCE: usize = 8;
/// Requests that wait for the pacer at once. With more of them a pass would take longer to stop, for no more speed.
const QUEUED: usize = 2;
/// The queue of the pacer is looked at no more often than this.
const LEAST_WAIT: Duration = Duration::from_millis(1);
/// How long at least a round whose pages wait follows jobs alone. A later round follows them further.
const LEAST_JOBS: Duration = Duration::from_secs(1);
/// How long requests in flight may take when the pass is stopped or interrupted.
const LAST_MOMENTS: Duration = Duration::from_secs(10);
/// The same for deletions: one that is cut off is made again once a list has shown its source.
const LAST_DELETIONS: Duration = Duration::from_secs(2);

type Doing<'a> = Pin<Box<dyn Future<Output = Result<Step, Fatal>> + Send + 'a>>;
type Running<'a> = FuturesUnordered<Doing<'a>>;

impl<P: Platform> Pass<'_, P> {
    /// Carries out a plan and what was left under way.
    pub(super) async fn apply(
        &self,
        plan: Plan,
        resume: Resume,
        report: &mut Report,
        open: &mut Open,
    ) -> Result<(), Fatal> {
        if resume.open {
            open.list_at(self.now());
        }
        self.deleting.lock().await.clear();
        let tells = self.store.call(|db| db.has_shown_content()).await?;
        let mut jobs = Jobs::new(self.platform, self.scope.job_timeout, tells, self.scope.instance.clone());
        resume.follow.iter().for_each(|replica| jobs.follow(replica.clone(), None, true, self.now()));
        let mut queue = self.queue(plan, resume).await?;
        let failed = self.failed_before(&queue).await?;
        if !(failed.is_empty() && report.urgent.is_empty() && self.scope.earlier.urgent.is_empty()) {
            let is_urgent =
                |document: &Document| report.urgent.contains(document) || self.scope.earlier.urgent.contains(document);
            // What has failed before must not stand in the way of the others.
            queue.make_contiguous().sort_by_cached_key(|task| match task {
                Task::Put(collection, wanted, _) => {
                    let document = Document::new(collection, &wanted.path);
                    if failed.contains(&document) { 2 } else { i32::from(!is_urgent(&document)) }
                }
                _ => 0,
            });
        }
        let mut work = Work {
            pass: self,
            queue,
            running: Running::new(),
            putting: Running::new(),
            deleting: Running::new(),
            jobs,
            failed,
            report,
            open,
            poll: None,
        };
        work.run(self.stop.clone()).await
    }

    /// The documents that have failed since they were last accepted, where a queue puts any document.
    async fn failed_before(&self, queue: &VecDeque<Task>) -> Result<HashSet<Document>, Fatal> {
        if !queue.iter().any(is_put) {
            return Ok(HashSet::new());
        }
        let failed = self.store.call(|db| db.failed_before()).await?;
        Ok(failed.iter().map(|(collection, path)| Document::new(collection, path)).collect())
    }

    /// The order of work: what retires, then the plan's own order.
    async fn queue(&self, plan: Plan, resume: Resume) -> Result<VecDeque<Task>, Fatal> {
        let mut queue: VecDeque<Task> = resume.delete.into_iter().map(Task::Delete).collect();
        queue.extend(resume.finish.into_iter().map(Task::Finish));
        for replica in resume.retire {
            queue.push_back(self.retire(replica).await?);
        }
        for replica in resume.give_up {
            queue.push_back(Task::GiveUp(replica));
        }
        let mut begun: HashMap<(CollectionName, DocPath), Replica> = HashMap::new();
        for replica in resume.upload {
            begun.insert((replica.collection.clone(), replica.path.clone()), replica);
        }
        queue.extend(plan.actions.into_iter().map(|action| match action {
            Action::Delete { collection, gone, moved: true } => Task::Left(collection, gone),
            Action::Delete { collection, gone, moved: false } => Task::Gone(collection, gone),
            Action::Rename { away, from, collection, to } => Task::Rename((away, from), collection, to),
            Action::Put { collection, wanted } => {
                let begun = begun.remove(&(collection.clone(), wanted.path.clone()));
                Task::Put(collection, wanted, begun)
            }
        }));
        Ok(queue)
    }

    /// Notes that a replica retires; deleting its source is the next thing to do.
    async fn retire(&self, replica: Replica) -> Result<Task, Fatal> {
        let (id, now) = (replica.id, self.now());
        self.store.call(move |db| db.enter(id, Phase::Retiring, now)).await?;
        Ok(Task::Delete(replica))
    }

    /// Waits until something is due; for ever where nothing is.
    async fn due<T>(&self, poll: Option<(Moment, T)>) -> T {
        match poll {
            None => std::future::pending().await,
            Some((at, poll)) => {
                tokio::time::sleep(at.since(self.now())).await;
                poll
            }
        }
    }
}

fn is_put(task: &Task) -> bool {
    matches!(task, Task::Put(..))
}

/// Waits for the poll that is under way; for ever where there is none.
async fn polled(poll: &mut Option<Doing<'_>>) -> Result<Step, Fatal> {
    let Some(doing) = poll else { return std::future::pending().await };
    let step = doing.await;
    *poll = None;
    step
}

/// A plan at work.
struct Work<'a, 'r, P> {
    pass: &'a Pass<'a, P>,
    queue: VecDeque<Task>,
    running: Running<'a>,
    /// The tasks that put documents.
    putting: Running<'a>,
    /// The tasks that only delete: whatever becomes of their requests, they can be dropped.
    deleting: Running<'a>,
    jobs: Jobs,
    /// The documents that have failed before, also those that are not in the queue.
    failed: HashSet<Document>,
    report: &'r mut Report,
    open: &'r mut Open,
    /// The poll that is under way. It changes nothing, so that it can be dropped.
    poll: Option<Doing<'a>>,
}

impl<P: Platform> Work<'_, '_, P> {
    async fn run(&mut self, mut stop: watch::Receiver<bool>) -> Result<(), Fatal> {
        let mut waits = None;
        loop {
            self.start();
            if self.at_work() == 0 && self.jobs.is_empty() {
                return Ok(());
            }
            if self.at_work() == 0 && waits.is_none() {
                (self.pass.event)(Event::Following { jobs: self.jobs.len() });
                waits = Some(self.pass.now() + self.pass.scope.pause_after.max(LEAST_JOBS));
            }
            let leave = waits.filter(|_| self.at_work() == 0 && self.open.is_paused());
            let poll = self.next_poll();
            // The queue of the pacer empties without a word.
            let more = !self.queue.is_empty() && self.at_work() < AT_ONCE;
            let gap = self.pass.platform.gap().max(LEAST_WAIT);
            let ended = tokio::select! {
                biased;
                () = stopped(&mut stop) => Err(Fatal::Stopped),
                Some(step) = self.running.next() => self.take_in(step).await,
                Some(step) = self.putting.next() => self.take_in(step).await,
                Some(step) = self.deleting.next() => self.take_in(step).await,
                step = polled(&mut self.poll) => self.take_in(step).await,
                poll = self.pass.due(poll) => {
                    self.poll = Some(Box::pin(self.jobs.ask(self.pass.platform, poll, self.pass.now())));
                    Ok(())
                }
                () = tokio::time::sleep(gap), if more => Ok(()),
                () = self.pass.due(leave.map(|at| (at, ()))) => return Ok(()),
            };
            if let Err(fatal) = ended {
                self.wind_up().await;
                return Err(fatal);
            }
        }
    }

    fn start(&mut self) {
        // A task that was just started has not queued its request yet.
        let mut queued = self.pass.platform.queued();
        while self.at_work() == 0 || self.at_work() < AT_ONCE && queued < QUEUED {
            let Some(task) = self.next_task() else { return };
            let tasks = match task {
                Task::Put(..) => &self.putting,
                Task::Delete(_) | Task::Finish(_) | Task::Empty(..) | Task::Left(..) => &self.deleting,
                Task::GiveUp(_) | Task::Gone(..) | Task::Rename(..) => &self.running,
            };
            tasks.push(Box::pin(self.pass.carry_out(task)));
            queued += 1;
        }
    }

    /// The next piece of work. Of what is to be put, it is the first, unless documents are refused: then others are sampled.
    fn next_task(&mut self) -> Option<Task> {
        if self.report.refused.is_some() {
            self.queue.retain(|task| !is_put(task));
        }
        if !is_put(self.queue.front()?) {
            return self.queue.pop_front();
        }
        let refusals = &self.report.refusals.0;
        if refusals.is_unproven() && self.putting.len() >= UNPROVEN_AT_ONCE {
            return None;
        }
        if !refusals.is_sampling() {
            return self.queue.pop_front();
        }
        // What has failed before stands behind the others.
        let fresh = self.queue.iter().take_while(|task| is_put(task) && !self.has_failed(task)).count();
        self.queue.remove(refusals.next(fresh))
    }

    fn has_failed(&self, task: &Task) -> bool {
        let Task::Put(collection, wanted, _) = task else { return false };
        !self.failed.is_empty() && self.failed.contains(&Document::new(collection, &wanted.path))
    }

    fn at_work(&self) -> usize {
        self.running.len() + self.putting.len() + self.deleting.len()
    }

    async fn fail(&mut self, failure: Failure, replica: Option<Replica>) -> Result<(), Fatal> {
        let deed = Deed::Failed { reason: failure.reason.clone() };
        (self.pass.event)(Event::Done { deed, document: failure.document.clone() });
        self.report.fail(failure);
        self.retire_one(replica).await
    }

    /// A document was refused. Where that concerns all of them, none of them has failed.
    async fn refuse(&mut self, document: Document, fatal: Fatal) -> Result<(), Fatal> {
        let holds = self.pass.store.call(|db| db.holds_any()).await?;
        let last = self.putting.is_empty() && !self.open.is_paused() && !self.queue.iter().any(is_put);
        let (refusals, documents) = &mut self.report.refusals;
        refusals.refuse(!self.failed.contains(&document));
        documents.insert(document);
        if refusals.are_general(holds, last) {
            self.report.failed.retain(|failure| !documents.contains(&failure.document));
            self.report.refused.get_or_insert(fatal);
        }
        Ok(())
    }

    async fn take_in(&mut self, step: Result<Step, Fatal>) -> Result<(), Fatal> {
        self.take(step?).await
    }

    /// What to ask next of the jobs, and when; `None` while there is nothing to ask or a question is under way.
    fn next_poll(&self) -> Option<(Moment, Poll)> {
        if self.poll.is_some() || self.jobs.is_empty() {
            return None;
        }
        Some(self.jobs.next(self.pass.now(), !self.queue.is_empty()))
    }

    async fn take(&mut self, step: Step) -> Result<(), Fatal> {
        match step {
            Step::Nothing => {}
            // From here on it is deleted, by this pass or a later one: a guard counts it now.
            Step::Going(document, retiring) => {
                self.report.going(&document.collection);
                self.queue.push_front(Task::Empty(document, retiring));
            }
            Step::Deleted(document) => {
                self.report.deleted(&document);
                (self.pass.event)(Event::Done { deed: Deed::Deleted, document });
            }
            Step::Instead(task) => {
                self.open.again();
                self.queue.push_front(task);
            }
            Step::Renamed(from, document, retiring) => {
                retiring.into_iter().for_each(|old| self.queue.push_front(Task::Delete(old)));
                self.report.renamed += 1;
                self.report.succeeded(&document);
                (self.pass.event)(Event::Done { deed: Deed::Renamed { from }, document });
            }
            Step::Following(replica, bytes, began) => {
                self.report.bytes += bytes;
                let document = Document::new(&replica.collection, &replica.path);
                (self.pass.event)(Event::Uploaded { document, bytes });
                let of = replica.clone();
                let replaces = self.pass.store.call(move |db| db.replaces(&of)).await?;
                self.jobs.follow(replica, Some((bytes, began)), replaces, self.pass.now());
                self.report.refusals.0.accept();
                self.report.refusals.1.clear();
            }
            Step::Again(replica) => {
                self.open.again();
                self.retire_one(replica).await?;
            }
            Step::NoPuts(fatal) => drop(self.report.refused.get_or_insert(fatal)),
            Step::Relist => self.open.list_at(self.pass.now()),
            Step::Unknown(until) => self.open.list_at(until),
            Step::Failed(failure, replica) => self.fail(failure, replica).await?,
            Step::Refused(failure, replica, fatal) => {
                let document = failure.document.clone();
                self.fail(failure, replica).await?;
                self.refuse(document, fatal).await?;
            }
            Step::Polled(polled) => {
                for settled in self.jobs.settle(polled, self.pass.now()) {
                    (self.pass.event)(Event::JobEnded { took: settled.took, ok: settled.ending == Ending::Ready });
                    let step = self.pass.settle(settled, self.report, &mut self.queue).await?;
                    Box::pin(self.take(step)).await?;
                }
            }
        }
        Ok(())
    }

    async fn retire_one(&mut self, replica: Option<Replica>) -> Result<(), Fatal> {
        if let Some(replica) = replica {
            let task = self.pass.retire(replica).await?;
            self.queue.push_front(task);
        }
        Ok(())
    }

    /// The pass stops: what is in flight may end, and what it gives is noted as far as it is good news. What does not end
    /// in time is found open by the next pass.
    async fn wind_up(&mut self) {
        self.poll = None;
        let _ = tokio::time::timeout(LAST_DELETIONS, self.drain()).await;
        self.deleting.clear();
        let _ = tokio::time::timeout(LAST_MOMENTS - LAST_DELETIONS, self.drain()).await;
    }

    async fn drain(&mut self) {
        loop {
            let step = tokio::select! {
                biased;
                Some(step) = self.running.next() => step,
                Some(step) = self.putting.next() => step,
                Some(step) = self.deleting.next() => step,
                else => return,
            };
            if let Ok(step) = step
                && self.take(step).await.is_err()
            {
                return;
            }
        }
    }
}
