//! Frames that carry their page with them: `<iframe srcdoc>`, which browsers show in its place.

use dom_query::{Document, NodeRef};

use super::{
    bounds::{self, Bounds},
    depth,
    hidden::is_hidden,
    unseen,
};

/// Frames in one another that are unfolded.
const MAX_ROUNDS: usize = 3;

/// Puts the content of such frames where it is shown. Other frames show pages with addresses of their own.
pub(super) fn unfold(root: &NodeRef<'_>) {
    let mut bounds = Bounds::default();
    for _ in 0..MAX_ROUNDS {
        let is_shown = |node: &NodeRef<'_>| node.has_name("iframe") && node.has_attr("srcdoc") && !is_hidden(node);
        let frames: Vec<_> = root.descendants_it().filter(is_shown).collect();
        if frames.is_empty() {
            return;
        }
        for frame in frames {
            let html = frame.attr("srcdoc").unwrap_or_default();
            // What would cost too much is left out, and the page around it is read.
            let page = bounds.check(&html).is_ok().then(|| Document::from(html));
            if let Some(page) = &page {
                depth::flatten(&page.root());
                unseen::mark_part(&page.root(), unseen::Context::Page);
            }
            let body = page.as_ref().and_then(Document::body);
            if let Some(body) = body.filter(|body| !bounds::is_slow_to_write(body)) {
                // A paragraph cannot be within one, as frames can be.
                frame.before_html(format!("<div>{}</div>", body.inner_html()));
            }
            frame.remove_from_parent();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::markdown_with;

    #[test]
    fn page__in_a_frame_that_carries_it__is_content() {
        let within = "<!doctype html><html><head><title>T</title><style>p{}</style></head><body><p>In the frame.</p>\
                      <script>x</script></body></html>";
        let deep = "<iframe srcdoc='<p>In the frame.</p>'></iframe>".replace('<', "&lt;");
        for part in [
            format!("<iframe srcdoc=\"{within}\"></iframe>"),
            format!("<p>See:<iframe srcdoc=\"{within}\"></iframe></p>"),
            format!("<iframe srcdoc=\"{deep}\"></iframe>"),
            "<iframe srcdoc='In the frame.'></iframe>".to_owned(),
        ] {
            let text = markdown_with(&part);
            assert!(text.ends_with("\n\nIn the frame."), "{part}: {text}");
        }
        for part in [
            "<iframe src=/a>No frames here</iframe>",
            "<iframe hidden srcdoc='<p>In the frame.</p>'></iframe>",
            "<iframe srcdoc=''></iframe>",
            "<iframe srcdoc='<script>x</script>'></iframe>",
        ] {
            assert_eq!(markdown_with(part), markdown_with(""), "{part}");
        }
    }
}
