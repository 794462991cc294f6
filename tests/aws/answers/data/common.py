"""What many answers have in them."""

from __future__ import annotations

from datetime import UTC, datetime

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/little"
TOPIC = f"arn:aws:sns:$region:{ACCOUNT}:alerts"
INSTANCE = "i-0123456789abcdef0"
THEN = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
