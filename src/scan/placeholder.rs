//! Small files that other programs leave in the place of one whose content is elsewhere: clouds that free space, DVC.

/// What the name of such a file has more than that of the one that it stands for.
const SUFFIXES: [&str; 3] = [".nextcloud", ".owncloud", ".dvc"];
const ICLOUD: (&str, &str) = (".", ".icloud");

/// The name of the file that a name stands for.
pub(super) fn stands_for(name: &[u8]) -> Option<&[u8]> {
    let (dot, icloud) = ICLOUD;
    let suffixed = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix.as_bytes()));
    let hidden = || name.strip_prefix(dot.as_bytes())?.strip_suffix(icloud.as_bytes());
    suffixed.or_else(hidden).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_for__names_of_placeholders__are_those_of_files() {
        for (name, expected) in [
            ("report.md.nextcloud", Some("report.md")),
            ("report.md.owncloud", Some("report.md")),
            ("report.pdf.dvc", Some("report.pdf")),
            (".report.md.icloud", Some("report.md")),
            ("report.md.icloud", None),
            ("report.md", None),
            (".dvc", None),
            ("..icloud", None),
        ] {
            let found = stands_for(name.as_bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{name}");
        }
    }
}
