//! References to objects of another namespace: what they do while that grants them, and what becomes of them afterwards.

use crate::edge::{Edge, delete_rule, elb};
use crate::guard::policy;
use crate::world::{World, family, fast, running, until_some, with};
use ecs_operator::settings::Guard;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};

/// The namespace of a story, whose objects refer, and another one that has what they refer to.
pub struct Two {
    pub world: World,
    /// The other namespace.
    pub theirs: String,
}

impl Two {
    /// Both, with the policy that the ordinary samples need in the story's own, and none in the other.
    pub async fn new(guard: Guard, more: Value) -> Self {
        let mut world = World::without_operator(fast()).await;
        let theirs = world.beside().await;
        world.guard = guard;
        world.start_operator();
        if guard == Guard::Enforce {
            world.apply(&policy(more)).await;
        }
        Self { world, theirs }
    }

    /// The same with the guard on.
    pub async fn guarded() -> Self {
        let hosts = json!([{"arn": "listener/app/edge/*", "hosts": ["*"]}]);
        Self::new(Guard::Enforce, json!({"executionRoles": [], "listeners": hosts})).await
    }

    /// Applies an object in the other namespace.
    pub async fn there(&self, yaml: &str) {
        let mut object: Value = serde_yaml_ng::from_str(yaml).unwrap();
        object["metadata"]["namespace"] = json!(self.theirs);
        self.world.apply(&object.to_string()).await;
    }

    /// The policy of the other namespace, in which services of its own may run too, with these references.
    pub async fn grants(&self, references: Value) {
        let hosts = json!([{"arn": "listener/app/edge/*", "hosts": ["*"]}]);
        self.there(&policy(json!({"references": references, "listeners": hosts}))).await;
    }

    /// A grant to the story's own namespace.
    pub fn grant(&self, kind: &str, names: &[&str]) -> Value {
        json!([{"from": {"names": [self.world.namespace]}, "kinds": [kind], "names": names}])
    }

    /// A service that runs the task definition `base` of the other namespace.
    pub fn runs_base(&self) -> String {
        with(&running("web", "base", 1), json!({"taskDefinitionRef": {"namespace": self.theirs}}))
    }

    /// The target group `web` in the other namespace, as a reference.
    pub fn to_web(&self) -> Value {
        json!({"name": "web", "namespace": self.theirs})
    }

    fn api(&self, namespace: &str, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", kind));
        Api::namespaced_with(self.world.kube.clone(), namespace, &resource)
    }

    /// Waits until an object of the other namespace says `reason` in Ready and each of these words; no reason: until it is Ready.
    pub async fn until_there(&self, kind: &str, name: &str, reason: &str, words: &[&str]) {
        self.until_says(&self.theirs, (kind, name), reason, words).await;
    }

    /// The same of one of the own namespace.
    pub async fn until_here(&self, kind: &str, name: &str, reason: &str, words: &[&str]) {
        self.until_says(&self.world.namespace, (kind, name), reason, words).await;
    }

    async fn until_says(&self, namespace: &str, (kind, name): (&str, &str), reason: &str, words: &[&str]) {
        until_some(&format!("{kind} {name} says {reason} and {words:?}"), async || {
            let found = self.api(namespace, kind).get(name).await.unwrap();
            let is_newest = found.data["status"]["observedGeneration"] == json!(found.metadata.generation);
            let said = found.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let message = |one: &Value| one["message"].as_str().unwrap_or_default().to_owned();
            let holds = said.iter().filter(|one| one["type"] == "Ready").any(|one| {
                let is_meant = if reason.is_empty() { one["status"] == "True" && is_newest } else { one["reason"] == reason };
                is_meant && words.iter().all(|word| message(one).contains(word))
            });
            if holds { Ok(()) } else { Err(found.data["status"].to_string()) }
        })
        .await;
    }

    /// Deletes an object of the other namespace.
    pub async fn delete_there(&self, kind: &str, name: &str) {
        self.api(&self.theirs, kind).delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until an object of the other namespace is gone.
    pub async fn until_gone_there(&self, kind: &str, name: &str) {
        until_some(&format!("{kind} {name} is gone"), async || {
            let left = self.api(&self.theirs, kind).get_opt(name).await.unwrap();
            left.map_or(Ok(()), |left| Err(left.data["status"].to_string()))
        })
        .await;
    }

    async fn label(&self, labels: Value) {
        let patch = Patch::Merge(json!({"metadata": {"labels": labels}}));
        let namespaces: Api<Namespace> = Api::all(self.world.kube.clone());
        namespaces.patch(&self.world.namespace, &PatchParams::default(), &patch).await.unwrap();
    }
}

/// A target group for tasks with addresses of their own.
pub fn target_group() -> String {
    json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTargetGroup", "metadata": {"name": "web"},
        "spec": {"vpcId": "vpc-00000000000000001", "protocol": "HTTP", "targetType": "ip",
            "healthCheck": {"path": "/healthz", "intervalSeconds": 5, "timeoutSeconds": 2}}})
    .to_string()
}

