"""Who decided what, and which baseline follows from it."""
