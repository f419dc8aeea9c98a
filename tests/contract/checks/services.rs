//! Services: what Describe shows of them.

use crate::check::{Check, Seen, check, claim, holds, same, shown, with};
use crate::target::Aws;
use serde_json::{Value, json};

/// What is filled in, and who is found.
pub fn checks() -> Vec<Check> {
    vec![
        check("a new service has nothing running, and its deployment is in progress", "3.1 M", new),
        check("the definition of a service is shown as a full ARN", "2.3 M", full_arn),
        check("a family alone becomes its latest active revision", "2.1 M", family),
        check("a deployment rolls between 100 and 200 percent, unless said otherwise", "2.3 CRD", percentages),
        check("strategy, bake time and circuit breaker are filled in", "2.3 CRD", configuration),
        check("a circuit breaker has its threshold filled in", "2.3 CRD", breaker),
        check("a DAEMON rolls between 0 and 100 percent", "2.3 M", daemon),
        check("on Fargate the platform is LATEST, of family Linux", "2.3 obs", platform),
        check("tasks have no public address, unless said otherwise", "2.3 CRD", public_address),
        check("security groups may be left out", "2.1 M", no_groups),
        check("propagateTags is NONE, healthCheckGracePeriodSeconds 0, the strategy REPLICA", "2.3 CRD", plain_defaults),
        check("tasks are balanced over zones, unless said otherwise", "2.3 M", balanced),
        check("a field `cpu` of a placement strategy reads back as `CPU`", "2.3 TF", upper_case),
        check("a strategy in place of a launch type leaves no launch type", "2.3 M", strategy),
        check("without launch type and strategy it is the cluster's default strategy", "2.3 M", default_strategy),
        check("tags are shown only if they were asked for", "2.3 M", tags),
        check("a service that is not there is MISSING among the failures", "2.9 M", missing),
        check("a list without a page size holds ten", "6.3 M", ten),
    ]
}

async fn new(aws: Aws) -> Seen {
    let service = aws.create(json!({"desiredCount": 2})).await?;
    holds("deployment: ", &service["deployments"][0], &json!({"status": "PRIMARY", "rolloutState": "IN_PROGRESS"}))?;
    holds("", &service, &json!({"status": "ACTIVE", "desiredCount": 2, "runningCount": 0}))
}

async fn full_arn(aws: Aws) -> Seen {
    let service = aws.create(json!({})).await?;
    let definition = aws.definition(&aws.id).await?;
    same("`taskDefinition`", &service["taskDefinition"], &definition["taskDefinition"]["taskDefinitionArn"])
}

async fn family(aws: Aws) -> Seen {
    aws.register_image("nginx:0").await?;
    let service = aws.create(json!({"taskDefinition": aws.id})).await?;
    let definition = aws.definition(&format!("{}:2", aws.id)).await?;
    same("`taskDefinition`", &service["taskDefinition"], &definition["taskDefinition"]["taskDefinitionArn"])
}

async fn percentages(aws: Aws) -> Seen {
    let service = aws.create(json!({})).await?;
    holds("", &service["deploymentConfiguration"], &json!({"maximumPercent": 200, "minimumHealthyPercent": 100}))
}

async fn configuration(aws: Aws) -> Seen {
    let service = aws.create(json!({"deploymentConfiguration": null})).await?;
    let configuration = &service["deploymentConfiguration"];
    holds("", configuration, &json!({"strategy": "ROLLING", "bakeTimeInMinutes": 0}))?;
    holds("deploymentCircuitBreaker.", &configuration["deploymentCircuitBreaker"], &json!({"enable": false, "rollback": false}))
}

async fn breaker(aws: Aws) -> Seen {
    let service = aws.create(json!({})).await?;
    let filled = json!({
        "enable": true, "rollback": true, "resetOnHealthyTask": true,
        "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
    });
    holds("", &service["deploymentConfiguration"]["deploymentCircuitBreaker"], &filled)
}

async fn daemon(aws: Aws) -> Seen {
    let patch = json!({"schedulingStrategy": "DAEMON", "desiredCount": null, "deploymentConfiguration": null});
    let service = aws.create_on_instances(patch).await?;
    holds("", &service["deploymentConfiguration"], &json!({"maximumPercent": 100, "minimumHealthyPercent": 0}))
}

