"""What was declared and what is there: lockfiles, manifests, packages, machine facts."""
