"""Who may decide: posts, stand-ins, delegation instruments, and those who step aside."""
