"""Who acts where no person does."""

ACTOR = "parley:publisher"
"""The actor of what the publisher does by itself, in the audit trail."""
