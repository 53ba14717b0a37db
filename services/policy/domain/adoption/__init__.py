"""The way of a policy into force."""
