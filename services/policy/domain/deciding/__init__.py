"""What a comment needs: the rules read over it, the level, the line or the clearance that answers it."""
