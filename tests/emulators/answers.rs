//! Answers every request with `VERSION`, on the port `PORT`. Without a port it ends.
//!
//! The program of the containers in the stories with a Docker engine. As the first process of its container it is not ended by
//! SIGTERM, for it does not ask for that: it goes on until it is killed, as a program does that drains.

use std::env::var;
use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> Result<()> {
    let Some(port) = var("PORT").ok().and_then(|port| port.parse().ok()) else { return Ok(()) };
    let version = var("VERSION").unwrap_or_default();
    for stream in TcpListener::bind(("0.0.0.0", port))?.incoming().flatten() {
        let version = version.clone();
        thread::spawn(move || answer(stream, &version));
    }
    Ok(())
}

fn answer(mut stream: TcpStream, version: &str) -> Result<()> {
    // The request is read before it is answered: to close a connection with unread bytes is to break it off.
    for line in BufReader::new(stream.try_clone()?).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let length = version.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{version}"
    )
}
