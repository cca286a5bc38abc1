//! Texts that stand for a page that could not be shown: shells of apps, challenges, maintenance, cookie walls.

/// A text of this kind: what it says, in lower case, and how many words it has at most.
struct Kind {
    what: &'static str,
    most: u64,
    /// Whether that tells enough, however long the document was before.
    sure: bool,
    phrases: &'static [&'static str],
}

/// The kind of text that says itself that there is no such page.
pub(super) const NOT_FOUND: &str = "a page that says that it was not found";

const KINDS: &[Kind] = &[
    Kind {
        what: "an app that is loading",
        most: 25,
        sure: false,
        phrases: &[
            "loading",
            "please wait",
            "one moment",
            "enable javascript",
            "requires javascript",
            "javascript is required",
            "javascript is disabled",
            "need to enable javascript",
            "wird geladen",
            "lädt",
            "bitte warten",
            "chargement",
            "cargando",
            "carregando",
            "caricamento",
            "загрузка",
            "加载中",
            "読み込み中",
        ],
    },
    Kind {
        what: "a check of the visitor",
        most: 120,
        sure: true,
        phrases: &[
            "you have been blocked",
            "access to this page has been denied",
            "checking your browser",
            "checking if the site connection",
            "verify you are human",
            "verifying you are human",
            "are you a robot",
            "i'm not a robot",
            "ray id",
            "unusual traffic",
            "protected by cloudflare",
            "security service to protect",
            "incapsula incident",
            "pardon our interruption",
            "make sure you're not a robot",
            "enable javascript and cookies to continue",
            "the requested url was rejected. please consult with your administrator",
            "just a moment",
        ],
    },
    Kind {
        what: "a check of the visitor",
        most: 120,
        sure: false,
        phrases: &[
            "access denied",
            "attention required",
            "captcha",
            "ddos protection",
            "request blocked",
            "request unsuccessful",
            "bot detection",
            "too many requests",
            "rate limit exceeded",
            "forbidden",
            "unauthorized",
            "zugriff verweigert",
            "accès refusé",
            "acceso denegado",
            "accesso negato",
            "toegang geweigerd",
            "dostęp zabroniony",
            "åtkomst nekad",
            "erişim engellendi",
            "доступ запрещен",
            "request rejected",
            "hasn't been shared with you",
            "has not been shared with you",
        ],
    },
    Kind {
        what: "a site in trouble",
        most: 150,
        sure: false,
        phrases: &[
            "there has been a critical error on this website",
            "a client-side exception has occurred",
            "fatal error: uncaught",
            "account has been suspended",
            "domain may be for sale",
            "domain is for sale",
            "domain is parked",
            "domain has expired",
            "domain name has expired",
            "domain expired",
            "website expired",
            "buy this domain",
            "domain name is for sale",
            "welcome to nginx!",
            "undergoing scheduled maintenance",
            "currently undergoing maintenance",
            "メンテナンス中",
            "维护中",
            "系统维护",
        ],
    },
    Kind {
        what: "a site in trouble",
        most: 60,
        sure: false,
        phrases: &[
            "maintenance",
            "be back soon",
            "be right back",
            "temporarily unavailable",
            "service unavailable",
            "bad gateway",
            "gateway time",
            "internal server error",
            "something went wrong",
            "error establishing",
            "an error occurred",
            "error has occurred",
            "try again later",
            "coming soon",
            "opening soon",
            "is starting up",
            "unexpected error",
            "could not be served",
            "under construction",
            "wartung",
            "mantenimiento",
            "vorübergehend nicht",
            "technische störung",
            "gepland onderhoud",
            "onderhoudswerkzaamheden",
            "tijdelijk niet beschikbaar",
            "probeer het later opnieuw",
            "prace konserwacyjne",
            "przerwa techniczna",
            "chwilowo niedostępna",
            "spróbuj ponownie później",
            "in manutenzione",
            "lavori di manutenzione",
            "torneremo presto",
            "temporaneamente non disponibile",
            "planerat underhåll",
            "underhållsarbete",
            "snart tillbaka",
            "försök igen senare",
            "bakım çalışması",
            "bakımdayız",
            "kısa süre içinde döneceğiz",
            "daha sonra tekrar deneyin",
            "технические работы",
            "технических работ",
            "временно недоступен",
            "попробуйте позже",
        ],
    },
    Kind {
        what: "a waiting room, a question or a notice of the site",
        most: 120,
        sure: true,
        phrases: &[
            "when it is your turn, you will have",
            "your number in line:",
            "this is the default welcome page used to test the correct operation of the apache2 server",
            "if you see this page, the nginx web server is successfully installed",
        ],
    },
    Kind {
        what: "a waiting room, a question or a notice of the site",
        most: 80,
        sure: false,
        phrases: &[
            "you are now in line",
            "your browser is not supported",
            "you are using an unsupported browser",
            "please upgrade to the latest version of",
            "not available in your country",
            "not available in your region",
            "not available in your location",
            "unavailable in your country",
            "unavailable in your region",
            "access from your country",
            "banned the country or region",
            "are you 18 or older",
            "are you over 18",
            "confirm your age",
            "verify your age",
            "of legal drinking age",
        ],
    },
    Kind {
        what: "a question about cookies",
        most: 80,
        sure: false,
        phrases: &[
            "accept cookies",
            "accept all",
            "we use cookies",
            "cookie consent",
            "before you continue",
            "wir verwenden cookies",
        ],
    },
    Kind {
        what: NOT_FOUND,
        most: 40,
        sure: false,
        phrases: &["not found", "404", "does not exist", "nicht gefunden", "introuvable", "no encontrada"],
    },
];

