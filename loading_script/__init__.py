"""Files that accompany the dataset: the card's template, and a loading script for old versions of `datasets`."""
