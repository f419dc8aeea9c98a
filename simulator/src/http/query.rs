//! AWS's older protocols: form-encoded requests, XML answers (STS, IAM, EC2, Elastic Load Balancing).

use serde_json::{Map, Value};

use crate::elb::shapes;
use crate::fault::ServiceError;

/// Service, operation and input of a form-encoded request. The input stays flat, `Filter.1.Name` is a member of that name, but for
/// Elastic Load Balancing's.
pub(super) fn parse(scope: Option<&str>, body: &[u8]) -> Result<(String, String, Value), ServiceError> {
    let mut input = Map::new();
    for (name, value) in form(body) {
        input.insert(name, Value::String(value));
    }
    let Some(Value::String(action)) = input.remove("Action") else {
        return Err(ServiceError::new("MissingAction", "the request has neither X-Amz-Target nor Action"));
    };
    let service = scope.map_or_else(|| service_of(&action).to_owned(), str::to_owned);
    let input = if service == BALANCING { shapes::nest(&action, &input)? } else { Value::Object(input) };
    Ok((service, action, input))
}

/// Elastic Load Balancing in the words of the credential scope.
pub(crate) const BALANCING: &str = "elasticloadbalancing";

/// For unsigned requests.
fn service_of(action: &str) -> &'static str {
    match action {
        "GetCallerIdentity" | "AssumeRole" | "AssumeRoleWithWebIdentity" => "sts",
        "GetRole" | "ListRoles" | "CreateRole" => "iam",
        _ if shapes::is_known(action) => BALANCING,
        _ => "ec2",
    }
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The XML answer. EC2 has no `Result` element, and names the items of lists `item`; the others name them `member`.
pub(super) fn answer(service: &str, operation: &str, answer: &Value) -> String {
    let mut inner = String::new();
    if service == "ec2" {
        elements(&mut inner, answer, "item");
        return format!(
            "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>simulated</requestId>{inner}</{operation}Response>"
        );
    }
    elements(&mut inner, answer, "member");
    let version = namespace(service);
    format!(
        "<{operation}Response xmlns=\"{version}\"><{operation}Result>{inner}</{operation}Result><ResponseMetadata><RequestId>simulated</RequestId></ResponseMetadata></{operation}Response>"
    )
}

fn namespace(service: &str) -> &'static str {
    match service {
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        BALANCING => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        _ => "https://iam.amazonaws.com/doc/2010-05-08/",
    }
}

/// The XML of an error.
pub(super) fn error(service: &str, error: &ServiceError) -> String {
    let body = format!("<Code>{}</Code><Message>{}</Message>", escaped(&error.code), escaped(&error.message));
    if service == "ec2" {
        return format!("<Response><Errors><Error>{body}</Error></Errors><RequestID>simulated</RequestID></Response>");
    }
    let version = namespace(service);
    format!(
        "<ErrorResponse xmlns=\"{version}\"><Error><Type>Sender</Type>{body}</Error><RequestId>simulated</RequestId></ErrorResponse>"
    )
}

fn elements(out: &mut String, value: &Value, item: &str) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                tag(out, "<", name);
                elements(out, value, item);
                tag(out, "</", name);
            }
        }
        Value::Array(items) => {
            for value in items {
                tag(out, "<", item);
                elements(out, value, item);
                tag(out, "</", item);
            }
        }
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Null => {}
        other => out.push_str(&other.to_string()),
    }
}

fn tag(out: &mut String, open: &str, name: &str) {
    out.push_str(open);
    out.push_str(name);
    out.push('>');
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_and_its_action_taken_out() {
        let (service, action, input) = parse(None, b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam&Name=a+b").unwrap();
        assert_eq!((service.as_str(), action.as_str()), ("sts", "AssumeRole"));
        assert_eq!(input, serde_json::json!({"RoleArn": "arn:aws:iam", "Name": "a b"}));
    }
}
