"""The TLS versions that the security policies of services accept, each service with names of its own."""

from __future__ import annotations

from demarcate.estate.schema.table import Bool, Table, Text

POLICY = Table(
    "aws_tls_policy",
    "A security policy of CloudFront, API Gateway, OpenSearch Service or load balancers: what it accepts in TLS.",
    service="cloudfront",
    facts=True,
    columns=(
        Text(
            "service",
            about="cloudfront, apigateway, opensearch, elb for classic load balancers, or elbv2 for the others.",
        ),
        Text("name", about="As the service names it, such as TLSv1.2_2021."),
        Bool("tls_1_0", about="Whether it accepts TLS 1.0, or what is older."),
        Bool("tls_1_1"),
        Bool(
            "older_ciphers",
            about="Whether it accepts ciphers that AWS advises against: without forward secrecy, or in CBC mode.",
        ),
        Bool("post_quantum", about="Whether it offers a key exchange that withstands quantum computers."),
    ),
)
