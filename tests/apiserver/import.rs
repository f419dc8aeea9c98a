//! What runs already is written down by `import`, observed without a difference, and adopted without a change.

use crate::world::{CLUSTER, World, fast, is_write, until_some};
use ecs_operator::api::EcsService;
use ecs_operator::aws::connection::{Connection, config_in_process};
use ecs_operator::aws::pace::Pacer;
use ecs_operator::import::read::{Found, Reading};
use ecs_operator::import::{Imported, Options, Policy};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Command;

const KINDS: [&str; 5] = ["EcsTaskDefinition", "EcsTargetGroup", "EcsService", "EcsLoadBalancer", "EcsListenerRule"];

fn connection(world: &World) -> Connection {
    let config = config_in_process(world.aws.http_client(), "111122223333", "eu-central-1");
    Connection::of_account("default", &config, Pacer::new(), String::new()).unwrap()
}

/// What a reading found; nothing may have failed.
fn whole(found: Found) -> Vec<Imported> {
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    found.objects
}

fn yaml(objects: &[Imported]) -> String {
    objects.iter().map(Imported::yaml).collect::<Vec<_>>().join("\n---\n")
}

fn notes(objects: &[Imported]) -> Vec<&String> {
    objects.iter().flat_map(|object| &object.notes).collect()
}

async fn services(world: &World, options: &Options) -> Vec<Imported> {
    let connection = connection(world);
    let mut reading = Reading::new(&connection, options);
    reading.services(CLUSTER, "*").await.unwrap();
    whole(reading.end())
}

/// Every object of ours in the story's namespace.
async fn objects(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in KINDS {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", kind));
        let api: Api<DynamicObject> = Api::namespaced_with(world.kube.clone(), &world.namespace, &resource);
        all.extend(api.list(&ListParams::default()).await.unwrap().items.into_iter().map(|it| json!(it)));
    }
    all
}

/// Waits until every object is Ready for its generation and tells of no difference.
async fn until_all_agree(world: &World, count: usize) {
    until_some("every object is ready without drift", async || {
        let all = objects(world).await;
        let is_good = |object: &Value| {
            let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True");
            let drifted = object["status"]["drift"].as_array().is_some_and(|drift| !drift.is_empty());
            ready && !drifted && object["status"]["observedGeneration"] == object["metadata"]["generation"]
        };
        let bad: Vec<String> = all
            .iter()
            .filter(|object| !is_good(object))
            .map(|object| format!("{} {}: {}", object["kind"], object["metadata"]["name"], object["status"]))
            .collect();
        if bad.is_empty() && all.len() == count { Ok(()) } else { Err(format!("{} objects; {}", all.len(), bad.join("\n"))) }
    })
    .await;
}

fn writes(world: &World) -> Vec<String> {
    world.aws.calls().into_iter().map(|call| call.operation).filter(|name| is_write(name)).collect()
}

fn elb(world: &World, operation: &str, input: Value) -> Value {
    world.aws.call_elb(operation, input).unwrap()
}

fn arn(answer: &Value, list: &str, member: &str) -> String {
    answer[list][0][member].as_str().unwrap().to_owned()
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"Key": key, "Value": value})
}

