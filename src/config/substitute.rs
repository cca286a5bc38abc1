//! `${VAR}` and `${VAR:-default}` in the config's values.

/// Replaces the references in a text. `$$` stands for one `$`.
///
/// # Errors
/// A sentence that says what to mend. It names variables and never shows what one holds.
pub(super) fn substitute(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
            continue;
        }
        let (reference, after) = after
            .strip_prefix('{')
            .and_then(|after| after.split_once('}'))
            .ok_or("a `$` begins `${NAME}` or `${NAME:-default}`; write `$$` for the character itself")?;
        result.push_str(&resolve(reference, env)?);
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

/// Whether a text refers to variables, and is written as it should be.
pub(super) fn is_reference(text: &str) -> bool {
    text.contains("${") && substitute(text, &|_| Some(String::new())).is_ok()
}

fn resolve(reference: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if !is_variable(name) {
        return Err("between `${` and `}` stands a variable's name: letters, digits and `_`".to_owned());
    }
    match (env(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => {
            Err(format!("the environment variable `{name}` is not set; set it, or write `${{{name}:-default}}`"))
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_once_and_values_are_not_read_again() {
        let env = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICK" => Some("${A}: $$".to_owned()),
            _ => None,
        };
        let good = [
            ("", ""),
            ("plain", "plain"),
            ("x${A}y${A}", "x1y1"),
            ("$$A $${A}", "$A ${A}"),
            ("${NONE:-d e}", "d e"),
            ("${NONE:-}", ""),
            ("${EMPTY:-d}", "d"),
            ("[${EMPTY}]", "[]"),
            ("${TRICK}", "${A}: $$"),
        ];
        for (text, expected) in good {
            assert_eq!(substitute(text, &env).as_deref(), Ok(expected), "{text}");
        }
        for bad in ["$A", "5$", "${A", "${}", "${1A}", "${a b}", "${NONE}", "${A-x}"] {
            assert!(substitute(bad, &env).is_err(), "{bad}");
        }
    }
}
