"""What several people say at once."""
