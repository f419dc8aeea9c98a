//! IAM: roles. Every role exists until it is marked as removed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Neighbours, required, text, unknown};
use crate::fault::ServiceError;
use crate::simulator::Request;

pub(super) fn call(neighbours: &mut Neighbours, request: &Request, now: Timestamp) -> Result<Value, ServiceError> {
    let (account, input) = (request.account.as_str(), &request.input);
    match request.operation.as_str() {
        "GetRole" => {
            let name = required(input, "RoleName")?;
            if neighbours.removed_roles.contains(name) {
                let message = format!("The role with name {name} cannot be found.");
                return Err(ServiceError { status: 404, code: "NoSuchEntity".to_owned(), message });
            }
            let created = neighbours.created_roles.get(&(account.to_owned(), name.to_owned()));
            Ok(json!({"Role": created.cloned().unwrap_or_else(|| role(account, "/", name, now))}))
        }
        "ListRoles" => {
            let of_account = neighbours.created_roles.iter().filter(|((owner, _), _)| owner == account);
            let roles: Vec<_> = of_account.map(|(_, role)| role.clone()).collect();
            Ok(json!({"Roles": roles, "IsTruncated": false}))
        }
        "CreateRole" => {
            let name = required(input, "RoleName")?;
            required(input, "AssumeRolePolicyDocument")?;
            let made = role(account, text(input, "Path").unwrap_or("/"), name, now);
            let key = (account.to_owned(), name.to_owned());
            if neighbours.created_roles.contains_key(&key) {
                let message = format!("Role with name {name} already exists.");
                return Err(ServiceError { status: 409, code: "EntityAlreadyExists".to_owned(), message });
            }
            neighbours.removed_roles.remove(name);
            neighbours.created_roles.insert(key, made.clone());
            Ok(json!({"Role": made}))
        }
        _ => Err(unknown(request)),
    }
}

fn role(account: &str, path: &str, name: &str, now: Timestamp) -> Value {
    json!({
        "Path": path,
        "RoleName": name,
        "RoleId": "AROASIMULATED",
        "Arn": format!("arn:aws:iam::{account}:role{path}{name}"),
        "CreateDate": now.to_string(),
    })
}
