"""What travels with the dataset: the card's template, and (from release 0.2 on) a builder script for old versions of `datasets`."""
