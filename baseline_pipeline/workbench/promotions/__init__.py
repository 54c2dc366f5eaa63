"""From a candidate to the champion and back: gate, people, registry."""
