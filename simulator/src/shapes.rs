//! Inputs through the AWS SDK's own schemas.
//!
//! AWS ignores members it does not know and refuses wrong types. The SDK's codec knows every input, so a round trip through it
//! gives both, for all operations, with no list of ours to keep.

use aws_smithy_json::codec::{JsonCodec, JsonCodecSettings};
use aws_smithy_schema::codec::Codec;
use aws_smithy_schema::serde::{SerdeError, ShapeSerializer};
use serde_json::Value;

use crate::fault::ServiceError;

/// What an input of the wrong shape is answered with. ecs-semantics §0.
fn refused(error: &SerdeError) -> ServiceError {
    match error {
        SerdeError::TypeMismatch { message, .. } | SerdeError::InvalidInput { message, .. } => {
            ServiceError::new("SerializationException", message.clone())
        }
        SerdeError::NumericCoercionOverflow { target, value, .. } => {
            ServiceError::new("SerializationException", format!("{value} does not fit a {target}"))
        }
        // The SDK builds nested structures as it reads, and says which required member it misses.
        other => ServiceError::invalid(other.to_string()),
    }
}

macro_rules! operations {
    ($($operation:literal $module:ident $input:ident,)+) => {
        /// `input` without the members that AWS does not know; `None` when `operation` is not one of ours.
        pub(crate) fn conform(operation: &str, input: &Value) -> Option<Result<Value, ServiceError>> {
            let codec = JsonCodec::new(JsonCodecSettings::builder().build());
            let text = input.to_string();
            let mut reader = codec.create_deserializer(text.as_bytes());
            let mut writer = codec.create_serializer();
            let written = match operation {
                $($operation => {
                    use aws_sdk_ecs::operation::$module::$input as Input;
                    Input::deserialize(&mut reader).and_then(|input| writer.write_struct(Input::SCHEMA, &input))
                })+
                _ => return None,
            };
            let value = written.map_err(|error| refused(&error)).map(|()| {
                serde_json::from_slice(&writer.finish()).unwrap_or_default()
            });
            Some(value)
        }
    };
}

operations! {
    "ContinueServiceDeployment" continue_service_deployment ContinueServiceDeploymentInput,
    "CreateCapacityProvider" create_capacity_provider CreateCapacityProviderInput,
    "CreateCluster" create_cluster CreateClusterInput,
    "CreateService" create_service CreateServiceInput,
    "DeleteCapacityProvider" delete_capacity_provider DeleteCapacityProviderInput,
    "DeleteCluster" delete_cluster DeleteClusterInput,
    "DeleteService" delete_service DeleteServiceInput,
    "DeleteTaskDefinitions" delete_task_definitions DeleteTaskDefinitionsInput,
    "DeregisterContainerInstance" deregister_container_instance DeregisterContainerInstanceInput,
    "DeregisterTaskDefinition" deregister_task_definition DeregisterTaskDefinitionInput,
    "DescribeCapacityProviders" describe_capacity_providers DescribeCapacityProvidersInput,
    "DescribeClusters" describe_clusters DescribeClustersInput,
    "DescribeContainerInstances" describe_container_instances DescribeContainerInstancesInput,
    "DescribeServiceDeployments" describe_service_deployments DescribeServiceDeploymentsInput,
    "DescribeServiceRevisions" describe_service_revisions DescribeServiceRevisionsInput,
    "DescribeServices" describe_services DescribeServicesInput,
    "DescribeTaskDefinition" describe_task_definition DescribeTaskDefinitionInput,
    "DescribeTasks" describe_tasks DescribeTasksInput,
    "ListAccountSettings" list_account_settings ListAccountSettingsInput,
    "ListClusters" list_clusters ListClustersInput,
    "ListContainerInstances" list_container_instances ListContainerInstancesInput,
    "ListServiceDeployments" list_service_deployments ListServiceDeploymentsInput,
    "ListServices" list_services ListServicesInput,
    "ListTagsForResource" list_tags_for_resource ListTagsForResourceInput,
    "ListTaskDefinitionFamilies" list_task_definition_families ListTaskDefinitionFamiliesInput,
    "ListTaskDefinitions" list_task_definitions ListTaskDefinitionsInput,
    "ListTasks" list_tasks ListTasksInput,
    "PutClusterCapacityProviders" put_cluster_capacity_providers PutClusterCapacityProvidersInput,
    "RegisterContainerInstance" register_container_instance RegisterContainerInstanceInput,
    "RegisterTaskDefinition" register_task_definition RegisterTaskDefinitionInput,
    "RunTask" run_task RunTaskInput,
    "StopServiceDeployment" stop_service_deployment StopServiceDeploymentInput,
    "StopTask" stop_task StopTaskInput,
    "TagResource" tag_resource TagResourceInput,
    "UntagResource" untag_resource UntagResourceInput,
    "UpdateCluster" update_cluster UpdateClusterInput,
    "UpdateClusterSettings" update_cluster_settings UpdateClusterSettingsInput,
    "UpdateContainerInstancesState" update_container_instances_state UpdateContainerInstancesStateInput,
    "UpdateService" update_service UpdateServiceInput,
}
