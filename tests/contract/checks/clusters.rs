//! Clusters.

use crate::check::{Check, Seen, check, holds, refused, same};
use crate::target::Aws;
use serde_json::json;

/// Section 5.
pub fn checks() -> Vec<Check> {
    vec![
        check("the creation of a cluster that is there gives it back", "5 TF", again),
        check("a cluster that is not there is MISSING among the failures", "5 M", missing),
        check("a cluster is INACTIVE after its deletion", "5 M", deleted),
        check("a cluster with a service is not deleted", "0.2 M", services),
        check("new capacity providers replace those that were there", "5 M", replaced),
        check("a capacity provider that is not there cannot be associated", "5 M", unknown_provider),
        check("a cluster that is not there cannot be deleted", "0.2 M", delete_missing),
    ]
}

async fn again(aws: Aws) -> Seen {
    let seen = aws.call("CreateCluster", json!({"clusterName": aws.id})).await?;
    holds("", &seen["cluster"], &json!({"clusterName": aws.id, "status": "ACTIVE"}))
}

async fn missing(aws: Aws) -> Seen {
    let seen = aws.call("DescribeClusters", json!({"clusters": ["nowhere-at-all"]})).await?;
    holds("", &seen["failures"][0], &json!({"reason": "MISSING"}))
}

async fn deleted(aws: Aws) -> Seen {
    let seen = aws.call("DeleteCluster", json!({"cluster": aws.id})).await?;
    holds("", &seen["cluster"], &json!({"status": "INACTIVE"}))
}

async fn services(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    refused(aws.call("DeleteCluster", json!({"cluster": aws.id})).await, "ClusterContainsServicesException", "")
}

async fn replaced(aws: Aws) -> Seen {
    for providers in [json!(["FARGATE", "FARGATE_SPOT"]), json!(["FARGATE_SPOT"])] {
        let input = json!({"cluster": aws.id, "capacityProviders": providers, "defaultCapacityProviderStrategy": []});
        aws.call("PutClusterCapacityProviders", input).await?;
    }
    let seen = aws.call("DescribeClusters", json!({"clusters": [aws.id]})).await?;
    same("`capacityProviders`", &seen["clusters"][0]["capacityProviders"], &json!(["FARGATE_SPOT"]))
}

async fn unknown_provider(aws: Aws) -> Seen {
    let input = json!({"cluster": aws.id, "capacityProviders": ["nobody"], "defaultCapacityProviderStrategy": []});
    refused(aws.call("PutClusterCapacityProviders", input).await, "InvalidParameterException", "")
}

async fn delete_missing(aws: Aws) -> Seen {
    refused(aws.call("DeleteCluster", json!({"cluster": "nowhere"})).await, "ClusterNotFoundException", "")
}
