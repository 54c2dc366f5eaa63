"""Where people browse evaluation runs."""
