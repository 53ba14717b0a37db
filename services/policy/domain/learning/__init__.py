"""What a classifier learns from officers' corrections, and how well."""
