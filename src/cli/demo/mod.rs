//! `guanxi run --demo`: the shipped policies on a generated customer world, in a scratch folder. Four
//! months pass within a minute, then it goes on in real time.

mod clock;
mod folder;
mod life;
mod news;
mod receiver;
mod summary;
mod tally;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::arguments::{Common, Run};
use super::failure::Failure;
use super::print::Out;
use super::{logging, run, times};
use crate::daemon::state::{Outside, Settings};
use crate::daemon::{Daemon, Signals};
use crate::demo::world;
use crate::model::civil;
use crate::ports::system::{SystemClock, SystemEntropy, SystemEnvironment};
use crate::ports::{Clock, Environment};
use clock::DemoClock;
use folder::Folder;
use life::Life;

pub(super) fn execute(
    common: &Common,
    command: &Run,
    runtime: &Runtime,
    out: &mut Out,
) -> Result<(), Failure> {
    logging::start("warn,guanxi::daemon::reload=info", command.log_format);
    let present = command.now.as_deref().map(|text| times::parse(text, world::ZONE)).transpose()?;
    let clock = Arc::new(DemoClock::at(present));
    let today = civil::local_date(clock.now(), world::ZONE).unwrap_or_default();
    let folder = Folder::make(common.data.as_deref(), today)?;
    runtime.block_on(live(&folder, clock, command, out))
}

async fn live(folder: &Folder, clock: Arc<DemoClock>, command: &Run, out: &mut Out) -> Result<(), Failure> {
    let receiver = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let crm = receiver.local_addr()?;
    let received = receiver::start(receiver);
    let life = Life::new(Arc::clone(&clock), received);
    let outside = Outside {
        clock: Arc::clone(&clock) as _,
        wall: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        environment: Arc::new(DemoEnvironment { crm }),
    };
    let settings = Settings {
        policies: folder.policies(),
        scripts: folder.root().join("scripts"),
        data: folder.root().to_owned(),
        store: folder.store(),
        listen: free(command.listen).await,
        token_file: command.token_file.clone(),
        plan: None,
    };
    out.go_live();
    folder.introduce(out, crm)?;
    let mut signals = Signals::listen()?;
    let mut daemon = Daemon::start(settings, outside).await.map_err(run::told)?;
    let (shared, inbox, address) = (Arc::clone(&daemon.shared), Arc::clone(&daemon.inbox), daemon.address);
    let ended = {
        let living = life.live(shared, inbox, folder, address, out);
        tokio::select! {
            told = daemon.watch(&mut signals) => told.map_err(Failure::from),
            lived = living => lived,
        }
    };
    daemon.stop_soon(&mut signals).await;
    out.line(format_args!("stopped; everything is still in {}", folder.root().display()))?;
    ended
}

/// The address asked for, or a free one where another program (another demo) has that.
async fn free(wanted: SocketAddr) -> SocketAddr {
    match TcpListener::bind(wanted).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => SocketAddr::new(wanted.ip(), 0),
        _ => wanted,
    }
}

/// The process's environment, with the demo's own receiver in it.
struct DemoEnvironment {
    crm: SocketAddr,
}

impl Environment for DemoEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "CRM_URL" => Some(format!("http://{}/touches", self.crm)),
            // Signs for a receiver in this process alone.
            "CRM_SECRET" => Some("whsec_Z3VhbnhpIGRlbW86IG5vdCBhIHNlY3JldA==".to_owned()),
            _ => SystemEnvironment.variable(name),
        }
    }
}
