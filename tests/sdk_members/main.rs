//! Every member that AWS takes has its field, and every field that looks like AWS's is AWS's.
//!
//! The SDK's types tell their members only while they are read, so a reader that has everything of everything is given to
//! them: what they ask for is the list of members. A value that an enumeration does not know shows in its `Debug` text;
//! since the reader answers each question for text with the path of the question, that tells which members are
//! enumerations. A new version of the SDK shows here what is missing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod elb;
mod guard;
mod import;

use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
use aws_sdk_ecs::types;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_schema::{Schema, ShapeType};
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// Path of a member, such as `containerDefinitions[].name`, to what it holds.
type Members = BTreeMap<String, &'static str>;

/// Answers whatever is asked, and keeps what was asked for.
#[derive(Default)]
struct Everything {
    path: String,
    asked: Members,
}

impl Everything {
    fn note(&mut self, what: &'static str) {
        self.asked.insert(self.path.clone(), what);
    }

    fn below<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let end = self.path.len();
        self.path.push_str(step);
        let answer = read(self);
        self.path.truncate(end);
        answer
    }
}

impl ShapeDeserializer for Everything {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        member: &mut dyn FnMut(&Schema<'_>, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.note("object");
        for (index, field) in schema.members().iter().enumerate() {
            let dot = if self.path.is_empty() { "" } else { "." };
            let step = format!("{dot}{}", field.member_name().unwrap());
            // A union refuses a second member, so the others are only noted: a new one is missed by name.
            let second_of_union = schema.shape_type() == ShapeType::Union && index > 0;
            self.below(&step, |this| {
                if second_of_union {
                    this.note("another member of a union");
                    return Ok(());
                }
                member(field, this)
            })?;
        }
        Ok(())
    }

    fn read_list(
        &mut self,
        _: &Schema<'_>,
        item: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.note("array");
        self.below("[]", |this| item(this))
    }

    fn read_map(
        &mut self,
        _: &Schema<'_>,
        entry: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.note("object");
        self.below("{}", |this| entry("key".to_owned(), this))
    }

    fn read_boolean(&mut self, _: &Schema<'_>) -> Result<bool, SerdeError> {
        self.note("boolean");
        Ok(true)
    }

    fn read_integer(&mut self, _: &Schema<'_>) -> Result<i32, SerdeError> {
        self.note("integer");
        Ok(1)
    }

    fn read_long(&mut self, _: &Schema<'_>) -> Result<i64, SerdeError> {
        self.note("integer");
        Ok(1)
    }

    fn read_float(&mut self, _: &Schema<'_>) -> Result<f32, SerdeError> {
        self.note("number");
        Ok(1.0)
    }

    fn read_double(&mut self, _: &Schema<'_>) -> Result<f64, SerdeError> {
        self.note("number");
        Ok(1.0)
    }

    fn read_string(&mut self, _: &Schema<'_>) -> Result<String, SerdeError> {
        self.note("string");
        Ok(self.path.clone())
    }

    fn read_document(&mut self, _: &Schema<'_>) -> Result<Document, SerdeError> {
        self.note("anything");
        Ok(Document::Null)
    }

    fn read_byte(&mut self, schema: &Schema<'_>) -> Result<i8, SerdeError> {
        unforeseen(schema)
    }

    fn read_short(&mut self, schema: &Schema<'_>) -> Result<i16, SerdeError> {
        unforeseen(schema)
    }

    fn read_big_integer(&mut self, schema: &Schema<'_>) -> Result<BigInteger, SerdeError> {
        unforeseen(schema)
    }

    fn read_big_decimal(&mut self, schema: &Schema<'_>) -> Result<BigDecimal, SerdeError> {
        unforeseen(schema)
    }

    fn read_blob(&mut self, schema: &Schema<'_>) -> Result<Blob, SerdeError> {
        unforeseen(schema)
    }

