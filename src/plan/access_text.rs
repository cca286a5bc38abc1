//! Texts that ask a reader to sign in, or say that they may not read: an expired session, a missing permission, a paywall.

use super::placeholder::without_emphasis;

/// A text of this kind has no more words. A document about accounts has more.
const MOST: u64 = 80;
/// What such texts say, in lower case, as whole words.
const PHRASES: &[&str] = &[
    "sign in",
    "sign into",
    "signing in",
    "single sign-on",
    "log in",
    "log into",
    "login",
    "logged in",
    "logged out",
    "forgot password",
    "forgot your password",
    "verification code",
    "one-time code",
    "authenticator app",
    "send you a link",
    "send you a code",
    "enter your email",
    "enter your e-mail",
    "enter your work email",
    "continue with google",
    "continue with microsoft",
    "continue with sso",
    "this site is private",
    "email you a link",
    "don't have permission",
    "do not have permission",
    "don't have access",
    "do not have access",
    "not authorized",
    "not authorised",
    "request access",
    "access is restricted",
    "session expired",
    "session has expired",
    "session timed out",
    "session has timed out",
    "members only",
    "already a member",
    "already a subscriber",
    "subscribers only",
    "anmelden",
    "einloggen",
    "melden sie sich",
    "benutzername",
    "keine berechtigung",
    "sitzung ist abgelaufen",
    "sitzung abgelaufen",
    "se connecter",
    "connectez-vous",
    "identifiez-vous",
    "vous connecter",
    "vous identifier",
    "session a expiré",
    "pas autorisé",
    "iniciar sesión",
    "inicie sesión",
    "inicia sesión",
    "sesión ha caducado",
    "no tiene permiso",
    "accedi",
    "sessione scaduta",
    "fazer login",
    "iniciar sessão",
    "sessão expirou",
    "inloggen",
    "aanmelden",
    "zaloguj się",
    "logga in",
    "log ind",
    "logg inn",
    "giriş yap",
    "войдите",
    "войти",
    "авторизуйтесь",
];
/// The same in scripts that set no white space between words.
const SIGNS: &[&str] = &["ログイン", "サインイン", "登录", "登入", "로그인"];

/// Whether a text is about signing in or access and little else, where it has `size` bytes and the document had `before`.
pub(super) fn is_about_access(text: &str, words: u64, size: u64, before: u64) -> bool {
    if words > MOST || size.saturating_mul(2) > before {
        return false;
    }
    let text = without_emphasis(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    PHRASES.iter().any(|phrase| says(&text, phrase)) || SIGNS.iter().any(|sign| text.contains(sign))
}

/// Whether a text has a phrase as whole words: `catalog in` is no `log in`.
fn says(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_access(text: &str, before: u64) -> bool {
        is_about_access(text, text.split_whitespace().count() as u64, text.len() as u64, before)
    }

    #[test]
    fn texts__about_signing_in_or_access__are_known() {
        for text in [
            "# Sign in\n\nEnter your email address and we will send you a link to sign in.",
            "# Sign in to your account\n\nNo account? Create one! Can't access your account?",
            "# Log in to ACME\n\nChoose how you would like to log in. Continue with SSO",
            "# Verify\n\nEnter the code of six digits from your authenticator app to continue.",
            "# Anmelden\n\nBitte geben Sie Ihren Benutzernamen ein, um fortzufahren.",
            "# Restricted page\n\nYou must be **logged in** to view this page.",
            "# You don’t have permission\n\nAsk the owner of the space.",
            "# Session expired\n\nPlease reload the page or go back to the start page.",
            "# Bienvenue\n\n[Se connecter](https://example.com/c)",
            "# Iniciar sesión\n\nUsuario",
            "# ログイン\n\n続けるにはログインしてください。",
            "# Acme ID\n\nPlease enter your email address to continue. We will send you a code.",
            "# Willkommen\n\nBitte melden Sie sich mit Ihrem Benutzerkonto an, um diese Seite zu sehen.",
            "# Accès\n\nVeuillez vous identifier pour accéder à cette page.",
            "# Acme\n\nContinue with Google Continue with Microsoft Continue with SSO",
            "# About us\n\nYou have read your last free article. Already a subscriber?",
        ] {
            assert!(is_access(text, 900), "{text}");
            assert!(!is_access(text, text.len() as u64 + 5), "it was not longer: {text}");
        }
    }

    #[test]
    fn texts__about_other_things__are_not() {
        let long = "# Accounts\n\nYou sign in with the account of your own house, as all of the group do. ".repeat(6);
        for text in [
            "# Discontinued\n\nThe catalog in print is not sold any more.",
            "# Blogging\n\nIt was a hard day.",
            long.as_str(),
        ] {
            assert!(!is_access(text, 2_000), "{text}");
        }
    }
}
