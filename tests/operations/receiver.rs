//! A receiver of webhooks that answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What it answers, whole with status line and headers; it may take parts of the request in.
type Answer = Box<dyn FnMut(&str) -> Option<String> + Send>;

/// Listens until the process ends. `answer` gets the body; `None` never answers.
pub(crate) fn start(answer: impl FnMut(&str) -> Option<String> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Box::new(answer)));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || serve(stream, &answer));
        }
    });
    address
}

fn serve(stream: TcpStream, answer: &Mutex<Answer>) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut requests = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            requests.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        requests.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).ok()?;
        let said = answer.lock().unwrap()(&body);
        match said {
            Some(said) => out.write_all(said.as_bytes()).ok()?,
            // The sender hangs up, some day.
            None => while requests.read(&mut [0; 64]).ok()? > 0 {},
        }
    }
}
