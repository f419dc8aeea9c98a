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

    let assume = async |role: &str| {
        let input =
            format!("Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::444455556666:role/{role}&RoleSessionName=test");
        request(&address, form, &input).await
    };
    let tell = async |route: &str, input: Value| {
        let head = format!("POST /_simulator/{route} HTTP/1.1\r\nContent-Type: application/json");
        let answer = request(&address, &head, &input.to_string()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    tell("closed-roles", json!({"pattern": "role/shut"})).await;
    assert!(assume("shut").await.contains("<Code>AccessDenied</Code>"));
    assert!(assume("open").await.contains("<AccessKeyId>ASIA"));
    request(&address, "DELETE /_simulator/closed-roles HTTP/1.1", "").await;
    assert!(assume("shut").await.contains("<AccessKeyId>ASIA"));

    tell("keys", json!({"accessKey": "444455556666"})).await;
    let unknown = ecs(&address, "ListClusters", &json!({})).await;
    assert!(unknown.starts_with("HTTP/1.1 400") && unknown.contains("UnrecognizedClientException"), "{unknown}");
    request(&address, "DELETE /_simulator/keys HTTP/1.1", "").await;

    tell("signatures", json!({"aheadSeconds": 3600})).await;
    let late =
        request(&address, "POST / HTTP/1.1\r\nX-Amz-Date: 20260105T000000Z", "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert!(late.starts_with("HTTP/1.1 403") && late.contains("<Code>SignatureDoesNotMatch</Code>"), "{late}");
    assert!(late.contains("Signature expired: 20260105T000000Z is now earlier than"), "{late}");
    tell("signatures", json!({"aheadSeconds": null})).await;

    tell("packed-policy", json!({"characters": 4})).await;
    let tags = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::444455556666:role/any&RoleSessionName=test\
        &Tags.member.1.Key=team&Tags.member.1.Value=shop";
    let packed = request(&address, form, tags).await;
    assert!(packed.contains("<Code>PackedPolicyTooLarge</Code>") && packed.contains("session tags consumes 200%"), "{packed}");

    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
