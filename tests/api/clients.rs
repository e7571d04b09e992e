//! Clients that dawdle, flood or send too much.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::home::{Home, exchange, get, post};

/// More than requests that write are served at once.
const MANY: usize = 80;

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_requests_half_sent_keep_nobody_out() {
    let home = Home::new();
    let daemon = home.start().await;
    let head = "POST /v1/events HTTP/1.1\r\nhost: localhost\r\n";
    let starts = [String::new(), head.to_owned(), format!("{head}content-length: 1000\r\n\r\n{{")];
    let address = SocketAddr::from(([127, 0, 0, 1], daemon.address.port()));
    let open = |start: &String| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        stream
    };
    let _dawdling: Vec<TcpStream> =
        starts.iter().flat_map(|start| (0..MANY).map(move |_| open(start))).collect();
    let begun = Instant::now();
    for number in 0..10 {
        let row = format!(r#"{{"type": "order", "id": "{number}", "customer": "c", "amount": 1}}"#);
        assert_eq!(post(&daemon, "/v1/events", &row).await.status, 200);
        assert_eq!(get(&daemon, "/v1/status").await.status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_largest_is_refused_whether_announced_or_not() {
    let home = Home::new();
    let daemon = home.start().await;
    let address = SocketAddr::from(([127, 0, 0, 1], daemon.address.port()));
    let head = "POST /v1/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let announced = format!("{head}content-length: 99999999\r\n\r\n");
    let piece = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}", piece.repeat(11));
    for request in [announced, chunked] {
        let answer = tokio::task::spawn_blocking(move || exchange(address, &request)).await.unwrap();
        assert_eq!((answer.status, &*answer.code()), (413, "too_large"));
    }
    daemon.stop().await;
}
