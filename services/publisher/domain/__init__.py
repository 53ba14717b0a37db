"""The publisher's rules: pure functions and frozen values, without network, database or clock."""
