"""What keeps met responsibilities met: guardrails are proposed, tested against recorded calls, and deployed."""
