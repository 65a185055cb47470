"""Sources that build the models of an installed Python library."""
