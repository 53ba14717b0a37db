"""What each platform sends, and what is made of it: one module per platform, of its name."""
