"""Whether what CloudTrail delivered is whole: chains of digests, and the logs that they cover."""
