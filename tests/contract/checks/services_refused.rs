//! Services that ECS does not take.

use crate::check::{Check, Seen, check, refused};
use crate::target::Aws;
use serde_json::{Value, json};

const INVALID: &str = "InvalidParameterException";

/// Refusals of `CreateService` and of reads.
pub fn checks() -> Vec<Check> {
    vec![
        check("a name that is taken", "0.3 TF obs", taken),
        check("a cluster that is not there", "0.2 M", cluster),
        check("a cluster that is not there, when services are described", "0.2 M", cluster_described),
        check("a definition that is not there", "0.2 M", definition),
        check("a definition that is INACTIVE", "0.3 obs", inactive),
        check("awsvpc without a network configuration", "2.1 M", no_network),
        check("a network configuration without awsvpc", "2.1 M", network),
        check("a launch type that the definition is not for", "2.5 M", launch_type),
        check("both a launch type and a strategy", "2.5 M", both),
        check("a capacity provider that is not associated with the cluster", "2.5 M", not_associated),
        check("a REPLICA without a count", "2.1 M", no_count),
        check("a DAEMON on Fargate", "2.1 M", daemon),
        check("a load balancer for a container that is not there", "2.6 M", container),
        check("a token of 37 characters", "2.1 M", token),
        check("eleven services in one description", "6.3 M", eleven),
    ]
}

async fn create(aws: &Aws, patch: Value, code: &str, words: &str) -> Seen {
    aws.register_image("nginx:1").await?;
    refused(aws.call("CreateService", aws.service(&patch)).await, code, words)
}

async fn taken(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let answer = aws.call("CreateService", aws.service(&json!({}))).await;
    refused(answer, INVALID, "Creation of service was not idempotent")
}

async fn cluster(aws: Aws) -> Seen {
    create(&aws, json!({"cluster": "nowhere"}), "ClusterNotFoundException", "").await
}

async fn cluster_described(aws: Aws) -> Seen {
    let answer = aws.call("DescribeServices", json!({"cluster": "nowhere-else", "services": ["web"]})).await;
    refused(answer, "ClusterNotFoundException", "")
}

async fn definition(aws: Aws) -> Seen {
    create(&aws, json!({"taskDefinition": "nobody:7"}), "ClientException", "").await
}

async fn inactive(aws: Aws) -> Seen {
    for _ in 0..2 {
        aws.register_image("nginx:1").await?;
    }
    let second = format!("{}:2", aws.id);
    aws.call("DeregisterTaskDefinition", json!({"taskDefinition": second})).await?;
    let answer = aws.call("CreateService", aws.service(&json!({"taskDefinition": second}))).await;
    refused(answer, "ClientException", "TaskDefinition is inactive")
}

async fn no_network(aws: Aws) -> Seen {
    create(&aws, json!({"networkConfiguration": null}), INVALID, "Network Configuration").await
}

async fn network(aws: Aws) -> Seen {
    aws.register(aws.instances()).await?;
    let answer = aws.call("CreateService", aws.service(&json!({"launchType": "EC2"}))).await;
    refused(answer, INVALID, "Network Configuration")
}

async fn launch_type(aws: Aws) -> Seen {
    aws.register(aws.instances()).await?;
    let answer = aws.call("CreateService", aws.service(&json!({"networkConfiguration": null}))).await;
    refused(answer, INVALID, "FARGATE")
}

async fn both(aws: Aws) -> Seen {
    let strategy = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    create(&aws, json!({"capacityProviderStrategy": strategy}), INVALID, "both a launch type and").await
}

async fn not_associated(aws: Aws) -> Seen {
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    create(&aws, json!({"launchType": null, "capacityProviderStrategy": strategy}), INVALID, "associated").await
}

async fn no_count(aws: Aws) -> Seen {
    create(&aws, json!({"desiredCount": null}), INVALID, "").await
}

async fn daemon(aws: Aws) -> Seen {
    create(&aws, json!({"schedulingStrategy": "DAEMON", "desiredCount": null}), INVALID, "").await
}

async fn container(aws: Aws) -> Seen {
    let group = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/0123456789abcdef";
    let balancer = json!([{"targetGroupArn": group, "containerName": "nobody", "containerPort": 80}]);
    create(&aws, json!({"loadBalancers": balancer}), INVALID, "container").await
}

async fn token(aws: Aws) -> Seen {
    create(&aws, json!({"clientToken": "x".repeat(37)}), INVALID, "").await
}

async fn eleven(aws: Aws) -> Seen {
    let names: Vec<String> = (0..11).map(|number| format!("web{number}")).collect();
    let answer = aws.call("DescribeServices", json!({"cluster": aws.id, "services": names})).await;
    refused(answer, INVALID, "")
}
