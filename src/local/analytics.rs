//! `/analytics`: how much was asked, what most often, and what found no answer.

use std::sync::Arc;

use axum::{Json, extract::State};
use rusqlite::{Transaction, params};
use serde::Deserialize;

use crate::platform::wire::cevvo::{CoverageGap, Overview, Page, TopQuestion, Trend};

use super::{
    App,
    error::ApiError,
    ids,
    request::{Params, check_limit},
};

const HOUR_MS: i64 = 3_600_000;

#[derive(Deserialize)]
pub(super) struct AnalyticsParams {
    period: Option<String>,
    limit: Option<u32>,
}

/// A span of time that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    name: &'static str,
    length_ms: i64,
}

const PERIODS: [Period; 4] = [
    Period { name: "24h", length_ms: 24 * HOUR_MS },
    Period { name: "7d", length_ms: 7 * 24 * HOUR_MS },
    Period { name: "30d", length_ms: 30 * 24 * HOUR_MS },
    Period { name: "90d", length_ms: 90 * 24 * HOUR_MS },
];

impl Period {
    /// `7d` unless said otherwise.
    fn check(name: Option<&str>) -> Result<Self, ApiError> {
        let name = name.unwrap_or("7d");
        let known = PERIODS.into_iter().find(|period| period.name == name);
        known.ok_or_else(|| ApiError::invalid("`period` is 24h, 7d, 30d or 90d"))
    }
}

/// What happened in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Figures {
    conversations: i64,
    messages: i64,
    resolution_rate: f64,
    response_ms: f64,
}

/// `GET /analytics/overview`.
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    Params(params): Params<AnalyticsParams>,
) -> Result<Json<Overview>, ApiError> {
    let period = Period::check(params.period.as_deref())?;
    let overview = app.db.call(move |tx| {
        let end = ids::now_ms() + 1;
        let start = end - period.length_ms;
        let present = figures(tx, start, end)?;
        let before = figures(tx, start - period.length_ms, start)?;
        Ok(Overview {
            total_conversations: present.conversations.unsigned_abs(),
            resolution_rate: rounded(present.resolution_rate),
            avg_response_time_ms: rounded(present.response_ms),
            total_messages: present.messages.unsigned_abs(),
            period: period.name.to_owned(),
            trend: Some(trend(present, before)),
        })
    });
    overview.await.map(Json)
}

/// `GET /analytics/top-questions`: most often asked first.
pub(super) async fn top_questions(
    State(app): State<Arc<App>>,
    Params(params): Params<AnalyticsParams>,
) -> Result<Json<Page<TopQuestion>>, ApiError> {
    let (period, limit) = (Period::check(params.period.as_deref())?, check_limit(params.limit, 50)?);
    let list = app.db.call(move |tx| {
        // Beside a lone min(), SQLite takes the other columns from the row of the minimum: the question as first typed.
        let mut find = tx.prepare_cached(
            "SELECT content, count(*) AS times, avg(answered), min(message) AS first FROM questions \
             JOIN messages ON messages.seq = message WHERE asked_at >= ?1 \
             GROUP BY normal ORDER BY times DESC, first LIMIT ?2",
        )?;
        let rows = find.query_map(params![ids::now_ms() - period.length_ms, limit], |row| {
            let count = row.get::<_, i64>(1)?.unsigned_abs();
            Ok(TopQuestion { question: row.get(0)?, count, resolved_rate: rounded(row.get(2)?) })
        })?;
        Ok(Page { data: rows.collect::<Result<_, _>>()?, meta: None })
    });
    list.await.map(Json)
}

/// `GET /analytics/coverage-gaps`: questions without an answer, most often asked first.
pub(super) async fn coverage_gaps(
    State(app): State<Arc<App>>,
    Params(params): Params<AnalyticsParams>,
) -> Result<Json<Page<CoverageGap>>, ApiError> {
    let (period, limit) = (Period::check(params.period.as_deref())?, check_limit(params.limit, 100)?);
    let list = app.db.call(move |tx| {
        let mut find = tx.prepare_cached(
            "SELECT content, count(*) AS times, min(asked_at) AS first FROM questions \
             JOIN messages ON messages.seq = message WHERE asked_at >= ?1 AND NOT answered \
             GROUP BY normal ORDER BY times DESC, first LIMIT ?2",
        )?;
        let rows = find.query_map(params![ids::now_ms() - period.length_ms, limit], |row| {
            let count = row.get::<_, i64>(1)?.unsigned_abs();
            Ok(CoverageGap { question: row.get(0)?, count, first_asked: ids::timestamp(row.get(2)?) })
        })?;
        Ok(Page { data: rows.collect::<Result<_, _>>()?, meta: None })
    });
    list.await.map(Json)
}

/// The figures from `start` up to, not including, `end`.
fn figures(tx: &Transaction, start: i64, end: i64) -> Result<Figures, ApiError> {
    let count =
        |sql: &str| -> Result<i64, ApiError> { Ok(tx.prepare_cached(sql)?.query_row([start, end], |row| row.get(0))?) };
    let (answered, elapsed_us): (Option<f64>, Option<f64>) = tx
        .prepare_cached("SELECT avg(answered), avg(elapsed_us) FROM questions WHERE asked_at >= ?1 AND asked_at < ?2")?
        .query_row([start, end], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Figures {
        conversations: count("SELECT count(*) FROM conversations WHERE created_at >= ?1 AND created_at < ?2")?,
        messages: count("SELECT count(*) FROM messages WHERE created_at >= ?1 AND created_at < ?2")?,
        resolution_rate: answered.unwrap_or(0.0),
        response_ms: elapsed_us.unwrap_or(0.0) / 1000.0,
    })
}

fn trend(present: Figures, before: Figures) -> Trend {
    Trend {
        conversations: change(present.conversations as f64, before.conversations as f64),
        resolution_rate: change(present.resolution_rate, before.resolution_rate),
    }
}

/// The change against a figure before; none where there was nothing before.
fn change(present: f64, before: f64) -> f64 {
    if before == 0.0 { 0.0 } else { rounded((present - before) / before) }
}

/// A figure with three decimals.
pub(super) fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_the_documented_ones() {
        let hours = |name| Period::check(name).ok().map(|period| period.length_ms / HOUR_MS);
        assert_eq!(hours(None), Some(168));
        assert_eq!(hours(Some("24h")), Some(24));
        assert_eq!(hours(Some("90d")), Some(2160));
        assert_eq!(hours(Some("1d")), None);
    }

    #[test]
    fn a_trend_is_relative_to_the_period_before() {
        let figures = |conversations, resolution_rate| Figures { conversations, resolution_rate, ..Figures::default() };
        let up = trend(figures(56, 0.9), figures(50, 0.6));
        assert_eq!((up.conversations, up.resolution_rate), (0.12, 0.5));
        let first = trend(figures(5, 1.0), figures(0, 0.0));
        assert_eq!((first.conversations, first.resolution_rate), (0.0, 0.0));
    }
}
