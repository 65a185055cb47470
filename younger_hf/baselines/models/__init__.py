"""The models of the reference baselines, one file each."""
