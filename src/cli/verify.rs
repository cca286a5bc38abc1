//! `kbsync verify`: asks, and says whether the answers rest on what was uploaded.

use std::{
    fs::{File, remove_file, rename},
    path::{Path, PathBuf},
    pin::pin,
};

use anyhow::Context as _;
use serde_json::json;

use super::{
    Exit,
    connect::{Context, existing},
    junit,
    names::UsageError,
    print::{self, count, line, paragraph, printable, span},
    sync::first,
};
use crate::{
    daemon::signals,
    store::StoreError,
    verify::{self, Check, Halt, Outcome, Scope, Subject, Verification},
};

pub(super) async fn run(
    context: &Context,
    sample: Option<u64>,
    junit: Option<&Path>,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let sample = sample.unwrap_or(context.config.verify.sample);
    if context.config.verify.questions.is_empty() && sample == 0 {
        let why = "there is nothing to ask: add questions under `verify:` to the config, or ask for some of the \
                   documents with `kbsync verify --sample 5`";
        return Err(UsageError(why.to_owned()).into());
    }
    context.refuse_foreign_store()?;
    // Whoever waits for a report learns before the first question that there can be none.
    let report = junit.map(Report::begin).transpose()?;
    let told = !context.quiet && !as_json;
    let verification = ask(context, sample, &|check| {
        if told {
            print_check(check);
        }
    })
    .await?;
    keep(context, &verification);
    if let Some(report) = report {
        report.write(&verification)?;
    }
    conclude(verification, context.quiet, as_json)
}

/// A report that takes the place of the one before when it is whole.
struct Report<'a> {
    path: &'a Path,
    beside: PathBuf,
    file: File,
}

impl<'a> Report<'a> {
    fn begin(path: &'a Path) -> Result<Self, UsageError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
        if let Some(folder) = folder {
            let text = format!("the folder {} of the report is not there; make it first", folder.display());
            return Err(UsageError(text));
        }
        // What is no file, such as /dev/stdout, is written as it is.
        let is_file = std::fs::symlink_metadata(path).map_or(true, |metadata| metadata.is_file());
        let mut name = path.as_os_str().to_owned();
        if is_file {
            name.push(".new");
        }
        let beside = PathBuf::from(name);
        match File::create(&beside) {
            Ok(file) => Ok(Self { path, beside, file }),
            Err(error) => Err(UsageError(format!("the report {} cannot be written: {error}", path.display()))),
        }
    }

    fn write(mut self, verification: &Verification) -> anyhow::Result<()> {
        let written = junit::write(&mut self.file, verification);
        let moved = written.and_then(|()| if self.is_beside() { Ok(rename(&self.beside, self.path)?) } else { Ok(()) });
        moved.with_context(|| format!("{} cannot be written", self.path.display()))
    }

    fn is_beside(&self) -> bool {
        self.beside != self.path
    }
}

/// One that was not finished leaves nothing.
impl Drop for Report<'_> {
    fn drop(&mut self) {
        if self.is_beside() {
            // After it took the other's place it is not there.
            let _ = remove_file(&self.beside);
        }
    }
}

async fn ask(context: &Context, sample: u64, seen: &dyn Fn(&Check)) -> anyhow::Result<Verification> {
    let stop = signals::stop(Exit::Temporary as u8)?;
    let connected = context.connect_to_ask().await?;
    let scope = Scope { config: &context.config, sample, extractor: &context.extractor() };
    let verified = match connected.assistant() {
        Ok(assistant) => {
            let mut verifying = pin!(verify::verify(assistant, &scope, stop.clone(), seen));
            Ok(tokio::select! {
                biased;
                () = first(stop) => {
                    print::warning("stopping: what is in flight may end (at most 10 s); once more to stop at once");
                    verifying.await
                }
                verification = &mut verifying => verification,
            })
        }
        Err(error) => Err(error),
    };
    connected.close().await;
    verified
}

