//! CloudWatch Logs: groups, which task definitions name.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Neighbours, text, unknown};
use crate::fault::ServiceError;
use crate::simulator::Request;

pub(super) fn call(neighbours: &mut Neighbours, request: &Request, now: Timestamp) -> Result<Value, ServiceError> {
    let place = (request.account.clone(), request.region.clone());
    match request.operation.as_str() {
        "CreateLogGroup" => {
            let Some(name) = text(&request.input, "logGroupName") else {
                return Err(ServiceError::new("InvalidParameterException", "logGroupName must be given"));
            };
            let key = (place.0, place.1, name.to_owned());
            if neighbours.log_groups.contains_key(&key) {
                return Err(ServiceError::new("ResourceAlreadyExistsException", "The specified log group already exists"));
            }
            neighbours.log_groups.insert(key, now);
            Ok(json!({}))
        }
        "DescribeLogGroups" => {
            let prefix = text(&request.input, "logGroupNamePrefix").unwrap_or_default();
            let here = neighbours
                .log_groups
                .iter()
                .filter(|((account, region, name), _)| *account == place.0 && *region == place.1 && name.starts_with(prefix));
            let groups: Vec<_> = here
                .map(|((account, region, name), created)| {
                    json!({
                        "logGroupName": name, "creationTime": created.as_millisecond(), "storedBytes": 0, "metricFilterCount": 0,
                        "arn": format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"),
                    })
                })
                .collect();
            Ok(json!({"logGroups": groups}))
        }
        _ => Err(unknown(request)),
    }
}
