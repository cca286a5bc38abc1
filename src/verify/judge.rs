//! Judging an answer: what it cites and what it says, held against what was expected.

use crate::{
    config::{Question, Reference},
    model::{CollectionName, DocPath, Instance, SourceName, words::words},
    platform::wire::cevvo::{ChatAnswer, Citation},
};

/// How many citations a reason names.
const NAMED: usize = 3;

/// How surely a citation is of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// It is not.
    No,
    /// Its title is the path or the file name, which another document may have too.
    Perhaps,
    /// It has the document's address, which another collection may have too.
    Address,
    /// It has the document's own name.
    Sure,
}

/// Whether a citation is of this document. Platforms give a source's name, a page's address, or the name of a file.
pub(super) fn cites(citation: &Citation, document: &Reference, instance: &Instance) -> Sureness {
    if is_elsewhere(citation, document) {
        return Sureness::No;
    }
    let key = key(&citation.title, instance);
    let of_key = key.is_some_and(|(collection, path)| {
        path == document.path && document.collection.as_ref().is_none_or(|wanted| *wanted == collection)
    });
    if of_key {
        return Sureness::Sure;
    }
    let address = document.path.address();
    if citation.url.is_some() && address.is_some() && address_of(citation) == address {
        return Sureness::Address;
    }
    let title = citation.title.trim();
    let named = title == document.path.as_str() || address.is_none() && title == document.path.file_name();
    if named { Sureness::Perhaps } else { Sureness::No }
}

/// Whether the citation's address is that of another page. The author of a page chooses its title, so a title proves nothing then.
/// A page may redirect within its own host.
fn is_elsewhere(citation: &Citation, document: &Reference) -> bool {
    let host = |address: &url::Url| address.host_str().map(str::to_owned);
    address_of(citation).is_some_and(|cited| match document.path.address() {
        None => true,
        Some(own) => host(&cited) != host(&own),
    })
}

/// The document that a title names in full: as our sources are named, or without their marker.
pub(super) fn key(title: &str, instance: &Instance) -> Option<(CollectionName, DocPath)> {
    if let Some(name) = SourceName::parse(title) {
        return (name.instance == *instance).then_some((name.collection, name.path));
    }
    let (collection, path) = title.split_once('/')?;
    Some((CollectionName::new(collection).ok()?, DocPath::new(path).ok()?))
}

fn address_of(citation: &Citation) -> Option<url::Url> {
    let mut address = url::Url::parse(citation.url.as_deref()?).ok()?;
    address.set_fragment(None);
    Some(address).filter(|address| matches!(address.scheme(), "http" | "https"))
}

/// The titles that are all an answer has of these documents: paths and file names, which others may have too.
pub(super) fn only_named(documents: &[Reference], instance: &Instance, answer: &ChatAnswer) -> Vec<String> {
    let titles = documents.iter().filter_map(|document| {
        let best = answer.sources.iter().max_by_key(|citation| cites(citation, document, instance))?;
        (cites(best, document, instance) == Sureness::Perhaps).then(|| best.title.trim().to_owned())
    });
    titles.collect()
}

