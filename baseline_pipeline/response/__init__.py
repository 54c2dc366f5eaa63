"""What is done about an alarm: incidents, tiers, people told."""
