"""Elastic Beanstalk tables over HTTP.

moto lacks describe_configuration_settings and describe_platform_version: what options say is tested on answers
as AWS gives them.
"""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.rows import Address, Item, build
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables import table
from tests.aws.conftest import Aws
from tests.estate.declared import declared as row_of

WINDOW = {
    "Namespace": "aws:elasticbeanstalk:managedactions",
    "OptionName": "PreferredStartTime",
    "Value": "Tue:09:00",
}
ENABLED = {
    "Namespace": "aws:elasticbeanstalk:managedactions",
    "OptionName": "ManagedActionsEnabled",
    "Value": "true",
}
SECRET = {
    "Namespace": "aws:elasticbeanstalk:application:environment",
    "OptionName": "DB_PASSWORD",
    "Value": "hunter2",
}


def declared(**properties: Any) -> dict[str, Any]:
    return row_of(table("aws_elastic_beanstalk_environment"), properties, resource="Env")


def test_environments(aws: Aws) -> None:
    client = aws.client("elasticbeanstalk")
    client.create_application(ApplicationName="shop")
    client.create_environment(
        ApplicationName="shop", EnvironmentName="shop-prod", SolutionStackName="64bit Amazon Linux 2023"
    )
    (row,) = aws.rows("aws_elastic_beanstalk_environment")
    assert (row["environment_name"], row["application_name"]) == ("shop-prod", "shop")
    assert row["resource"] == row["arn"]


def test_applications(aws: Aws) -> None:
    aws.client("elasticbeanstalk").create_application(ApplicationName="shop")
    (row,) = aws.rows("aws_elastic_beanstalk_application")
    assert (row["name"], row["max_age_rule_enabled"]) == ("shop", False)


def test_the_options_in_force_are_those_that_are_deployed() -> None:
    settings = {
        "ConfigurationSettings": [
            {"DeploymentStatus": "pending", "OptionSettings": []},
            {"DeploymentStatus": "deployed", "OptionSettings": [ENABLED, WINDOW, SECRET]},
        ]
    }
    columns = table("aws_elastic_beanstalk_environment").columns
    make = build(columns, lambda column: column.place("live"))
    row = make(Item({}, details={"settings": settings}), Address())
    assert row["managed_actions_enabled"] is True
    assert row["preferred_start_time"] == "Tue:09:00"
    assert row["plaintext_secret_names"] == ["DB_PASSWORD"]


def test_an_option_of_a_template() -> None:
    assert declared(OptionSettings=[ENABLED])["managed_actions_enabled"] is True


def test_an_option_that_nothing_else_can_set_has_its_default() -> None:
    assert declared()["managed_actions_enabled"] is False


def test_an_option_that_the_application_may_set_is_not_known() -> None:
    assert isinstance(declared(VersionLabel="v1")["managed_actions_enabled"], Unknown)
    assert declared(VersionLabel="v1", OptionSettings=[ENABLED])["managed_actions_enabled"] is True


def test_an_option_that_may_be_among_unknown_ones_is_not_known() -> None:
    assert isinstance(
        declared(OptionSettings=[Unknown(Kind.PARAMETER, "a parameter")])["managed_actions_enabled"], Unknown
    )
