//! Asking how jobs are: by their own status call, by their source, or by a page of the list.

use std::time::Duration;

use super::{
    Fatal, fatal,
    paging::Place,
    work::{Ending, Polled},
};
use crate::{
    model::{JobId, SourceId},
    platform::{Holding, JobState, Platform, RemoteSource},
};

/// A pass follows the crawl of a website no longer than this; the next one goes on.
const CRAWL: Duration = Duration::from_secs(120);
/// A crawl that takes longer has failed.
const CRAWL_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// A job that the platform has forgotten, and whose source is idle for so long, is lost. What no page of the list that can
/// be read shows is left to another pass after as long.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(60);

/// What is known of a job that is asked after.
pub(super) struct Asking {
    pub(super) source: SourceId,
    /// The time since it began.
    pub(super) age: Duration,
    /// How long it may take.
    pub(super) timeout: Duration,
    /// Whether its word is not enough: an older version goes by it, or it was done long ago.
    pub(super) doubted: bool,
    /// Whether the platform tells what its sources hold.
    pub(super) tells: bool,
}

/// Asks for one job.
pub(super) async fn ask_one<P: Platform>(platform: &P, asking: Asking, job: &JobId) -> Result<Polled, Fatal> {
    let Asking { source, age, timeout, doubted, tells } = asking;
    let mut shown = None;
    let mut note = |found: Option<RemoteSource>| {
        shown = found.as_ref().map(|found| found.name.clone());
        found
    };
    let (state, patience) = match platform.job(job, &source).await.map_err(fatal) {
        Ok(JobState::Forgotten) => (JobState::Forgotten, FORGOTTEN.min(timeout)),
        Ok(state) => (state, timeout),
        // The job cannot be read, and may be at work: the source tells.
        Err(Ok(_)) => (JobState::Forgotten, timeout),
        Err(Err(fatal)) => return Err(fatal),
    };
    let ending = match state {
        JobState::Completed(Some(0)) => Some(Ending::Failed("the platform found no text in it".to_owned())),
        JobState::Completed(_) if doubted => match platform.source(&source).await.map_err(fatal) {
            Ok(found) => by_done(note(found).map(|found| found.holding), age, timeout, tells),
            // One answer may be odd; where all are, the job's word has to do.
            Err(Ok(_)) => (age > FORGOTTEN.min(timeout)).then_some(Ending::Ready),
            Err(Err(fatal)) => return Err(fatal),
        },
        JobState::Completed(_) => Some(Ending::Ready),
        JobState::Failed(reason) => Some(Ending::Failed(reason)),
        JobState::Working if age <= timeout => None,
        JobState::Working | JobState::Unclear | JobState::Forgotten => {
            match platform.source(&source).await.map_err(fatal) {
                Ok(found) => by_source(note(found), age > timeout, age > patience, tells),
                // The list tells.
                Err(Ok(_)) => Some(Ending::Unknown),
                Err(Err(fatal)) => return Err(fatal),
            }
        }
    };
    Ok(Polled { shown, ..Polled::one(source, ending) })
}

/// A job failed, for this reason.
pub(super) fn failed(reason: Option<String>) -> Ending {
    Ending::Failed(reason.unwrap_or_else(|| "the platform says that it failed, and not why".to_owned()))
}

/// Judges a job that is done by its source; none while that does not show its content yet: what lists and answers come from
/// may lag behind, or the job may be another one. A platform that never tells is believed soon.
fn by_done(holding: Option<Holding>, age: Duration, timeout: Duration, tells: bool) -> Option<Ending> {
    match holding {
        Some(Holding::Document) => Some(Ending::Ready),
        // Where sources tell otherwise, this may be the answer to another question.
        Some(Holding::Unsaid | Holding::Done) if tells => (age > timeout).then_some(Ending::Ready),
        Some(Holding::Unsaid | Holding::Done) => Some(Ending::Ready),
        Some(Holding::Failed(reason)) => Some(failed(reason)),
        Some(Holding::Nothing | Holding::AtWork | Holding::Empty) if tells => (age > timeout).then_some(Ending::Lost),
        Some(Holding::Nothing | Holding::AtWork | Holding::Empty) => {
            (age > FORGOTTEN.min(timeout)).then_some(Ending::Ready)
        }
        None => Some(Ending::Lost),
    }
}

/// Judges a job by its source; none while the platform may be at work on it, for then nothing is uploaded a second time. An
/// idle source may have a job that waits for its turn. A platform that never tells is believed when its time is over: no
/// other upload would show more.
fn by_source(source: Option<RemoteSource>, is_late: bool, is_late_for_idle: bool, tells: bool) -> Option<Ending> {
    match source.map(|source| source.holding) {
        Some(Holding::Document) => Some(Ending::Ready),
        Some(Holding::Done) if !tells => is_late.then_some(Ending::Ready),
        Some(Holding::Failed(reason)) => Some(failed(reason)),
        Some(Holding::AtWork) if !is_late => None,
        Some(Holding::Nothing | Holding::Unsaid | Holding::Done) if !is_late_for_idle => None,
        Some(Holding::Nothing | Holding::Unsaid | Holding::Done | Holding::AtWork | Holding::Empty) | None => {
            Some(Ending::Lost)
        }
    }
}

