//! Rules over several fields of an `EcsService`, evaluated by the API server at apply (CEL), each with the sentence the
//! user reads.
//!
//! Immutability stands here with `has()` on both sides: a rule on an optional field itself is skipped when the field
//! comes or goes.
//! What needs another object, or AWS, is judged at reconcile and not here.

use kube::core::Rule;
use schemars::Schema;
use serde_json::{Value, json};

/// A cluster's name or ARN.
pub(super) const CLUSTER: &str = r"^([A-Za-z0-9_-]{1,255}|arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]{1,255})$";
/// A family, `family:revision`, or the ARN of a revision.
pub(super) const TASK_DEFINITION: &str =
    r"^(arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:task-definition/)?[A-Za-z0-9_-]{1,255}(:[1-9][0-9]*)?$";

/// Words used in the rules below, since a CRD's rules cannot share variables. A word may use those after it.
const WORDS: &[(&str, &str)] = &[
    (
        "$onFargate",
        "($launchType == 'FARGATE' || (has(self.capacityProviderStrategy) && self.capacityProviderStrategy.exists(p, $isFargate)))",
    ),
    ("$isFargate", "p.capacityProvider in ['FARGATE', 'FARGATE_SPOT']"),
    ("$exposes", "(has(self.expose) && size(self.expose) > 0)"),
    ("$hasStrategy", "(has(self.capacityProviderStrategy) && size(self.capacityProviderStrategy) > 0)"),
    ("$launchType", "(has(self.launchType) ? self.launchType : '')"),
    ("$controller", "(has(self.deploymentController) ? self.deploymentController.type : 'ECS')"),
    ("$oldController", "(has(oldSelf.deploymentController) ? oldSelf.deploymentController.type : 'ECS')"),
    ("$scheduling", "(has(self.schedulingStrategy) ? self.schedulingStrategy : 'REPLICA')"),
    ("$oldScheduling", "(has(oldSelf.schedulingStrategy) ? oldSelf.schedulingStrategy : 'REPLICA')"),
    ("$awsvpc", "(has(self.networkConfiguration) && has(self.networkConfiguration.awsvpcConfiguration))"),
    ("$networkMode", "(has($template.networkMode) ? $template.networkMode : '')"),
    ("$template", "self.taskDefinitionTemplate"),
    ("$rebalances", "(has(self.availabilityZoneRebalancing) && self.availabilityZoneRebalancing == 'ENABLED')"),
    ("$strategy", "(has($deployment.strategy) ? $deployment.strategy : 'ROLLING')"),
    ("$maximum", "(has($deployment.maximumPercent) ? $deployment.maximumPercent : $isDaemon ? 100 : 200)"),
    ("$minimum", "(has($deployment.minimumHealthyPercent) ? $deployment.minimumHealthyPercent : $isDaemon ? 0 : 100)"),
    ("$isDaemon", "(has(self.schedulingStrategy) && self.schedulingStrategy == 'DAEMON')"),
    ("$deployment", "self.deploymentConfiguration"),
    (
        "$isPlaced",
        "((has(self.placementConstraints) && size(self.placementConstraints) > 0) || (has(self.placementStrategy) && size(self.placementStrategy) > 0))",
    ),
];

