"""The TLS versions that the security policies of services accept, each service with names of its own."""

from __future__ import annotations

from demarcate.estate.schema.table import Bool, Table, Text

POLICY = Table(
    "aws_tls_policy",
    "A security policy of CloudFront, API Gateway, OpenSearch Service or a classic load balancer: its TLS versions.",
    service="cloudfront",
    facts=True,
    columns=(
        Text("service", about="cloudfront, apigateway, opensearch, or elb for classic load balancers."),
        Text("name", about="As the service names it, such as TLSv1.2_2021."),
        Bool("tls_1_0", about="Whether it accepts TLS 1.0, or what is older."),
        Bool("tls_1_1"),
    ),
)
