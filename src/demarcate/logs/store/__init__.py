"""The log store: logs of many forms and places as rows, partitioned by kind, account and day."""