/// What a page's text stands for instead of a document, where it has `size` bytes and the document had `before`.
pub(super) fn placeholder(text: &str, words: u64, size: u64, before: u64) -> Option<&'static str> {
    let shrunk = size.saturating_mul(2) <= before;
    let kinds = || KINDS.iter().filter(|kind| words <= kind.most && (kind.sure || shrunk));
    kinds().next()?;
    // Marks of emphasis and of typography do not part a phrase.
    let text = without_emphasis(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if shrunk && text.starts_with("{\"error") {
        return Some("an error");
    }
    if shrunk && text.trim_start_matches(['#', ' ']).starts_with("index of /") {
        return Some("a list of files");
    }
    let found = kinds().find(|kind| kind.phrases.iter().any(|phrase| text.contains(phrase)));
    found.map(|kind| kind.what)
}

/// A text in lower case, without what emphasis and escapes add, and with plain apostrophes.
pub(super) fn without_emphasis(text: &str) -> String {
    text.to_lowercase().replace(['*', '_', '`', '\\'], "").replace('’', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_place_of_a_document__are_known() {
        for text in [
            "# My App\n\nLoading...",
            "You need to enable JavaScript to run this app.",
            "# Just a moment...\n\nVerify you are human by completing the action below.",
            "# Attention Required!\n\nSorry, you have been blocked. Ray ID: 8f3a",
            "# Access Denied\n\nYou don't have permission to access this server. Reference #18.2",
            "# Maintenance\n\nWe are down for maintenance and will be back soon.",
            "# 503 Service Unavailable\n\nNo server is available to handle this request.",
            "We use cookies to improve what you see. Accept all",
            "# Page not found\n\nThere is nothing here.",
            "There has been a critical error on this website. Please check your site admin email inbox.",
            "## Application error: a client-side exception has occurred (see the browser console).",
            "**Fatal error**:  Uncaught PDOException: Connection refused in /lib/db.php:3",
            "{\"error\":\"internal\",\"requestId\":\"3\"}",
            "#### Enter the characters you see below\n\nSorry, we just need to make sure you’re not a robot.",
            "# Account Suspended\n\nThis Account has been suspended. Contact your hosting provider.",
            "# example.com\n\nThis domain may be for sale. Buy this domain.",
            "# You are now in line\n\nWhen it is your turn, you will have 10 minutes to enter. Your number in line: 10432.",
            "# Unsupported browser\n\nYour browser is not supported. Please upgrade to the latest version of Firefox.",
            "# Apache2 Debian Default Page\n\nThis is the default welcome page used to test the correct operation of the \
             Apache2 server after installation.",
            "# Index of /\n\n| a.html | 2026-01-01 10:00 | 5K |",
            "# Sorry\n\nThis content is not available in your region due to legal reasons.",
            "## Are you 18 or older?\n\nPlease confirm your age to enter this site.",
            "# ただいまメンテナンス中です\n\nしばらくしてから再度アクセスしてください。",
            "# Onderhoud\n\nWij voeren momenteel gepland onderhoud uit aan onze website. Excuses voor het ongemak.",
            "# Przerwa techniczna\n\nTrwają prace konserwacyjne. Przepraszamy za utrudnienia.",
            "# Manutenzione\n\nIl sito è in manutenzione. Torneremo presto online.",
            "# Underhåll\n\nVi utför planerat underhåll. Välkommen åter om en stund.",
            "# Bakım\n\nSitemizde bakım çalışması yapılıyor.",
            "# Сайт закрыт\n\nНа сайте ведутся технические работы. Зайдите через час.",
            "# Request Rejected\n\nThe requested URL was rejected. Please consult with your administrator. Your support \
             ID is: 99001122",
            "# Error 1009\n\nThe owner of this website has banned the country or region your IP address is in.",
            "# example.com\n\nThis domain has expired. If you own it, renew it now.",
            "# Website Expired\n\nThis account has expired. If you are the site owner, click below to log in.",
            "# acme.example\n\nBuy this domain, or ask for an offer.",
            "# Jira is starting up\n\nThis may take several minutes. 45 %",
            "# Application error\n\nThe page that you asked for could not be served.",
            "# Sorry, something is missing\n\nThis item hasn’t been shared with you.",
        ] {
            let words = text.split_whitespace().count() as u64;
            assert!(placeholder(text, words, text.len() as u64, 600).is_some(), "{text}");
        }
    }

    #[test]
    fn documents__about_such_things__are_documents() {
        let long = "How to enable JavaScript, and what a captcha is. ".repeat(20);
        for (text, before) in [
            ("# Captchas\n\nA captcha is a test. Access denied means that it failed.", 70),
            ("# Discontinued\n\nThis product is not sold any more.", 600),
            ("# Regions\n\nThe free plan is not available in your region if you live on the moon.", 80),
            ("# Index of terms\n\nA, B and C.", 600),
            (long.as_str(), 2_000),
        ] {
            let words = text.split_whitespace().count() as u64;
            assert_eq!(placeholder(text, words, text.len() as u64, before), None, "{text}");
        }
    }
}
