"""Many accounts, judged and collected in groups that know nothing of each other: by processes, or by Spark."""
