//! Connections are used again while they serve, and only then.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::emit::client::Client;
use crate::emit::outcome::Outcome;
use crate::emit::settings::ReadyWebhook;
use crate::emit::testing::webhook;

/// Answers so many requests a connection and closes it then, without having said that it will. Says when it has.
async fn receiver(requests_each: usize) -> (Client, UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let (sender, closed) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..requests_each {
                let mut came = Vec::new();
                while !came.ends_with(b"\r\n\r\nbody") {
                    assert_ne!(stream.read_buf(&mut came).await.unwrap(), 0, "a request is written whole");
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsaid").await.unwrap();
            }
            drop(stream);
            sender.send(()).unwrap();
        }
    });
    let settings = ReadyWebhook::new(&webhook(&url), &SetEnvironment::default()).unwrap();
    (Client::new(settings).unwrap(), closed)
}

async fn delivers(client: &Client) {
    let answer = client.attempt("tch_1", b"body".to_vec(), NOW).await;
    assert_eq!((answer.outcome, &*answer.detail), (Outcome::Delivered, "said"));
}

#[tokio::test]
async fn one_connection_serves_one_attempt_after_another() {
    let (client, mut closed) = receiver(20).await;
    for _ in 0..20 {
        assert!(closed.try_recv().is_err(), "there is no second connection");
        delivers(&client).await;
    }
    closed.recv().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_attempt() {
    let (client, mut closed) = receiver(1).await;
    for _ in 0..20 {
        delivers(&client).await;
        closed.recv().await.unwrap();
        // Once round the reactor, which then knows.
        tokio::task::yield_now().await;
    }
}
