//! Visitors of a service: they ask for a page through its load balancer all the time, and count who answered.

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Time between two requests.
const PAUSE: Duration = Duration::from_millis(25);

/// Who answered how often, and what went wrong.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Answers by revision and task.
    pub by_task: BTreeMap<(String, String), u32>,
    /// What came instead of an answer of 200.
    pub failed: Vec<String>,
}

impl Answers {
    /// How many requests were answered with 200.
    pub fn good(&self) -> u32 {
        self.by_task.values().sum()
    }

    /// Answers by revision.
    pub fn by_revision(&self) -> BTreeMap<String, u32> {
        let mut all = BTreeMap::new();
        for ((revision, _), count) in &self.by_task {
            *all.entry(revision.clone()).or_default() += count;
        }
        all
    }
}

/// Asks until it is dropped or taken back.
pub struct Visitors {
    answers: Arc<parking_lot::Mutex<Answers>>,
    asking: JoinHandle<()>,
}

impl Visitors {
    /// Begins to ask for `http://{host}/` through the proxy at `endpoint`, such as `http://127.0.0.1:4566`.
    pub fn of(host: &str, endpoint: &str) -> Self {
        let answers = Arc::<parking_lot::Mutex<Answers>>::default();
        let (host, proxy, to) = (host.to_owned(), endpoint.trim_start_matches("http://").to_owned(), Arc::clone(&answers));
        let asking = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PAUSE);
            loop {
                ticks.tick().await;
                let answer = get(&host, &proxy).await;
                let mut answers = to.lock();
                match answer.as_deref().map(who) {
                    Ok(Some(who)) => *answers.by_task.entry(who).or_default() += 1,
                    Ok(None) => answers.failed.push(answer.unwrap_or_default()),
                    Err(error) => answers.failed.push(format!("{error:#}")),
                }
            }
        });
        Self { answers, asking }
    }

    /// Stops asking.
    pub fn stop(self) -> Answers {
        self.asking.abort();
        self.answers.lock().clone()
    }
}

impl Drop for Visitors {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

/// One request, as `curl -x http://{proxy} http://{host}/` sends it: the status line and the body.
async fn get(host: &str, proxy: &str) -> Result<String> {
    let mut stream = TcpStream::connect(proxy).await.context("connect")?;
    let request = format!("GET http://{host}/ HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
    Ok(format!("{} {}", head.lines().next().unwrap_or_default(), body.trim()))
}

/// Revision and task of an answer such as `HTTP/1.1 200 OK site:1 task 1a2b3c4d at 10.0.0.5:80`.
fn who(answer: &str) -> Option<(String, String)> {
    let mut words = answer.strip_prefix("HTTP/1.1 200 OK ")?.split_whitespace();
    let revision = words.next()?.to_owned();
    Some((revision, words.nth(1)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_which_task_of_which_revision_it_is_from() {
        let answer = "HTTP/1.1 200 OK site:1 task 1a2b3c4d at 10.0.0.5:80";
        assert_eq!(who(answer), Some(("site:1".to_owned(), "1a2b3c4d".to_owned())));
        assert_eq!(who("HTTP/1.1 503 Service Unavailable nobody"), None);
    }
}
