"""`python -m baseline_pipeline`: the command `baseline`, where it is not on the path."""

from baseline_pipeline.cli import console

if __name__ == "__main__":
    console()
