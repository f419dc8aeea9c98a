//! What kustomize has to know of the kinds to patch their lists entry by entry.
//!
//! kustomize reads no custom resource definitions: without this a patch of one entry replaces the whole list.

use super::crds;
use serde_json::{Map, Value, json};

/// The `openapi` file for a kustomization: each list that has a key, and the way to it. Nothing else of the schema.
pub fn kustomize_schema() -> Value {
    let mut definitions = Map::new();
    for crd in crds() {
        for version in &crd.spec.versions {
            let kind = &crd.spec.names.kind;
            let schema = serde_json::to_value(&version.schema).unwrap_or_default();
            let mut definition = keyed_lists(&schema["openAPIV3Schema"]).unwrap_or_default();
            definition["x-kubernetes-group-version-kind"] =
                json!([{ "group": crd.spec.group, "kind": kind, "version": version.name }]);
            definitions.insert(format!("io.ecs-operator.{}.{kind}", version.name), definition);
        }
    }
    json!({ "definitions": definitions })
}

/// What is left of a schema when only lists with one key, and the way to them, stay.
fn keyed_lists(schema: &Value) -> Option<Value> {
    if let Some(properties) = schema["properties"].as_object() {
        let fields: Map<_, _> = properties.iter().filter_map(|(name, field)| Some((name.clone(), keyed_lists(field)?))).collect();
        return (!fields.is_empty()).then(|| json!({ "type": "object", "properties": fields }));
    }
    let items = schema.get("items").and_then(keyed_lists);
    if let [key] = schema["x-kubernetes-list-map-keys"].as_array()?.as_slice() {
        return Some(json!({
            "type": "array",
            "items": items.unwrap_or_else(|| json!({ "type": "object" })),
            "x-kubernetes-patch-merge-key": key,
            "x-kubernetes-patch-strategy": "merge",
        }));
    }
    items.map(|items| json!({ "type": "array", "items": items }))
}
