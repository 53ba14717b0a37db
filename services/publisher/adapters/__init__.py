"""The publisher's machinery: database, broker, HTTP in both directions."""
