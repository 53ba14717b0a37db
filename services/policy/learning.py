"""What officers teach: of what kind a comment really was, and the model that learns from it."""
