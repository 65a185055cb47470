"""Reference baselines: encoders, training, prediction. Needs the extra `train`."""
