"""One file a version, none of which is changed once it is released."""
