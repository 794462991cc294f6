"""Reports: one file a format. They render a posture, and decide nothing."""
