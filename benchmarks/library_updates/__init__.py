"""What real library updates do to real models."""
