//! The commands of curl that the pages show, sent without curl.

use std::{fs, iter::Peekable, path::Path, str::Chars};

use reqwest::{
    Client, Method, RequestBuilder,
    header::{HeaderName, HeaderValue},
    multipart::{Form, Part},
};

/// The request of a command. Files in it are in `folder`.
pub fn request(client: &Client, command: &str, folder: &Path) -> RequestBuilder {
    let mut words = words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{command}");
    let (mut method, mut url, mut data, mut form) = (None, None, None, None::<Form>);
    let mut headers = Vec::new();
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} without a value in {command}"));
        match word.as_str() {
            "-X" | "--request" => method = Some(value()),
            "--url" => url = Some(value()),
            "-H" | "--header" => headers.push(value()),
            "-d" | "--data" => data = Some(value().replace('\n', "")),
            "-F" | "--form" => form = Some(with(form.unwrap_or_default(), &value(), folder)),
            other if other.starts_with('-') => panic!("an option that is not known here: {other} in {command}"),
            _ => url = Some(word),
        }
    }
    let default = if data.is_some() || form.is_some() { "POST" } else { "GET" };
    let method = Method::from_bytes(method.as_deref().unwrap_or(default).as_bytes()).unwrap();
    let mut request = client.request(method, url.unwrap_or_else(|| panic!("no address in {command}")));
    for header in headers {
        let (name, value) = header.split_once(':').unwrap();
        request = request.header(name.parse::<HeaderName>().unwrap(), value.trim().parse::<HeaderValue>().unwrap());
    }
    match (data, form) {
        (Some(data), None) => request.body(data),
        (None, Some(form)) => request.multipart(form),
        _ => request,
    }
}

fn with(form: Form, field: &str, folder: &Path) -> Form {
    let (name, value) = field.split_once('=').unwrap();
    match value.strip_prefix('@') {
        Some(file) => {
            let content = fs::read(folder.join(file)).unwrap();
            form.part(name.to_owned(), Part::bytes(content).file_name(file.to_owned()))
        }
        None => form.text(name.to_owned(), value.to_owned()),
    }
}

/// The words of a command, as a shell splits them.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut rest = command.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' => word.get_or_insert_default().push_str(&quoted(c, &mut rest)),
            '\\' => match rest.next() {
                Some('\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What is quoted, as far as the closing quote.
fn quoted(quote: char, rest: &mut Peekable<Chars>) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            c if c == quote => return text,
            '\\' if quote == '"' && rest.peek().is_some_and(|next| matches!(next, '"' | '\\' | '$' | '`')) => {
                text.extend(rest.next());
            }
            c => text.push(c),
        }
    }
    panic!("a quote is not closed: {text}");
}

#[test]
fn words__of_a_command__are_those_of_a_shell() {
    let command = "curl -X POST \\\n  --data '{\n\"a\": \"it'\\''s\"\n}' \"b \\\" c\" d\\ e ''";
    assert_eq!(words(command), ["curl", "-X", "POST", "--data", "{\n\"a\": \"it's\"\n}", "b \" c", "d e", ""]);
}
