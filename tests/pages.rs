//! Passes over pages: real origins on loopback, the local platform, and what becomes of each document.

#[allow(dead_code, reason = "these tests need a part of it only")]
mod support;

#[path = "support/origin.rs"]
#[allow(dead_code, reason = "these tests need a part of it only")]
mod origin;

#[path = "pages/astray.rs"]
mod astray;
#[path = "pages/bench.rs"]
mod bench;
#[path = "pages/cached.rs"]
mod cached;
#[path = "pages/causes.rs"]
mod causes;
#[path = "pages/costly.rs"]
mod costly;
#[path = "pages/doubts.rs"]
mod doubts;
#[path = "pages/hidden_text.rs"]
mod hidden_text;
#[path = "pages/homes.rs"]
mod homes;
#[path = "pages/leaving.rs"]
mod leaving;
#[path = "pages/lists.rs"]
mod lists;
#[path = "pages/lost.rs"]
mod lost;
#[path = "pages/moves.rs"]
mod moves;
#[path = "pages/overlaps.rs"]
mod overlaps;
#[path = "pages/property.rs"]
mod property;
#[path = "pages/renamed.rs"]
mod renamed;
#[path = "pages/retyped.rs"]
mod retyped;
#[path = "pages/rounds.rs"]
mod rounds;
#[path = "pages/sites.rs"]
mod sites;
#[path = "pages/slow.rs"]
mod slow;
#[path = "pages/soft_404.rs"]
mod soft_404;
#[path = "pages/spellings.rs"]
mod spellings;
#[path = "pages/turns.rs"]
mod turns;
