"""Drives a whole rollout with boto3: steady, edited, a bad image rolled back, tagged, deleted.

Usage: rollout.py ENDPOINT, where a simulator has a cluster `main`. Ends with status 0 and the word `gone` if all went well.
"""

import sys
import time

import boto3

PATIENCE = 60  # seconds; the simulator's own are much shorter
keys = {"aws_access_key_id": "111122223333", "aws_secret_access_key": "any"}
place = {"endpoint_url": sys.argv[1], "region_name": "eu-central-1"}
ecs = boto3.client("ecs", **place, **keys)
which = {"cluster": "main", "service": "web"}


def register(image):
    definition = ecs.register_task_definition(
        family="web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu=".25 vCPU",
        memory="0.5 GB",
        containerDefinitions=[{"name": "app", "image": image, "portMappings": [{"containerPort": 80}]}],
    )["taskDefinition"]
    assert (definition["cpu"], definition["memory"]) == ("256", "512"), definition
    return definition["taskDefinitionArn"]


def describe():
    return ecs.describe_services(cluster="main", services=["web"], include=["TAGS"])["services"][0]


def records():
    listed = ecs.list_service_deployments(**which)["serviceDeployments"]
    arns = [record["serviceDeploymentArn"] for record in listed]
    return ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]


def until(what, ask):
    end = time.monotonic() + PATIENCE
    while not ask():
        assert time.monotonic() < end, f"waited in vain until {what}: {describe()}"
        time.sleep(0.1)
    print(what)


def is_completed():
    deployments = describe()["deployments"]
    return len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"


def wait(name):
    """AWS's own waiter, looking more often."""
    ecs.get_waiter(name).wait(cluster="main", services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE})
    print(name)


account = boto3.client("sts", **place, **keys).get_caller_identity()["Account"]
assert account == "111122223333", account

good = register("nginx:1")
ecs.create_service(
    cluster="main",
    serviceName="web",
    taskDefinition=good,
    desiredCount=2,
    launchType="FARGATE",
    networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"]}},
    deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
)
wait("services_stable")
until("rolled out", is_completed)

better = register("nginx:2")
ecs.update_service(**which, taskDefinition=better)
until("edited", lambda: is_completed() and describe()["taskDefinition"] == better)
tasks = ecs.describe_tasks(cluster="main", tasks=ecs.list_tasks(cluster="main", serviceName="web")["taskArns"])["tasks"]
assert {task["taskDefinitionArn"] for task in tasks} == {better}, tasks

bad = register("shop/missing:3")
ecs.update_service(**which, taskDefinition=bad)
until("rolled back", lambda: records()[0]["status"] == "ROLLBACK_SUCCESSFUL")
until("settled", is_completed)
assert describe()["taskDefinition"] == better, describe()
assert records()[0]["deploymentCircuitBreaker"]["status"] == "TRIGGERED", records()
stopped = ecs.list_tasks(cluster="main", serviceName="web", desiredStatus="STOPPED")["taskArns"]
reasons = [task["stoppedReason"] for task in ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"]]
assert any(reason.startswith("CannotPullContainerError") for reason in reasons), reasons

ecs.tag_resource(resourceArn=describe()["serviceArn"], tags=[{"key": "team", "value": "shop"}])
assert describe()["tags"] == [{"key": "team", "value": "shop"}], describe()

ecs.delete_service(**which, force=True)
wait("services_inactive")
print("gone")
