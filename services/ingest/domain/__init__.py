"""The rules of ingest: values in, values out; no clock, no store, no network."""