/// A rule on a listener of somebody else's that forwards to a target group.
pub fn rule(name: &str, edge: &Edge<'_>, to: &Value) -> String {
    json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsListenerRule", "metadata": {"name": name},
        "spec": {"listener": {"arn": edge.listener}, "match": {"hosts": [format!("{name}.example.com")]},
            "forward": [{"targetGroupRef": to}]}})
    .to_string()
}

/// Where a rule of ours forwards to.
fn forwards_to(edge: &Edge<'_>, name: &str) -> String {
    edge.ours(name).first().map(|rule| rule["Actions"].to_string()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_runs_a_task_definition_of_another_namespace_and_follows_its_revisions() {
    let two = Two::guarded().await;
    let world = &two.world;
    two.grants(json!([])).await;
    two.there(&with(&family("base", "nginx:1"), json!({"executionRoleArn": "arn:aws:iam::111122223333:role/ecs-exec"}))).await;
    world.apply(&two.runs_base()).await;
    let says =
        ["EcsNamespacePolicy default of namespace", &two.theirs, "references: [{from: {names: [", "kinds: [EcsTaskDefinition]"];
    world.until_told("web", "ReferenceNotGranted", &says).await;
    assert_eq!(world.count("CreateService"), 0);

    two.grants(two.grant("EcsTaskDefinition", &["base"])).await;
    world.until_ready("web").await;
    assert!(world.live("web")["taskDefinition"].as_str().unwrap().ends_with("/base:1"));
    two.there(&with(&family("base", "nginx:2"), json!({"executionRoleArn": "arn:aws:iam::111122223333:role/ecs-exec"}))).await;
    world
        .until_aws("the newest revision is asked for", |_| {
            world.live("web")["taskDefinition"].as_str().unwrap().ends_with("/base:2")
        })
        .await;
    world.until_ready("web").await;

    // In use from elsewhere is in use.
    two.delete_there("EcsTaskDefinition", "base").await;
    two.until_there("EcsTaskDefinition", "base", "Deleting", &["EcsService", &world.namespace]).await;
    world.delete_and_wait("web").await;
    two.until_gone_there("EcsTaskDefinition", "base").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_granted_goes_on_running_and_is_deleted_like_everything_else() {
    let two = Two::guarded().await;
    let world = &two.world;
    two.grants(two.grant("EcsTaskDefinition", &["b*"])).await;
    two.there(&family("base", "nginx:1")).await;
    world.apply(&two.runs_base()).await;
    world.until_ready("web").await;

    two.grants(json!([])).await;
    world.until_told("web", "ReferenceNotGranted", &[&two.theirs]).await;
    two.there(&family("base", "nginx:2")).await;
    two.until_there("EcsTaskDefinition", "base", "", &[]).await;
    world.annotate("web", "ecs-operator.io/restarted-at", "now").await;
    world.edit("web", json!({"desiredCount": 2})).await;
    world
        .until("web", "the edit was looked at", |found| {
            found.status.as_ref().and_then(|status| status.observed_generation) == found.metadata.generation
        })
        .await;
    world.until_told("web", "ReferenceNotGranted", &[]).await;
    assert_eq!((world.count("UpdateService"), &world.live("web")["status"]), (0, &json!("ACTIVE")));
    assert_eq!(world.live("web")["runningCount"], 1);
    world.delete_and_wait("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_forwards_to_a_target_group_of_another_namespace_as_the_labels_of_its_own_say() {
    let two = Two::guarded().await;
    let world = &two.world;
    let edge = Edge::new(world, "edge");
    let selector = json!({"matchLabels": {"team": "shop"}});
    two.grants(json!([{"from": {"selector": selector}, "kinds": ["EcsTargetGroup"]}])).await;
    two.there(&target_group()).await;
    world.apply(&rule("shop", &edge, &two.to_web())).await;
    crate::edge::until_rule_says(world, "shop", "ReferenceNotGranted", &[&two.theirs, "EcsTargetGroup web"]).await;
    assert_eq!(edge.ours("shop"), [] as [Value; 0]);
    two.label(json!({"team": "shop"})).await;
    crate::edge::until_rule_ready(world, "shop").await;
    let group = forwards_to(&edge, "shop");
    assert!(group.contains(":targetgroup/"), "{group}");

    two.label(json!({"team": "other"})).await;
    crate::edge::until_rule_says(world, "shop", "ReferenceNotGranted", &[]).await;
    assert_eq!(forwards_to(&edge, "shop"), group, "what serves goes on serving");
    two.delete_there("EcsTargetGroup", "web").await;
    two.until_there("EcsTargetGroup", "web", "Deleting", &["EcsListenerRule", &world.namespace]).await;
    delete_rule(world, "shop").await;
    two.until_gone_there("EcsTargetGroup", "web").await;
    assert_eq!(edge.rules(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_of_a_load_balancer_forwards_to_a_target_group_of_another_namespace() {
    let two = Two::guarded().await;
    let world = &two.world;
    two.there(&target_group()).await;
    let listener = json!({"port": 80, "protocol": "HTTP", "defaultAction": {"forward": [{"targetGroupRef": two.to_web()}]}});
    let edge = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "edge"},
        "spec": {"subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-app"], "listeners": [listener]}});
    world.apply(&edge.to_string()).await;
    two.until_here("EcsLoadBalancer", "edge", "ReferenceNotGranted", &[&two.theirs, "kinds: [EcsTargetGroup]"]).await;
    assert_eq!(world.count("CreateListener"), 0);
    two.grants(two.grant("EcsTargetGroup", &["web"])).await;
    two.until_here("EcsLoadBalancer", "edge", "", &[]).await;
    assert_eq!(world.count("CreateListener"), 1);
    two.grants(json!([])).await;
    two.until_here("EcsLoadBalancer", "edge", "ReferenceNotGranted", &[]).await;
    assert_eq!((world.count("ModifyListener"), world.count("DeleteListener")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_two_namespaces_register_their_tasks_in_one_target_group() {
    let two = Two::guarded().await;
    let world = &two.world;
    let edge = Edge::new(world, "edge");
    two.grants(two.grant("EcsTargetGroup", &["web"])).await;
    two.there(&target_group()).await;
    two.there(&rule("api", &edge, &json!({"name": "web"}))).await;
    two.until_there("EcsListenerRule", "api", "", &[]).await;
    let exposed = |to: &Value| json!({"expose": [{"name": "site", "port": "http", "targetGroup": {"ref": to}}]});
    two.there(&family("base", "nginx:1")).await;
    let mut api: Value = serde_json::from_str(&with(&running("api", "base", 1), exposed(&json!({"name": "web"})))).unwrap();
    api["spec"]["serviceName"] = json!("api");
    two.there(&api.to_string()).await;
    world.apply(&family("own", "nginx:1")).await;
    world.apply(&with(&running("web", "own", 1), exposed(&two.to_web()))).await;
    two.until_there("EcsService", "api", "", &[]).await;
    world.until_ready("web").await;
    let group = world.live("web")["loadBalancers"][0]["targetGroupArn"].clone();
    assert_eq!(group, world.live("api")["loadBalancers"][0]["targetGroupArn"]);
    let health = || elb(world, "DescribeTargetHealth", json!({"TargetGroupArn": group}))["TargetHealthDescriptions"].clone();
    world.until_aws("tasks of both are there", |_| health().as_array().is_some_and(|all| all.len() == 2)).await;

    two.grants(json!([])).await;
    world.until_told("web", "ReferenceNotGranted", &["expose entry site"]).await;
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until_aws("it is scaled all the same", |_| world.live("web")["desiredCount"] == 2).await;
    world.annotate("web", "ecs-operator.io/restarted-at", "now").await;
    world.until_told("web", "ReferenceNotGranted", &["EcsTargetGroup web"]).await;
    assert_eq!(world.live("web")["deployments"].as_array().unwrap().len(), 1, "nothing new is deployed");

    two.delete_there("EcsTargetGroup", "web").await;
    let users = [format!("EcsService {}/web", world.namespace), format!("EcsService {}/api", two.theirs)];
    two.until_there("EcsTargetGroup", "web", "Deleting", &users.each_ref().map(String::as_str)).await;
    world.delete_and_wait("web").await;
    for (kind, name) in [("EcsService", "api"), ("EcsListenerRule", "api")] {
        two.delete_there(kind, name).await;
        two.until_gone_there(kind, name).await;
    }
    two.until_gone_there("EcsTargetGroup", "web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_guard_off_a_reference_needs_its_grant_all_the_same() {
    let two = Two::new(Guard::Off, json!({})).await;
    two.there(&family("base", "nginx:1")).await;
    two.world.apply(&two.runs_base()).await;
    two.world.until_told("web", "ReferenceNotGranted", &[&two.theirs]).await;
    let references = two.grant("EcsTaskDefinition", &["base"]);
    two.grants(references).await;
    two.world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_tells_which_references_grant_nothing() {
    let two = Two::guarded().await;
    let odd = json!({"matchExpressions": [{"key": "team", "operator": "Near", "values": ["a"]}]});
    two.grants(json!([{"from": {"selector": odd}, "kinds": ["EcsTargetGroup"]}])).await;
    two.until_there("EcsNamespacePolicy", "default", "InvalidEntry", &["references[0]", "from.selector"]).await;
    for (reference, sentence) in [
        (json!({"from": {}, "kinds": ["EcsTargetGroup"]}), "from must say who may refer"),
        (json!({"from": {"selector": {}}, "kinds": ["EcsTargetGroup"]}), "selector must name a label"),
        (json!({"from": {"names": ["*", "a"]}, "kinds": ["EcsTargetGroup"]}), "name no others beside it"),
        (json!({"from": {"names": ["a"]}, "kinds": ["EcsService"]}), "EcsService"),
        (json!({"from": {"names": ["a"]}, "kinds": []}), "kinds"),
        (json!({"from": {"names": ["a"]}, "kinds": ["EcsTargetGroup"], "names": ["a*b"]}), "names"),
    ] {
        let said = two.world.refusal(&policy(json!({"references": [reference]}))).await;
        assert!(said.contains(sentence), "{reference}: {said}");
    }
}
