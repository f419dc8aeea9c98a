//! The HTTP server, spoken to as any AWS client would.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use serde_json::{Value, json};
use simulator::{Settings, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// One request on a connection of its own; the whole answer, or nothing if the connection was cut.
async fn request(address: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let text = format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn ecs(address: &str, operation: &str, input: &Value) -> String {
    let head = format!(
        "POST / HTTP/1.1\r\nX-Amz-Target: AmazonEC2ContainerServiceV20141113.{operation}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=444455556666/20260105/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0"
    );
    request(address, &head, &input.to_string()).await
}

#[tokio::test]
async fn every_service_answers_on_one_endpoint_until_it_is_told_to_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let simulator = Simulator::new(Settings::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.serve(listener, async { drop(stopped.await) }).await }
    });

    let made = ecs(&address, "CreateCluster", &json!({"clusterName": "main"})).await;
    assert!(made.contains("arn:aws:ecs:us-east-1:444455556666:cluster/main"), "{made}");
    let unknown = ecs(&address, "MakeCoffee", &json!({})).await;
    assert!(unknown.starts_with("HTTP/1.1 400") && unknown.contains("UnknownOperationException"), "{unknown}");
    let form = "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";
    let caller = request(&address, form, "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert!(caller.contains("<Account>111122223333</Account>"), "{caller}");
    let admin = "POST /_simulator/faults HTTP/1.1\r\nContent-Type: application/json";
    request(&address, admin, &json!({"operation": "ListClusters", "kind": "lostReply"}).to_string()).await;
    assert!(!ecs(&address, "ListClusters", &json!({})).await.contains("clusterArns"));
    assert_eq!(simulator.counts()["ListClusters"], 1);

    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
