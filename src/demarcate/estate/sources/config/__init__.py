"""AWS Config as a source: snapshots and histories that it delivered, and its aggregators."""
