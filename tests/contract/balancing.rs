//! Elastic Load Balancing, asked over its query protocol, with nested JSON on both sides; and the words that its checks are made of.
//!
//! The SDK for it has no way from JSON to its inputs, as the one for ECS has, and sixty checks with its builders would hide what they
//! say. The protocol is small: lists and structures become `Actions.member.1.Type`. Values of answers stay texts, `"30"` and `"true"`.

use crate::aws::Refusal;
use crate::check::with;
use crate::target::Aws;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes one call.
pub async fn send(address: &str, operation: &str, input: &Value) -> Result<Value, Refusal> {
    let mut body = format!("Action={operation}&Version=2015-12-01");
    flatten(&mut body, "", input);
    let scope = "AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-central-1/elasticloadbalancing/aws4_request, \
                 SignedHeaders=host, Signature=0";
    let head = format!(
        "POST / HTTP/1.1\r\nHost: elasticloadbalancing.eu-central-1.amazonaws.com\r\nConnection: close\r\nAuthorization: {scope}\r\n\
         X-Amz-Date: 20260101T000000Z\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let xml = answer.find('<').map_or("", |start| &answer[start..]);
    let read = read(xml);
    if answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200") {
        let inner = &read[format!("{operation}Response")][format!("{operation}Result")];
        return Ok(inner.clone());
    }
    let error = &read["ErrorResponse"]["Error"];
    let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let message = if error.is_null() { format!("HTTP {status} without an AWS error") } else { text("Message") };
    Err(Refusal { code: text("Code"), message })
}

/// Parameters of the query protocol.
fn flatten(out: &mut String, name: &str, value: &Value) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(member, value)| flatten(out, &below(member), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| flatten(out, &below(&format!("member.{}", at + 1)), value));
        }
        Value::Null => {}
        Value::String(text) => put(out, name, text),
        other => put(out, name, &other.to_string()),
    }
}

fn put(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "&{name}=");
    for byte in text.bytes() {
        let _ = if byte.is_ascii_alphanumeric() { write!(out, "{}", char::from(byte)) } else { write!(out, "%{byte:02X}") };
    }
}

/// XML as JSON: elements named `member` make a list, an element without content is an empty text.
fn read(xml: &str) -> Value {
    let mut rest = xml;
    let mut root = Map::new();
    while let Some((name, value)) = element(&mut rest) {
        root.insert(name, value);
    }
    root.into()
}

/// The next element; what stands before it is passed over.
fn element(rest: &mut &str) -> Option<(String, Value)> {
    loop {
        let start = rest.find('<')?;
        let end = start + rest[start..].find('>')?;
        let tag = &rest[start + 1..end];
        if tag.starts_with('/') {
            return None;
        }
        *rest = &rest[end + 1..];
        if !tag.starts_with(['?', '!']) {
            let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default().to_owned();
            let value = if tag.ends_with('/') { json!("") } else { content(rest) };
            return Some((name, value));
        }
    }
}

/// What is in an element, up to its end tag.
fn content(rest: &mut &str) -> Value {
    let text = rest[..rest.find('<').unwrap_or(rest.len())].to_owned();
    let mut children = Vec::new();
    while let Some(child) = element(rest) {
        children.push(child);
    }
    // The end tag.
    *rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
    if children.is_empty() {
        return json!(
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&")
        );
    }
    if children.iter().all(|(name, _)| name == "member") {
        return children.into_iter().map(|(_, value)| value).collect();
    }
    children.into_iter().collect::<Map<_, _>>().into()
}

/// A load balancer with a listener on port 80 and a target group behind it.
pub struct Edge {
    /// ARN of the load balancer.
    pub balancer: Value,
    /// ARN of the listener.
    pub listener: Value,
    /// ARN of the target group that the listener forwards to.
    pub group: Value,
}

impl Aws {
    /// Makes one of the usual load balancers.
    pub async fn balancer(&self, patch: &Value) -> Result<Value, Refusal> {
        let input = with(json!({"Name": self.id, "Subnets": self.subnets(), "SecurityGroups": [self.group_id()]}), patch);
        Ok(self.elb("CreateLoadBalancer", input).await?["LoadBalancers"][0].clone())
    }

    /// Makes a target group of addresses.
    pub async fn group(&self, patch: &Value) -> Result<Value, Refusal> {
        let input = json!({"Name": self.id, "Protocol": "HTTP", "Port": 80, "VpcId": self.vpc(), "TargetType": "ip"});
        Ok(self.elb("CreateTargetGroup", with(input, patch)).await?["TargetGroups"][0].clone())
    }

    /// Makes a listener.
    pub async fn listener(&self, balancer: &Value, group: &Value, patch: &Value) -> Result<Value, Refusal> {
        let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
        let input = json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": actions});
        Ok(self.elb("CreateListener", with(input, patch)).await?["Listeners"][0].clone())
    }

    /// Makes all three.
    pub async fn edge(&self) -> Result<Edge, Refusal> {
        let balancer = self.balancer(&json!({})).await?["LoadBalancerArn"].clone();
        let group = self.group(&json!({})).await?["TargetGroupArn"].clone();
        let listener = self.listener(&balancer, &group, &json!({})).await?["ListenerArn"].clone();
        Ok(Edge { balancer, listener, group })
    }

    /// Makes a rule.
    pub async fn rule(&self, edge: &Edge, patch: &Value) -> Result<Value, Refusal> {
        let input = json!({
            "ListenerArn": edge.listener, "Priority": 10,
            "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}],
            "Actions": [{"Type": "forward", "TargetGroupArn": edge.group}],
        });
        Ok(self.elb("CreateRule", with(input, patch)).await?["Rules"][0].clone())
    }

    /// The rules of a listener.
    pub async fn rules(&self, edge: &Edge) -> Result<Vec<Value>, Refusal> {
        let answer = self.elb("DescribeRules", json!({"ListenerArn": edge.listener})).await?;
        Ok(answer["Rules"].as_array().cloned().unwrap_or_default())
    }

    /// The value of an attribute.
    pub async fn attribute(&self, operation: &str, input: Value, key: &str) -> Result<Value, Refusal> {
        let answer = self.elb(operation, input).await?;
        let mut attributes = answer["Attributes"].as_array().into_iter().flatten();
        Ok(attributes.find(|attribute| attribute["Key"] == key).map_or(Value::Null, |attribute| attribute["Value"].clone()))
    }

    /// State and reason of a target.
    pub async fn health(&self, group: &Value, target: Option<&str>) -> Result<Value, Refusal> {
        let targets = target.map(|id| json!([{"Id": id}]));
        let answer = self.elb("DescribeTargetHealth", json!({"TargetGroupArn": group, "Targets": targets})).await?;
        Ok(answer["TargetHealthDescriptions"][0]["TargetHealth"].clone())
    }
}
