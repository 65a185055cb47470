"""Reference baselines: models, training and prediction. Needs the extra `train`."""
