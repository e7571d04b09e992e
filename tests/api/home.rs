//! A daemon in a folder of its own, in set time, and a client that holds every answer to the description.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use guanxi::daemon::state::{Outside, Settings};
use guanxi::daemon::{Daemon, StartError};
use guanxi::model::Timestamp;
use guanxi::ports::simulated::{SeededEntropy, SetClock, SetEnvironment};
use serde_json::Value;
use tempfile::TempDir;

use crate::schema;

/// How long anything may take that is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const POLICY: &str = r#"
[customer.fields]
email = { type = "text", personal = true }
joined = "date"
vip = "bool"
[event.order]
[event.order.fields]
amount = "number"
[metric.spent]
event = "order"
take = "sum"
of = "amount"
[segment.buyer]
when = 'spent > 0'
[tier.worth]
levels = [{ name = "top", when = 'spent >= 100' }, { name = "rest" }]
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[channel.crm.webhook]
url = "http://127.0.0.1:1/"
retry = { attempts = 1 }
[action.greet]
channel = "list"
[action.greet.payload]
text = "{{ spent }}"
[action.ring]
channel = "crm"
[action.ring.payload]
text = "{{ spent }}"
[trigger.first_order]
when = 'buyer'
backlog = "fire"
actions = ["greet"]
[trigger.top]
when = 'worth == "top"'
backlog = "fire"
actions = ["ring"]
[schedule.mornings]
cron = "0 9 * * *"
evaluate = ["everything"]
"#;

pub(crate) struct Home {
    folder: TempDir,
    pub(crate) clock: Arc<SetClock>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn has_header(&self, line: &str) -> bool {
        self.head.lines().any(|found| found.eq_ignore_ascii_case(line))
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let now = Timestamp::parse_rfc3339("2027-01-10T08:00:00Z").unwrap();
        let home = Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(SetClock::at(now)) };
        fs::create_dir(home.path("policies")).unwrap();
        fs::write(home.path("policies/all.toml"), POLICY).unwrap();
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn start(&self) -> Daemon {
        self.start_at("127.0.0.1:0", None).await.unwrap()
    }

    /// Lets a minute pass, in which what is queued leaves.
    pub(crate) fn goes_on(&self, daemon: &Daemon) {
        self.clock.set(daemon.shared.now().plus(60_000));
        daemon.shared.schedules_changed.notify_one();
        daemon.shared.wake_outbox();
    }

    /// Starts a daemon at an address, with a token file of this text, held to the plan where the folder has one.
    pub(crate) async fn start_at(&self, listen: &str, tokens: Option<&str>) -> Result<Daemon, StartError> {
        if let Some(tokens) = tokens {
            fs::write(self.path("token"), tokens).unwrap();
        }
        let settings = Settings {
            policies: self.path("policies"),
            scripts: self.path("scripts"),
            data: self.folder.path().to_owned(),
            store: self.path("guanxi.db"),
            listen: listen.parse().unwrap(),
            token_file: tokens.map(|_| self.path("token")),
            plan: Some(self.path("plan.json")).filter(|plan| plan.exists()),
        };
        let outside = Outside {
            clock: Arc::clone(&self.clock) as _,
            wall: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(1)),
            environment: Arc::new(SetEnvironment::default()),
        };
        Daemon::start(settings, outside).await
    }
}

/// One request over a connection of its own, whose answer must be as described.
pub(crate) async fn ask(address: SocketAddr, request: &str, headers: &str, body: &str) -> Answer {
    let port = address.port();
    let text = format!(
        "{request} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let answer = tokio::task::spawn_blocking(move || exchange(address, &text)).await.unwrap();
    schema::check(request, &answer);
    answer
}

pub(crate) async fn get(daemon: &Daemon, path: &str) -> Answer {
    ask(daemon.address, &format!("GET {path}"), "", "").await
}

pub(crate) async fn post(daemon: &Daemon, path: &str, body: &str) -> Answer {
    ask(daemon.address, &format!("POST {path}"), "", body).await
}

/// Asks again until the answer is as wanted.
pub(crate) async fn until(daemon: &Daemon, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let found = get(daemon, path).await.json();
        if wanted(&found) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never came: {found:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a server says until it hangs up.
pub(crate) fn exchange(address: SocketAddr, text: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses a body may hang up before all of it is sent.
    let _ = stream.write_all(text.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
