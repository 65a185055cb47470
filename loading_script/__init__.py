"""Files that go with the dataset: the card's template and a script for old `datasets`."""