    fn read_timestamp(&mut self, schema: &Schema<'_>) -> Result<DateTime, SerdeError> {
        unforeseen(schema)
    }

    fn is_null(&self) -> bool {
        false
    }

    fn container_size(&self) -> Option<usize> {
        None
    }
}

fn unforeseen<T>(schema: &Schema<'_>) -> Result<T, SerdeError> {
    Err(SerdeError::custom(format!("no input had a {:?} so far: say here how the schema shows it", schema.shape_type())))
}

/// What one operation of the SDK takes.
struct Input {
    members: Members,
    enumerations: BTreeSet<String>,
}

fn input<T: Debug>(read: impl FnOnce(&mut dyn ShapeDeserializer) -> Result<T, SerdeError>) -> Input {
    let mut everything = Everything::default();
    let value = read(&mut everything).unwrap();
    everything.asked.remove("");
    let text = format!("{value:?}");
    let unknown = text.split("UnknownVariantValue(\"").skip(1);
    let enumerations = unknown.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    Input { members: everything.asked, enumerations }
}

/// What the schema of a kind has under `spec`.
#[derive(Default)]
struct Spec {
    members: Members,
    enumerations: BTreeMap<String, BTreeSet<String>>,
}

fn spec(kind: &str) -> Spec {
    let crd = ecs_operator::api::crds().into_iter().find(|crd| crd.spec.names.kind == kind).unwrap();
    let version = serde_json::to_value(&crd.spec.versions[0]).unwrap();
    let mut spec = Spec::default();
    walk(&version["schema"]["openAPIV3Schema"]["properties"]["spec"], "", &mut spec);
    spec.members.remove("");
    spec
}

fn walk(schema: &Value, path: &str, spec: &mut Spec) {
    const WORDS: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];
    let free = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let word = WORDS.into_iter().find(|word| schema["type"] == *word && !free).unwrap_or("anything");
    spec.members.insert(path.to_owned(), word);
    if let Some(values) = schema["enum"].as_array().filter(|_| word == "string") {
        let values = values.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
        spec.enumerations.insert(path.to_owned(), values);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        walk(field, &format!("{path}{dot}{name}"), spec);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}[]"), spec);
    }
    if schema["additionalProperties"].is_object() {
        walk(&schema["additionalProperties"], &format!("{path}{{}}"), spec);
    }
}

/// Paths of all that stands in a value, as those of members are written.
fn walked(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    found.insert(path.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                // A map has the one key that it was given.
                let step = if name == "key" && !path.ends_with("[]") { "{}".to_owned() } else { format!(".{name}") };
                walked(value, format!("{path}{step}").trim_start_matches('.'), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walked(item, &format!("{path}[]"), found)),
        _ => {}
    }
}

