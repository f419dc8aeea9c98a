//! ECS as JSON, through the real AWS SDK: the checks read like the API reference, the wire is the SDK's.

use aws_sdk_ecs::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::{BoxError, DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::{Client, operation};
use aws_smithy_json::codec::{JsonCodec, JsonCodecSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_schema::codec::Codec;
use ecs_operator::aws::codec::to_json;
use futures::future::BoxFuture;
use serde_json::Value;
use std::fmt;

/// What an operation was refused with.
#[derive(Debug)]
pub struct Refusal {
    /// Name of the error, empty if the reply was none of AWS's.
    pub code: String,
    /// Its words.
    pub message: String,
}

impl Refusal {
    fn of<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map(|response| response.status().as_u16());
        match (error.code(), status) {
            (Some(code), _) => Self { code: code.to_owned(), message: error.message().unwrap_or_default().to_owned() },
            (None, Some(status)) => Self { code: String::new(), message: format!("HTTP {status} without an AWS error") },
            (None, None) => Self { code: String::new(), message: DisplayErrorContext(error).to_string() },
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.code, self.message) }
    }
}

/// So that a check gives up with `?` where a call that has to work does not.
impl From<Refusal> for String {
    fn from(refusal: Refusal) -> Self {
        refusal.to_string()
    }
}

/// Puts a whole input in place of the client's empty one, as the operator does.
#[derive(Debug)]
struct Carry<I>(I);

impl<I: Clone + fmt::Debug + Send + Sync + 'static> Intercept for Carry<I> {
    fn name(&self) -> &'static str {
        "Carry"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let place = context.input_mut().downcast_mut::<I>().ok_or("the input is of another operation")?;
        place.clone_from(&self.0);
        Ok(())
    }
}

macro_rules! operations {
    ($($name:literal $method:ident $input:ident,)+) => {
        /// Makes one call. The input has AWS's member names, and so has the answer.
        pub fn send<'a>(client: &'a Client, operation: &str, input: &Value) -> BoxFuture<'a, Result<Value, Refusal>> {
            let text = input.to_string();
            let codec = JsonCodec::new(JsonCodecSettings::builder().build());
            let mut reader = codec.create_deserializer(text.as_bytes());
            match operation {
                $($name => {
                    let input = operation::$method::$input::deserialize(&mut reader).unwrap();
                    Box::pin(async move {
                        let answer = client.$method().customize().interceptor(Carry(input)).send().await;
                        answer.map(|answer| to_json(&answer).unwrap()).map_err(|error| Refusal::of(&error))
                    })
                })+
                other => panic!("{other} is not in the list of operations"),
            }
        }
    };
}

operations! {
    "CreateCluster" create_cluster CreateClusterInput,
    "CreateService" create_service CreateServiceInput,
    "DeleteCluster" delete_cluster DeleteClusterInput,
    "DeleteService" delete_service DeleteServiceInput,
    "DeleteTaskDefinitions" delete_task_definitions DeleteTaskDefinitionsInput,
    "DeregisterTaskDefinition" deregister_task_definition DeregisterTaskDefinitionInput,
    "DescribeClusters" describe_clusters DescribeClustersInput,
    "DescribeServiceDeployments" describe_service_deployments DescribeServiceDeploymentsInput,
    "DescribeServiceRevisions" describe_service_revisions DescribeServiceRevisionsInput,
    "DescribeServices" describe_services DescribeServicesInput,
    "DescribeTaskDefinition" describe_task_definition DescribeTaskDefinitionInput,
    "DescribeTasks" describe_tasks DescribeTasksInput,
    "ListServiceDeployments" list_service_deployments ListServiceDeploymentsInput,
    "ListServices" list_services ListServicesInput,
    "ListTagsForResource" list_tags_for_resource ListTagsForResourceInput,
    "ListTaskDefinitionFamilies" list_task_definition_families ListTaskDefinitionFamiliesInput,
    "ListTaskDefinitions" list_task_definitions ListTaskDefinitionsInput,
    "ListTasks" list_tasks ListTasksInput,
    "PutClusterCapacityProviders" put_cluster_capacity_providers PutClusterCapacityProvidersInput,
    "RegisterTaskDefinition" register_task_definition RegisterTaskDefinitionInput,
    "RunTask" run_task RunTaskInput,
    "StopServiceDeployment" stop_service_deployment StopServiceDeploymentInput,
    "StopTask" stop_task StopTaskInput,
    "TagResource" tag_resource TagResourceInput,
    "UntagResource" untag_resource UntagResourceInput,
    "UpdateService" update_service UpdateServiceInput,
}
