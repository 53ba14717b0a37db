"""Comments made to meet a rule or touch a subject, which the linter shows as proof."""
