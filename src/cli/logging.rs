//! What the daemon says while it works: for people on a terminal, as JSON otherwise. Times are UTC.

use std::io::IsTerminal;
use std::panic::{self, PanicHookInfo};

use clap::ValueEnum;
use tracing::{error, warn};
use tracing_subscriber::EnvFilter;

use crate::ports::Environment;
use crate::ports::system::SystemEnvironment;

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Starts logging to stderr, in the format asked for, otherwise in that which fits where it goes. `GUANXI_LOG` chooses
/// what is said, as in `debug` or `guanxi=debug,warn`; without it `usual` does.
pub(super) fn start(usual: &str, format: Option<LogFormat>) {
    let asked = SystemEnvironment.variable("GUANXI_LOG").filter(|asked| !asked.is_empty());
    let read = asked.map(EnvFilter::try_new).transpose();
    let (filter, slip) = match read {
        Ok(filter) => (filter, None),
        Err(slip) => (None, Some(slip)),
    };
    let filter = filter.unwrap_or_else(|| EnvFilter::new(usual));
    let terminal = std::io::stderr().is_terminal();
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    // A second start in the same process keeps the first.
    let _ = match format.unwrap_or(if terminal { LogFormat::Human } else { LogFormat::Json }) {
        LogFormat::Human => builder.with_target(false).compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_ansi(false).try_init(),
    };
    if let Some(slip) = slip {
        warn!(
            "GUANXI_LOG is not understood and `{usual}` serves: {slip}; say something like debug or guanxi=debug,warn"
        );
    }
    panic::set_hook(Box::new(note_panic));
}

/// Logs that and where the program broke down. What it says of it may hold anybody's data, unless it was written into
/// the program.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let said =
        panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("not told, it may hold data");
    error!(at, said, "a fault of this program; please report it with this line");
}
