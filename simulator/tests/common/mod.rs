//! A simulator, and the AWS SDK in front of it.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]
#![allow(clippy::disallowed_methods, reason = "the tests sleep in virtual time")]

use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_ecs::error::DisplayErrorContext;
use aws_sdk_ecs::types::builders::ContainerDefinitionBuilder;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, Compatibility, ContainerDefinition, DeploymentCircuitBreaker, DeploymentConfiguration, DesiredStatus,
    HealthCheck, LaunchType, NetworkConfiguration, NetworkMode, Service, ServiceDeployment, ServiceField, Task,
};
use aws_sdk_elasticloadbalancingv2 as elb;
use aws_smithy_async::rt::sleep::TokioSleep;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

pub struct Aws {
    pub simulator: Simulator,
    pub ecs: Client,
    pub elb: elb::Client,
}

/// A network that every load balancer and target group here is in.
pub const VPC: &str = "vpc-00000000000000001";

/// An Application Load Balancer with a listener on port 80 that forwards to a group of addresses on port 80.
pub struct Edge {
    pub balancer: String,
    pub dns_name: String,
    pub listener: String,
    pub group: String,
}

pub async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

pub fn client(simulator: &Simulator) -> Client {
    let config = aws_sdk_ecs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(simulator.http_client())
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(20)).build())
        .build();
    Client::from_conf(config)
}

pub fn elb_client(simulator: &Simulator) -> elb::Client {
    let config = elb::Config::builder()
        .behavior_version(elb::config::BehaviorVersion::latest())
        .region(elb::config::Region::new("eu-central-1"))
        .credentials_provider(elb::config::Credentials::new("AKIASIMULATED", "any", None, None, "test"))
        .http_client(simulator.http_client())
        .sleep_impl(TokioSleep::new())
        .retry_config(elb::config::retry::RetryConfig::disabled())
        .build();
    elb::Client::from_conf(config)
}

/// The first item of a list in the answer to a direct call.
pub fn made(simulator: &Simulator, operation: &str, input: Value, list: &str) -> Value {
    simulator.call_elb(operation, input).unwrap()[list][0].clone()
}

pub fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap().to_owned()
}

/// A target group of addresses on port 80.
pub fn group(simulator: &Simulator, name: &str) -> String {
    let input = json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": VPC, "TargetType": "ip"});
    text(&made(simulator, "CreateTargetGroup", input, "TargetGroups"), "TargetGroupArn")
}

pub fn edge(simulator: &Simulator, name: &str) -> Edge {
    let input = json!({"Name": name, "Subnets": ["subnet-a", "subnet-b"]});
    let balancer = made(simulator, "CreateLoadBalancer", input, "LoadBalancers");
    let group = group(simulator, name);
    let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
    let input =
        json!({"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80, "DefaultActions": actions});
    let listener = text(&made(simulator, "CreateListener", input, "Listeners"), "ListenerArn");
    Edge { balancer: text(&balancer, "LoadBalancerArn"), dns_name: text(&balancer, "DNSName"), listener, group }
}

/// A rule for a host that forwards to these groups by weight.
pub fn rule(simulator: &Simulator, edge: &Edge, (priority, host): (i64, &str), groups: &[(&str, i64)]) -> String {
    let tuples: Vec<Value> = groups.iter().map(|(arn, weight)| json!({"TargetGroupArn": arn, "Weight": weight})).collect();
    let input = json!({
        "ListenerArn": edge.listener, "Priority": priority,
        "Conditions": [{"Field": "host-header", "Values": [host]}],
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}],
    });
    text(&made(simulator, "CreateRule", input, "Rules"), "RuleArn")
}

/// Registers addresses with a group.
pub fn targets(simulator: &Simulator, group: &str, ids: &[&str]) {
    let targets: Vec<Value> = ids.iter().map(|id| json!({"Id": id})).collect();
    simulator.call_elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": targets})).unwrap();
}

/// Sets an attribute of a target group.
pub fn attribute(simulator: &Simulator, group: &str, key: &str, value: &str) {
    let input = json!({"TargetGroupArn": group, "Attributes": [{"Key": key, "Value": value}]});
    simulator.call_elb("ModifyTargetGroupAttributes", input).unwrap();
}

pub fn network() -> NetworkConfiguration {
    let vpc = AwsVpcConfiguration::builder().subnets("subnet-a").subnets("subnet-b").build().unwrap();
    NetworkConfiguration::builder().awsvpc_configuration(vpc).build()
}

pub fn app(image: &str) -> ContainerDefinitionBuilder {
    ContainerDefinition::builder().name("app").image(image)
}

