"""What is watched, and what a change asks for."""