/// The task definition, and what it and the service must agree on.
const TASK: &[(&str, &str)] = &[
    (
        "$controller == 'EXTERNAL' || [has(self.taskDefinition), has(self.taskDefinitionRef), has(self.taskDefinitionTemplate)].exists_one(given, given)",
        "set exactly one of taskDefinition, taskDefinitionRef and taskDefinitionTemplate",
    ),
    (
        "$controller != 'EXTERNAL' || !(has(self.taskDefinition) || has(self.taskDefinitionRef) || has(self.taskDefinitionTemplate) || has(self.launchType) || has(self.platformVersion) || has(self.networkConfiguration) || has(self.loadBalancers) || has(self.serviceRegistries) || $hasStrategy)",
        "with deploymentController EXTERNAL task definition, capacity, network and load balancers belong to task sets: remove them here",
    ),
    (
        "!has(self.revisionHistoryLimit) || has(self.taskDefinitionTemplate)",
        "revisionHistoryLimit goes with taskDefinitionTemplate; for taskDefinitionRef set it in the EcsTaskDefinition",
    ),
    (
        "!has(self.taskDefinitionTemplate) || $networkMode != 'awsvpc' || $awsvpc",
        "taskDefinitionTemplate has networkMode awsvpc: set networkConfiguration.awsvpcConfiguration with at least one subnet",
    ),
    (
        "!has(self.taskDefinitionTemplate) || $networkMode == 'awsvpc' || !$awsvpc",
        "networkConfiguration needs networkMode awsvpc in taskDefinitionTemplate",
    ),
    (
        "!has(self.taskDefinitionTemplate) || !has(self.launchType) || !has($template.requiresCompatibilities) || size($template.requiresCompatibilities) == 0 || $template.requiresCompatibilities.exists(c, c == self.launchType)",
        "launchType must be listed in requiresCompatibilities of taskDefinitionTemplate",
    ),
    (
        "!has(self.taskDefinitionTemplate) || !has(self.loadBalancers) || self.loadBalancers.all(b, $template.containerDefinitions.exists(c, c.name == b.containerName))",
        "each containerName in loadBalancers must be a container of taskDefinitionTemplate",
    ),
    (
        "!has(self.taskDefinitionTemplate) || !has(self.volumeConfigurations) || self.volumeConfigurations.all(w, has($template.volumes) && $template.volumes.exists(v, v.name == w.name && has(v.configuredAtLaunch) && v.configuredAtLaunch))",
        "each name in volumeConfigurations must be a volume of taskDefinitionTemplate with configuredAtLaunch: true",
    ),
    (
        "!has(self.taskDefinitionTemplate) || !has($template.volumes) || has(self.volumeConfigurations) || !$template.volumes.exists(v, has(v.configuredAtLaunch) && v.configuredAtLaunch)",
        "taskDefinitionTemplate has a volume with configuredAtLaunch: describe it in volumeConfigurations",
    ),
];

/// Capacity and placement.
const CAPACITY: &[(&str, &str)] = &[
    ("!has(self.launchType) || !$hasStrategy", "set launchType or capacityProviderStrategy, not both"),
    (
        "$launchType != 'MANAGED_INSTANCES'",
        "ECS takes managed instances through capacityProviderStrategy only: name the capacity provider there",
    ),
    (
        "!has(self.capacityProviderStrategy) || size(self.capacityProviderStrategy.filter(p, has(p.base) && p.base > 0)) <= 1",
        "only one item of capacityProviderStrategy can have a base",
    ),
    (
        "!has(self.capacityProviderStrategy) || size(self.capacityProviderStrategy) < 2 || self.capacityProviderStrategy.exists(p, has(p.weight) && p.weight > 0)",
        "at least one item of capacityProviderStrategy needs a weight above 0 (unset is 0)",
    ),
    (
        "!has(self.capacityProviderStrategy) || self.capacityProviderStrategy.all(p, $isFargate) || !self.capacityProviderStrategy.exists(p, $isFargate)",
        "capacityProviderStrategy cannot mix FARGATE or FARGATE_SPOT with other capacity providers",
    ),
    ("!$onFargate || $awsvpc", "Fargate needs networkConfiguration.awsvpcConfiguration with at least one subnet"),
    ("!$onFargate || !$isPlaced", "Fargate has no instances to choose: remove placementConstraints and placementStrategy"),
    (
        "!has(self.platformVersion) || !($launchType in ['EC2', 'EXTERNAL'])",
        "platformVersion is for Fargate: remove it or use launchType FARGATE",
    ),
    (
        "$launchType != 'EXTERNAL' || !($awsvpc || (has(self.loadBalancers) && size(self.loadBalancers) > 0))",
        "launchType EXTERNAL has no awsvpc network and no load balancers: remove networkConfiguration and loadBalancers",
    ),
    ("!$isDaemon || !has(self.desiredCount)", "a DAEMON runs one task on each instance: remove desiredCount"),
    (
        "!$isDaemon || !has(self.placementStrategy) || size(self.placementStrategy) == 0",
        "a DAEMON runs on each instance: remove placementStrategy",
    ),
    ("!$isDaemon || !$onFargate", "a DAEMON needs instances and cannot run on Fargate: use REPLICA or another launchType"),
    ("!$isDaemon || $controller == 'ECS'", "a DAEMON needs deploymentController ECS"),
    (
        "!$isDaemon || !has(self.volumeConfigurations) || size(self.volumeConfigurations) == 0",
        "a DAEMON cannot have volumeConfigurations",
    ),
    (
        "!$rebalances || (!$isDaemon && $launchType != 'EXTERNAL')",
        "availabilityZoneRebalancing ENABLED does not go with DAEMON nor launchType EXTERNAL: set DISABLED",
    ),
    (
        "!$rebalances || !has($deployment) || !has($deployment.maximumPercent) || $deployment.maximumPercent > 100",
        "availabilityZoneRebalancing ENABLED needs deploymentConfiguration.maximumPercent above 100",
    ),
    (
        "!$rebalances || !has(self.loadBalancers) || !self.loadBalancers.exists(b, has(b.loadBalancerName))",
        "availabilityZoneRebalancing ENABLED does not go with a Classic Load Balancer",
    ),
    (
        "!$rebalances || !has(self.placementConstraints) || !self.placementConstraints.exists(c, has(c.expression) && c.expression.contains('ecs.availability-zone'))",
        "availabilityZoneRebalancing ENABLED does not go with a placement constraint on ecs.availability-zone",
    ),
    (
        "!$rebalances || !has(self.placementStrategy) || size(self.placementStrategy) == 0 || (self.placementStrategy[0].type == 'spread' && has(self.placementStrategy[0].field) && self.placementStrategy[0].field == 'attribute:ecs.availability-zone')",
        "availabilityZoneRebalancing ENABLED needs spread over attribute:ecs.availability-zone as first placementStrategy, or none",
    ),
];