impl Aws {
    pub fn start() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let settings = Settings { clusters: vec!["main".to_owned()], ..settings };
        let simulator = Simulator::new(settings);
        let (ecs, elb) = (client(&simulator), elb_client(&simulator));
        Self { simulator, ecs, elb }
    }

    pub async fn register(&self, family: &str, image: &str) {
        self.register_containers(family, app(image)).await;
    }

    pub async fn register_with_check(&self, family: &str, image: &str) {
        let check = HealthCheck::builder().command("CMD").command("true").interval(10).build().unwrap();
        self.register_containers(family, app(image).health_check(check)).await;
    }

    async fn register_containers(&self, family: &str, container: ContainerDefinitionBuilder) {
        let request = self.ecs.register_task_definition().family(family).container_definitions(container.build());
        let request = request.requires_compatibilities(Compatibility::Fargate).network_mode(NetworkMode::Awsvpc);
        request.cpu("256").memory("512").send().await.unwrap();
    }

    /// As [`Aws::register`], with port 80 open.
    pub async fn register_web(&self, family: &str, image: &str) {
        let port = aws_sdk_ecs::types::PortMapping::builder().container_port(80).build();
        self.register_containers(family, app(image).port_mappings(port)).await;
    }

    /// A service behind a target group, with the circuit breaker on.
    pub async fn create_behind(&self, name: &str, group: &str, (count, grace): (i32, i32)) -> Result<Service, String> {
        let balancer = aws_sdk_ecs::types::LoadBalancer::builder();
        let balancer = balancer.target_group_arn(group).container_name("app").container_port(80).build();
        let breaker = DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
        let request = self.ecs.create_service().cluster("main").service_name(name).task_definition(name).desired_count(count);
        let request = request.launch_type(LaunchType::Fargate).network_configuration(network()).load_balancers(balancer);
        let request = request.health_check_grace_period_seconds(grace);
        let request =
            request.deployment_configuration(DeploymentConfiguration::builder().deployment_circuit_breaker(breaker).build());
        let answer = request.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
        Ok(answer.service.unwrap())
    }

    /// State and reason code of each target of a group.
    pub async fn health(&self, group: &str) -> Vec<(String, String)> {
        let answer = self.elb.describe_target_health().target_group_arn(group).send().await.unwrap();
        let of = |health: &elb::types::TargetHealthDescription| {
            let health = health.target_health().unwrap();
            let reason = health.reason().map_or("", |reason| reason.as_str()).to_owned();
            (health.state().unwrap().as_str().to_owned(), reason)
        };
        answer.target_health_descriptions().iter().map(of).collect()
    }

    pub async fn events(&self, name: &str) -> Vec<String> {
        self.service(name).await.events().iter().filter_map(|event| event.message().map(str::to_owned)).collect()
    }

    pub async fn create(&self, name: &str, definition: &str, count: i32) -> Result<Service, String> {
        let breaker = DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
        let request =
            self.ecs.create_service().cluster("main").service_name(name).task_definition(definition).desired_count(count);
        let request = request.launch_type(LaunchType::Fargate).network_configuration(network());
        let request =
            request.deployment_configuration(DeploymentConfiguration::builder().deployment_circuit_breaker(breaker).build());
        let answer = request.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
        Ok(answer.service.unwrap())
    }

    /// A service that has rolled out.
    pub async fn settled(&self, name: &str, image: &str, count: i32) {
        self.register(name, image).await;
        self.create(name, &format!("{name}:1"), count).await.unwrap();
        seconds(120).await;
        assert_eq!(self.service(name).await.running_count(), count);
    }

    pub async fn service(&self, name: &str) -> Service {
        let request = self.ecs.describe_services().cluster("main").services(name).include(ServiceField::Tags);
        request.send().await.unwrap().services.unwrap().remove(0)
    }

    pub async fn newest_deployment(&self, name: &str) -> ServiceDeployment {
        let listed = self.ecs.list_service_deployments().cluster("main").service(name).send().await.unwrap();
        let arn = listed.service_deployments()[0].service_deployment_arn().unwrap();
        let described = self.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
        described.service_deployments.unwrap().remove(0)
    }

    pub async fn tasks(&self, name: &str) -> Vec<Task> {
        self.tasks_in(name, DesiredStatus::Running).await
    }

    pub async fn stopped_tasks(&self, name: &str) -> Vec<Task> {
        self.tasks_in(name, DesiredStatus::Stopped).await
    }

    async fn tasks_in(&self, name: &str, status: DesiredStatus) -> Vec<Task> {
        let listed = self.ecs.list_tasks().cluster("main").service_name(name).desired_status(status).send().await.unwrap();
        if listed.task_arns().is_empty() {
            return Vec::new();
        }
        let request = self.ecs.describe_tasks().cluster("main").set_tasks(listed.task_arns);
        request.send().await.unwrap().tasks.unwrap()
    }
}
