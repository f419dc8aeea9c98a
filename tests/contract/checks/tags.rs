//! Tags.

use crate::check::{Check, Seen, check, refused, same};
use crate::target::Aws;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Sections 0.2, 2.1 and 6.2.
pub fn checks() -> Vec<Check> {
    vec![
        check("tags are added to those that are there, and take the place of their namesakes", "2.1 M", added),
        check("tags are taken away by their keys", "2.1 M", removed),
        check("a revision can be tagged after its registration", "2.1 M", revision),
        check("a reserved tag is refused", "2.1 M", reserved),
        check("a 51st tag is refused", "6.2 GR", too_many),
        check("a service that is not there cannot be tagged", "0.2 M", missing),
        check("what is no ARN cannot be tagged", "0.2 M", no_arn),
    ]
}

async fn tags(aws: &Aws, arn: &Value) -> Result<Value, String> {
    let seen = aws.call("ListTagsForResource", json!({"resourceArn": arn})).await?;
    let tags = seen["tags"].as_array().into_iter().flatten();
    let tags: BTreeMap<_, _> = tags.map(|tag| (tag["key"].as_str().unwrap_or_default(), &tag["value"])).collect();
    Ok(json!(tags))
}

async fn tag(aws: &Aws, arn: &Value, key: &str, value: &str) -> Result<Value, crate::aws::Refusal> {
    aws.call("TagResource", json!({"resourceArn": arn, "tags": [{"key": key, "value": value}]})).await
}

async fn tagged(aws: &Aws) -> Result<Value, String> {
    let tags = json!([{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]);
    Ok(aws.create(json!({"tags": tags})).await?["serviceArn"].clone())
}

async fn added(aws: Aws) -> Seen {
    let arn = tagged(&aws).await?;
    tag(&aws, &arn, "b", "2").await?;
    tag(&aws, &arn, "c", "2").await?;
    same("the list", &tags(&aws, &arn).await?, &json!({"a": "1", "b": "2", "c": "2"}))
}

async fn removed(aws: Aws) -> Seen {
    let arn = tagged(&aws).await?;
    aws.call("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a", "other"]})).await?;
    same("the list", &tags(&aws, &arn).await?, &json!({"b": "1"}))
}

async fn revision(aws: Aws) -> Seen {
    let arn = aws.register_image("nginx:1").await?["taskDefinitionArn"].clone();
    tag(&aws, &arn, "a", "1").await?;
    let input = json!({"taskDefinition": arn, "include": ["TAGS"]});
    let seen = aws.call("DescribeTaskDefinition", input).await?;
    same("`tags`", &seen["tags"], &json!([{"key": "a", "value": "1"}]))
}

async fn reserved(aws: Aws) -> Seen {
    let arn = tagged(&aws).await?;
    refused(tag(&aws, &arn, "aws:mine", "1").await, "InvalidParameterException", "")
}

async fn too_many(aws: Aws) -> Seen {
    let arn = aws.create(json!({})).await?["serviceArn"].clone();
    let fifty: Vec<Value> = (0..50).map(|number| json!({"key": format!("k{number}"), "value": "1"})).collect();
    aws.call("TagResource", json!({"resourceArn": arn, "tags": fifty})).await?;
    match tag(&aws, &arn, "more", "1").await {
        Err(refusal) if refusal.code == "InvalidParameterException" => Ok(()),
        answer => refused(answer, "LimitExceededException", ""),
    }
}

async fn missing(aws: Aws) -> Seen {
    let arn = aws.create(json!({})).await?["serviceArn"].clone();
    let other = arn.as_str().unwrap_or_default().replace("/web", "/nobody");
    refused(tag(&aws, &json!(other), "a", "1").await, "ResourceNotFoundException", "")
}

async fn no_arn(aws: Aws) -> Seen {
    refused(tag(&aws, &json!("nobody"), "a", "1").await, "InvalidParameterException", "")
}
