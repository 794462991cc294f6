"""Where an alarm or a rule leads: to a topic that somebody reads, a response plan, an item of work, or a program.

Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services (who may publish, and
why the key that AWS manages lets no service in), https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
AlarmThatSendsEmail.html (which actions an alarm has).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from demarcate.access.conditions import Given
from demarcate.access.evaluating import Caller, Request, Who, decide
from demarcate.access.statements import Policy, PolicyKind
from demarcate.estate.schema.standins import StandIn, shown
from demarcate.estate.schema.truths import Truth, all_of, any_of
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.alarms.estate import KEYS, PLANS, SUBSCRIPTIONS, TOPICS, Account
from demarcate.logs.alarms.links import Link, Links, Name

CLOUDWATCH: Final = "cloudwatch.amazonaws.com"
EVENTS: Final = "events.amazonaws.com"

_CHAT: Final = "https://global.sns-api.chatbot.amazonaws.com"
"""Where a topic sends what goes to a chat channel. Source: AWS Chatbot Administrator Guide, "Test notifications"."""

_PROGRAMS: Final = {
    "lambda": "a function is called",
    "sqs": "a queue takes it",
    "states": "a state machine is started",
    "firehose": "a stream takes it",
    "kinesis": "a stream takes it",
    "codepipeline": "a pipeline is started",
    "codebuild": "a build is started",
    "ecs": "a task is started",
    "batch": "a job is started",
}


def ends(arn: Any, service: str, source: Any, account: Account) -> Iterator[Links]:
    """The ways on from an action of an alarm or the target of a rule, whose ARN is `source`; one each."""
    if isinstance(arn, Unknown):
        yield (Link(Name.TARGET, "", None, arn.reason),)
        return
    text = arn.text if isinstance(arn, StandIn) else str(arn)
    kind = _kind(text)
    if isinstance(arn, StandIn) or kind == "sns":
        yield from _topic(arn, text, service, source, account)
    elif kind == "ssm-incidents":
        yield (_plan(text, account),)
    elif ":opsitem:" in text:
        yield (Link(Name.TARGET, text, True, "an item of work is opened in OpsCenter"),)
    elif kind in _PROGRAMS:
        yield (Link(Name.TARGET, text, True, _PROGRAMS[kind]),)
    elif kind == "events" and ":api-destination/" in text:
        yield (Link(Name.TARGET, text, True, "another system is called"),)
    elif kind == "events":
        yield (Link(Name.TARGET, text, None, "it goes on to another bus, which is not followed"),)
    else:
        yield (Link(Name.TARGET, text, False, f"{kind or 'it'} tells nobody"),)


def _kind(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[2] if len(parts) == 6 else ""


# --- topics -----------------------------------------------------------------------------------------------


def _topic(arn: Any, text: str, service: str, source: Any, account: Account) -> Iterator[Links]:
    row = next((row for row in account.rows(TOPICS) if shown(row["topic_arn"]) == shown(arn)), None)
    if row is None:
        yield (_no_topic(text, account),)
        return
    there = (Link(Name.TOPIC, text, True), _encryption(row, service, account), _policy(row, service, source))
    subscribers = [each for each in account.rows(SUBSCRIPTIONS) if shown(each["topic_arn"]) == shown(arn)]
    for subscription in subscribers:
        yield (*there, _subscriber(subscription))
    if not subscribers:
        lacking = account.lacks(SUBSCRIPTIONS, row["region"])
        yield (*there, Link.of(Name.SUBSCRIBER, "", lacking or False, "nobody is subscribed"))


def _no_topic(arn: str, account: Account) -> Link:
    owner = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if account.id and owner and owner != account.id:
        reason = f"the topic is in account {owner}, which is not looked into"
        return Link(Name.TOPIC, arn, None, reason)
    return Link.of(Name.TOPIC, arn, account.lacks(TOPICS) or False, "there is no such topic")


def _encryption(topic: Row, service: str, account: Account) -> Link:
    """Whether the service may use the key under which the topic is."""
    key = topic["kms_master_key_id"]
    if isinstance(key, Unknown):
        return Link(Name.ENCRYPTION, "", None, key.reason)
    if key is None:
        return Link(Name.ENCRYPTION, "", None, "it is not told under which key the topic is")
    text = key.text if isinstance(key, StandIn) else key
    if text == "":
        return Link(Name.ENCRYPTION, "", True, "no key of KMS")
    if text.endswith("alias/aws/sns"):
        return Link(Name.ENCRYPTION, text, False, f"the key that AWS manages does not let {service} in")
    row = next((row for row in account.rows(KEYS) if _is_key(row, key, text)), None)
    if row is None:
        reason = account.lacks(KEYS, topic["region"])
        unknown = reason or Unknown(Kind.LOOKUP, f"{text} is not among the keys that were read")
        return Link(Name.ENCRYPTION, text, None, unknown.reason)
    may = all_of(
        _may(row["policy"], service, action, row["arn"], topic, PolicyKind.KEY)
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    )
    return Link.of(
        Name.ENCRYPTION,
        text,
        all_of((row["enabled"], may)),
        f"the key is disabled, or does not let {service} use it",
    )


def _is_key(row: Row, key: Any, text: str) -> bool:
    """Whether a row is the key that a topic names: by ARN, id or alias, or by what a template calls it."""
    if isinstance(key, StandIn):
        return bool(row["resource"] == text.removesuffix(".Arn"))
    arn = row["arn"] if type(row["arn"]) is str else ""
    aliases = row["aliases"] if isinstance(row["aliases"], list) else []
    return text in (arn, arn.rpartition("/")[2]) or f"alias/{text.rpartition('alias/')[2]}" in aliases


def _policy(topic: Row, service: str, source: Any) -> Link:
    """Whether the service may publish: by its own name, or an alarm on behalf of its account, as topics allow that are
    made without a policy.
    """
    policy = topic["policy"]
    may = _may(policy, service, "sns:Publish", topic["topic_arn"], topic, PolicyKind.RESOURCE, source)
    if service == CLOUDWATCH and may is not True:
        may = any_of((may, _for_account(policy, topic)))
    if policy == {}:
        may = service == CLOUDWATCH
    return Link.of(Name.POLICY, "", may, f"it does not let {service} publish")


def _for_account(policy: Any, topic: Row) -> Truth:
    account = topic["account_id"]
    if isinstance(policy, Unknown) or type(account) is not str:
        return policy if isinstance(policy, Unknown) else False
    context: dict[str, Given] = {"aws:sourceowner": (account,), "aws:sourceaccount": (account,)}
    who = Who(Caller.PRINCIPAL, f"arn:aws:iam::{account}:root", account)
    return _decided(policy, who, "sns:Publish", topic["topic_arn"], context, PolicyKind.RESOURCE)


def _may(
    policy: Any, service: str, action: str, resource: Any, row: Row, kind: PolicyKind, source: Any = None
) -> Truth:
    if isinstance(policy, Unknown):
        return policy
    account = row["account_id"]
    context: dict[str, Given] = {
        "aws:principalisawsservice": ("true",),
        "aws:securetransport": ("true",),
        "aws:sourceowner": None,
    }
    if type(account) is str:
        context["aws:sourceaccount"] = (account,)
    if type(source) is str and source:
        context["aws:sourcearn"] = (source,)
    return _decided(policy, Who(Caller.SERVICE, service), action, resource, context, kind)


def _decided(
    policy: Any, who: Who, action: str, resource: Any, context: dict[str, Given], kind: PolicyKind
) -> Truth:
    """Whether a policy lets somebody do something. What a template calls the resource is the resource; other names for
    it, which only deployment can tell, are not known to be.
    """
    if not isinstance(resource, StandIn):
        return decide(Policy.of(policy), Request(who, action, str(resource), context), kind).allowed
    arn = f"arn:aws:{action.partition(':')[0]}:::{resource.text}"
    named, anywhere = _with_resources(policy, resource, arn), _with_resources(policy, None, "*")
    named_so, wherever = (
        decide(Policy.of(each), Request(who, action, arn, context), kind).allowed for each in (named, anywhere)
    )
    if named_so is True or wherever is False:
        return named_so
    return named_so if isinstance(named_so, Unknown) else Unknown(Kind.DEPLOYMENT, resource.reason)


def _with_resources(policy: Any, resource: StandIn | None, arn: str) -> Any:
    """A policy with an ARN in the place of what stands for a resource, or of all resources."""
    if isinstance(policy, list):
        return [_with_resources(each, resource, arn) for each in policy]
    if resource is not None and isinstance(policy, StandIn):
        return arn if policy.text == resource.text else policy
    if not isinstance(policy, dict):
        return policy
    return {
        name: arn if resource is None and name == "Resource" else _with_resources(value, resource, arn)
        for name, value in policy.items()
    }


def _subscriber(subscription: Row) -> Link:
    arn, protocol, endpoint, narrowed = (
        subscription[name] for name in ("subscription_arn", "protocol", "endpoint", "filter_policy")
    )
    who = f"{protocol} {endpoint}" if type(protocol) is str and type(endpoint) is str else ""
    if isinstance(arn, StandIn) or (
        type(arn) is str and not arn.startswith("arn:") and not subscription["account_id"]
    ):
        unknown = Unknown(Kind.DEPLOYMENT, "whether it is confirmed is known once it is deployed")
        return Link(Name.SUBSCRIBER, who, None, unknown.reason)
    if isinstance(arn, Unknown):
        return Link(Name.SUBSCRIBER, who, None, arn.reason)
    if not str(arn).startswith("arn:"):
        return Link(Name.SUBSCRIBER, who, False, "has not confirmed the subscription")
    if isinstance(narrowed, Unknown):
        return Link(Name.SUBSCRIBER, who, None, narrowed.reason)
    if narrowed:
        return Link(Name.SUBSCRIBER, who, None, "takes only messages of a filter policy, which is not evaluated")
    return Link(Name.SUBSCRIBER, who, True, "confirmed; a chat channel" if _is_chat(endpoint) else "confirmed")


def _is_chat(endpoint: Any) -> bool:
    return type(endpoint) is str and endpoint.startswith(_CHAT)


# --- response plans ---------------------------------------------------------------------------------------


def _plan(arn: str, account: Account) -> Link:
    row = next((row for row in account.rows(PLANS) if row["arn"] == arn), None)
    if row is None:
        return Link.of(Name.PLAN, arn, account.lacks(PLANS) or False, "there is no such response plan")
    told = [row["engagements"], row["chat_sns_topics"]]
    engages = any_of(each if isinstance(each, Unknown) else bool(each) for each in told)
    return Link.of(Name.PLAN, arn, engages, "it engages nobody", "it engages contacts or a chat channel")
