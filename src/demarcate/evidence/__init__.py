"""What people did and what AWS attests: read from a folder, and weighed at a moment."""
