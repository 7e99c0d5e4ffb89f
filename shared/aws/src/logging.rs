//! Logs as one flat JSON object a line, on standard output, where Lambda takes them from.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// Starts logging. The level is `RUST_LOG`'s, else the function's own log level, else `info`.
#[expect(clippy::disallowed_methods, reason = "this runs before anything that could configure it")]
pub fn start_logging() {
    let level = ["RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"].into_iter().find_map(|name| std::env::var(name).ok());
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        // The current span holds the request id; its parents say nothing more.
        .with_span_list(false)
        .with_target(false)
        .with_filter(filter(level.as_deref()));
    registry().with(lines).init();
    // A panic's text may hold what a user sent. Where it happened is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}

/// By target and level: a filter of spans and their fields would bring regular expressions, at each start.
fn filter(level: Option<&str>) -> Targets {
    let level = match level {
        None => "info",
        // Lambda knows a level that this crate does not.
        Some(fatal) if fatal.eq_ignore_ascii_case("fatal") => "error",
        Some(level) => level,
    };
    level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_understood_as_lambda_and_rust_write_it() {
        for (level, understood) in [
            (None, "info"),
            (Some("DEBUG"), "debug"),
            (Some("FATAL"), "error"),
            (Some("aws=trace,info"), "aws=trace,info"),
            (Some("==="), "info"),
        ] {
            assert_eq!(filter(level).to_string(), understood);
        }
    }
}
