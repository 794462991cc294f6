"""Security groups and their rules, the same whether AWS tells them or a template declares them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.rows import attempt, parts
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Companion,
    Derived,
    Each,
    From,
    Int,
    Json,
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
)
from demarcate.estate.schema.transforms import equals
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.tables.vpc import LAST_PORT, protocol_name

_PORTS = ("tcp", "udp")
_TYPES = ("icmp", "icmpv6")
_PEERS = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_group_id")

_TCP_SERVICES: Mapping[str, tuple[int, ...]] = {
    "cassandra": (7000, 7001, 7199, 9042, 9160),
    "couchdb": (5984,),
    "db2": (50000,),
    "docker": (2375, 2376),
    "elasticsearch": (9200, 9300),
    "etcd": (2379, 2380),
    "flask": (5000,),
    "ftp": (20, 21),
    "http-alternate": (8080, 8088),
    "imap": (143,),
    "influxdb": (8086,),
    "jupyter": (8888,),
    "kafka": (9092, 9094, 9096, 9098),
    "kibana": (5601,),
    "kubelet": (10250,),
    "ldap": (389,),
    "memcached": (11211,),
    "mongodb": (27017, 27018, 27019),
    "msql": (4333,),
    "mysql": (3306,),
    "neo4j": (7474, 7687),
    "netbios": (137, 138, 139),
    "nfs": (2049,),
    "node": (3000,),
    "oracle": (1521, 2483, 2484),
    "pop3": (110,),
    "postgresql": (5432,),
    "rdp": (3389,),
    "redis": (6379,),
    "redshift": (5439,),
    "rpc": (111, 135),
    "rsh": (512, 513, 514),
    "rsync": (873,),
    "smb": (445,),
    "smtp": (25,),
    "sqlserver": (1433, 1434),
    "ssh": (22,),
    "telnet": (23,),
    "vnc": (5500, 5900, 5901),
    "winrm": (5985, 5986),
    "zookeeper": (2181,),
}
_UDP_SERVICES: Mapping[str, tuple[int, ...]] = {
    "ldap": (389,),
    "memcached": (11211,),
    "netbios": (137, 138),
    "nfs": (2049,),
    "rdp": (3389,),
    "rpc": (111,),
    "snmp": (161,),
    "sqlserver": (1434,),
    "tftp": (69,),
}
_SERVICES = {"tcp": (_TCP_SERVICES,), "udp": (_UDP_SERVICES,), "-1": (_TCP_SERVICES, _UDP_SERVICES)}


def _services(protocol: Any, first: Any, last: Any) -> Any:
    """The well-known services that listen on a range of ports."""
    for value in (protocol, first, last):
        if isinstance(value, Unknown):
            return value
    if protocol not in _SERVICES:
        return []
    if first is None or last is None:
        return Unknown(Kind.MALFORMED, f"a rule for {protocol} says which ports it is for")
    low, high = int(first), int(last)
    return sorted(
        {
            name
            for services in _SERVICES[protocol]
            for name, ports in services.items()
            if any(low <= port <= high for port in ports)
        }
    )


def _cidr(value: Any) -> Any:
    """An address block as AWS writes it; text that is none (an attribute of a resource) as it is."""
    if isinstance(value, StandIn | Unknown):
        return value
    try:
        return str(ipaddress.ip_network(value.strip(), strict=False))
    except ValueError:
        return value


def _rule(permission: Mapping[str, Any], description: Any, **peer: Any) -> dict[str, Any]:
    """One rule and one peer. Ports of a protocol that has none, or of all protocols, are all ports."""
    protocol = protocol_name(permission["IpProtocol"])
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if isinstance(protocol, Unknown):
        first = last = protocol
    elif protocol not in _PORTS + _TYPES:
        first, last = 0, LAST_PORT
    return {
        "ip_protocol": protocol,
        "from_port": first,
        "to_port": last,
        "services": _services(protocol, first, last),
        **dict.fromkeys(_PEERS, ""),
        **peer,
        "description": "" if description is None else description,
    }


def _in_order(rules: list[Any]) -> list[Any]:
    return sorted(rules, key=str)


def _live_rules(permissions: list[dict[str, Any]]) -> list[Any]:
    """The rules of an answer of AWS, flat: one for each peer."""
    rules: list[Any] = []
    for permission in permissions:
        peers = [(block, {"cidr_ipv4": block["CidrIp"]}) for block in permission.get("IpRanges", ())]
        peers += [(block, {"cidr_ipv6": block["CidrIpv6"]}) for block in permission.get("Ipv6Ranges", ())]
        peers += [
            (prefix_list, {"prefix_list_id": prefix_list["PrefixListId"]})
            for prefix_list in permission.get("PrefixListIds", ())
        ]
        peers += [
            (group, {"referenced_group_id": group.get("GroupId") or group["GroupName"]})
            for group in permission.get("UserIdGroupPairs", ())
        ]
        rules.extend(_rule(permission, entry.get("Description"), **peer) for entry, peer in peers)
    return _in_order(rules)


def declared_rule(rule: Any) -> Any:
    """A rule of a template, or of a rule resource of its own."""
    group = next(
        (
            rule[key]
            for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId", "SourceSecurityGroupName")
            if rule.get(key) is not None
        ),
        "",
    )
    return _rule(
        rule,
        rule.get("Description"),
        cidr_ipv4=_cidr(rule.get("CidrIp", "")),
        cidr_ipv6=_cidr(rule.get("CidrIpv6", "")),
        prefix_list_id=rule.get("SourcePrefixListId", rule.get("DestinationPrefixListId", "")),
        referenced_group_id=group,
    )


def written_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as a group of a template lists it: what `declared_rule` makes the same rule of."""
    way = "Destination" if rule["is_egress"] else "Source"
    ports = rule["ip_protocol"] in _PORTS + _TYPES
    written = {
        "IpProtocol": rule["ip_protocol"],
        "FromPort": rule["from_port"] if ports else None,
        "ToPort": rule["to_port"] if ports else None,
        "CidrIp": rule["cidr_ipv4"],
        "CidrIpv6": rule["cidr_ipv6"],
        f"{way}PrefixListId": rule["prefix_list_id"],
        f"{way}SecurityGroupId": rule["referenced_group_id"],
        "Description": rule["description"],
    }
    return {name: value for name, value in written.items() if value not in (None, "")}


