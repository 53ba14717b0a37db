"""What another policy would have decided, and how much the difference matters."""
