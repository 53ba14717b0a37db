"""Cases, drafts, and the steps that release a text."""
