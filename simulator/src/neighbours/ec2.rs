//! EC2: subnets, security groups, networks. Whatever is asked for by id exists, in one network ([`network`]).

use serde_json::{Value, json};

use super::{network, unknown};
use crate::fault::ServiceError;
use crate::simulator::Request;

pub(super) fn call(request: &Request) -> Result<Value, ServiceError> {
    let account = &request.account;
    match request.operation.as_str() {
        "DescribeSubnets" => {
            let ids = asked(&request.input, "SubnetId.", &network::SUBNETS);
            let ids = found(ids, "subnet")?;
            Ok(json!({"subnetSet": ids.iter().map(|id| subnet(request, id)).collect::<Vec<_>>()}))
        }
        "DescribeSecurityGroups" => {
            let ids = found(asked(&request.input, "GroupId.", &[network::DEFAULT_GROUP]), "security group")?;
            let groups: Vec<_> = ids.iter().map(|id| {
                json!({"groupId": id, "groupName": id, "vpcId": network::VPC, "ownerId": account, "groupDescription": "simulated"})
            }).collect();
            Ok(json!({"securityGroupInfo": groups}))
        }
        "DescribeVpcs" => {
            let ids = found(asked(&request.input, "VpcId.", &[network::VPC]), "vpc")?;
            let networks: Vec<_> = ids.iter().map(|id| {
                json!({"vpcId": id, "state": "available", "cidrBlock": "10.0.0.0/16", "isDefault": true, "ownerId": account})
            }).collect();
            Ok(json!({"vpcSet": networks}))
        }
        _ => Err(unknown(request)),
    }
}

fn subnet(request: &Request, id: &str) -> Value {
    let zone = network::zone_of(id);
    let block = id.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    json!({
        "subnetId": id, "vpcId": network::VPC, "state": "available", "ownerId": request.account,
        "subnetArn": format!("arn:aws:ec2:{}:{}:subnet/{id}", request.region, request.account),
        "availabilityZone": format!("{}{zone}", request.region), "availabilityZoneId": format!("sim1-az{}", zone as u32 - 96),
        "cidrBlock": format!("10.0.{block}.0/24"), "availableIpAddressCount": 250, "mapPublicIpOnLaunch": false, "defaultForAz": false,
    })
}

/// Refuses ids that are not there, in EC2's words.
fn found(ids: Vec<String>, kind: &str) -> Result<Vec<String>, ServiceError> {
    let Some(missing) = ids.iter().find(|id| !network::exists(id)) else { return Ok(ids) };
    let (code, noun) = match kind {
        "subnet" => ("InvalidSubnetID.NotFound", "subnet ID"),
        "vpc" => ("InvalidVpcID.NotFound", "vpc ID"),
        _ => ("InvalidGroup.NotFound", "security group"),
    };
    Err(ServiceError::new(code, format!("The {noun} '{missing}' does not exist")))
}

/// The ids in members such as `SubnetId.1`, or the ones that stand for "all".
fn asked(input: &Value, prefix: &str, all: &[&str]) -> Vec<String> {
    let members = input.as_object().into_iter().flatten();
    let ids: Vec<String> =
        members.filter(|(name, _)| name.starts_with(prefix)).filter_map(|(_, id)| id.as_str().map(str::to_owned)).collect();
    if ids.is_empty() { all.iter().map(|id| (*id).to_owned()).collect() } else { ids }
}
