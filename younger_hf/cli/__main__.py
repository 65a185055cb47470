"""`python -m younger_hf.cli`."""

from younger_hf.cli import main

main()
