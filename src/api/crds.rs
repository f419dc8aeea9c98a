//! The custom resource definitions as they are installed.
//!
//! The derived schemas are right for Rust; some things are changed for the API server, `kubectl explain` and kstatus.

use super::{AwsConnection, EcsListenerRule, EcsLoadBalancer, EcsNamespacePolicy, EcsService, EcsTargetGroup, EcsTaskDefinition};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::json;

/// The observed generation of an object at which the operator has not looked yet.
pub const NOT_OBSERVED: i64 = -1;

/// Every kind, as it is written to `crds/`.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let mut crds = vec![
        EcsTaskDefinition::crd(),
        EcsService::crd(),
        EcsTargetGroup::crd(),
        EcsListenerRule::crd(),
        EcsLoadBalancer::crd(),
        EcsNamespacePolicy::crd(),
        AwsConnection::crd(),
    ];
    for version in crds.iter_mut().flat_map(|crd| &mut crd.spec.versions) {
        if let Some(schema) = version.schema.as_mut().and_then(|it| it.open_api_v3_schema.as_mut()) {
            for_each(schema, &mut |schema| {
                null_is_unset(schema);
                join_lines(schema);
            });
            nothing_observed_yet(schema);
        }
    }
    crds
}

/// A new object says that no generation of it was observed. Without a status kstatus takes it for finished, and so does Flux, until
/// the operator has looked at it for the first time.
fn nothing_observed_yet(schema: &mut JSONSchemaProps) {
    if let Some(status) = schema.properties.as_mut().and_then(|properties| properties.get_mut("status")) {
        status.default = Some(JSON(json!({"observedGeneration": NOT_OBSERVED})));
    }
}

/// Makes an explicit null the same as an absent field: the API server drops nulls where a field is not nullable. Where it
/// is, `has()` is true of a null in CEL, and rules about immutable fields could be passed by.
fn null_is_unset(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    if let Some(values) = &mut schema.enum_ {
        values.retain(|value| !value.0.is_null());
    }
}

/// A line break in a doc comment is no line break for the reader; an empty line is.
fn join_lines(schema: &mut JSONSchemaProps) {
    if let Some(text) = &mut schema.description {
        let paragraphs: Vec<_> = text.split("\n\n").map(|it| it.replace('\n', " ")).collect();
        *text = paragraphs.join("\n\n");
    }
}

/// Visits a schema and all that it contains.
fn for_each(schema: &mut JSONSchemaProps, change: &mut dyn FnMut(&mut JSONSchemaProps)) {
    change(schema);
    for property in schema.properties.iter_mut().flat_map(|it| it.values_mut()) {
        for_each(property, change);
    }
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => for_each(item, change),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(|item| for_each(item, change)),
        None => {}
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &mut schema.additional_properties {
        for_each(value, change);
    }
}
