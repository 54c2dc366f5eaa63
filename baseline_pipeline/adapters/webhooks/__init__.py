"""What others tell us of by HTTP."""
