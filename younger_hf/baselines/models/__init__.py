"""The models of the reference baselines, one file each; a new file is found by itself."""
