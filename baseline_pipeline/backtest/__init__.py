"""How the present rules would have judged the past."""
