//! `kbsync insights`: what people ask, what the knowledge base cannot answer, and which documents here would.

mod csv;
mod text;

use std::fmt::{self, Display};

use serde_json::{Value, json};

use super::{
    Exit,
    args::Period,
    connect::{Connected, Context, THIS_PROGRAM, abilities},
    print::{self, count, line},
};
use crate::{
    coverage::{self, Bounds, Coverage, Document, Place, Why},
    extract::Extractor,
    platform::wire::cevvo::{CoverageGap, Overview, TopQuestion},
    reconcile,
    scan::Explanation,
    store::StoreError,
};

/// How insights are printed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    Text,
    Json,
    Csv,
}

impl Format {
    pub(super) fn of(json: bool, csv: bool) -> Self {
        match (json, csv) {
            (true, _) => Self::Json,
            (false, true) => Self::Csv,
            (false, false) => Self::Text,
        }
    }
}

/// All that there is to say.
struct Insights {
    overview: Overview,
    top: Vec<TopQuestion>,
    /// Each with the documents that would answer it.
    gaps: Vec<(CoverageGap, Vec<Document>)>,
    /// The name of the config, which people find the rules in.
    config: String,
}

pub(super) async fn run(context: &Context, since: Period, limit: u32, format: Format) -> anyhow::Result<Exit> {
    context.refuse_foreign_store()?;
    let connected = context.connect_to_ask().await?;
    let figures = ask(&connected, since, limit).await;
    connected.close().await;
    let (overview, top, gaps) = figures?;
    let coverage = search(context, &gaps).await.unwrap_or_else(|error| {
        print::warning(&format!("nobody looked for documents here that would answer: {error}"));
        Coverage { documents: vec![Vec::new(); gaps.len()], ..Coverage::default() }
    });
    say_limits(&coverage);
    let config = context.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let insights = Insights { overview, top, gaps: gaps.into_iter().zip(coverage.documents).collect(), config };
    match format {
        Format::Text => text::print(&insights),
        Format::Json => line!("{:#}", as_json(&insights)),
        Format::Csv => print::piece(&csv::table(&insights)),
    }
    Ok(Exit::Ok)
}

async fn ask(
    connected: &Connected,
    since: Period,
    limit: u32,
) -> anyhow::Result<(Overview, Vec<TopQuestion>, Vec<CoverageGap>)> {
    let cevvo = connected.assistant()?;
    let overview = cevvo.overview(since.into()).await?;
    let top = cevvo.top_questions(limit, since.into()).await?;
    let gaps = cevvo.coverage_gaps(limit, since.into()).await?;
    Ok((overview, top, gaps))
}

/// Searches this machine for what the platform could not answer.
async fn search(context: &Context, gaps: &[CoverageGap]) -> Result<Coverage, StoreError> {
    let accepted = abilities(&context.config).accepted;
    let places = context.config.collections.iter().filter_map(|collection| {
        let folder = collection.folder()?;
        Some(Place {
            collection: collection.name.clone(),
            options: reconcile::scan_options(folder, accepted),
            settle: folder.settle,
        })
    });
    let places: Vec<Place> = places.collect();
    let db = match context.read_store() {
        Ok(db) => Some(db),
        Err(StoreError::Missing(_)) => None,
        Err(error) => return Err(error),
    };
    let questions: Vec<&str> = gaps.iter().map(|gap| gap.question.as_str()).collect();
    let extractor = Extractor::new(THIS_PROGRAM.into());
    coverage::search(&questions, &places, db, extractor, Bounds::default()).await
}

/// Says where the search did not reach.
fn say_limits(coverage: &Coverage) {
    coverage.troubles.iter().for_each(|trouble| print::warning(trouble));
    if coverage.cut_off {
        let looked_at = count(coverage.looked_at as u64, "file");
        print::warning(&format!(
            "there may be more files that the platform does not have than the {looked_at} looked at"
        ));
    }
    if coverage.too_long > 0 {
        let files = count(coverage.too_long as u64, "file");
        print::warning(&format!("the text of {files} is too long to be looked at; only the name was"));
    }
}

fn as_json(insights: &Insights) -> Value {
    let documents = |documents: &[Document]| -> Vec<Value> {
        let document = |document: &Document| {
            json!({
                "collection": document.collection.as_str(),
                "path": document.path.as_str(),
                "state": state(&document.why),
                "reason": Reason { why: &document.why, config: &insights.config }.to_string(),
                "share": (document.share * 100.0).round() / 100.0,
                "by_name": document.by_name,
            })
        };
        documents.iter().map(document).collect()
    };
    let gap = |(gap, found): &(CoverageGap, Vec<Document>)| {
        let CoverageGap { question, count, first_asked } = gap;
        json!({ "question": question, "count": count, "first_asked": first_asked, "documents": documents(found) })
    };
    let gaps: Vec<Value> = insights.gaps.iter().map(gap).collect();
    json!({ "overview": insights.overview, "top_questions": insights.top, "coverage_gaps": gaps })
}

fn state(why: &Why) -> &'static str {
    match why {
        Why::Filtered { held: true, .. } => "held",
        Why::Filtered { held: false, .. } => "filtered",
        Why::New | Why::NothingSynced | Why::Changed => "pending",
        Why::Quarantined(_) => "quarantined",
    }
}

/// Why the platform does not have a document, for people.
struct Reason<'a> {
    why: &'a Why,
    config: &'a str,
}

impl Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::New => f.write_str("new, and not uploaded yet"),
            Why::NothingSynced => f.write_str("nothing was synced yet"),
            Why::Changed => f.write_str("changed, and the new version is not uploaded yet"),
            Why::Quarantined(reason) => write!(f, "quarantined: {reason}"),
            Why::Filtered { by, held } => {
                match by {
                    Explanation::Excluded { pattern, .. } => write!(f, "excluded by `{pattern}` ({})", self.config)?,
                    Explanation::Ignored { file, line, pattern, .. } => {
                        write!(f, "ignored by `{pattern}` ({file}:{line})")?;
                    }
                    Explanation::NotIncluded { pattern: None } => {
                        write!(f, "no pattern of `include` matches it ({})", self.config)?;
                    }
                    Explanation::NotIncluded { pattern: Some(pattern) } => {
                        write!(f, "`include` takes it back by `{pattern}` ({})", self.config)?;
                    }
                    other => write!(f, "{other}")?,
                }
                if *held {
                    f.write_str("; the deletion of the older version is held by a guard")?;
                }
                Ok(())
            }
        }
    }
}
