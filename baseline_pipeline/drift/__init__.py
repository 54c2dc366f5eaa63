"""How far distributions moved: effect sizes from summaries, and how often they alarm where nothing moved."""
