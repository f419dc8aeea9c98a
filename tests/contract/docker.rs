//! The Docker engine of this machine, where there is one, and an image for it that needs no registry: one static program.

use crate::python::{FOLDER, folder};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Command;

/// Nobody listens at that registry, so that nothing asks a real one for the image, and the answer comes at once.
const IMAGE: &str = "localhost:1/ecs-operator-story";
/// Where an engine is that nothing says otherwise of.
const USUAL: &str = "unix:///var/run/docker.sock";

/// An image that an engine has.
pub struct Image {
    /// The engine, as `DOCKER_HOST` names it.
    pub engine: String,
    /// Name of the image. Its containers answer on `PORT` with their `VERSION`; without a port they end.
    pub name: String,
}

/// The image, made and loaded.
///
/// # Errors
/// Why there is none: no engine, or no static program can be built.
pub async fn image() -> Result<Image, String> {
    let engine = std::env::var("DOCKER_HOST").unwrap_or_else(|_| USUAL.to_owned());
    // Containers of an engine elsewhere could not be reached by their addresses.
    let socket = engine.strip_prefix("unix://").ok_or_else(|| format!("DOCKER_HOST={engine} is not a socket of this machine"))?;
    ask(socket, "GET /_ping", &[]).await.map_err(|why| format!("no Docker engine answers at {engine}: {why}"))?;
    let program = fs::read(built().await?).map_err(|why| why.to_string())?;
    let query = format!("fromSrc=-&repo={IMAGE}&tag=1&changes=CMD%20%5B%22%2Fanswers%22%5D");
    ask(socket, &format!("POST /images/create?{query}"), &tar("answers", &program)).await?;
    Ok(Image { engine, name: format!("{IMAGE}:1") })
}

/// The program that answers, without any library that an empty image would lack.
async fn built() -> Result<PathBuf, String> {
    let (source, program) = (Path::new(FOLDER).join("answers.rs"), folder().join("answers"));
    fs::create_dir_all(folder()).map_err(|why| why.to_string())?;
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-o"]).arg(&program).arg(source);
    let output = rustc.output().await.map_err(|why| format!("rustc cannot be run: {why}"))?;
    if output.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = said.lines().next().unwrap_or_default();
    Err(format!("a static program cannot be built (is the static C library missing?): {first}"))
}

/// Asks the engine. A request is one connection, so that the answer ends with it.
async fn ask(socket: &str, request: &str, body: &[u8]) -> Result<String, String> {
    let said = |why: std::io::Error| why.to_string();
    let mut stream = UnixStream::connect(socket).await.map_err(said)?;
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.map_err(said)?;
    stream.write_all(body).await.map_err(said)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(said)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    // What fails later than the status line stands in the answer as an error.
    if answer.starts_with("HTTP/1.1 200") && !answer.contains("\"error\"") { Ok(answer) } else { Err(answer) }
}

/// An archive of one program, as the engine takes it: the format is that of `ustar` in POSIX.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000755");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{:011o}", content.len()));
    put(136, "00000000000");
    // The checksum is taken with blanks in its place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}
