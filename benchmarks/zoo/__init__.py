"""The regression zoo: known damages and known non-damages, and what gates make of them."""