/// Notes in the store how it went, for `status` and the daemon's metrics. The answers count, and not the note.
fn keep(context: &Context, verification: &Verification) {
    let kept = existing(context).and_then(|mut db| Ok(verification.keep(&mut db)?));
    match kept {
        Ok(()) => {}
        // Questions need no state.
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Missing(_))) => {}
        Err(error) => print::warning(&format!("the verification could not be noted: {error:#}")),
    }
}

fn conclude(verification: Verification, quiet: bool, as_json: bool) -> anyhow::Result<Exit> {
    verification.warnings.iter().for_each(|warning| print::warning(&printable(warning)));
    let has_failed = verification.checks.iter().any(Check::has_failed);
    if as_json {
        line!("{:#}", to_json(&verification));
    } else if !quiet {
        line!("{}", summary(&verification));
    } else if has_failed {
        verification.checks.iter().filter(|check| check.has_failed()).for_each(print_check);
        line!("{}", summary(&verification));
    }
    // A question is skipped only where its answer was lost.
    let is_lost =
        |check: &Check| matches!(check.subject, Subject::Question(_)) && matches!(check.outcome, Outcome::Skipped(_));
    match verification.halt {
        None if has_failed => Ok(Exit::Failed),
        None if verification.checks.iter().any(is_lost) => Ok(Exit::Temporary),
        None => Ok(Exit::Ok),
        // Who asked for it needs no alarm.
        Some(halt @ Halt::Stopped) => {
            print::warning(&halt.to_string());
            Ok(Exit::Temporary)
        }
        Some(Halt::Platform(error)) => Err(error.into()),
        Some(Halt::Store(error)) => Err(error.into()),
    }
}

fn print_check(check: &Check) {
    let (mark, words) = match &check.outcome {
        Outcome::Passed if matches!(check.subject, Subject::Deleted(_)) => {
            ('✓', "deleted, and not answered any more".to_owned())
        }
        Outcome::Passed => ('✓', check.cited.join(", ")),
        Outcome::Failed(reason) => match &check.subject {
            Subject::Question(_) | Subject::Nothing => ('✗', reason.clone()),
            subject => ('✗', format!("{reason}; asked: “{}”", subject.asked())),
        },
        Outcome::Skipped(reason) => ('-', format!("skipped: {reason}")),
    };
    line!("{}", paragraph(0, &format!("{mark} {}", check.subject)));
    if !words.is_empty() {
        line!("{}", paragraph(4, &words));
    }
}

fn summary(verification: &Verification) -> String {
    let record = verification.record();
    let skipped = verification.checks.len() as u64 - record.checks;
    let took = verification.checks.iter().map(|check| check.took).sum();
    let counts = [(record.checks - record.failed, "passed"), (record.failed, "failed"), (skipped, "skipped")];
    let counts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let counts = if counts.is_empty() { "nothing to ask for".to_owned() } else { counts.join(", ") };
    format!("{}: {counts} ({}).", count(record.checks, "check"), span(took))
}

fn to_json(verification: &Verification) -> serde_json::Value {
    let record = verification.record();
    let check = |check: &Check| {
        let (outcome, reason) = match &check.outcome {
            Outcome::Passed => ("passed", None),
            Outcome::Failed(reason) => ("failed", Some(reason)),
            Outcome::Skipped(reason) => ("skipped", Some(reason)),
        };
        json!({
            "kind": check.subject.kind(), "what": check.subject.to_string(), "asked": check.subject.asked(),
            "outcome": outcome, "reason": reason, "cited": check.cited, "seconds": check.took.as_secs_f64(),
        })
    };
    json!({
        "checks": verification.checks.iter().map(check).collect::<Vec<_>>(),
        "passed": record.checks - record.failed,
        "failed": record.failed,
        "skipped": verification.checks.len() as u64 - record.checks,
        "ended": record.at.timestamp(),
        "halted": verification.halt.as_ref().map(Halt::to_string),
        "warnings": verification.warnings,
    })
}
