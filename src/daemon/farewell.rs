//! Stopping: nothing new is begun; what is under way ends, or is broken off where that takes too long. A transaction
//! broken off was never there, a touch without an answer is sent again under the same id.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::state::Store;
use super::writer::Writer;
use crate::archive::Interrupter;

/// A job of the writer that takes longer is broken off: a run or a large import, which is begun again at the next
/// start, must not hold up the outcomes of deliveries that wait behind it.
const JOB: Duration = Duration::from_secs(2);
/// What else is under way, such as an attempt to deliver or a request, gets this long.
const PARTS: Duration = Duration::from_secs(5);
/// The writer gets this long for what was handed to it by then. All in all it is less than ten seconds.
const WRITER: Duration = Duration::from_secs(3);
/// Pause between two looks at how long a job has taken.
const AGAIN: Duration = Duration::from_millis(20);

/// Waits for the parts of the daemon and then for its writer, each as long as it may take.
pub(super) async fn wait(
    tasks: &mut JoinSet<()>,
    writer: &Writer<Store>,
    writer_end: &mut oneshot::Receiver<()>,
    interrupter: &Interrupter,
) {
    let whole = tokio::select! {
        whole = ends(tasks, writer, writer_end) => whole,
        never = hurry(writer, interrupter) => match never {},
    };
    if whole {
        info!("stopped");
    } else {
        warn!(
            "stopped, and what took too long was broken off: nothing is lost, the next start goes on with it"
        );
    }
}

/// Whether everything ended by itself.
async fn ends(
    tasks: &mut JoinSet<()>,
    writer: &Writer<Store>,
    writer_end: &mut oneshot::Receiver<()>,
) -> bool {
    let parts = tokio::time::timeout(PARTS, async { while tasks.join_next().await.is_some() {} }).await;
    tasks.abort_all();
    if writer.is_stopped() {
        return false;
    }
    let last_jobs = async {
        writer.close().await;
        // Its end is told by an error: nobody sends.
        let _ = writer_end.await;
    };
    let last_jobs = tokio::time::timeout(WRITER, last_jobs).await;
    parts.is_ok() && last_jobs.is_ok()
}

/// Breaks off every job that takes too long; never ends.
async fn hurry(writer: &Writer<Store>, interrupter: &Interrupter) -> Infallible {
    let mut told = false;
    loop {
        tokio::time::sleep(AGAIN).await;
        if writer.busy_for().is_some_and(|busy| busy > JOB) {
            if !told {
                info!("what the store is at is broken off; it is done again at the next start");
                told = true;
            }
            interrupter.interrupt();
        }
    }
}
