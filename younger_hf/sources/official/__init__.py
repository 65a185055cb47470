"""The published Younger files, read without unpickling anything."""
