//! JSON in AWS's member names to the SDK's types and back, through the SDK's own codec.
//!
//! Fields are declared once, in the CRD types; nothing here lists them. Pure: no calls, no clock.
//!
//! Left alone, the SDK's codec drops members that it does not know and makes up some that AWS requires. Both would send
//! something else than what was asked for, so [`to_input`] writes the result back and compares.

use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
use aws_smithy_json::codec::{JsonCodec, JsonCodecSettings};
use aws_smithy_schema::Schema;
use aws_smithy_schema::codec::Codec;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer, ShapeSerializer};
use serde_json::Value;

/// Why JSON does not become an input, or a value does not become JSON. Never holds a value, only names: values may be secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// AWS knows no such member.
    #[error("{operation} has no member `{path}`: remove it or correct its name")]
    Unknown {
        /// The operation.
        operation: &'static str,
        /// Path of the member, such as `containerDefinitions[0].imag`.
        path: String,
    },
    /// AWS requires a member that is not there.
    #[error("{operation} needs `{path}`: set it")]
    Missing {
        /// The operation.
        operation: &'static str,
        /// Path of the member.
        path: String,
    },
    /// A member is of another type, or required and absent.
    #[error("{operation} cannot be made from what is declared: {why}")]
    Shape {
        /// The operation.
        operation: &'static str,
        /// The codec's words.
        why: String,
    },
}

/// An input of a call of AWS that can be read from JSON. Only this module says which there are.
pub trait Request: SerializableStruct + Clone + Send + Sync + 'static {
    /// Name of the operation.
    const OPERATION: &'static str;
    /// The members that it has, as the SDK knows them.
    const MEMBERS: &'static Schema<'static>;
    #[doc(hidden)]
    fn read(from: &mut dyn ShapeDeserializer) -> Result<Self, SerdeError>;
}

macro_rules! requests {
    ($($input:ident = $operation:literal),* $(,)?) => {$(
        impl Request for $input {
            const OPERATION: &'static str = $operation;
            const MEMBERS: &'static Schema<'static> = $input::SCHEMA;
            fn read(from: &mut dyn ShapeDeserializer) -> Result<Self, SerdeError> {
                Self::deserialize(from)
            }
        }
    )*};
}

requests! {
    RegisterTaskDefinitionInput = "RegisterTaskDefinition",
    CreateServiceInput = "CreateService",
    UpdateServiceInput = "UpdateService",
}

fn codec() -> JsonCodec {
    JsonCodec::new(JsonCodecSettings::builder().build())
}

/// Reads an input from JSON in AWS's member names. A member that is `null` counts as absent; an empty list stays.
///
/// # Errors
/// When a member is unknown to the SDK, of the wrong type, or required by AWS and absent.
pub fn to_input<I: Request>(json: &Value) -> Result<I, CodecError> {
    let operation = I::OPERATION;
    let shape = |e: &dyn std::fmt::Display| CodecError::Shape { operation, why: e.to_string() };
    let json = without_nulls(json);
    let text = serde_json::to_vec(&json).map_err(|e| shape(&e))?;
    let input = I::read(&mut codec().create_deserializer(&text)).map_err(|e| shape(&e))?;
    let back = to_json(&input).map_err(|e| shape(&e))?;
    let mut path = Vec::new();
    compare(operation, &json, &back, &mut path)?;
    Ok(input)
}

/// Writes a value of the SDK as JSON in AWS's member names, as it would stand on the wire: times are epoch seconds.
///
/// # Errors
/// When the SDK cannot write the value, which no value that it has read does.
pub fn to_json<T: SerializableStruct>(value: &T) -> Result<Value, CodecError> {
    let shape = |e: &dyn std::fmt::Display| CodecError::Shape { operation: "reading AWS's answer", why: e.to_string() };
    let mut out = codec().create_serializer();
    out.write_struct(value.schema(), value).map_err(|e| shape(&e))?;
    serde_json::from_slice(&out.finish()).map_err(|e| shape(&e))
}