def _declared_rules(rules: list[Any]) -> Any:
    return _in_order(parts(declared_rule, rules, "a rule")) or ABSENT


_ANYWHERE = [
    _rule({"IpProtocol": "-1"}, "", cidr_ipv4="0.0.0.0/0"),
    _rule({"IpProtocol": "-1"}, "", cidr_ipv6="::/0"),
]
"""The egress rules that AWS adds where a template declares none."""

SECURITY_GROUP = Table(
    "aws_vpc_security_group",
    "A security group: the firewall of network interfaces.",
    service="vpc",
    live=Each("ec2.describe_security_groups", "SecurityGroups[]", by={"GroupIds[]": "group_id"}),
    cloudformation="AWS::EC2::SecurityGroup",
    ref_attributes=("GroupId", "Id"),
    companions={"egress": Companion("AWS::EC2::SecurityGroupEgress", "GroupId", many=True)},
    columns=(
        Text("group_id", live="GroupId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{owner_id}:security-group/{group_id}", cloudformation=REF),
        Text(
            "group_name",
            live="GroupName",
            cloudformation=From("GroupName", absent=""),
            about="In a template, empty where CloudFormation is left to make one up.",
        ),
        Bool(
            "is_default",
            live=From("GroupName", equals("default")),
            cloudformation=From("@", lambda _: False),
            about="Whether it is the group that every network has.",
        ),
        Text("description", live="Description", cloudformation="GroupDescription"),
        Text("owner_id", live="OwnerId"),
        Text("vpc_id", live="VpcId"),
        Json(
            "ip_permissions",
            live=From("IpPermissions", _live_rules),
            cloudformation=From("SecurityGroupIngress", _declared_rules),
            absent=[],
            about="The rules for what comes in: a list of objects with the columns of its rules' table.",
        ),
        Json(
            "ip_permissions_egress",
            live=From("IpPermissionsEgress", _live_rules, absent=[]),
            cloudformation=From("SecurityGroupEgress", _declared_rules, absent=_ANYWHERE),
            about="The rules for what goes out.",
        ),
        Bool(
            "declares_egress_apart",
            live=From("@", lambda _: False),
            cloudformation=From("@egress", bool),
            about="Whether a template declares egress rules of it as resources of their own.",
        ),
        ManagedBy(owner="OwnerId"),
        Tags(live="Tags"),
    ),
)