/// Whether a path is one of these, or below it.
fn is_among(path: &str, roots: &[&str]) -> bool {
    roots.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{'])))
}

/// What AWS takes and we have not, what we have and AWS does not take, what is not of one type.
fn differences(aws: &Input, ours: &Spec, left_out: &[&str], added: &[&str]) -> Vec<String> {
    let mut found = vec![];
    for (path, word) in aws.members.iter().filter(|(path, _)| !is_among(path, left_out)) {
        match ours.members.get(path) {
            None => found.push(format!("{path} is missing")),
            Some(other) if other != word => found.push(format!("{path} is {other} here and {word} in the SDK")),
            Some(_) => {}
        }
    }
    for path in ours.members.keys().filter(|path| !is_among(path, added)) {
        if !aws.members.contains_key(path) {
            found.push(format!("{path} is not a member in the SDK"));
        }
    }
    let collisions = added.iter().filter(|name| aws.members.contains_key(**name));
    found.extend(collisions.map(|name| format!("{name} is ours, and AWS now has a member of that name")));
    found
}

/// Enumerations whose values are not those of the SDK, or that are one only here or only there.
fn enumeration_differences(
    aws: &Input,
    ours: &Spec,
    values: &BTreeMap<&str, BTreeSet<String>>,
    left_out: &[&str],
    added: &[&str],
) -> Vec<String> {
    let mut found = vec![];
    for path in aws.enumerations.iter().filter(|path| !is_among(path, left_out)) {
        match (values.get(path.as_str()), ours.enumerations.get(path)) {
            (None, _) => found.push(format!("{path} is an enumeration: name its type in this file")),
            (_, None) => found.push(format!("{path} is an enumeration in the SDK and free text here")),
            (Some(want), Some(have)) if want != have => found.push(format!("{path}: {have:?} here, {want:?} in the SDK")),
            _ => {}
        }
    }
    for path in ours.enumerations.keys().filter(|path| !is_among(path, added)) {
        if !aws.enumerations.contains(path) {
            found.push(format!("{path} is an enumeration here and free text in the SDK"));
        }
    }
    found
}

macro_rules! values {
    ($($path:literal: $name:ident),+ $(,)?) => {
        BTreeMap::from([$(($path, types::$name::values().iter().map(|it| (*it).to_owned()).collect())),+])
    };
}

/// Members of `RegisterTaskDefinition` that have no field: none.
const NOT_IN_TASK_DEFINITION: [&str; 0] = [];

/// Fields of `EcsTaskDefinition` that AWS does not know.
const ADDED_TO_TASK_DEFINITION: [&str; 6] =
    ["connectionRef", "revisionHistoryLimit", "deletionPolicy", "managementPolicy", "adoption", "driftPolicy"];

fn task_definition_values() -> BTreeMap<&'static str, BTreeSet<String>> {
    values! {
        "containerDefinitions[].dependsOn[].condition": ContainerCondition,
        "containerDefinitions[].environmentFiles[].type": EnvironmentFileType,
        "containerDefinitions[].firelensConfiguration.type": FirelensConfigurationType,
        "containerDefinitions[].linuxParameters.devices[].permissions[]": DeviceCgroupPermission,
        "containerDefinitions[].logConfiguration.logDriver": LogDriver,
        "containerDefinitions[].portMappings[].appProtocol": ApplicationProtocol,
        "containerDefinitions[].portMappings[].protocol": TransportProtocol,
        "containerDefinitions[].resourceRequirements[].type": ResourceType,
        "containerDefinitions[].ulimits[].name": UlimitName,
        "containerDefinitions[].versionConsistency": VersionConsistency,
        "ipcMode": IpcMode,
        "networkMode": NetworkMode,
        "pidMode": PidMode,
        "placementConstraints[].type": TaskDefinitionPlacementConstraintType,
        "proxyConfiguration.type": ProxyConfigurationType,
        "requiresCompatibilities[]": Compatibility,
        "runtimePlatform.cpuArchitecture": CpuArchitecture,
        "runtimePlatform.operatingSystemFamily": OsFamily,
        "volumes[].dockerVolumeConfiguration.scope": Scope,
        "volumes[].efsVolumeConfiguration.authorizationConfig.iam": EfsAuthorizationConfigIam,
        "volumes[].efsVolumeConfiguration.transitEncryption": EfsTransitEncryption,
    }
}

#[test]
fn a_task_definition_has_each_member_of_register_task_definition() {
    let (aws, ours) = (input(RegisterTaskDefinitionInput::deserialize), spec("EcsTaskDefinition"));
    assert!(aws.members.len() > 150, "the reader found only {} members", aws.members.len());
    let found = differences(&aws, &ours, &NOT_IN_TASK_DEFINITION, &ADDED_TO_TASK_DEFINITION);
    assert_eq!(found, Vec::<String>::new());
    let values = task_definition_values();
    let found = enumeration_differences(&aws, &ours, &values, &NOT_IN_TASK_DEFINITION, &ADDED_TO_TASK_DEFINITION);
    assert_eq!(found, Vec::<String>::new());
}

