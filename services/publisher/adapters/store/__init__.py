"""The publisher's rows: duties are recorded, claimed, settled and read, each in a file of its own."""
