"""Whether all that the pipeline rests on is still true."""
