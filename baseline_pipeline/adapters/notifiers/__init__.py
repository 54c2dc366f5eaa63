"""Where people are told: one way a file, and the outbox that all of them leave from."""
