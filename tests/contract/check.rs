//! One check: what AWS does, how we know, and the calls that show it; and the words that checks are made of.

use crate::aws::Refusal;
use crate::target::Aws;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

/// Nothing if AWS was followed, else what was seen instead.
pub type Seen = Result<(), String>;

/// One check.
pub struct Check {
    /// Which part of ECS.
    pub area: &'static str,
    /// What AWS does, as a sentence.
    pub sentence: &'static str,
    /// How we know: sources, see the legend of the table.
    pub source: &'static str,
    /// The calls.
    pub run: Box<dyn Fn(Aws) -> LocalBoxFuture<'static, Seen>>,
}

/// A row of a list of checks.
pub fn check<F>(sentence: &'static str, source: &'static str, run: fn(Aws) -> F) -> Check
where
    F: Future<Output = Seen> + 'static,
{
    Check { area: "", sentence, source, run: Box::new(move |aws| Box::pin(run(aws))) }
}

/// The same checks under a heading.
pub fn area(area: &'static str, lists: impl IntoIterator<Item = Vec<Check>>) -> Vec<Check> {
    lists.into_iter().flatten().map(|check| Check { area, ..check }).collect()
}

/// Fails unless two values are equal.
pub fn same(what: &str, seen: &Value, wanted: &Value) -> Seen {
    if seen == wanted { Ok(()) } else { Err(format!("{what} is {}", shown(seen))) }
}

/// Fails unless every member is there with its value.
pub fn holds(what: &str, seen: &Value, wanted: &Value) -> Seen {
    let wanted = wanted.as_object().unwrap();
    wanted.iter().try_for_each(|(member, value)| same(&format!("`{what}{member}`"), &seen[member], value))
}

/// Fails unless a call was refused with this error, in words that contain these.
pub fn refused(answer: Result<Value, Refusal>, code: &str, words: &str) -> Seen {
    match answer {
        Ok(_) => Err("accepted".to_owned()),
        Err(refusal) if refusal.code == code && refusal.message.to_lowercase().contains(&words.to_lowercase()) => Ok(()),
        Err(refusal) => Err(format!("refused with {refusal}")),
    }
}

/// Fails unless something holds.
pub fn claim(holds: bool, otherwise: impl Into<String>) -> Seen {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// A value as a reader sees it.
pub fn shown(value: &Value) -> String {
    if value.is_null() { "absent".to_owned() } else { format!("`{value}`") }
}

/// A value with other members; `null` takes one away.
pub fn with(mut value: Value, patch: &Value) -> Value {
    for (name, member) in patch.as_object().unwrap() {
        match member {
            Value::Null => value.as_object_mut().unwrap().remove(name),
            member => value.as_object_mut().unwrap().insert(name.clone(), member.clone()),
        };
    }
    value
}

/// The last part of an ARN.
pub fn tail(arn: &Value) -> String {
    arn.as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
}

impl Aws {
    /// A definition for Fargate with one container.
    pub fn fargate(&self, image: &str) -> Value {
        json!({
            "family": self.id, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": image, "portMappings": [{"containerPort": 80}]}],
        })
    }

    /// A definition for instances with one container.
    pub fn instances(&self) -> Value {
        json!({"family": self.id, "containerDefinitions": [{"name": "app", "image": "nginx:1", "memory": 128}]})
    }

    /// Registers a definition.
    pub async fn register(&self, definition: Value) -> Result<Value, Refusal> {
        Ok(self.call("RegisterTaskDefinition", definition).await?["taskDefinition"].clone())
    }

    /// Registers the usual definition with an image.
    pub async fn register_image(&self, image: &str) -> Result<Value, Refusal> {
        self.register(self.fargate(image)).await
    }

    /// Describes a definition: the whole answer.
    pub async fn definition(&self, name: &str) -> Result<Value, Refusal> {
        self.call("DescribeTaskDefinition", json!({"taskDefinition": name})).await
    }

    /// A service of the family's first revision.
    pub fn service(&self, patch: &Value) -> Value {
        let service = json!({
            "cluster": self.id, "serviceName": "web", "taskDefinition": format!("{}:1", self.id), "desiredCount": 1,
            "launchType": "FARGATE", "networkConfiguration": self.network(),
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        });
        with(service, patch)
    }

    /// Creates it, registering the first revision before.
    pub async fn create(&self, patch: Value) -> Result<Value, Refusal> {
        self.register_image("nginx:1").await?;
        Ok(self.call("CreateService", self.service(&patch)).await?["service"].clone())
    }

    /// Creates one for instances.
    pub async fn create_on_instances(&self, patch: Value) -> Result<Value, Refusal> {
        self.register(self.instances()).await?;
        let service = self.service(&json!({"launchType": "EC2", "networkConfiguration": null}));
        Ok(self.call("CreateService", with(service, &patch)).await?["service"].clone())
    }

    /// Updates the service.
    pub async fn update(&self, patch: Value) -> Result<Value, Refusal> {
        let input = with(json!({"cluster": self.id, "service": "web"}), &patch);
        Ok(self.call("UpdateService", input).await?["service"].clone())
    }

    /// Deletes the service although it is scaled above 0.
    pub async fn delete(&self) -> Result<Value, Refusal> {
        let input = json!({"cluster": self.id, "service": "web", "force": true});
        Ok(self.call("DeleteService", input).await?["service"].clone())
    }

    /// Describes the service.
    pub async fn describe(&self) -> Result<Value, Refusal> {
        let input = json!({"cluster": self.id, "services": ["web"]});
        Ok(self.call("DescribeServices", input).await?["services"][0].clone())
    }

    /// Waits until the newest deployment is in a state, and nothing of another is left.
    pub async fn until_rollout(&self, state: &str) -> Result<Value, String> {
        self.until(&format!("the rollout is {state}"), async |aws| {
            let service = aws.describe().await?;
            let deployments = service["deployments"].as_array().map_or(0, Vec::len);
            Ok((deployments == 1 && service["deployments"][0]["rolloutState"] == state).then_some(service))
        })
        .await
    }

    /// ARNs of the service's tasks.
    pub async fn tasks(&self, status: &str) -> Result<Vec<Value>, Refusal> {
        let input = json!({"cluster": self.id, "serviceName": "web", "desiredStatus": status});
        Ok(self.call("ListTasks", input).await?["taskArns"].as_array().cloned().unwrap_or_default())
    }

    /// Describes a task.
    pub async fn task(&self, arn: &Value) -> Result<Value, Refusal> {
        let input = json!({"cluster": self.id, "tasks": [arn]});
        Ok(self.call("DescribeTasks", input).await?["tasks"][0].clone())
    }

    /// Runs a task on its own.
    pub async fn run(&self, patch: Value) -> Result<Value, Refusal> {
        let task = json!({
            "cluster": self.id, "taskDefinition": format!("{}:1", self.id), "launchType": "FARGATE",
            "networkConfiguration": self.network(),
        });
        self.call("RunTask", with(task, &patch)).await
    }
}
