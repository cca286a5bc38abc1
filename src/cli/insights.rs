//! `kbsync insights`: what people ask, and what the knowledge base cannot answer.

use serde_json::json;

use super::{
    Exit,
    args::Period,
    connect::{Connected, Context},
    print::{count, line, printable},
};
use crate::platform::{
    ApiError,
    wire::{CoverageGap, Overview, TopQuestion},
};

type Figures = (Overview, Vec<TopQuestion>, Vec<CoverageGap>);

pub(super) async fn run(context: &Context, period: Period, limit: u32, as_json: bool) -> anyhow::Result<Exit> {
    let connected = context.connect_to_ask().await?;
    let figures = gather(&connected, period, limit).await;
    connected.close().await;
    let (overview, top, gaps) = figures?;
    if as_json {
        line!("{:#}", json!({ "overview": overview, "top_questions": top, "coverage_gaps": gaps }));
        return Ok(Exit::Ok);
    }
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    line!(
        "{}, {}, {} answered, {:.0} ms an answer ({}).",
        count(overview.total_conversations, "conversation"),
        count(overview.total_messages, "message"),
        percent(overview.resolution_rate),
        overview.avg_response_time_ms,
        printable(&overview.period)
    );
    if !top.is_empty() {
        line!("Asked most:");
    }
    for question in &top {
        line!(
            "  {:>4} × {} ({} answered)",
            question.count,
            printable(&question.question),
            percent(question.resolved_rate)
        );
    }
    if !gaps.is_empty() {
        line!("Not answered from the knowledge base:");
    }
    for gap in &gaps {
        line!("  {:>4} × {}", gap.count, printable(&gap.question));
    }
    Ok(Exit::Ok)
}

async fn gather(connected: &Connected, period: Period, limit: u32) -> Result<Figures, ApiError> {
    let cevvo = &connected.cevvo;
    let overview = cevvo.overview(period.into()).await?;
    let top = cevvo.top_questions(limit, period.into()).await?;
    let gaps = cevvo.coverage_gaps(limit, period.into()).await?;
    Ok((overview, top, gaps))
}
