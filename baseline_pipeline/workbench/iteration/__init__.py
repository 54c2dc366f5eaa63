"""The four stages of one iteration: rows frozen, scored, compared, decided; and what they stand on."""