fn without_nulls(json: &Value) -> Value {
    match json {
        Value::Object(members) => {
            Value::Object(members.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Looks for members that were dropped or made up on the way into the SDK.
fn compare(operation: &'static str, given: &Value, taken: &Value, path: &mut Vec<String>) -> Result<(), CodecError> {
    match (given, taken) {
        (Value::Object(given), Value::Object(taken)) => {
            if let Some(name) = given.keys().find(|name| !taken.contains_key(*name)) {
                return Err(CodecError::Unknown { operation, path: join(path, name) });
            }
            for (name, value) in taken {
                match given.get(name) {
                    Some(given) => {
                        path.push(name.clone());
                        compare(operation, given, value, path)?;
                        path.pop();
                    }
                    None if is_neutral(value) => {}
                    None => return Err(CodecError::Missing { operation, path: join(path, name) }),
                }
            }
            Ok(())
        }
        (Value::Array(given), Value::Array(taken)) => {
            for (index, (given, taken)) in given.iter().zip(taken).enumerate() {
                path.push(format!("[{index}]"));
                compare(operation, given, taken, path)?;
                path.pop();
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Numbers and switches that the SDK always sends: left out, AWS takes 0 and false for them.
fn is_neutral(value: &Value) -> bool {
    value == &Value::Bool(false) || value.as_f64() == Some(0.0)
}

fn join(path: &[String], last: &str) -> String {
    let mut all = String::new();
    for part in path.iter().map(String::as_str).chain([last]) {
        if !all.is_empty() && !part.starts_with('[') {
            all.push('.');
        }
        all.push_str(part);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{CodecError, to_input, to_json};
    use aws_sdk_ecs::operation::create_service::CreateServiceInput;
    use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
    use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
    use serde_json::{Value, json};

    fn register(json: &Value) -> Result<Value, CodecError> {
        to_input::<RegisterTaskDefinitionInput>(json).map(|input| to_json(&input).unwrap())
    }

    fn create(json: &Value) -> Result<Value, CodecError> {
        to_input::<CreateServiceInput>(json).map(|input| to_json(&input).unwrap())
    }

    #[test]
    fn what_is_declared_is_what_is_sent() {
        let declared = json!({
            "family": "shop", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "enableFaultInjection": false,
            "ephemeralStorage": {"sizeInGiB": 30},
            "containerDefinitions": [{
                "name": "app", "image": "nginx", "cpu": 10, "command": [], "entryPoint": ["sh", "-c"],
                "dockerLabels": {"a": "b", "": ""}, "environment": [{"name": "A", "value": ""}],
                "portMappings": [{"name": "http", "containerPort": 80}],
            }],
        });
        assert_eq!(register(&declared), Ok(declared));
    }

    #[test]
    fn names_that_are_no_camel_case_are_aws_s() {
        let declared = json!({
            "serviceName": "shop", "enableECSManagedTags": true, "enableExecuteCommand": false,
            "volumeConfigurations": [{"name": "data", "managedEBSVolume": {"roleArn": "arn", "sizeInGiB": 10}}],
        });
        assert_eq!(create(&declared), Ok(declared));
    }

    #[test]
    fn values_that_the_sdk_does_not_know_survive() {
        let declared = json!({"serviceName": "shop", "launchType": "MOON", "propagateTags": "SIDEWAYS"});
        assert_eq!(create(&declared), Ok(declared));
    }

    #[test]
    fn an_empty_list_is_sent_and_null_is_not() {
        let input: UpdateServiceInput =
            to_input(&json!({"service": "shop", "loadBalancers": [], "placementStrategy": null, "desiredCount": 0})).unwrap();
        assert_eq!(to_json(&input).unwrap(), json!({"service": "shop", "loadBalancers": [], "desiredCount": 0}));
    }

    #[test]
    fn fractions_survive() {
        let declared = json!({
            "serviceName": "shop",
            "deploymentConfiguration": {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.5, "canaryBakeTimeInMinutes": 3}},
        });
        assert_eq!(create(&declared), Ok(declared));
    }

    #[test]
    fn a_misspelt_member_is_refused_by_its_path() {
        let declared = json!({"family": "shop", "containerDefinitions": [{"name": "app"}, {"name": "side", "imag": "x"}]});
        let refused = register(&declared).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "RegisterTaskDefinition has no member `containerDefinitions[1].imag`: remove it or correct its name"
        );
    }

    #[test]
    fn what_the_codec_makes_up_is_refused_and_not_sent() {
        let subnets =
            json!({"serviceName": "shop", "networkConfiguration": {"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}}});
        let missing = create(&subnets).unwrap_err();
        assert_eq!(missing.to_string(), "CreateService needs `networkConfiguration.awsvpcConfiguration.subnets`: set it");
        let family = register(&json!({"containerDefinitions": [{"name": "app"}]}));
        assert!(matches!(family, Err(CodecError::Missing { .. } | CodecError::Shape { .. })), "{family:?}");
    }

    #[test]
    fn numbers_that_aws_takes_as_zero_may_be_left_out() {
        let sent = register(&json!({"family": "shop", "containerDefinitions": [{"name": "app"}]})).unwrap();
        assert_eq!(sent["containerDefinitions"][0]["cpu"], json!(0));
        let sent =
            create(&json!({"serviceName": "shop", "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}));
        assert_eq!(sent.unwrap()["capacityProviderStrategy"][0]["base"], json!(0));
    }

    #[test]
    fn a_wrong_type_is_refused_without_showing_the_value() {
        let declared = json!({"family": "shop", "containerDefinitions": [{"name": "app", "environment": "hunter2"}]});
        let refused = register(&declared).unwrap_err().to_string();
        assert!(refused.starts_with("RegisterTaskDefinition cannot be made"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
