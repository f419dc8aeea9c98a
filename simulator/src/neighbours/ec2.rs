//! EC2: subnets, security groups, networks. Whatever is asked for by id exists, in one network.

use serde_json::{Value, json};

use super::unknown;
use crate::fault::ServiceError;
use crate::simulator::Request;

const VPC: &str = "vpc-00000000000000001";

pub(super) fn call(request: &Request) -> Result<Value, ServiceError> {
    let account = &request.account;
    let zone = |number: usize| format!("{}{}", request.region, ["a", "b", "c"][number % 3]);
    match request.operation.as_str() {
        "DescribeSubnets" => {
            let ids = asked(&request.input, "SubnetId.", &["subnet-00000000000000001", "subnet-00000000000000002"]);
            let subnets = ids.iter().enumerate().map(|(number, id)| {
                json!({
                    "subnetId": id, "vpcId": VPC, "state": "available", "ownerId": account,
                    "availabilityZone": zone(number), "cidrBlock": format!("10.0.{number}.0/24"),
                    "availableIpAddressCount": 250, "mapPublicIpOnLaunch": false, "defaultForAz": false,
                })
            });
            Ok(json!({"subnetSet": subnets.collect::<Vec<_>>()}))
        }
        "DescribeSecurityGroups" => {
            let ids = asked(&request.input, "GroupId.", &["sg-00000000000000001"]);
            let groups: Vec<_> = ids.iter().map(|id| {
                json!({"groupId": id, "groupName": id, "vpcId": VPC, "ownerId": account, "groupDescription": "simulated"})
            }).collect();
            Ok(json!({"securityGroupInfo": groups}))
        }
        "DescribeVpcs" => {
            let ids = asked(&request.input, "VpcId.", &[VPC]);
            let networks: Vec<_> = ids.iter().map(|id| {
                json!({"vpcId": id, "state": "available", "cidrBlock": "10.0.0.0/16", "isDefault": true, "ownerId": account})
            }).collect();
            Ok(json!({"vpcSet": networks}))
        }
        _ => Err(unknown(request)),
    }
}

/// The ids in members such as `SubnetId.1`, or the ones that stand for "all".
fn asked(input: &Value, prefix: &str, all: &[&str]) -> Vec<String> {
    let members = input.as_object().into_iter().flatten();
    let ids: Vec<String> =
        members.filter(|(name, _)| name.starts_with(prefix)).filter_map(|(_, id)| id.as_str().map(str::to_owned)).collect();
    if ids.is_empty() { all.iter().map(|id| (*id).to_owned()).collect() } else { ids }
}
