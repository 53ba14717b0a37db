"""What agencies do alike, and where they differ."""