/// A target group as somebody made it: its ARN.
fn target_group(world: &World, vpc: &Value) -> String {
    let group = elb(
        world,
        "CreateTargetGroup",
        json!({
            "Name": "Shop-Blue", "Protocol": "HTTP", "Port": 8080, "VpcId": vpc, "TargetType": "ip", "ProtocolVersion": "HTTP2",
            "HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": 15, "HealthCheckTimeoutSeconds": 4,
            "HealthyThresholdCount": 3, "UnhealthyThresholdCount": 4, "HealthCheckPort": "9090", "HealthCheckProtocol": "HTTP",
            "Matcher": {"HttpCode": "200-204"}, "IpAddressType": "ipv4", "Tags": [{"Key": "team", "Value": "shop"}],
        }),
    );
    let group = arn(&group, "TargetGroups", "TargetGroupArn");
    elb(
        world,
        "ModifyTargetGroupAttributes",
        json!({"TargetGroupArn": group, "Attributes": [
            attribute("deregistration_delay.timeout_seconds", "30"), attribute("stickiness.enabled", "true"),
            attribute("stickiness.type", "app_cookie"), attribute("stickiness.app_cookie.cookie_name", "session"),
            attribute("stickiness.app_cookie.duration_seconds", "600"),
            attribute("load_balancing.algorithm.type", "least_outstanding_requests"),
            attribute("load_balancing.cross_zone.enabled", "true"),
        ]}),
    );
    group
}

/// The default action of a listener whose rules do the work.
fn not_found() -> Value {
    json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}])
}

/// Load balancing as somebody made it: ARNs of load balancer, rule and target group.
fn balancing(world: &World) -> (String, String, String) {
    let made = elb(
        world,
        "CreateLoadBalancer",
        json!({
            "Name": "Edge", "Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-edge"], "Scheme": "internal",
            "Tags": [{"Key": "edge", "Value": "inside"}],
        }),
    );
    let balancer = arn(&made, "LoadBalancers", "LoadBalancerArn");
    let group = target_group(world, &made["LoadBalancers"][0]["VpcId"]);
    elb(
        world,
        "ModifyLoadBalancerAttributes",
        json!({"LoadBalancerArn": balancer, "Attributes": [
            attribute("idle_timeout.timeout_seconds", "120"), attribute("deletion_protection.enabled", "true"),
            attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
        ]}),
    );
    let to_https =
        json!([{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]);
    elb(
        world,
        "CreateListener",
        json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": to_https}),
    );
    let listener = elb(
        world,
        "CreateListener",
        json!({
            "LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 8080, "DefaultActions": not_found(),
        }),
    );
    let rule = elb(
        world,
        "CreateRule",
        json!({
            "ListenerArn": arn(&listener, "Listeners", "ListenerArn"), "Priority": 120,
            "Conditions": [
                {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example.com"]}},
                {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}},
                {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Stage", "Values": ["blue"]}},
                {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}},
                {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
            ],
            "Actions": [{"Type": "forward", "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": group, "Weight": 100}],
                "TargetGroupStickinessConfig": {"Enabled": true, "DurationSeconds": 60},
            }}],
            "Tags": [{"Key": "team", "Value": "shop"}],
        }),
    );
    (balancer, arn(&rule, "Rules", "RuleArn"), group)
}

/// An input of AWS as somebody else writes it.
fn foreign(file: &str, target_group: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/apiserver/foreign/{file}.yaml"));
    let text = std::fs::read_to_string(path).unwrap().replace("TARGET_GROUP", target_group);
    serde_yaml_ng::from_str(&text).unwrap()
}

fn made_by_hand(world: &World, target_group: &str) {
    for file in ["task-definition-fargate", "task-definition-instances"] {
        world.by_hand("RegisterTaskDefinition", foreign(file, target_group));
    }
    world.add_container_instances();
    for file in ["service-fargate", "service-instances", "service-daemon"] {
        world.by_hand("CreateService", foreign(file, target_group));
    }
    world.aws.clear_calls();
}

