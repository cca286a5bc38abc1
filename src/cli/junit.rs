//! A verification as JUnit's XML, which every CI shows.

use std::{
    fs::File,
    io::{self, Write},
    time::Duration,
};

use quick_xml::{
    Writer,
    events::{BytesDecl, Event},
};

use super::print::printable;
use crate::verify::{Check, Outcome, Subject, Verification};

/// Writes the report: a test case for each check, and one for the end where it did not come.
pub(super) fn write(file: &mut File, verification: &Verification) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let record = verification.record();
    let (checks, errors) = (verification.checks.len(), usize::from(verification.halt.is_some()));
    let numbers = [
        ("name", "kbsync verify".to_owned()),
        ("tests", (checks + errors).to_string()),
        ("failures", record.failed.to_string()),
        ("errors", errors.to_string()),
        ("skipped", (checks as u64 - record.checks).to_string()),
        ("time", seconds(verification.checks.iter().map(|check| check.took).sum())),
        ("timestamp", record.at.timestamp().strftime("%Y-%m-%dT%H:%M:%S").to_string()),
    ];
    let suite = writer.create_element("testsuites").write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attributes(borrowed(&numbers));
        suite.write_inner_content(|writer| {
            verification.checks.iter().try_for_each(|check| case(writer, check))?;
            verification.halt.as_ref().map_or(Ok(()), |halt| {
                let attributes = [("classname", "kbsync.verify"), ("name", "the end")];
                let case = writer.create_element("testcase").with_attributes(attributes);
                case.write_inner_content(|writer| outcome(writer, "error", &halt.to_string())).map(drop)
            })
        })?;
        Ok(())
    });
    suite?;
    let mut text = writer.into_inner();
    text.push(b'\n');
    file.write_all(&text)
}

fn case(writer: &mut Writer<Vec<u8>>, check: &Check) -> io::Result<()> {
    let name = match &check.subject {
        Subject::Question(question) => plain(&question.ask),
        Subject::Sample(_) | Subject::Nothing => plain(&check.subject.to_string()),
        Subject::Deleted(_) => plain(&format!("{} (deleted)", check.subject)),
    };
    let attributes = [
        ("classname", format!("kbsync.verify.{}", check.subject.kind())),
        ("name", name),
        ("time", seconds(check.took)),
    ];
    let case = writer.create_element("testcase").with_attributes(borrowed(&attributes));
    match &check.outcome {
        Outcome::Passed => case.write_empty(),
        Outcome::Failed(reason) => {
            let asked = match check.subject {
                Subject::Nothing => String::new(),
                _ => format!("; asked: “{}”", check.subject.asked()),
            };
            case.write_inner_content(|writer| outcome(writer, "failure", &format!("{reason}{asked}")))
        }
        Outcome::Skipped(reason) => case.write_inner_content(|writer| outcome(writer, "skipped", reason)),
    }
    .map(drop)
}

fn outcome(writer: &mut Writer<Vec<u8>>, element: &str, message: &str) -> io::Result<()> {
    writer.create_element(element).with_attribute(("message", plain(message).as_str())).write_empty().map(drop)
}

fn borrowed<'a>(attributes: &'a [(&'a str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().map(|(name, value)| (*name, value.as_str()))
}

/// One line without what XML does not have.
fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    printable(&text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
