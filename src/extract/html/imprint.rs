//! Lines at the end of a page that change by themselves: when it was made, with what, and whose it is this year.

use super::block::Block;

/// How the lines begin.
const BEGINNINGS: &[&str] = &[
    "©",
    "(c) ",
    "all rights reserved",
    "built with",
    "copyright",
    "created with",
    "dernière mise à jour",
    "dernière modification",
    "generated",
    "last built",
    "last changed",
    "last edited",
    "last generated",
    "last modified",
    "last revised",
    "last update",
    "letzte änderung",
    "page built",
    "page generated",
    "page last",
    "page rendered",
    "powered by",
    "rendered",
    "served",
    "stand:",
    "this document was generated",
    "this document was last",
    "this page last",
    "this page was",
    "updated at",
    "updated on",
    "updated:",
    "zuletzt aktualisiert",
    "zuletzt geändert",
    "última actualización",
    "última modificación",
    "последнее изменение",
    "последнее обновление",
    "最后更新",
    "最終更新",
];
/// Whatever is longer says more than that.
const MAX_LINE: usize = 200;
/// How many blocks an end has.
const END: usize = 4;

/// Takes such lines away.
pub(super) fn remove(blocks: &mut Vec<Block>) {
    let end = blocks.split_off(blocks.len().saturating_sub(END));
    blocks.extend(end.into_iter().filter(|block| !is_imprint(block)));
}

fn is_imprint(block: &Block) -> bool {
    let Block::Paragraph(text) = block else { return false };
    let text = text.trim_start_matches(['*', '\\', ' ']).to_lowercase();
    text.chars().count() < MAX_LINE && begins_so(&text)
}

/// Whether a line, in lower case, begins as such lines do.
pub(super) fn begins_so(line: &str) -> bool {
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
}
