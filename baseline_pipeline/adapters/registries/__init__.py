"""Where model versions and their aliases are kept."""
