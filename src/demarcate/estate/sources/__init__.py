"""Where rows come from: a file or package for each source."""