#[tokio::test(flavor = "multi_thread")]
async fn services_with_every_field_are_observed_without_a_difference_and_adopted_by_tags_alone() {
    let mut world = World::without_operator(fast()).await;
    let (_, _, target_group) = balancing(&world);
    made_by_hand(&world, &target_group);
    let observed = services(&world, &Options::default()).await;
    assert_eq!(observed.len(), 5, "three services that run two families");
    let said = notes(&observed);
    assert!(said.len() == 1 && said[0].starts_with("monitoring is left out"), "{said:?}");
    world.apply(&yaml(&observed)).await;
    world.start_operator();
    until_all_agree(&world, 5).await;
    settle().await;
    assert_eq!(writes(&world), [] as [&str; 0]);

    let adopted = services(&world, &Options { policy: Policy::Adopt, ..Options::default() }).await;
    world.apply(&yaml(&adopted)).await;
    until_all_agree(&world, 5).await;
    until_some("every service carries our tags", async || {
        let tags = ["Shop_API", "worker", "every-host"].map(|name| world.tags(name));
        let is_ours = |tags: &Vec<(String, String)>| tags.iter().any(|(key, _)| key == "ecs-operator.io/name");
        if tags.iter().all(is_ours) { Ok(()) } else { Err(format!("{tags:?}")) }
    })
    .await;
    settle().await;
    assert_eq!(writes(&world), ["TagResource"; 5]);
}

/// Time for a few more looks at what is settled.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn load_balancing_is_observed_without_a_difference_and_a_load_balancer_adopted_by_tags_alone() {
    let mut world = World::without_operator(fast()).await;
    let (balancer, rule, target_group) = balancing(&world);
    world.aws.clear_calls();
    let connection = connection(&world);
    let read = async |policy| {
        let options = Options { policy, ..Options::default() };
        let mut reading = Reading::new(&connection, &options);
        reading.load_balancer("Edge").await.unwrap();
        reading.target_group("Shop-Blue").await.unwrap();
        reading.target_group(&target_group).await.unwrap();
        reading.rule(&rule).await.unwrap();
        whole(reading.end())
    };
    let observed = read(Policy::Observe).await;
    assert_eq!(observed.len(), 3, "what was written once is not written again");
    assert_eq!(observed[0].arn, balancer);
    assert!(notes(&observed).is_empty(), "{:?}", notes(&observed));
    world.apply(&yaml(&observed)).await;
    world.start_operator();
    until_all_agree(&world, 3).await;
    settle().await;
    assert_eq!(writes(&world), [] as [&str; 0]);

    let adopted = read(Policy::Adopt).await;
    let said = notes(&adopted);
    assert!(said.len() == 2 && said.iter().all(|note| note.contains("cannot be adopted")), "{said:?}");
    world.apply(&yaml(&adopted)).await;
    until_all_agree(&world, 3).await;
    let tagged = || elb(&world, "DescribeTags", json!({"ResourceArns": [balancer]})).to_string();
    world.until_aws("the load balancer is ours", |_| tagged().contains("ecs-operator.io/name")).await;
    settle().await;
    // The load balancer and its two listeners. Rules and target groups are observed on.
    assert_eq!(writes(&world), ["AddTags"; 3]);
    until_all_agree(&world, 3).await;
}

