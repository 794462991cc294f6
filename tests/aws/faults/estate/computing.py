"""What runs: instances, functions, containers, clusters."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from tests.aws.faults.estate.networks import Net

ROLE = "arn:aws:iam::123456789012:role/little"


def fill(make: Callable[..., Any], net: Net) -> None:
    """Create them in a network."""
    _instances(make, net)
    _functions(make)
    _containers(make, net)
    _clusters(make("eks"), net)
    beanstalk = make("elasticbeanstalk")
    beanstalk.create_application(ApplicationName="shop")
    beanstalk.create_environment(
        ApplicationName="shop",
        EnvironmentName="shop-prod",
        SolutionStackName="64bit Amazon Linux 2023",
        Tags=[{"Key": "env", "Value": "test"}],
    )
    make("stepfunctions").create_state_machine(
        name="flow",
        definition=json.dumps({"StartAt": "end", "States": {"end": {"Type": "Succeed"}}}),
        roleArn=ROLE,
        tags=[{"key": "env", "value": "test"}],
    )


def _instances(make: Callable[..., Any], net: Net) -> None:
    ec2 = make("ec2")
    image = ec2.register_image(
        Name="base",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "Encrypted": False}}],
    )["ImageId"]
    ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=net.subnets[0], UserData="#!/bin/sh\necho hello\n"
    )
    encrypted = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1, Encrypted=True)["VolumeId"]
    ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)
    shared = ec2.create_snapshot(VolumeId=encrypted)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=shared,
        Attribute="createVolumePermission",
        OperationType="add",
        GroupNames=["all"],
    )
    template = {"ImageId": image, "InstanceType": "t3.micro", "MetadataOptions": {"HttpTokens": "required"}}
    ec2.create_launch_template(LaunchTemplateName="base", LaunchTemplateData=template)
    scaling = make("autoscaling")
    scaling.create_launch_configuration(
        LaunchConfigurationName="base", ImageId=image, InstanceType="t3.micro", AssociatePublicIpAddress=True
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="base",
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=net.subnets[0],
    )


def _functions(make: Callable[..., Any]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
    functions = make("lambda")
    for name, runtime in (("new", "python3.13"), ("old", "python3.8")):
        functions.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": buffer.getvalue()},
            Tags={"env": "test"},
        )
    functions.add_permission(
        FunctionName="new", StatementId="public", Action="lambda:InvokeFunction", Principal="*"
    )
    functions.create_function_url_config(FunctionName="new", AuthType="NONE")
    functions.put_function_concurrency(FunctionName="new", ReservedConcurrentExecutions=1)
    functions.put_function_event_invoke_config(FunctionName="new", MaximumRetryAttempts=1)


def _containers(make: Callable[..., Any], net: Net) -> None:
    ecr = make("ecr")
    ecr.create_repository(repositoryName="app", tags=[{"Key": "env", "Value": "test"}])
    allow = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    ecr.set_repository_policy(
        repositoryName="app", policyText=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    ecr.put_lifecycle_policy(
        repositoryName="app",
        lifecyclePolicyText=json.dumps(
            {
                "rules": [
                    {
                        "rulePriority": 1,
                        "selection": {
                            "tagStatus": "untagged",
                            "countType": "imageCountMoreThan",
                            "countNumber": 1,
                        },
                        "action": {"type": "expire"},
                    }
                ]
            }
        ),
    )
    ecr.put_registry_scanning_configuration(
        scanType="BASIC",
        rules=[
            {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "app*", "filterType": "WILDCARD"}]}
        ],
    )
    ecs = make("ecs")
    ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}])
    ecs.register_task_definition(
        family="app",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": "app:1", "privileged": False, "essential": True}],
    )
    ecs.create_service(
        cluster="main",
        serviceName="deployed",
        taskDefinition="app",
        desiredCount=0,
        deploymentController={"type": "EXTERNAL"},
    )
    ecs.create_task_set(cluster="main", service="deployed", taskDefinition="app")
    ecs.create_service(
        cluster="main",
        serviceName="app",
        taskDefinition="app",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": [net.subnets[0]],
                "securityGroups": [net.group],
                "assignPublicIp": "ENABLED",
            }
        },
    )


def _clusters(eks: Any, net: Net) -> None:
    eks.create_cluster(
        name="main",
        version="1.34",
        roleArn=ROLE,
        resourcesVpcConfig={"subnetIds": list(net.subnets), "endpointPublicAccess": True},
        logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]},
    )
    eks.create_nodegroup(
        clusterName="main", nodegroupName="workers", subnets=[net.subnets[0]], nodeRole=ROLE, amiType="AL2_x86_64"
    )
    eks.create_fargate_profile(
        clusterName="main",
        fargateProfileName="jobs",
        podExecutionRoleArn=ROLE,
        selectors=[{"namespace": "jobs"}],
    )
