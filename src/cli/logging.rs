//! What the daemon says while it works: for people on a terminal, as JSON otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging to stderr. `GUANXI_LOG` chooses what is said, as in `debug` or `guanxi=debug,warn`;
/// without it `usual` does.
pub(super) fn start(usual: &str) {
    let filter = EnvFilter::try_from_env("GUANXI_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in the same process keeps the first.
    let _ = if std::io::stderr().is_terminal() {
        builder.with_target(false).compact().try_init()
    } else {
        builder.json().flatten_event(true).with_ansi(false).try_init()
    };
}
