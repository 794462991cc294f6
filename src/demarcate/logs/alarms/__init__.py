"""Alarms, proven: from the trail that records an event to the person who is told of it, link by link."""
