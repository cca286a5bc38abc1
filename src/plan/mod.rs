//! The plan, all of it pure: what was seen and what is remembered become a sorted list of actions.
//!
//! Time is an argument and nothing here does IO: everything hard is decided here and tested here, and no meaningful
//! choice is left for the one who carries a plan out.

mod access_text;
mod assemble;
mod bot;
mod doubles;
mod drift;
mod estimate;
mod gathered;
mod guard;
mod judge;
mod lastmod;
mod merge;
mod moves;
mod out_of_sight;
mod page;
mod page_signs;
mod page_text;
mod phrase;
mod placeholder;
mod program_error;
mod replacement_guard;
mod resume;
mod retry;
mod rewritten;
mod rule_files;
mod spellings;
mod successors;
mod turns;
mod withheld;

pub use assemble::{Action, Plan, assemble, refuse_new};
pub use bot::{BotCause, BotChange, BotPlan, Written, bot, first_difference, shown, written};
pub use doubles::{SeenPage, doubles};
pub use drift::{Claim, Drift, ListTrust, Listed, Lookup, Origin, drift, judge_lookup};
pub use estimate::{Estimate, Price, estimate};
pub use gathered::{Files, Gathered, Settling, Wanted};
pub use guard::{Authority, Deletion, Gone, Policy, Standing};
pub use judge::{Judgement, Look, is_written_long, judge, longest_wait, look, moment_of_look, settles};
pub use merge::{Pair, merge};
pub use moves::{Move, MoveState, NewMove};
pub use out_of_sight::OutOfSight;
pub use page::{Ask, Heard, Looks, Page, ask, costly_content, heard, is_confirmed, looks_to_go};
pub use page_signs::{PageSigns, is_strong};
pub use page_text::{NewText, PasswordAt, TextVerdict, is_shrunk, weigh};
pub use phrase::{LOOKED_AT, phrases};
pub use replacement_guard::{ALIKE, HeldReplacements, ReplacementStanding, TurnedText, became, joined};
pub use resume::{Besides, Resume, Terms, UnderWay, resume};
pub use retry::{FailureCause, TRIED_AGAIN, retry_at};
pub use rewritten::RewrittenName;
pub use rule_files::{RuleFiles, rule_files};
pub use spellings::{Spelling, Spellings, spellings};
pub use successors::UnreadPages;
pub use turns::{Turn, in_turn};
pub use withheld::{Why, Withheld};