/// Members of `CreateService` and `UpdateService` that have no field, with the reason.
const NOT_IN_SERVICE: [&str; 3] = [
    "clientToken",        // made by the operator, so that a repeated create is the same create
    "service",            // UpdateService's word for serviceName
    "forceNewDeployment", // an act and no state: the annotation ecs-operator.io/restarted-at
];

/// Fields of `EcsService` that AWS does not know, and the names that are kept for what is to come.
const ADDED_TO_SERVICE: [&str; 14] = [
    "adoption",
    "clusterRef",
    "connectionRef",
    "deletionPolicy",
    "driftPolicy",
    "expose",
    "gates",
    "managementPolicy",
    "progressDeadlineSeconds",
    "revisionHistoryLimit",
    "scaling",
    "takeOverFrom",
    "taskDefinitionRef",
    "taskDefinitionTemplate",
];

fn service_values() -> BTreeMap<&'static str, BTreeSet<String>> {
    values! {
        "availabilityZoneRebalancing": AvailabilityZoneRebalancing,
        "deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.type": ThresholdType,
        "deploymentConfiguration.earlySuccessCriteria.sourceServiceRevisionCleanup": ServiceRevisionCleanup,
        "deploymentConfiguration.lifecycleHooks[].lifecycleStages[]": DeploymentLifecycleHookStage,
        "deploymentConfiguration.lifecycleHooks[].targetType": DeploymentLifecycleHookTargetType,
        "deploymentConfiguration.lifecycleHooks[].timeoutConfiguration.action": DeploymentLifecycleHookAction,
        "deploymentConfiguration.strategy": DeploymentStrategy,
        "deploymentController.type": DeploymentControllerType,
        "gatewayConnectors[].filters.accessTypes[]": AccessType,
        "gatewayConnectors[].healthCheck.healthCheckProtocol": GatewayConnectorHealthCheckProtocol,
        "launchType": LaunchType,
        "networkConfiguration.awsvpcConfiguration.assignPublicIp": AssignPublicIp,
        "placementConstraints[].type": PlacementConstraintType,
        "placementStrategy[].type": PlacementStrategyType,
        "propagateTags": PropagateTags,
        "schedulingStrategy": SchedulingStrategy,
        "serviceConnectConfiguration.accessLogConfiguration.format": ServiceConnectAccessLoggingFormat,
        "serviceConnectConfiguration.accessLogConfiguration.includeQueryParameters": ServiceConnectIncludeQueryParameters,
        "serviceConnectConfiguration.containerConfigurations[].logLevel": ServiceConnectContainerLogLevel,
        "serviceConnectConfiguration.logConfiguration.logDriver": LogDriver,
        "volumeConfigurations[].managedEBSVolume.filesystemType": TaskFilesystemType,
        "volumeConfigurations[].managedEBSVolume.tagSpecifications[].propagateTags": PropagateTags,
        "volumeConfigurations[].managedEBSVolume.tagSpecifications[].resourceType": EbsResourceType,
    }
}

fn service_members() -> Input {
    let mut create = input(CreateServiceInput::deserialize);
    let update = input(UpdateServiceInput::deserialize);
    create.members.extend(update.members);
    create.enumerations.extend(update.enumerations);
    create
}

#[test]
fn a_service_has_each_member_of_create_service_and_update_service() {
    let (aws, ours) = (service_members(), spec("EcsService"));
    assert!(aws.members.len() > 120, "the reader found only {} members", aws.members.len());
    let found = differences(&aws, &ours, &NOT_IN_SERVICE, &ADDED_TO_SERVICE);
    assert_eq!(found, Vec::<String>::new());
    let found = enumeration_differences(&aws, &ours, &service_values(), &NOT_IN_SERVICE, &ADDED_TO_SERVICE);
    assert_eq!(found, Vec::<String>::new());
}
