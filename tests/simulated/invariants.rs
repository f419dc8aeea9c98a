//! What must hold, whatever happened.

use crate::walk::Walk;
use crate::world::{CLUSTER, World, condition, is_ready, is_write};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Writes to AWS that one thing that happened may cost, tries that fail included.
const WRITES_PER_STEP: usize = 12;
/// Writes to Kubernetes that one thing that happened may cost.
const KUBE_WRITES_PER_STEP: usize = 60;
/// How long it is watched that nothing happens any more.
const QUIET: Duration = Duration::from_mins(30);

/// A service and a revision that are nobody's here.
pub fn foreign(world: &World) {
    let definition = json!({
        "family": "foreign", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": "arn:aws:iam::111122223333:role/ecs-exec", "containerDefinitions": [{"name": "app", "image": "nginx:1"}],
    });
    world.aws.call("RegisterTaskDefinition", definition).unwrap();
    let service = json!({
        "cluster": CLUSTER, "serviceName": "foreign", "taskDefinition": "foreign:1", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-app"]}},
    });
    world.aws.call("CreateService", service).unwrap();
}

/// AWS has what is declared, and status says what AWS has.
pub fn converged(walk: &Walk) {
    for (name, declared) in &walk.declared {
        let (live, service) = (walk.world.live(name), walk.world.service(name));
        let revision = walk.world.revision(&live["taskDefinition"]);
        let image = &revision["taskDefinition"]["containerDefinitions"][0]["image"];
        assert_eq!(live["status"], "ACTIVE", "{name}");
        assert_eq!(*image, json!(declared.image), "{name} runs another image");
        assert_eq!(live["desiredCount"], json!(declared.count), "{name}");
        assert_eq!(live["enableExecuteCommand"], json!(declared.may_be_entered), "{name}");
        let status = &service["status"];
        assert_eq!(status["runningCount"], live["runningCount"], "{name}: status is not what AWS has");
        assert_eq!(status["deployments"][0]["id"], live["deployments"][0]["id"], "{name}: status is not what AWS has");
        assert_eq!(status["pending"], Value::Null, "{name}: an open question");
        let restarted = Some(declared.restarted).filter(|number| *number > 0).map(|number| number.to_string());
        assert_eq!(status["restartedAt"].as_str(), restarted.as_deref(), "{name}");
        let rollouts = walk.world.rollouts(name);
        assert!(rollouts <= declared.rollouts, "{name}: {rollouts} rollouts and {} wishes", declared.rollouts);
        no_revision_twice(&walk.world, name);
    }
    untouched(&walk.world);
}

/// Equal manifests are one revision.
fn no_revision_twice(world: &World, family: &str) {
    let mut images = BTreeSet::new();
    for arn in world.active_revisions(family) {
        let described = world.revision(&arn);
        let image = described["taskDefinition"]["containerDefinitions"][0]["image"].to_string();
        assert!(images.insert(image.clone()), "{image} is registered twice: {arn}");
    }
}

/// What is not ours is as it was.
fn untouched(world: &World) {
    let foreign = world.live("foreign");
    assert_eq!((&foreign["status"], &foreign["desiredCount"]), (&json!("ACTIVE"), &json!(1)));
    assert_eq!(world.rollouts("foreign"), 1);
    assert_eq!(world.active_revisions("foreign").len(), 1);
    let calls = world.aws.calls();
    let touched = calls.iter().find(|call| is_write(&call.operation) && call.target.contains("foreign"));
    assert!(touched.is_none(), "{touched:?}");
}

/// No version of a status contradicts itself.
pub fn truthful(world: &World) {
    world.kubernetes.with(|state| {
        for change in state.log.iter().filter(|change| change.key.0 == "ecsservices" && is_ready(&change.object)) {
            let status = &change.object["status"];
            assert_eq!(status["rollout"]["state"], "Completed", "beside Ready: {status}");
            for kind in ["Stalled", "RolledBack", "Reconciling"] {
                assert_ne!(condition(&change.object, kind)["status"], "True", "{kind} beside Ready: {status}");
            }
        }
    });
}

/// The number of calls has a bound that follows from what happened.
pub fn no_storm(walk: &Walk) {
    let calls = walk.world.writes();
    assert!(calls <= 40 + WRITES_PER_STEP * walk.steps, "{calls} writes to AWS in {} steps", walk.steps);
    let writes = walk.world.kubernetes.with(|state| state.writes);
    assert!(writes <= 100 + KUBE_WRITES_PER_STEP * walk.steps, "{writes} writes to Kubernetes in {} steps", walk.steps);
}

/// Once all is as declared nothing is written, and little is read.
pub async fn quiet(world: &mut World) {
    world.pass(Duration::from_mins(2)).await;
    world.aws.clear_calls();
    let before = world.kubernetes.with(|state| state.writes);
    world.pass(QUIET).await;
    let calls = world.aws.calls();
    let written: Vec<&str> = calls.iter().map(|call| call.operation.as_str()).filter(|name| is_write(name)).collect();
    assert_eq!(written, [] as [&str; 0], "written although nothing differs");
    assert!(calls.len() <= 100, "{} reads of settled services in {QUIET:?}", calls.len());
    assert_eq!(world.kubernetes.with(|state| state.writes), before, "written to Kubernetes although nothing changed");
}

/// Nothing of ours is left in AWS.
pub fn nothing_left(world: &World, names: &[&str]) {
    for name in names {
        let status = world.live(name)["status"].clone();
        assert!(status.is_null() || status == "INACTIVE", "{name} is left: {status}");
        assert_eq!(world.active_revisions(name), [] as [Value; 0], "revisions of {name} are left");
    }
    untouched(world);
}
