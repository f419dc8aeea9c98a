//! Task definitions: what comes back, and how revisions live.

use crate::check::{Check, Seen, check, claim, holds, same, tail, with};
use crate::target::Aws;
use serde_json::{Value, json};

/// What Describe shows of what was sent.
pub fn reads() -> Vec<Check> {
    vec![
        check("cpu `1 vCPU` and memory `2 GB` read back as `1024` and `2048`", "1.3 M DG", sizes),
        check("a container's cpu is 0 and it is essential, unless said otherwise", "1.3 TF", container_defaults),
        check("lists of a container that were left out read back empty", "1.3 TF obs", empty_lists),
        check("with awsvpc a host port is the container port, and the protocol tcp", "1.3 M TF", awsvpc_ports),
        check("with bridge a host port that was left out is 0", "1.3 M TF", bridge_ports),
        check("the network mode is bridge, unless said otherwise", "1.1 M", bridge),
        check("a health check has interval 30, timeout 5 and retries 3, unless said otherwise", "1.3 M", health_check),
        check("requiresCompatibilities and runtimePlatform stay absent", "1.3 obs", stays_absent),
        check("compatibilities are computed: FARGATE as asked for, and EC2", "1.1 M", compatibilities),
        check("tags stand beside the definition, and only if they were asked for", "1.2 M", tags),
    ]
}

/// How revisions come and go.
pub fn life() -> Vec<Check> {
    vec![
        check("an equal definition is registered once more", "1.5 M", registered_again),
        check("a family alone is its latest active revision", "1.5 M", latest_active),
        check("a deregistered revision is INACTIVE and still described", "1.5 M", inactive),
        check("the number of a deleted revision is not given again", "1.5 M", numbers),
        check("an active revision is not deleted: it is among the failures", "1.5 M", delete_active),
        check("a family without an active revision cannot be described by its name", "0.2 M", no_active_revision),
        check("an unknown definition is a ClientException", "0.2 M", unknown),
        check("the list shows active revisions, and inactive ones if asked", "1.5 M", list),
        check("the prefix of a list is a whole family name", "1.5 M", prefix),
        check("a list is read by pages", "6.3 M", pages),
        check("a family whose revisions are all inactive is not an ACTIVE family", "1.5 M", families),
    ]
}

async fn sizes(aws: Aws) -> Seen {
    let definition = with(aws.fargate("nginx:1"), &json!({"cpu": "1 vCPU", "memory": "2 GB"}));
    let seen = aws.register(definition).await?;
    holds("", &seen, &json!({"cpu": "1024", "memory": "2048"}))
}

async fn container_defaults(aws: Aws) -> Seen {
    let seen = aws.register_image("nginx:1").await?;
    holds("", &seen["containerDefinitions"][0], &json!({"cpu": 0, "essential": true}))
}

async fn empty_lists(aws: Aws) -> Seen {
    let seen = aws.register(aws.instances()).await?;
    let empty = json!({"environment": [], "mountPoints": [], "volumesFrom": [], "portMappings": [], "systemControls": []});
    holds("", &seen["containerDefinitions"][0], &empty)
}

async fn awsvpc_ports(aws: Aws) -> Seen {
    let seen = aws.register_image("nginx:1").await?;
    holds("", &seen["containerDefinitions"][0]["portMappings"][0], &json!({"hostPort": 80, "protocol": "tcp"}))
}

async fn bridge_ports(aws: Aws) -> Seen {
    let container = json!({"name": "app", "image": "nginx:1", "memory": 128, "portMappings": [{"containerPort": 80}]});
    let seen = aws.register(with(aws.instances(), &json!({"containerDefinitions": [container]}))).await?;
    holds("", &seen["containerDefinitions"][0]["portMappings"][0], &json!({"hostPort": 0, "protocol": "tcp"}))
}

async fn bridge(aws: Aws) -> Seen {
    holds("", &aws.register(aws.instances()).await?, &json!({"networkMode": "bridge"}))
}

async fn health_check(aws: Aws) -> Seen {
    let container = json!({"name": "app", "image": "nginx:1", "memory": 128, "healthCheck": {"command": ["CMD", "true"]}});
    let seen = aws.register(with(aws.instances(), &json!({"containerDefinitions": [container]}))).await?;
    let check = &seen["containerDefinitions"][0]["healthCheck"];
    holds("", check, &json!({"interval": 30, "timeout": 5, "retries": 3, "startPeriod": null}))
}

async fn stays_absent(aws: Aws) -> Seen {
    holds("", &aws.register(aws.instances()).await?, &json!({"requiresCompatibilities": null, "runtimePlatform": null}))
}

async fn compatibilities(aws: Aws) -> Seen {
    let seen = aws.register_image("nginx:1").await?["compatibilities"].clone();
    let mut names: Vec<&str> = seen.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    names.sort_unstable();
    same("`compatibilities`", &json!(names), &json!(["EC2", "FARGATE"]))
}

