//! A live service.

use super::{tags, timestamp};
use crate::aws::codec::{CodecError, Request, to_json};
use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::types;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Service events that are kept of the hundred that AWS sends with every read.
const EVENTS: usize = 20;

/// A service, as AWS describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveService {
    /// ARN. A service made again under the same name has the same one: [`LiveService::created_at`] tells them apart.
    pub arn: String,
    /// Name.
    pub name: String,
    /// ARN of its cluster.
    pub cluster_arn: String,
    /// Where it stands in its life.
    pub status: ServiceState,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// ARN of the task definition that it is set to run. After a rollback this is the old one.
    pub task_definition: String,
    /// Tasks that are to run.
    pub desired: i32,
    /// Tasks that run.
    pub running: i32,
    /// Tasks about to run.
    pub pending: i32,
    /// Launch type. Absent with a capacity provider strategy.
    pub launch_type: Option<String>,
    /// The deployments that still have tasks, newest first. The one with status `PRIMARY` is what the service is set to.
    pub deployments: Vec<LiveDeployment>,
    /// The newest events, newest first; at most 20.
    pub events: Vec<ServiceEvent>,
    /// ARN of the `ServiceDeployment` in progress or last done.
    pub current_service_deployment: Option<String>,
    /// Tags. Empty in replies to writes that do not return them.
    pub tags: BTreeMap<String, String>,
    /// `true` if ECS itself manages the service (Express mode): hands off.
    pub managed_by_ecs: bool,
    /// What can be set, as AWS's JSON in the names of `CreateService`. What AWS shows on the primary deployment only
    /// (`serviceConnectConfiguration`, `volumeConfigurations`, `vpcLatticeConfigurations`) is lifted from there. No tags.
    pub fields: Value,
}

/// Where a service stands in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Runs tasks.
    Active,
    /// Is deleted and stops its tasks. Its name is taken until it is inactive.
    Draining,
    /// Is no more. Shown for a while; the name is free.
    Inactive,
    /// A state that AWS added later, or none.
    Other(String),
}

/// A deployment of a service that still has tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveDeployment {
    /// `ecs-svc/<number>`; tasks name it in `startedBy`.
    pub id: String,
    /// `PRIMARY` (the newest) or `ACTIVE` (being replaced).
    pub status: String,
    /// ARN of the task definition that it runs.
    pub task_definition: String,
    /// Tasks that are to run.
    pub desired: i32,
    /// Tasks that run.
    pub running: i32,
    /// Tasks about to run.
    pub pending: i32,
    /// Tasks that failed in a row.
    pub failed: i32,
    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`. Absent behind a Classic Load Balancer. Never `FAILED` without circuit breaker or alarms.
    pub rollout_state: Option<String>,
    /// Why, in AWS's words.
    pub rollout_state_reason: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// A message of the ECS scheduler about a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// Its id: the same event has the same one in every read.
    pub id: String,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// AWS's text. For people: no contract, nothing is decided on it.
    pub message: String,
}

impl LiveService {
    /// Whether something is under way that is worth following closely.
    pub fn is_moving(&self) -> bool {
        let rolls = self.deployments.len() > 1
            || self.primary().is_some_and(|primary| primary.rollout_state.as_deref() == Some("IN_PROGRESS"));
        self.status == ServiceState::Draining || rolls || self.running != self.desired || self.pending > 0
    }

    /// The newest deployment.
    pub fn primary(&self) -> Option<&LiveDeployment> {
        self.deployments.iter().find(|d| d.status == "PRIMARY")
    }

    pub(in crate::aws) fn read(mut service: types::Service) -> Result<Self, CodecError> {
        let deployments = service.deployments.take().unwrap_or_default();
        let events = service.events.take().unwrap_or_default();
        let tagged = service.tags.take();
        // Outputs that would only be written to be thrown away again.
        service.task_sets = None;
        let fields = fields(&service, deployments.iter().find(|d| d.status.as_deref() == Some("PRIMARY")))?;
        Ok(Self {
            arn: service.service_arn.unwrap_or_default(),
            name: service.service_name.unwrap_or_default(),
            cluster_arn: service.cluster_arn.unwrap_or_default(),
            status: ServiceState::read(service.status),
            created_at: timestamp(service.created_at),
            task_definition: service.task_definition.unwrap_or_default(),
            desired: service.desired_count,
            running: service.running_count,
            pending: service.pending_count,
            launch_type: service.launch_type.map(|t| t.as_str().to_owned()),
            deployments: deployments.into_iter().map(LiveDeployment::read).collect(),
            events: events.into_iter().take(EVENTS).map(ServiceEvent::read).collect(),
            current_service_deployment: service.current_service_deployment,
            tags: tags(tagged),
            managed_by_ecs: service.resource_management_type == Some(types::ResourceManagementType::Ecs),
            fields,
        })
    }
}

/// What can be set, in the names of `CreateService`.
fn fields(service: &types::Service, primary: Option<&types::Deployment>) -> Result<Value, CodecError> {
    let Value::Object(described) = to_json(service)? else { return Ok(Value::Null) };
    let mut fields = Map::new();
    for (name, value) in described {
        // Two members have another name on the way out.
        let name = match name.as_str() {
            "clusterArn" => "cluster".to_owned(),
            "roleArn" => "role".to_owned(),
            _ => name,
        };
        if CreateServiceInput::MEMBERS.member_schema(&name).is_some() {
            fields.insert(name, value);
        }
    }
    if let Some(Value::Object(deployment)) = primary.map(lifted).transpose()? {
        fields.extend(deployment);
    }
    Ok(Value::Object(fields))
}

/// The settings that AWS shows on the primary deployment and not on the service.
fn lifted(primary: &types::Deployment) -> Result<Value, CodecError> {
    let only = types::Deployment::builder()
        .set_service_connect_configuration(primary.service_connect_configuration.clone())
        .set_volume_configurations(primary.volume_configurations.clone())
        .set_vpc_lattice_configurations(primary.vpc_lattice_configurations.clone())
        .build();
    let mut json = to_json(&only)?;
    if let Some(members) = json.as_object_mut() {
        members.retain(|name, _| CreateServiceInput::MEMBERS.member_schema(name).is_some() && name != "desiredCount");
    }
    Ok(json)
}

impl ServiceState {
    fn read(status: Option<String>) -> Self {
        match status.as_deref() {
            Some("ACTIVE") => Self::Active,
            Some("DRAINING") => Self::Draining,
            Some("INACTIVE") => Self::Inactive,
            _ => Self::Other(status.unwrap_or_default()),
        }
    }
}

impl LiveDeployment {
    fn read(deployment: types::Deployment) -> Self {
        Self {
            id: deployment.id.unwrap_or_default(),
            status: deployment.status.unwrap_or_default(),
            task_definition: deployment.task_definition.unwrap_or_default(),
            desired: deployment.desired_count,
            running: deployment.running_count,
            pending: deployment.pending_count,
            failed: deployment.failed_tasks,
            rollout_state: deployment.rollout_state.map(|s| s.as_str().to_owned()),
            rollout_state_reason: deployment.rollout_state_reason,
            created_at: timestamp(deployment.created_at),
            updated_at: timestamp(deployment.updated_at),
        }
    }
}

impl ServiceEvent {
    fn read(event: types::ServiceEvent) -> Self {
        Self { id: event.id.unwrap_or_default(), at: timestamp(event.created_at), message: event.message.unwrap_or_default() }
    }
}