async fn platform(aws: Aws) -> Seen {
    holds("", &aws.create(json!({})).await?, &json!({"platformVersion": "LATEST", "platformFamily": "Linux"}))
}

async fn public_address(aws: Aws) -> Seen {
    let service = aws.create(json!({})).await?;
    holds("", &service["networkConfiguration"]["awsvpcConfiguration"], &json!({"assignPublicIp": "DISABLED"}))
}

async fn no_groups(aws: Aws) -> Seen {
    aws.create(json!({"networkConfiguration": aws.network_without_groups()})).await?;
    Ok(())
}

async fn plain_defaults(aws: Aws) -> Seen {
    let wanted = json!({"propagateTags": "NONE", "healthCheckGracePeriodSeconds": 0, "schedulingStrategy": "REPLICA"});
    holds("", &aws.create(json!({})).await?, &wanted)
}

async fn balanced(aws: Aws) -> Seen {
    holds("", &aws.create(json!({})).await?, &json!({"availabilityZoneRebalancing": "ENABLED"}))
}

async fn upper_case(aws: Aws) -> Seen {
    let service = aws.create_on_instances(json!({"placementStrategy": [{"type": "binpack", "field": "cpu"}]})).await?;
    same("`placementStrategy`", &service["placementStrategy"], &json!([{"type": "binpack", "field": "CPU"}]))
}

/// Associates the Fargate providers with the cluster.
async fn associate(aws: &Aws, default: Value) -> Seen {
    let input = json!({
        "cluster": aws.id, "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": default,
    });
    aws.call("PutClusterCapacityProviders", input).await?;
    Ok(())
}

async fn strategy(aws: Aws) -> Seen {
    associate(&aws, json!([])).await?;
    let spot = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    let service = aws.create(json!({"launchType": null, "capacityProviderStrategy": spot})).await?;
    holds("", &service, &json!({"launchType": null}))?;
    same("the provider", &service["capacityProviderStrategy"][0]["capacityProvider"], &json!("FARGATE_SPOT"))
}

async fn default_strategy(aws: Aws) -> Seen {
    associate(&aws, json!([{"capacityProvider": "FARGATE", "weight": 1}])).await?;
    let service = aws.create(json!({"launchType": null})).await?;
    holds("", &service, &json!({"launchType": null}))?;
    same("the provider", &service["capacityProviderStrategy"][0]["capacityProvider"], &json!("FARGATE"))
}

async fn tags(aws: Aws) -> Seen {
    aws.create(json!({"tags": [{"key": "a", "value": "b"}]})).await?;
    let plain = aws.describe().await?;
    claim(plain.get("tags").is_none_or(|tags| *tags == json!([])), "there without being asked for")?;
    let input = json!({"cluster": aws.id, "services": ["web"], "include": ["TAGS"]});
    let seen = aws.call("DescribeServices", input).await?;
    same("`tags`", &seen["services"][0]["tags"], &json!([{"key": "a", "value": "b"}]))
}

async fn missing(aws: Aws) -> Seen {
    let seen = aws.call("DescribeServices", json!({"cluster": aws.id, "services": ["nobody"]})).await?;
    holds("", &seen["failures"][0], &json!({"reason": "MISSING"}))?;
    same("`services`", &seen["services"], &json!([]))
}

async fn ten(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    for number in 0..11 {
        let service = aws.service(&json!({"serviceName": format!("web{number}"), "desiredCount": 0}));
        aws.call("CreateService", service).await?;
    }
    let page = json!({"cluster": aws.id});
    let first = aws.call("ListServices", page.clone()).await?;
    let count = |answer: &Value| json!(answer["serviceArns"].as_array().map_or(0, Vec::len));
    same("the length of the first page", &count(&first), &json!(10))?;
    let second = aws.call("ListServices", with(page, &json!({"nextToken": first["nextToken"]}))).await?;
    claim(count(&second) == json!(1), format!("the length of the second page is {}", shown(&count(&second))))
}
