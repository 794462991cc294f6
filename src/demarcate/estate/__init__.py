"""What there is: tables, the sources that fill them, and snapshots of an estate."""