/// Judges a website by its source: the platform crawls it without a job that could be asked after.
pub(super) async fn ask_site<P: Platform>(platform: &P, asking: Asking) -> Result<Polled, Fatal> {
    let Asking { source, age, timeout, .. } = asking;
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
        Some(Holding::Nothing | Holding::Unsaid | Holding::Done | Holding::AtWork) if age > CRAWL_AT_MOST => {
            Some(Ending::Failed("the platform has crawled it for a day and has not come to an end".to_owned()))
        }
        Some(Holding::Nothing | Holding::Unsaid | Holding::Done | Holding::AtWork) => {
            (age > CRAWL.min(timeout)).then_some(Ending::Later)
        }
        None => Some(Ending::Lost),
    };
    Ok(Polled::one(source, ending))
}

/// Asks for a page of the list; where there is nobody else to ask (`by_list`), a failure that it shows is the end.
pub(super) async fn ask_list<P: Platform>(platform: &P, at: Place, by_list: bool) -> Result<Polled, Fatal> {
    let page = match platform.sources(at).await.map_err(fatal) {
        Ok(page) => page,
        Err(Ok(error)) => return Ok(Polled { endings: Vec::new(), shown: None, list: Some(Err(error.to_string())) }),
        Err(Err(fatal)) => return Err(fatal),
    };
    let endings = page.sources.iter().filter_map(|source| {
        let ending = match &source.holding {
            Holding::Document => Ending::Ready,
            Holding::Failed(reason) if by_list => failed(reason.clone()),
            Holding::Failed(_) => Ending::Lost,
            Holding::Nothing | Holding::Unsaid | Holding::Done | Holding::AtWork | Holding::Empty => return None,
        };
        Some((source.id.clone(), ending))
    });
    Ok(Polled { endings: endings.collect(), shown: None, list: Some(Ok(page)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_done__source_that_shows_no_content__is_waited_for() {
        let (soon, late) = (Duration::from_secs(30), Duration::from_secs(1_000));
        let judge = |holding, age, tells| by_done(holding, age, Duration::from_secs(900), tells);
        for holding in [Holding::Nothing, Holding::AtWork, Holding::Empty] {
            let judge = |age, tells| judge(Some(holding.clone()), age, tells);
            assert_eq!((judge(soon, true), judge(late, true)), (None, Some(Ending::Lost)), "{holding:?}");
            assert_eq!((judge(soon, false), judge(late, false)), (None, Some(Ending::Ready)), "{holding:?}");
        }
        assert_eq!(judge(Some(Holding::Document), soon, true), Some(Ending::Ready));
        for holding in [Holding::Unsaid, Holding::Done] {
            let judge = |age, tells| judge(Some(holding.clone()), age, tells);
            assert_eq!((judge(soon, true), judge(late, true)), (None, Some(Ending::Ready)), "{holding:?}");
            assert_eq!(judge(soon, false), Some(Ending::Ready), "{holding:?}");
        }
        assert_eq!(judge(None, soon, true), Some(Ending::Lost));
        assert_eq!(judge(Some(Holding::Failed(None)), soon, true), Some(failed(None)));
    }

    #[test]
    fn by_source__job_that_cannot_be_read__is_judged_by_what_its_source_says() {
        let source = |holding| RemoteSource {
            id: SourceId("s".into()),
            name: String::new(),
            holding,
            unready: None,
            created_at: None,
            auto_sync: None,
        };
        // What its source holds, then: while it may be at work, when an idle one is late, and late, where the platform tells
        // what its sources hold and where it does not.
        let failed = || Some(failed(None));
        let (ready, lost) = (|| Some(Ending::Ready), || Some(Ending::Lost));
        for (holding, telling, silent) in [
            (Some(Holding::Document), [ready(), ready(), ready()], [ready(), ready(), ready()]),
            (Some(Holding::Failed(None)), [failed(), failed(), failed()], [failed(), failed(), failed()]),
            (Some(Holding::AtWork), [None, None, lost()], [None, None, lost()]),
            (Some(Holding::Nothing), [None, lost(), lost()], [None, lost(), lost()]),
            (Some(Holding::Unsaid), [None, lost(), lost()], [None, lost(), lost()]),
            (Some(Holding::Done), [None, lost(), lost()], [None, None, ready()]),
            (Some(Holding::Empty), [lost(), lost(), lost()], [lost(), lost(), lost()]),
            (None, [lost(), lost(), lost()], [lost(), lost(), lost()]),
        ] {
            for (tells, expected) in [(true, telling), (false, silent)] {
                let judge = |(late, idle)| by_source(holding.clone().map(source), late, idle, tells);
                let got = [(false, false), (false, true), (true, true)].map(judge);
                assert_eq!(got, expected, "{holding:?}, tells: {tells}");
            }
        }
    }
}
