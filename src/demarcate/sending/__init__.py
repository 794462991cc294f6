"""Sending findings, detections and events to other systems: an outbox, and a transport for each kind of receiver."""
