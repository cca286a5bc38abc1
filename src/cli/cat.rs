//! `kbsync cat`: the bytes that would be uploaded.

use std::{
    io::{IsTerminal, stdout},
    path::{Path, PathBuf},
};

use anyhow::anyhow;

use super::{
    Exit,
    connect::Context,
    content::{self, Fetch, NamedDocument},
    exit_of, names, print,
};
use crate::reconcile::UploadContent;

pub(super) async fn run(context: &Context, arguments: &[PathBuf]) -> anyhow::Result<Exit> {
    let mut first_failure = None;
    for argument in arguments {
        if let Err(error) = cat(context, argument).await {
            print::error(&error);
            first_failure.get_or_insert_with(|| exit_of(&error));
        }
    }
    Ok(first_failure.unwrap_or(Exit::Ok))
}

/// Prints the first document with content. The error is why there is none.
async fn cat(context: &Context, argument: &Path) -> anyhow::Result<()> {
    let documents = content::documents(context, argument, Fetch::Uploaded).await?;
    let (mut printed, mut reasons) = (None, Vec::new());
    for document in documents {
        let name = document.name();
        match (&document.content, &printed) {
            (Ok(content), None) => {
                note_difference(context, argument, &document, content);
                write(&name, content)?;
                printed = Some(name);
            }
            (Ok(_), Some(_)) => print::warning(&format!("for {name} as well: kbsync cat {name}")),
            (Err(reason), _) => reasons.push(format!("{name}: {reason}")),
        }
    }
    if printed.is_some() { Ok(()) } else { Err(anyhow!(reasons.join("\n"))) }
}

/// Warns where the content is not what the argument suggests.
fn note_difference(context: &Context, argument: &Path, document: &NamedDocument, content: &UploadContent) {
    if context.quiet {
        return;
    }
    if let Some(unconfirmed) = content.unconfirmed {
        print::warning(&format!("{}: {unconfirmed}", document.name()));
    }
    let asked = argument.to_str().and_then(names::address).map(|(_, url)| url);
    if document.path.address() != asked {
        print::warning(&format!("its document is {}", document.name()));
    }
}

fn write(name: &str, content: &UploadContent) -> anyhow::Result<()> {
    if !stdout().is_terminal() {
        print::exact(&content.bytes);
        return Ok(());
    }
    let text = print::text_for_terminal(&content.kind, &content.bytes);
    let size = print::bytes(content.bytes.len() as u64);
    let refusal = || anyhow!("{name}: it is not text ({size}); redirect the output to a file to get the bytes");
    print::piece(&text.ok_or_else(refusal)?);
    Ok(())
}