/// Rollout, traffic and roles.
const ROLLOUT: &[(&str, &str)] = &[
    (
        "!has($deployment) || $strategy != 'ROLLING' || $maximum > $minimum",
        "deploymentConfiguration.maximumPercent (unset: 200, DAEMON 100) must be above minimumHealthyPercent (unset: 100, DAEMON 0), else no task can be replaced",
    ),
    (
        "$controller == 'ECS' || !has($deployment) || ($strategy == 'ROLLING' && !(has($deployment.alarms) && $deployment.alarms.enable) && !(has($deployment.deploymentCircuitBreaker) && $deployment.deploymentCircuitBreaker.enable))",
        "deployment strategies, alarms and deploymentCircuitBreaker need deploymentController ECS",
    ),
    (
        "$controller == 'ECS' || !((has(self.serviceConnectConfiguration) && self.serviceConnectConfiguration.enabled) || (has(self.vpcLatticeConfigurations) && size(self.vpcLatticeConfigurations) > 0))",
        "Service Connect and VPC Lattice need deploymentController ECS",
    ),
    (
        "$controller == 'ECS' || !has(self.loadBalancers) || size(self.loadBalancers) <= 1",
        "more than one load balancer needs deploymentController ECS",
    ),
    (
        "$controller != 'CODE_DEPLOY' || (has(self.loadBalancers) && size(self.loadBalancers) == 1)",
        "deploymentController CODE_DEPLOY needs one load balancer",
    ),
    (
        "!$awsvpc || !has(self.loadBalancers) || !self.loadBalancers.exists(b, has(b.loadBalancerName))",
        "a Classic Load Balancer does not go with awsvpc: use targetGroupArn",
    ),
    (
        "!has(self.role) || (!$awsvpc && has(self.loadBalancers) && size(self.loadBalancers) <= 1)",
        "role goes with one load balancer (or [] once it is detached) and without awsvpc: leave it out, ECS has its service-linked role",
    ),
];

/// What is exposed, and what it must agree on with the rest.
const EXPOSURE: &[(&str, &str)] = &[
    (
        "!$exposes || !has(self.loadBalancers) || size(self.expose) + size(self.loadBalancers) <= 5",
        "expose and loadBalancers together have more than 5 entries, and ECS registers tasks with 5 target groups",
    ),
    (
        "!$exposes || ($controller == 'ECS' && (!has($deployment) || $strategy == 'ROLLING'))",
        "expose needs deploymentController ECS and deploymentConfiguration.strategy ROLLING: for the others use loadBalancers",
    ),
    ("!$exposes || $launchType != 'EXTERNAL'", "launchType EXTERNAL has no load balancers: remove expose"),
    ("!$exposes || !has(self.role)", "role does not go with expose: leave it out, ECS has its service-linked role"),
    (
        "!$exposes || !has(self.taskDefinitionTemplate) || self.expose.all(e, !has(e.port) || $template.containerDefinitions.exists(c, has(c.portMappings) && c.portMappings.exists(p, has(p.name) && p.name == e.port)))",
        "each port in expose must be the name of one of portMappings in taskDefinitionTemplate; or set containerName and containerPort",
    ),
    (
        "!$exposes || !has(self.taskDefinitionTemplate) || self.expose.all(e, !has(e.containerName) || $template.containerDefinitions.exists(c, c.name == e.containerName))",
        "each containerName in expose must be a container of taskDefinitionTemplate",
    ),
];

