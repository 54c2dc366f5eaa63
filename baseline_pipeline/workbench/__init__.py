"""The four stages at work on one project: what the command line and the orchestration both call."""
