"""The machinery of ingest: HTTP, Postgres, Kafka, polling."""
