"""What is logged: by account and region, where it lies, until when it came, and how safe it is there."""