/// What ECS cannot change in a service.
const KEPT: &[(&str, &str)] = &[
    (
        "self.cluster == oldSelf.cluster",
        "cluster cannot be changed: ECS cannot move a service; create another object for the other cluster",
    ),
    ("$scheduling == $oldScheduling", "schedulingStrategy cannot be changed: delete the service and create it anew"),
    (
        "has(self.role) == has(oldSelf.role) && (!has(self.role) || self.role == oldSelf.role)",
        "role cannot be changed: delete the service and create it anew",
    ),
    (
        "$controller == 'EXTERNAL' || $oldController == 'EXTERNAL' || (has(self.launchType) == has(oldSelf.launchType) ? (!has(self.launchType) || self.launchType == oldSelf.launchType) : (has(self.launchType) ? !$hasStrategy && (has(self.capacityProviderStrategy) || has(oldSelf.capacityProviderStrategy)) : $hasStrategy))",
        "launchType cannot be changed: replace it by a non-empty capacityProviderStrategy, or come back to it from one",
    ),
    (
        "$controller == $oldController || $controller != 'CODE_DEPLOY'",
        "deploymentController cannot be changed to CODE_DEPLOY: delete the service and create it anew",
    ),
];

/// Adds the rules over the spec.
pub(super) fn spec(schema: &mut Schema) {
    let rules: Vec<Value> = [TASK, CAPACITY, ROLLOUT, EXPOSURE, KEPT]
        .iter()
        .flat_map(|part| part.iter())
        .map(|(rule, sentence)| json!({ "rule": spelled_out(rule), "message": sentence }))
        .collect();
    schema.insert("x-kubernetes-validations".to_owned(), Value::Array(rules));
}

/// Adds the rule over tag keys, which belongs to the list and not to the shared type of a tag.
pub(super) fn tags(schema: &mut Schema) {
    let rule = json!([{
        "rule": "self.all(t, !t.key.lowerAscii().startsWith('aws:') && !t.key.startsWith('ecs-operator.io/'))",
        "message": "tag keys that begin with aws: or ecs-operator.io/ are reserved",
    }]);
    if let Some(tags) = schema.pointer_mut("/properties/tags").and_then(Value::as_object_mut) {
        tags.insert("x-kubernetes-validations".to_owned(), rule);
    }
}

/// The rule that the service's name in ECS stays the same, however it is written.
pub(super) fn name_is_kept() -> Rule {
    Rule::new(
        "(has(self.spec.serviceName) ? self.spec.serviceName : self.metadata.name) == (has(oldSelf.spec.serviceName) ? oldSelf.spec.serviceName : oldSelf.metadata.name)",
    )
    .message("serviceName cannot be changed (unset it is metadata.name): create another object for the other service")
}

/// The rule that the template's family stays the same, however it is written.
pub(super) fn family_is_kept() -> Rule {
    Rule::new(
        "!has(self.spec.taskDefinitionTemplate) || !has(oldSelf.spec.taskDefinitionTemplate) || (has(self.spec.taskDefinitionTemplate.family) ? self.spec.taskDefinitionTemplate.family : self.metadata.name) == (has(oldSelf.spec.taskDefinitionTemplate.family) ? oldSelf.spec.taskDefinitionTemplate.family : oldSelf.metadata.name)",
    )
    .message("family of taskDefinitionTemplate cannot be changed (unset it is metadata.name): create another object for the other family")
}

/// The rule that a name taken from the object is one that ECS takes.
pub(super) fn name_fits_ecs() -> Rule {
    Rule::new("has(self.spec.serviceName) || !self.metadata.name.contains('.')")
        .message("ECS takes no dots in a service's name: set spec.serviceName or rename the object")
}

/// The same for the family of the template.
pub(super) fn family_fits_ecs() -> Rule {
    Rule::new("!has(self.spec.taskDefinitionTemplate) || has(self.spec.taskDefinitionTemplate.family) || !self.metadata.name.contains('.')")
        .message("ECS takes no dots in a family: set spec.taskDefinitionTemplate.family or rename the object")
}

/// The rule that the objects made for what is exposed can have their names: `<service>-<entry>`, at most 253 characters.
pub(super) fn names_of_children_fit() -> Rule {
    Rule::new("!has(self.spec.expose) || self.spec.expose.all(e, self.metadata.name.size() + e.name.size() <= 252)")
        .message("the name of the object and a name in expose are together longer than 252 characters: shorten one of them")
}

/// A rule with its words replaced by what they mean.
fn spelled_out(rule: &str) -> String {
    WORDS.iter().fold(rule.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
}
