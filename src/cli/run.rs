//! `guanxi run`: the daemon.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::arguments::{Common, Run};
use super::failure::Failure;
use super::print::{self, Out};
use super::{demo, logging};
use crate::daemon::policy_set::PolicySetError;
use crate::daemon::state::{Outside, Settings};
use crate::daemon::{Daemon, Signals, StartError};
use crate::policy;
use crate::ports::system::{SystemClock, SystemEntropy, SystemEnvironment};

/// What is left of a stopped daemon may take this long to go.
const LEFTOVERS: std::time::Duration = std::time::Duration::from_millis(200);

pub(super) fn execute(common: &Common, command: &Run, out: &mut Out) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = if command.demo {
        demo::execute(common, command, &runtime, out)
    } else {
        logging::start("info", command.log_format);
        daemon(common, command, &runtime)
    };
    runtime.shutdown_timeout(LEFTOVERS);
    done
}

fn daemon(common: &Common, command: &Run, runtime: &Runtime) -> Result<(), Failure> {
    let settings = Settings {
        policies: common.policies.clone(),
        scripts: common.scripts.clone(),
        data: common.data_folder().to_owned(),
        store: common.store.clone(),
        listen: command.listen,
        token_file: command.token_file.clone(),
        plan: command.plan.clone(),
    };
    let clock = Arc::new(SystemClock);
    let outside = Outside {
        clock: Arc::clone(&clock) as _,
        wall: clock,
        entropy: Arc::new(SystemEntropy),
        environment: Arc::new(SystemEnvironment),
    };
    runtime.block_on(async {
        // From here on a signal waits until the daemon has started, which a migration may take long for.
        let signals = Signals::listen()?;
        let daemon = Daemon::start(settings, outside).await.map_err(told)?;
        daemon.until_signal(signals).await?;
        Ok(())
    })
}

/// Prints the problems of policies that can't be used.
pub(super) fn told(error: StartError) -> Failure {
    if let StartError::Policies(PolicySetError::Invalid { files, diagnostics }) = &error {
        print::message(policy::render(diagnostics, files, super::open::colored()));
    }
    error.into()
}
