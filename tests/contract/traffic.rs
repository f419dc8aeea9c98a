//! Requests through the load balancers of ministack, which listen where ministack does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Clients that send at the same time.
const CLIENTS: usize = 4;
/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(5);

/// An answer: its status, and all that came after the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status, or 0 where none came.
    pub status: u16,
    /// Headers and body.
    pub text: String,
}

/// Asks the load balancer of that name for `/` of a host.
///
/// A host of a user's own does not lead ministack to a load balancer, as DNS does: the beginning of the path has to.
pub async fn get(address: &str, balancer: &str, host: &str) -> Answer {
    let request = format!("GET /_alb/{balancer}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let text = ask(address, &request).await.unwrap_or_else(|error| format!("HTTP/1.1 0\n{error}"));
    let (line, rest) = text.split_once('\n').unwrap_or((&text, ""));
    Answer { status: line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), text: rest.to_owned() }
}

async fn ask(address: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Clients that send one request after the other.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Answer>>>,
}

impl Traffic {
    /// Begins to send.
    pub fn start(address: &str, balancer: &'static str, host: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let (stop, address) = (Arc::clone(&stop), address.to_owned());
            tokio::spawn(async move {
                let mut answers = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    answers.push(get(&address, balancer, host).await);
                    tokio::time::sleep(PAUSE).await;
                }
                answers
            })
        };
        Self { clients: (0..CLIENTS).map(client).collect(), stop }
    }

    /// Ends it; all that was answered, by each client in order.
    pub async fn stop(self) -> Vec<Vec<Answer>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = Vec::new();
        for client in self.clients {
            answers.push(client.await.unwrap());
        }
        answers
    }
}
