//! What a hook is told: its body's template, and the branches that it wants.

use config::limits::RENDERED_BYTES_MAX;
use config::{BranchFilterStrategy, RefFilter, RefPattern, Template};
use serde_json::Value;

/// An input is a template, a line of three dashes, and a payload.
pub(crate) fn webhook_templates(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (template, payload) = text.split_once("\n---\n").unwrap_or((&text, "{}"));
    let template = Template::new(template);
    // Whether it is good says nothing of other payloads.
    let _ = template.check();
    let payload: Value = serde_json::from_str(payload).unwrap_or_default();
    if let Ok(body) = template.render(&payload) {
        assert!(body.len() <= RENDERED_BYTES_MAX, "{} bytes", body.len());
        serde_json::from_slice::<serde::de::IgnoredAny>(&body).expect("what is sent is JSON");
    }
}

/// An input is a pattern, and behind it lines of names of branches.
pub(crate) fn ref_filters(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (pattern, names) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(read) = RefPattern::parse(pattern) {
        // Ends, whatever it says.
        names.lines().filter(|name| read.fits(name)).count();
        if !pattern.contains(['*', '/', '\\']) {
            assert!(read.fits(pattern), "a name without anything special fits itself: {pattern:?}");
        }
    }
    for strategy in [BranchFilterStrategy::Wildcard, BranchFilterStrategy::Regex] {
        let filter = RefFilter::of_gitlab(pattern, strategy);
        assert!(filter.is_err() || filter.is_ok_and(|filter| filter.check().is_ok()), "{pattern:?}");
    }
}
