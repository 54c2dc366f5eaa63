"""Where signatures are made and checked."""
