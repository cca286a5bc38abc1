//! The config: YAML that people write, with secrets in it.

use std::path::Path;

use kbsync::config::{self, ConfigError};

/// What a variable of the environment holds.
const HELD: &str = "Hold-53cret-hold";
/// What stands in the config itself.
const WRITTEN: &str = "Write-53cret-write";

pub fn config(data: &[u8]) {
    let env = |name: &str| match name {
        "HOME" => Some("/home/kbsync".to_owned()),
        "NONE" => None,
        _ => Some(HELD.to_owned()),
    };
    let path = Path::new("/nowhere/kbsync.yaml");
    let text = String::from_utf8_lossy(data);
    match config::check(path, data, &env) {
        Ok(config) => {
            assert!(!config.collections.is_empty());
            let said = format!("{config:?}{:?}", config.warnings);
            assert!(!config.warnings.concat().contains(HELD), "{said}");
            if only_as_key(&text) {
                assert!(!said.contains(WRITTEN), "{said}");
            }
        }
        Err(error) => {
            let said = error.to_string();
            assert!(said.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')), "{said:?}");
            assert!(!said.contains(HELD), "{said}");
            if only_as_key(&text) {
                assert!(!said.contains(WRITTEN), "{said}");
            }
            let ConfigError::Invalid { problems, .. } = error else { panic!("{error}") };
            assert!(!problems.is_empty());
            // A carriage return alone ends a line of YAML, too.
            let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count();
            for problem in problems {
                assert!((1..=lines).contains(&problem.line) && problem.column >= 1, "{problem:?} of {lines}");
            }
        }
    }
}

/// Whether the secret stands nowhere but under the key that is made for it, on one line with it.
fn only_as_key(text: &str) -> bool {
    text.lines().filter(|line| line.contains(WRITTEN)).all(|line| line.trim() == format!("api_key: {WRITTEN}"))
}
