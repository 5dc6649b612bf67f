"""What the examples share: the command line, the loops, and the pictures."""
