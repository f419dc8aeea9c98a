//! The table of reasons and the code hold the same words.

use ecs_operator::reference::reasons::{CONDITIONS, NORMAL, RESULTS, TROUBLE};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words in the code that look like reasons and are not: AWS's codes and operations, kinds, words of Kubernetes, and that of a pass
/// which says nothing.
const NO_REASONS: &str = "
    AccessDenied AllocationIdNotFound AttributeLimitExceeded AuthFailure BandwidthLimitExceeded Blocked Client ClusterNotFound
    ClusterNotFoundException Completed CreateRule DependencyViolation DeregisterTaskDefinition DescribeTaskDefinition Drifted
    DuplicateListener DuplicateLoadBalancerName DuplicateTargetGroupName EcsListenerRule EcsLoadBalancer EcsService
    EcsTargetGroup EcsTaskDefinition Exception ExpiredToken False HealthUnavailable InProgress IncompleteSignature InternalError
    InternalFailure InternalServerError InvalidAccessKeyId InvalidClientTokenId InvalidSignature LimitExceeded
    LoadBalancerNotFound MissingAuthenticationToken NamespaceNotFound None Normal NotAuthorized OperationNotPermitted
    OptInRequired PriorRequestNotComplete Ready Reconcile Reconciling RegisterTaskDefinition RequestExpired RequestLimitExceeded
    RequestThrottled RequestThrottling ResourceInUse ResourceNotFound RuleNotFound Server ServiceDeploymentNotFound
    ServiceNotActive ServiceNotActiveException ServiceNotFound ServiceNotFoundException ServiceQuotaExceeded ServiceUnavailable
    SignatureDoesNotMatch SlowDown Stalled SubnetNotFound TargetNotFound TaskSetNotFound ThrottledRequest Throttling TooEarly TooMany
    TooManyActions Allowed AssumeRole AwsConnection RequestTimeTooSkewed DurationSeconds PackedPolicyTooLarge RegionDisabled TooManyRequests TooManyRules TooManyTags True TrustStoreNotFound UnauthorizedOperation UnrecognizedClient
    UnsupportedCertificate UpdateInProgress UpdateService UserInitiated Warning EcsNamespacePolicy Available
    Corrected Namespace Reported
";

fn sources(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") && !name.contains("tests") {
            found.push(path);
        }
    }
}

/// Every literal that is one capitalised word, in what decides and tells.
fn words() -> BTreeSet<String> {
    let mut files =
        vec![PathBuf::from("src/aws/error.rs"), PathBuf::from("src/aws/error/advice.rs"), PathBuf::from("src/operator.rs")];
    for folder in ["src/engine", "src/kinds", "src/operator"] {
        sources(Path::new(folder), &mut files);
    }
    let mut words = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in code.lines().map(|line| line.split("//").next().unwrap()) {
            for literal in line.split('"').skip(1).step_by(2) {
                let mut letters = literal.chars();
                let starts = letters.next().is_some_and(|it| it.is_ascii_uppercase())
                    && letters.next().is_some_and(|it| it.is_ascii_lowercase());
                if starts && literal.chars().all(|it| it.is_ascii_alphabetic()) {
                    words.insert(literal.to_owned());
                }
            }
        }
    }
    words
}

fn table() -> BTreeSet<String> {
    [NORMAL, TROUBLE, RESULTS].into_iter().flatten().map(|reason| reason.word.to_owned()).collect()
}

#[test]
fn every_reason_in_the_code_is_in_the_table_and_the_other_way_round() {
    let (words, table) = (words(), table());
    let others: BTreeSet<&str> = NO_REASONS.split_whitespace().chain(CONDITIONS.iter().map(|(kind, _)| kind.as_str())).collect();
    let unknown: Vec<_> = words.iter().filter(|word| !table.contains(*word) && !others.contains(word.as_str())).collect();
    assert!(unknown.is_empty(), "put these into src/reference/reasons.rs, or into the list in this test: {unknown:?}");
    let unused: Vec<_> = table.iter().filter(|word| !words.contains(*word)).collect();
    assert!(unused.is_empty(), "no code says these: {unused:?}");
    let stale: Vec<_> = NO_REASONS.split_whitespace().filter(|word| !words.contains(*word)).collect();
    assert!(stale.is_empty(), "take these out of the list in this test: {stale:?}");
}

#[test]
fn no_reason_stands_there_twice() {
    let all = [NORMAL, TROUBLE, RESULTS].into_iter().flatten().count();
    assert_eq!(table().len(), all);
}

#[test]
fn each_type_of_condition_is_described() {
    let source = fs::read_to_string("src/engine/conditions.rs").unwrap();
    let types = source.lines().filter(|line| line.trim().starts_with("Self::") && line.contains("=> \"")).count();
    assert_eq!(CONDITIONS.len(), types);
}