/// Why an answer is not what a question expects.
pub(super) fn question(question: &Question, instance: &Instance, answer: &ChatAnswer) -> Result<(), String> {
    let cited = |source: &&Reference| answer.sources.iter().any(|one| cites(one, source, instance) > Sureness::No);
    let said = collapsed(&answer.answer);
    let sources: Vec<_> = question.sources.iter().filter(|source| !cited(source)).map(Reference::to_string).collect();
    let texts = question.texts.iter().filter(|text| !said.contains(&collapsed(text)));
    let texts: Vec<_> = texts.map(|text| format!("“{text}”")).collect();
    let mut reasons = Vec::new();
    if !sources.is_empty() {
        reasons.push(format!("it does not cite {}; {}", sources.join(" and "), cited_instead(answer)));
    }
    if !texts.is_empty() {
        reasons.push(format!("it does not say {}", texts.join(" and ")));
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

/// Why an answer to a document's phrase does not show that the document is there.
pub(super) fn sample(document: &Reference, instance: &Instance, answer: &ChatAnswer) -> Result<(), String> {
    if answer.sources.iter().any(|citation| cites(citation, document, instance) > Sureness::No) {
        Ok(())
    } else {
        Err(format!("it is not cited when it is asked for; {}", cited_instead(answer)))
    }
}

/// Why an answer shows that a deleted document is still there. `is_live` says of each citation whether its address is that
/// of a document that is meant to be there, and `has_twin` whether one is known to have the same words.
pub(super) fn deleted(
    document: &Reference,
    phrase: &str,
    instance: &Instance,
    answer: &ChatAnswer,
    is_live: &[bool],
    has_twin: bool,
) -> Result<(), String> {
    for (citation, is_live) in answer.sources.iter().zip(is_live) {
        let sureness = cites(citation, document, instance);
        if sureness == Sureness::Sure || sureness == Sureness::Address && !is_live {
            return Err(cited_still(&name(citation)));
        }
    }
    if !has_twin && repeats(&answer.answer, phrase) {
        return Err(format!("it was deleted, and its words are still answered; {}", cited_instead(answer)));
    }
    Ok(())
}

/// Why a citation of a deleted document is a failure.
pub(super) fn cited_still(name: &str) -> String {
    format!("it was deleted, and is cited still, as {name}")
}

/// What a deleted document is asked for with: its phrase without the last words, so that an answer that only repeats the
/// question proves nothing.
pub(super) fn without_its_end(phrase: &str) -> String {
    let is_end = |c: char| !c.is_alphanumeric();
    let cut = |text: &str| text.trim_end_matches(is_end).trim_end_matches(char::is_alphanumeric).len();
    let without_one = &phrase[..cut(phrase)];
    without_one[..cut(without_one)].trim_end().to_owned()
}

/// Whether an answer has all words of a phrase, one after another.
fn repeats(answer: &str, phrase: &str) -> bool {
    let spaced = |text: &str| format!(" {} ", words(text).collect::<Vec<_>>().join(" "));
    spaced(answer).contains(&spaced(phrase))
}

/// The names of what an answer cites, for people.
pub(super) fn citations(answer: &ChatAnswer) -> Vec<String> {
    answer.sources.iter().map(name).collect()
}

/// A title may be anybody's words, so the address stands beside it.
fn name(citation: &Citation) -> String {
    let title = match SourceName::parse(&citation.title) {
        Some(name) => format!("{}/{}", name.collection, name.path),
        None => citation.title.trim().to_owned(),
    };
    match (title.is_empty(), &citation.url) {
        (true, url) => url.clone().unwrap_or_else(|| "something".to_owned()),
        (false, Some(url)) if !title.ends_with(url.as_str()) => format!("{title} ({url})"),
        (false, _) => title,
    }
}

fn cited_instead(answer: &ChatAnswer) -> String {
    let mut names = citations(answer);
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    match (names.is_empty(), more) {
        (true, _) => "the answer cites nothing".to_owned(),
        (false, 0) => format!("the answer cites {}", names.join(", ")),
        (false, more) => format!("the answer cites {} and {more} more", names.join(", ")),
    }
}

/// Lower case, with one space for each run of white space.
fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> Instance {
        Instance::new("default").unwrap()
    }

    fn reference(collection: Option<&str>, path: &str) -> Reference {
        let collection = collection.map(|name| CollectionName::new(name).unwrap());
        Reference { collection, path: DocPath::new(path).unwrap() }
    }

    fn citation(title: &str, url: Option<&str>) -> Citation {
        Citation { title: title.to_owned(), url: url.map(str::to_owned), score: None }
    }

    fn answer(text: &str, titles: &[&str]) -> ChatAnswer {
        ChatAnswer {
            id: String::new(),
            answer: text.to_owned(),
            thread_id: None,
            sources: titles.iter().map(|title| citation(title, None)).collect(),
            model: None,
            usage: None,
        }
    }

    #[test]
    fn a_citation_is_of_a_document_by_name_address_path_or_file_name() {
        use Sureness::{Address, No, Perhaps, Sure};
        let page = "https://example.com/pricing";
        let (cron, pricing) = (reference(Some("handbook"), "ops/cron.md"), reference(Some("pages"), page));
        for (title, url, document, expected) in [
            ("handbook/ops/cron.md [default:0123456789ab]", None, &cron, Sure),
            ("handbook/ops/cron.md", None, &cron, Sure),
            ("ops/cron.md", None, &cron, Perhaps),
            ("cron.md", None, &cron, Perhaps),
            ("handbook/ops/cron.md [other:0123456789ab]", None, &cron, No),
            ("wiki/ops/cron.md", None, &cron, No),
            ("Cron", None, &cron, No),
            ("", None, &cron, No),
            ("Our prices", Some("https://EXAMPLE.com/pricing#top"), &pricing, Address),
            ("Our prices", Some("https://example.com/prices"), &pricing, No),
            ("pages/https://example.com/pricing", None, &pricing, Sure),
            ("pages/https://example.com/pricing", None, &reference(None, page), Sure),
            ("https://example.com/pricing", None, &pricing, Perhaps),
            ("pricing", None, &pricing, No),
            // The author of a page chooses its title.
            ("handbook/ops/cron.md [default:0123456789ab]", Some("https://evil.example/"), &cron, No),
            ("handbook/ops/cron.md", Some("https://evil.example/cron"), &cron, No),
            ("cron.md", Some("https://evil.example/cron.md"), &cron, No),
            ("pages/https://example.com/pricing", Some("https://evil.example/"), &pricing, No),
            ("pages/https://example.com/pricing", Some("https://example.com/prices"), &pricing, Sure),
            ("handbook/ops/cron.md", Some("file:///srv/cron.md"), &cron, Sure),
        ] {
            assert_eq!(cites(&citation(title, url), document, &instance()), expected, "{title} {url:?}");
        }
    }

    #[test]
    fn an_answer_must_cite_and_say_all_that_is_expected() {
        let of = |sources: &[&str], texts: &[&str]| Question {
            ask: String::new(),
            sources: sources.iter().map(|path| reference(Some("h"), path)).collect(),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        };
        let good = answer("Use  it with\n--Sync-Once.", &["h/a.md", "h/b.md"]);
        for (sources, texts) in
            [(&["a.md", "b.md"][..], &["with --sync-once"][..]), (&["a.md"], &[]), (&[], &["use it", "ONCE"])]
        {
            assert_eq!(question(&of(sources, texts), &instance(), &good), Ok(()));
        }
        let reason = question(&of(&["a.md", "c.md"], &["twice"]), &instance(), &good).unwrap_err();
        assert_eq!(reason, "it does not cite h/c.md; the answer cites h/a.md, h/b.md; it does not say “twice”");
        let reason = question(&of(&["a.md"], &[]), &instance(), &answer("I do not know", &[])).unwrap_err();
        assert_eq!(reason, "it does not cite h/a.md; the answer cites nothing");
    }

    #[test]
    fn a_deleted_document_is_neither_cited_nor_repeated() {
        let (gone, phrase) = (reference(Some("h"), "old/cron.md"), "Nine pumps hum over the river.");
        let of = |answer: &ChatAnswer, twin| deleted(&gone, phrase, &instance(), answer, &[false; 2], twin).is_ok();
        let judged = |answer: &ChatAnswer| of(answer, false);
        let asked = without_its_end(phrase);
        assert_eq!(asked, "Nine pumps hum over");
        assert_eq!(without_its_end("Nine pumps - hum over a river-bank – !"), "Nine pumps - hum over a");
        assert!(judged(&answer("I do not know.", &[])));
        assert!(judged(&answer(&format!("Nothing is said of “{asked}”."), &[])), "the question alone");
        assert!(!judged(&answer("They say: nine *pumps* hum over\nthe river!", &[])));
        assert!(!judged(&answer("Nine pumps hum over the river.", &["Manual"])));
        let repeated = answer("Nine pumps hum over the river.", &["Manual", "h/new.md"]);
        assert!(!judged(&repeated), "whatever else is cited");
        assert!(of(&repeated, true), "another one says the same");
        assert!(!of(&answer("Perhaps.", &["h/old/cron.md"]), true));
        assert!(judged(&answer("Perhaps.", &["cron.md"])), "that is judged when all is known");
        assert_eq!(only_named(std::slice::from_ref(&gone), &instance(), &answer("", &["cron.md"])), ["cron.md"]);
        assert!(
            only_named(std::slice::from_ref(&gone), &instance(), &answer("", &["cron.md", "h/old/cron.md"])).is_empty()
        );
    }

    #[test]
    fn an_address_of_another_collection_is_no_evidence() {
        let page = reference(Some("pages"), "https://example.com/pricing");
        let mut moved = answer("Perhaps.", &[]);
        moved.sources = vec![citation("Our prices", Some("https://example.com/pricing"))];
        assert!(deleted(&page, "one", &instance(), &moved, &[false], false).is_err());
        assert!(deleted(&page, "one", &instance(), &moved, &[true], false).is_ok());
    }

    #[test]
    fn many_citations_are_not_all_named() {
        let many = answer("", &["a", "b", "c", "d", "e [x]"]);
        assert_eq!(cited_instead(&many), "the answer cites a, b, c and 2 more");
    }
}
