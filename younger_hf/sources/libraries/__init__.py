"""Sources that build the models of installed Python libraries."""
