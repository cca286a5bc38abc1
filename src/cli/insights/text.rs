//! Insights for people, in 80 columns.

use super::{
    super::print::{count, day, line, paragraph, printable, shortened},
    Insights, Reason,
};
use crate::{
    coverage::Document,
    platform::wire::cevvo::{CoverageGap, Overview, TopQuestion, Trend},
};

/// Characters of a question that are shown.
const QUESTION: usize = 160;

pub(super) fn print(insights: &Insights) {
    overview(&insights.overview);
    if !insights.top.is_empty() {
        line!("Asked most:");
    }
    insights.top.iter().for_each(top_question);
    if !insights.gaps.is_empty() {
        line!("Not answered from the knowledge base:");
    }
    for (of, documents) in &insights.gaps {
        gap(of);
        documents.iter().for_each(|document| would_answer(document, &insights.config));
    }
}

fn overview(overview: &Overview) {
    let text = format!(
        "{}, {}, {} answered, {:.0} ms an answer ({}).",
        count(overview.total_conversations, "conversation"),
        count(overview.total_messages, "message"),
        percent(overview.resolution_rate),
        overview.avg_response_time_ms,
        printable(&overview.period)
    );
    line!("{}", paragraph(0, &text));
    for words in overview.trend.iter().flat_map(trend) {
        line!("{}", paragraph(2, &words));
    }
}

/// What has changed against the period before. Where nothing has, or there was nothing before, nothing is said.
fn trend(trend: &Trend) -> Vec<String> {
    let Trend { conversations, resolution_rate } = *trend;
    let change = |change: f64, more: &str, fewer: &str| {
        let (mark, words) = if change > 0.0 { ('▲', more) } else { ('▼', fewer) };
        let seen = change.is_finite() && (change * 100.0).round() != 0.0;
        seen.then(|| format!("{mark} {} {words} than in the period before", percent(change.abs())))
    };
    let both = [
        change(conversations, "more conversations", "fewer conversations"),
        change(resolution_rate, "more of the questions answered", "fewer of the questions answered"),
    ];
    both.into_iter().flatten().collect()
}

fn top_question(of: &TopQuestion) {
    let answered = percent(of.resolved_rate);
    line!("{}", paragraph(2, &format!("{}  {} ×, {answered} answered", question(&of.question), of.count)));
}

fn gap(gap: &CoverageGap) {
    let since = gap.first_asked.map(|at| format!(", since {}", day(at))).unwrap_or_default();
    line!("{}", paragraph(2, &format!("{}  {} ×{since}", question(&gap.question), gap.count)));
}

fn would_answer(document: &Document, config: &str) {
    let would = if document.by_name { "may answer it, by its name" } else { "would answer it" };
    let reason = Reason { why: &document.why, config };
    let text = format!("{}/{} {would}: {reason}", document.collection, document.path);
    line!("{}", paragraph(4, &text));
}

fn question(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    printable(&shortened(&line, QUESTION))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_said_where_there_is_one() {
        let said = |conversations, resolution_rate| trend(&Trend { conversations, resolution_rate }).join("; ");
        assert_eq!(
            said(0.12, -0.03),
            "▲ 12 % more conversations than in the period before; \
             ▼ 3 % fewer of the questions answered than in the period before"
        );
        assert_eq!(said(0.0, 0.004), "");
        assert_eq!(said(f64::NAN, -2.0), "▼ 200 % fewer of the questions answered than in the period before");
    }
}