/// What ends TLS, as somebody made it: an application load balancer with two certificates, and a network load balancer with a
/// listener of each protocol.
fn secure_balancing(world: &World) -> [String; 2] {
    let (first, second) = (world.aws.add_certificate(&["shop.example.com"]), world.aws.add_certificate(&["*.example.org"]));
    let balancer = |input: Value| {
        let made = elb(world, "CreateLoadBalancer", input);
        (arn(&made, "LoadBalancers", "LoadBalancerArn"), made["LoadBalancers"][0]["VpcId"].clone())
    };
    let (application, _) =
        balancer(json!({"Name": "Secure", "Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-edge"]}));
    let listener = elb(
        world,
        "CreateListener",
        json!({
            "LoadBalancerArn": application, "Protocol": "HTTPS", "Port": 443, "DefaultActions": not_found(),
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "Certificates": [{"CertificateArn": first}],
        }),
    );
    let listener = arn(&listener, "Listeners", "ListenerArn");
    elb(world, "AddListenerCertificates", json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": second}]}));
    let (network, vpc) =
        balancer(json!({"Name": "Wire", "Type": "network", "Scheme": "internal", "Subnets": ["subnet-a", "subnet-b"]}));
    for (protocol, to, port) in [("TCP", "TCP", 5432), ("UDP", "UDP", 53), ("TLS", "TCP", 8443)] {
        let group = json!({"Name": format!("Wire-{protocol}"), "Protocol": to, "Port": port, "VpcId": vpc, "TargetType": "ip",
            "HealthCheckProtocol": "TCP", "HealthCheckPort": "8081"});
        let group = arn(&elb(world, "CreateTargetGroup", group), "TargetGroups", "TargetGroupArn");
        let mut listener = json!({"LoadBalancerArn": network, "Protocol": protocol, "Port": port,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}]});
        if protocol == "TLS" {
            listener["SslPolicy"] = json!("ELBSecurityPolicy-TLS13-1-2-2021-06");
            listener["Certificates"] = json!([{"CertificateArn": first}]);
            listener["AlpnPolicy"] = json!(["HTTP2Preferred"]);
        }
        elb(world, "CreateListener", listener);
    }
    [application, network]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_tls_is_observed_without_a_difference_and_adopted_by_tags_alone() {
    let mut world = World::without_operator(fast()).await;
    let balancers = secure_balancing(&world);
    world.aws.clear_calls();
    let connection = connection(&world);
    let read = async |policy| {
        let options = Options { policy, ..Options::default() };
        let mut reading = Reading::new(&connection, &options);
        reading.load_balancer("Secure").await.unwrap();
        reading.load_balancer("Wire").await.unwrap();
        for protocol in ["TCP", "UDP", "TLS"] {
            reading.target_group(&format!("Wire-{protocol}")).await.unwrap();
        }
        whole(reading.end())
    };
    let observed = read(Policy::Observe).await;
    let text = yaml(&observed);
    for word in ["ELBSecurityPolicy-TLS13-1-2-2021-06", "HTTP2Preferred", "protocol: UDP", "certificateArn: arn:aws:acm:"] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    assert!(notes(&observed).is_empty(), "{:?}", notes(&observed));
    world.apply(&text).await;
    world.start_operator();
    until_all_agree(&world, 5).await;
    settle().await;
    assert_eq!(writes(&world), [] as [&str; 0]);

    world.apply(&yaml(&read(Policy::Adopt).await)).await;
    until_all_agree(&world, 5).await;
    let tagged = || elb(&world, "DescribeTags", json!({"ResourceArns": balancers})).to_string();
    world.until_aws("both are ours", |_| tagged().matches(r#""ecs-operator.io/name""#).count() == 2).await;
    settle().await;
    // Two load balancers with one listener and three.
    assert_eq!(writes(&world), ["AddTags"; 6]);
    until_all_agree(&world, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_object_cannot_stand_for_is_named_by_its_revision() {
    let mut world = World::without_operator(fast()).await;
    let (_, _, target_group) = balancing(&world);
    made_by_hand(&world, &target_group);
    world.by_hand("RegisterTaskDefinition", foreign("task-definition-fargate", &target_group));
    let connection = connection(&world);
    let options = Options { with_target_groups: true, with_desired_count: false, ..Options::default() };
    let mut reading = Reading::new(&connection, &options);
    reading.services(CLUSTER, "Shop*").await.unwrap();
    let found = whole(reading.end());
    let kinds: Vec<&str> = found.iter().map(|object| object.kind).collect();
    assert_eq!(kinds, ["EcsTargetGroup", "EcsService"], "revision 2 is the newest, and 1 runs");
    let service: EcsService = serde_yaml_ng::from_str(&found[1].yaml()).unwrap();
    assert_eq!((service.spec.task_definition.as_deref(), service.spec.desired_count), (Some("Shop_API:1"), None));
    assert!(found[1].notes.iter().any(|note| note.contains("Shop_API:1 runs")), "{:?}", found[1].notes);
    world.apply(&yaml(&found)).await;
    world.start_operator();
    until_all_agree(&world, 2).await;
    assert_eq!(writes(&world), [] as [&str; 0]);
}

/// The program itself, in an environment of its own, with the simulator as AWS.
struct Program {
    endpoint: String,
}

impl Program {
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-operator"));
        command.args(line.split_whitespace()).env_clear().env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_REGION", "eu-central-1");
        command.env("AWS_ACCESS_KEY_ID", "111122223333").env("AWS_SECRET_ACCESS_KEY", "secret");
        command
    }

    /// Exit code, stdout and stderr.
    async fn run(&self, line: &str) -> (i32, String, String) {
        told(self.command(line)).await
    }
}

async fn told(mut command: Command) -> (i32, String, String) {
    let output = command.output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_writes_yaml_and_sentences_with_an_exit_code() {
    let world = World::without_operator(fast()).await;
    let (balancer, _, target_group) = balancing(&world);
    made_by_hand(&world, &target_group);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let program = Program { endpoint: format!("http://{}", listener.local_addr().unwrap()) };
    let aws = world.aws.clone();
    let serving = tokio::spawn(async move { aws.serve(listener, std::future::pending()).await });

    let (code, out, err) = program.run("import service demo worker --namespace shop").await;
    assert_eq!((code, err.as_str()), (0, ""));
    let documents: Vec<Value> = out.split("---\n").map(|one| serde_yaml_ng::from_str(one).unwrap()).collect();
    let named: Vec<String> = documents.iter().map(|one| format!("{} {}", one["kind"], one["metadata"])).collect();
    let both =
        ["EcsTaskDefinition", "EcsService"].map(|kind| format!("\"{kind}\" {{\"name\":\"worker\",\"namespace\":\"shop\"}}"));
    assert_eq!(named, both);
    let (code, out, err) = program.run("import cluster demo").await;
    assert_eq!((code, out.matches("\nkind: EcsService\n").count()), (0, 3));
    assert!(err.starts_with("note: EcsService shop-api: monitoring is left out"), "{err}");

    let folder = tempfile::tempdir().unwrap();
    let into = format!("import load-balancer {balancer} --output {}", folder.path().join("new").display());
    assert_eq!(program.run(&into).await, (0, String::new(), String::new()));
    assert!(folder.path().join("new/ecsloadbalancer-edge.yaml").exists());
    let (code, _, err) = program.run(&into).await;
    assert!(code == 1 && err.contains("choose another --output"), "{err}");

    for (line, code, sentence) in [
        ("import service demo nope", 1, "there is no service nope in cluster demo"),
        ("import service demo x*", 1, "none of the 3 services of cluster demo is named x*"),
        ("import cluster nope", 1, "ClusterNotFoundException"),
        ("import task-definition nope", 1, "there is no task definition nope"),
        ("import target-group nope", 1, "there is no target group nope"),
        ("import load-balancer nope", 1, "there is no load balancer nope"),
        ("import rule arn:aws:x", 1, "is not the ARN of a rule"),
        ("import moon", 2, "unrecognized subcommand"),
    ] {
        let (was, out, err) = program.run(line).await;
        assert!((was, out.as_str()) == (code, "") && err.contains(sentence), "{line}: {was} {err}");
    }
    let mut nowhere = program.command("import cluster demo");
    nowhere.env_remove("AWS_REGION");
    assert_eq!(told(nowhere).await, (1, String::new(), "error: no AWS region is set: set AWS_REGION\n".to_owned()));
    let mut nobody = program.command("import cluster demo");
    nobody.env_remove("AWS_ACCESS_KEY_ID");
    let (code, _, err) = told(nobody).await;
    assert!(code == 1 && err.contains("no credentials") && err.contains("set AWS_PROFILE") && err.lines().count() == 1, "{err}");
    assert_eq!(writes(&world), [] as [&str; 0]);
    serving.abort();
}
