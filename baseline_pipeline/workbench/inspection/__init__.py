"""What can be asked of models and rows at any time, deciding nothing."""
