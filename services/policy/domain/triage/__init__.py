"""What stands in a comment: its words, its language, its private data, and of what kind it is."""
