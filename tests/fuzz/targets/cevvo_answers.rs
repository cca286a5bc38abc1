//! Cevvo's answers: the first byte says what was asked for, the rest is the body.

use kbsync::platform::{
    JobState, read,
    wire::cevvo::{
        ChatAnswer, Conversation, CoverageGap, Deleted, Job, Overview, Page, Source, StreamEvent, Thread, TopQuestion,
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::answers::{error, settled, sources, words};

pub fn cevvo_answers(data: &[u8]) {
    let Some((what, body)) = data.split_first() else { return };
    match what % 13 {
        0 => read::cevvo_page(body).iter().for_each(sources),
        1 => match read::cevvo_job(body) {
            Some(JobState::Failed(said)) => words(&said),
            Some(JobState::Working | JobState::Unclear | JobState::Completed(_)) | None => {}
            Some(JobState::Forgotten) => panic!("no body says that there is no job"),
        },
        2 => error(body),
        3 => wire::<Page<Source>>(body),
        4 => wire::<Job>(body),
        5 => wire::<ChatAnswer>(body),
        6 => wire::<StreamEvent>(body),
        7 => wire::<Page<Conversation>>(body),
        8 => wire::<Thread>(body),
        9 => wire::<Overview>(body),
        10 => wire::<Page<TopQuestion>>(body),
        11 => wire::<Page<CoverageGap>>(body),
        _ => wire::<Deleted>(body),
    }
}

fn wire<T: Serialize + DeserializeOwned>(body: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<T>(body) {
        settled(&read);
    }
}
