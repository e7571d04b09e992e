//! Asking the running guanxi for what only the one that writes to the store can do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

use super::arguments::Ask;
use super::failure::Failure;
use crate::archive::ArchiveError;
use crate::emit::client::innermost;

/// As long as the daemon takes at most, and somewhat more.
const TIME: Duration = Duration::from_secs(40);

/// A running guanxi that writes to the store.
pub(super) struct Running {
    client: Client,
    runtime: tokio::runtime::Runtime,
    base: String,
    token: Option<String>,
}

/// What it answered, or the message of its refusal.
pub(super) type Answered = Result<Value, String>;

impl Running {
    /// Finds the guanxi whose process holds the store; `path` is what it will be asked.
    ///
    /// # Errors
    /// [`Failure::Input`] where it doesn't answer, or another guanxi does: then nothing is asked of it.
    pub(super) fn find(ask: &Ask, in_use: &ArchiveError, path: &str) -> Result<Self, Failure> {
        let ArchiveError::InUse { holder, .. } = in_use else { return Err(Failure::fault(in_use)) };
        let base = format!("http://{}", reachable(ask.listen));
        let by_hand = format!("ask it yourself: curl -X POST {base}{path}, with its token where it has one");
        let running = Self {
            client: client()?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            base,
            token: token(ask)?,
        };
        let status = running.send(Method::GET, "/v1/status").map_err(|error| {
            Failure::Input(format!(
                "{in_use}; nobody could be asked at {}: {error}; say where it listens with --listen, or {by_hand}",
                running.base
            ))
        })?;
        let status = status.map_err(|refused| Failure::Input(format!("{in_use}; {refused}")))?;
        let process = status.get("process").and_then(Value::as_u64).map(|process| process.to_string());
        if process.as_deref() == Some(holder.as_str()) {
            return Ok(running);
        }
        Err(Failure::Input(format!(
            "{in_use}; at {} another guanxi answers: say where the one of this store listens with --listen, or {by_hand}",
            running.base
        )))
    }

    /// Posts to a path.
    ///
    /// # Errors
    /// [`Failure::Fault`] where no answer comes; a refusal is an answer.
    pub(super) fn post(&self, path: &str) -> Result<Answered, Failure> {
        let answered = self.send(Method::POST, path);
        answered.map_err(|error| Failure::Fault(format!("no answer from {}: {error}", self.base)))
    }

    fn send(&self, method: Method, path: &str) -> Result<Answered, String> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = async {
            let response = request.send().await.map_err(|error| innermost(&error))?;
            let successful = response.status().is_success();
            let body = response.bytes().await.map_err(|error| innermost(&error))?;
            let body: Value =
                serde_json::from_slice(&body).map_err(|_| "no guanxi answers there".to_owned())?;
            if successful {
                return Ok(Ok(body));
            }
            let message = body.pointer("/error/message").and_then(Value::as_str);
            Ok(Err(message.unwrap_or("it was refused without a reason").to_owned()))
        };
        self.runtime.block_on(answer)
    }
}

fn client() -> Result<Client, Failure> {
    // Fails only where a provider is installed already, which then serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(TIME);
    client.build().map_err(Failure::fault)
}

/// The address at which a daemon that listens everywhere is reached from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

fn token(ask: &Ask) -> Result<Option<String>, Failure> {
    let Some(file) = &ask.token_file else { return Ok(None) };
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::Input(format!("the token file {} can't be read: {error}", file.display()))
    })?;
    Ok(text.lines().map(str::trim).find(|token| !token.is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_on_this_machine() {
        let asked = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:7611"), "127.0.0.1:7611");
        assert_eq!(asked("[::]:7611"), "[::1]:7611");
        assert_eq!(asked("10.0.0.5:80"), "10.0.0.5:80");
    }
}