async fn tags(aws: Aws) -> Seen {
    aws.register(with(aws.fargate("nginx:1"), &json!({"tags": [{"key": "a", "value": "b"}]}))).await?;
    let plain = aws.definition(&aws.id).await?;
    claim(plain.get("tags").is_none_or(|tags| *tags == json!([])), "there without being asked for")?;
    let input = json!({"taskDefinition": aws.id, "include": ["TAGS"]});
    let seen = aws.call("DescribeTaskDefinition", input).await?;
    same("`tags`", &seen["tags"], &json!([{"key": "a", "value": "b"}]))
}

async fn registered_again(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    holds("", &aws.register_image("nginx:1").await?, &json!({"revision": 2, "status": "ACTIVE"}))
}

async fn latest_active(aws: Aws) -> Seen {
    for _ in 0..2 {
        aws.register_image("nginx:1").await?;
    }
    holds("", &aws.definition(&aws.id).await?["taskDefinition"], &json!({"revision": 2}))?;
    deregister(&aws, 2).await?;
    holds("", &aws.definition(&aws.id).await?["taskDefinition"], &json!({"revision": 1}))
}

async fn deregister(aws: &Aws, revision: u32) -> Result<Value, String> {
    let input = json!({"taskDefinition": format!("{}:{revision}", aws.id)});
    Ok(aws.call("DeregisterTaskDefinition", input).await?["taskDefinition"].clone())
}

async fn inactive(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    holds("", &deregister(&aws, 1).await?, &json!({"status": "INACTIVE"}))?;
    let seen = aws.definition(&format!("{}:1", aws.id)).await?;
    holds("", &seen["taskDefinition"], &json!({"status": "INACTIVE", "revision": 1}))
}

async fn numbers(aws: Aws) -> Seen {
    for revision in 1..=2 {
        aws.register_image("nginx:1").await?;
        deregister(&aws, revision).await?;
        aws.call("DeleteTaskDefinitions", json!({"taskDefinitions": [format!("{}:{revision}", aws.id)]})).await?;
    }
    holds("", &aws.register_image("nginx:1").await?, &json!({"revision": 3}))
}

async fn delete_active(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    let input = json!({"taskDefinitions": [format!("{}:1", aws.id)]});
    let seen = aws.call("DeleteTaskDefinitions", input).await?;
    claim(seen["failures"].as_array().is_some_and(|failures| failures.len() == 1), "no failure is told")?;
    let seen = aws.definition(&aws.id).await?;
    holds("", &seen["taskDefinition"], &json!({"status": "ACTIVE"}))
}

async fn no_active_revision(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    deregister(&aws, 1).await?;
    crate::check::refused(aws.definition(&aws.id).await, "ClientException", "Unable to describe task definition")
}

async fn unknown(aws: Aws) -> Seen {
    crate::check::refused(aws.definition("nobody:7").await, "ClientException", "Unable to describe task definition")
}

/// The ends of the ARNs in a list of this family.
async fn listed(aws: &Aws, patch: Value) -> Result<Vec<String>, String> {
    let seen = aws.call("ListTaskDefinitions", with(json!({"familyPrefix": aws.id}), &patch)).await?;
    Ok(seen["taskDefinitionArns"].as_array().into_iter().flatten().map(tail).collect())
}

async fn list(aws: Aws) -> Seen {
    for _ in 0..3 {
        aws.register_image("nginx:1").await?;
    }
    deregister(&aws, 2).await?;
    let id = &aws.id;
    same("the list", &json!(listed(&aws, json!({})).await?), &json!([format!("{id}:1"), format!("{id}:3")]))?;
    let gone = listed(&aws, json!({"status": "INACTIVE"})).await?;
    same("the list of inactive ones", &json!(gone), &json!([format!("{id}:2")]))
}

async fn prefix(aws: Aws) -> Seen {
    aws.register(with(aws.fargate("nginx:1"), &json!({"family": format!("{}-longer", aws.id)}))).await?;
    same("the list", &json!(listed(&aws, json!({})).await?), &json!([]))
}

async fn pages(aws: Aws) -> Seen {
    for _ in 0..2 {
        aws.register_image("nginx:1").await?;
    }
    let page = json!({"familyPrefix": aws.id, "maxResults": 1});
    let first = aws.call("ListTaskDefinitions", page.clone()).await?;
    let token = &first["nextToken"];
    claim(!token.is_null(), "maxResults 1 gives everything at once")?;
    let second = aws.call("ListTaskDefinitions", with(page, &json!({"nextToken": token}))).await?;
    same("the second page", &json!(tail(&second["taskDefinitionArns"][0])), &json!(format!("{}:2", aws.id)))
}

async fn families(aws: Aws) -> Seen {
    let families = async |status: &str| -> Result<Value, String> {
        let input = json!({"familyPrefix": aws.id, "status": status});
        Ok(aws.call("ListTaskDefinitionFamilies", input).await?["families"].clone())
    };
    aws.register_image("nginx:1").await?;
    same("the list", &families("ACTIVE").await?, &json!([aws.id]))?;
    deregister(&aws, 1).await?;
    same("the list of active ones", &families("ACTIVE").await?, &json!([]))?;
    same("the list of inactive ones", &families("INACTIVE").await?, &json!([aws.id]))
}
