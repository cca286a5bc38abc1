//! `/chatbots/{id}/stats`: what was asked of a chatbot, in all and by day, week or month.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use jiff::{civil::Date, tz::TimeZone};
use rusqlite::{Transaction, params};
use serde::Deserialize;

use super::{
    bots,
    buckets::{Granularity, MOST},
    envelope::{Answer, success},
    request::Wrong,
    span::{Span, SpanParams},
};
use crate::{
    local::{
        App,
        analytics::rounded,
        error::ApiError,
        ids,
        request::{Id, Params},
    },
    platform::wire::nexvio::{Stats, StatsPoint, StatsSummary},
};

const CONVERSATIONS: &str = "SELECT date(created_at / 1000, 'unixepoch') AS day, count(*) FROM conversations \
     WHERE bot = ?1 AND created_at >= ?2 AND created_at < ?3 GROUP BY day";

const MESSAGES: &str = "SELECT date(messages.created_at / 1000, 'unixepoch') AS day, count(*) FROM messages \
     JOIN conversations ON conversations.seq = conversation \
     WHERE bot = ?1 AND messages.created_at >= ?2 AND messages.created_at < ?3 GROUP BY day";

#[derive(Deserialize)]
pub(super) struct StatsParams {
    #[serde(flatten)]
    span: SpanParams,
    granularity: Option<String>,
}

/// `GET /chatbots/{id}/stats`: from the first conversation until now, by day, unless said otherwise. A message counts on
/// its own day; the averages are of the conversations that were begun in the span.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Params(params): Params<StatsParams>,
) -> Answer<Stats> {
    let mut wrong = Wrong::default();
    let granularity = wrong.one_of("granularity", params.granularity.as_deref(), &Granularity::NAMES);
    let span = params.span.read(&mut wrong);
    let counted = app.db.call(move |tx| {
        let bot = bots::seq_of(tx, &id)?;
        wrong.check()?;
        let (start, end) = bounds(tx, bot, span)?;
        let time_series = time_series(tx, bot, (start, end), Granularity::named(granularity))?;
        Ok(Stats { summary: summary(tx, bot, (start, end), &time_series)?, time_series })
    });
    counted.await.map(success)
}

/// Where the span begins, and before when it ends.
fn bounds(tx: &Transaction, bot: i64, span: Span) -> Result<(i64, i64), ApiError> {
    let end = span.end.unwrap_or_else(|| ids::now_ms() + 1);
    let start = match span.start {
        Some(start) => start,
        None => {
            let mut find = tx.prepare_cached("SELECT min(created_at) FROM conversations WHERE bot = ?1")?;
            find.query_row([bot], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(i64::MAX).min(end - 1)
        }
    };
    if start >= end {
        return Err(Wrong::only("start_date", "Must not be in the future where there is no end_date"));
    }
    Ok((start, end))
}

fn time_series(
    tx: &Transaction,
    bot: i64,
    (start, end): (i64, i64),
    granularity: Granularity,
) -> Result<Vec<StatsPoint>, ApiError> {
    let days = day(start).zip(day(end - 1));
    let Some(firsts) = days.and_then(|(first, last)| granularity.all(first, last)) else {
        let reason = format!("Must give at most {MOST} points; take a coarser one, or a shorter span");
        return Err(Wrong::only("granularity", reason));
    };
    let mut points: BTreeMap<Date, StatsPoint> = firsts
        .into_iter()
        .map(|first| (first, StatsPoint { date: first.to_string(), ..StatsPoint::default() }))
        .collect();
    let mut count = |sql: &str, add: fn(&mut StatsPoint, u64)| -> Result<(), ApiError> {
        let mut find = tx.prepare_cached(sql)?;
        let mut rows = find.query(params![bot, start, end])?;
        while let Some(row) = rows.next()? {
            let day = row.get::<_, String>(0)?.parse::<Date>().ok();
            if let Some(point) = day.and_then(|day| points.get_mut(&granularity.first_day(day))) {
                add(point, row.get::<_, i64>(1)?.unsigned_abs());
            }
        }
        Ok(())
    };
    count(CONVERSATIONS, |point, count| point.conversations += count)?;
    count(MESSAGES, |point, count| point.messages += count)?;
    Ok(points.into_values().collect())
}

fn summary(
    tx: &Transaction,
    bot: i64,
    (start, end): (i64, i64),
    time_series: &[StatsPoint],
) -> Result<StatsSummary, ApiError> {
    let mut find = tx.prepare_cached(
        "SELECT avg((SELECT count(*) FROM messages WHERE conversation = conversations.seq)), \
         avg(updated_at - created_at) / 1000 \
         FROM conversations WHERE bot = ?1 AND created_at >= ?2 AND created_at < ?3",
    )?;
    let (messages, seconds): (Option<f64>, Option<f64>) =
        find.query_row(params![bot, start, end], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(StatsSummary {
        total_conversations: time_series.iter().map(|point| point.conversations).sum(),
        total_messages: time_series.iter().map(|point| point.messages).sum(),
        avg_messages_per_conversation: rounded(messages.unwrap_or_default()),
        avg_conversation_duration_seconds: rounded(seconds.unwrap_or_default()),
        // Nobody leaves a name here.
        contacts_collected: 0,
    })
}

/// The day of a time, in UTC.
fn day(ms: i64) -> Option<Date> {
    Some(ids::timestamp(ms)?.to_zoned(TimeZone::UTC).date())
}
