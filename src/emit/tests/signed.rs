//! What receivers check: signatures, by the Standard Webhooks library that receivers use, and ours of theirs, TLS.

use std::path::Path;
use std::sync::Arc;

use standardwebhooks::Webhook as Verifier;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::receiver::{Receiver, Reply, Request};
use super::*;
use crate::emit::testing::webhook;
use crate::emit::{ChannelStatus, Dispatcher};
use crate::policy::compiled::Webhook;
use crate::ports::system::SystemClock;

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OTHER: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl5J2JGpDq";

/// Signed with the real time, as receivers check it.
async fn drain(store: &Store, clock: &Arc<SetClock>, settings: Webhook) -> ChannelStatus {
    let mut outside = outside(clock, Path::new("."));
    outside.wall = Arc::new(SystemClock);
    let dispatcher = Dispatcher::new(Arc::clone(store), outside);
    let channel = channel("crm", ChannelKind::Webhook(settings));
    dispatcher.drain_due(&[channel], ZONE).await.remove("crm").unwrap()
}

fn verifies(request: &Request, secret: &str) -> bool {
    let headers =
        request.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Verifier::new(secret).unwrap().verify(&request.body, &headers).is_ok()
}

#[tokio::test]
async fn every_delivery_verifies_also_a_second_attempt_and_with_either_secret_while_they_are_rotated() {
    for (secrets, valid, invalid) in
        [(vec![OLD], vec![OLD], vec![NEW, OTHER]), (vec![NEW, OLD], vec![NEW, OLD], vec![OTHER])]
    {
        let mut receiver =
            Receiver::start(|number, _| Reply::Status(if number % 3 == 0 { 500 } else { 200 }, "")).await;
        let (store, clock) = (store(), Arc::new(SetClock::at(NOW)));
        queue(&store, &touches("crm", 0..20));
        let secrets: Vec<String> = secrets.into_iter().map(str::to_owned).collect();
        let settings = Webhook { secrets, ..webhook(&receiver.url) };
        let mut delivered = 0;
        for round in 0..5 {
            clock.set(NOW.plus(round * 10));
            delivered += drain(&store, &clock, settings.clone()).await.delivered;
        }
        assert_eq!(delivered, 20);
        let requests = receiver.rest();
        assert!(requests.len() > 20, "some came twice");
        for request in &requests {
            assert!(valid.iter().all(|secret| verifies(request, secret)));
            assert!(!invalid.iter().any(|secret| verifies(request, secret)));
        }
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent() {
    let pem = include_bytes!("untrusted.pem");
    let chain = vec![CertificateDer::from_pem_slice(pem).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/in?key=hidden", listener.local_addr().unwrap().port());
    let accepted = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.is_ok()
    });
    let store = store();
    queue(&store, &touches("crm", 0..1));
    let status = drain(&store, &Arc::new(SetClock::at(NOW)), webhook(&url)).await;
    assert_eq!(status.failures["connect"], 1, "{status:?}");
    let reason = status.trouble.unwrap();
    assert_eq!(reason, "no connection: invalid peer certificate: UnknownIssuer");
    assert!(!accepted.await.unwrap(), "the handshake came to nothing");
    assert_eq!(state(&store, "tch_000").0, TouchState::Queued);
}
