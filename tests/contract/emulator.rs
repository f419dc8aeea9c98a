//! Emulators of AWS that others wrote, as programs on loopback that end with the test, however it ends.

use crate::python::{folder, python};
use crate::target::Places;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long one may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// moto.
    Moto,
    /// ministack.
    Ministack,
}

/// A running emulator.
pub struct Emulator {
    // Its standard input is the pipe whose end it does not outlive.
    program: Child,
    log: PathBuf,
    address: SocketAddr,
}

impl Emulator {
    /// Starts one and waits until it answers. `docker` is the Docker engine that ministack may use; without one it runs no tasks.
    pub async fn start(kind: Kind, docker: Option<&str>) -> Self {
        tokio::task::spawn_blocking(python).await.unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let name = format!("{kind:?}-{}", address.port()).to_lowercase();
        // Of its own, so that it finds no state of another.
        let home = folder().join("run").join(&name);
        fs::create_dir_all(&home).unwrap();
        let log = folder().join(format!("{name}.log"));
        let out = File::create(&log).unwrap();
        let mut command = envtest::guarded(python(), Some(&home));
        command.current_dir(&home).env("HOME", &home).stdout(out.try_clone().unwrap()).stderr(out);
        let port = address.port().to_string();
        match kind {
            Kind::Moto => command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port]),
            // Without IOT_MTLS_ENABLED=0 it also listens on all interfaces.
            Kind::Ministack => command
                .args(["-m", "ministack"])
                .envs([("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", &port), ("IOT_MTLS_ENABLED", "0")])
                .envs([("SERVICES", "ecs,ec2,elbv2,iam,sts,logs"), ("MINISTACK_REGION", "eu-central-1")])
                // Clients of its load balancers have no credentials that would tell the account.
                .env("MINISTACK_ACCOUNT_ID", "111122223333")
                // Not the engine of this machine: what is found must not depend on where the test runs.
                .env("DOCKER_HOST", docker.unwrap_or("unix:///nonexistent/docker.sock")),
        };
        let mut emulator = Self { program: command.spawn().unwrap(), log, address };
        emulator.ready().await;
        emulator
    }

    async fn ready(&mut self) {
        let started = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            assert!(self.program.try_wait().unwrap().is_none(), "the emulator ended: {log}");
            assert!(started.elapsed() < PATIENCE, "the emulator does not start: {log}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Subnets and a security group that it has.
    pub fn places(&self) -> Places {
        let subnets = self.ec2("DescribeSubnets", "<subnetId>");
        let groups = self.ec2("DescribeSecurityGroups", "<groupId>");
        let networks = self.ec2("DescribeVpcs", "<vpcId>");
        let first = |values: &[String]| values[0].clone();
        Places { subnet: first(&subnets), other_subnet: subnets[1].clone(), group: first(&groups), vpc: first(&networks) }
    }

    /// Values of an element in an answer of EC2. Three calls are no reason for another SDK.
    fn ec2(&self, action: &str, element: &str) -> Vec<String> {
        let body = format!("Action={action}&Version=2016-11-15");
        let scope =
            "AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-central-1/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let head = format!(
            "POST / HTTP/1.0\r\nHost: {}\r\nAuthorization: {scope}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(element).skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.program.stdin.take());
        let _ = self.program.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// A port that nobody listens at, below those that outgoing connections get.
fn free_port() -> u16 {
    (0..1000)
        .map(|_| rand::random_range(20_000..32_000))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap()
}