_COLUMNS = (
    Text("group_id", about="The group that the rule belongs to."),
    Text("type", about="ingress or egress."),
    Bool("is_egress"),
    Text("ip_protocol", about="tcp, udp, icmp, icmpv6, another's number, or -1 for all."),
    Int("from_port", about="0 where all ports are meant; of ICMP the type, -1 for all."),
    Int("to_port", about="65535 where all ports are meant; of ICMP the code, -1 for all."),
    Text("traffic", about="What it lets through: TCP 22, UDP 20-25, all TCP, ICMP, all traffic."),
    Texts("services", about="The well-known services on those ports: ssh, rdp, mysql, …"),
    Text("cidr_ipv4", about="The IPv4 addresses it lets through, or empty."),
    Text("cidr_ipv6", about="The IPv6 addresses it lets through, or empty."),
    Text("prefix_list_id", about="The prefix list it lets through, or empty."),
    Text("referenced_group_id", about="The security group it lets through, or empty."),
    Text("description"),
    ManagedBy(),
)


def _row(rule: Any, group: Any, type_: str) -> dict[str, Any]:
    whose = {"group_id": group, "type": type_, "is_egress": type_ == "egress"}
    if isinstance(rule, Unknown):
        return dict.fromkeys((column.name for column in _COLUMNS), rule) | whose
    return {**rule, "traffic": attempt(_traffic, rule, "a rule"), **whose}


def _traffic(rule: Mapping[str, Any]) -> Any:
    """What a rule lets through, in one phrase.

    >>> _traffic({"ip_protocol": "tcp", "from_port": 20, "to_port": 25})
    'TCP 20-25'
    """
    protocol, first, last = (rule[name] for name in ("ip_protocol", "from_port", "to_port"))
    unknown = first_unknown([protocol, first, last])
    if unknown is not None or protocol == "-1":
        return unknown or "all traffic"
    if protocol not in _PORTS:
        return protocol.upper() if protocol in _TYPES else f"protocol {protocol}"
    low, high = int(first), int(last)
    if (low, high) == (0, LAST_PORT):
        return f"all {protocol.upper()}"
    return f"{protocol.upper()} {low}" if low == high else f"{protocol.upper()} {low}-{high}"


def _rules_of(group: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    apart = group["declares_egress_apart"]
    for type_, rules in (("ingress", group["ip_permissions"]), ("egress", group["ip_permissions_egress"])):
        if type_ == "egress" and apart is not False and rules == _ANYWHERE:
            rules = Unknown(Kind.INDIRECT, "egress rules of their own may take the place of the default ones")
        for rule in [rules] if isinstance(rules, Unknown) else rules:
            yield _row(rule, group.get("group_id"), type_)


def _alone(type_: str) -> Callable[[Mapping[str, Any]], Iterator[Mapping[str, Any]]]:
    def rows(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield _row(attempt(declared_rule, rule, "a rule"), rule.get("GroupId", rule.get("GroupName")), type_)

    return rows


_NEEDS = ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description")
_SOURCES = ("GroupName", "SourcePrefixListId", "SourceSecurityGroupId", "SourceSecurityGroupName")
_DESTINATIONS = ("DestinationPrefixListId", "DestinationSecurityGroupId")

SECURITY_GROUP_RULE = Table(
    "aws_vpc_security_group_rule",
    "A rule of a security group, for one peer.",
    service="vpc",
    derived=(
        Derived(
            "aws_vpc_security_group",
            needs=("group_id", "ip_permissions", "ip_permissions_egress", "declares_egress_apart"),
            function=_rules_of,
        ),
        Derived("AWS::EC2::SecurityGroupIngress", needs=_NEEDS + _SOURCES, function=_alone("ingress")),
        Derived("AWS::EC2::SecurityGroupEgress", needs=_NEEDS + _DESTINATIONS, function=_alone("egress")),
    ),
    columns=_COLUMNS,
)
