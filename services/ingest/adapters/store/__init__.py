"""What ingest keeps, noun by noun. Statements only: whoever calls owns the transaction."""
