"""What is really there: installed packages and the machine."""
