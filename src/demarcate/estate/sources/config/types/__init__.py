"""What AWS Config records, one file a family. A new type is an entry here; nothing else has to know of it."""
