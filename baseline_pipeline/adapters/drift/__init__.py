"""How far distributions moved."""
