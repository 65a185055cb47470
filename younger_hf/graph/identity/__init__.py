"""When two graphs are the same: WL hash, fingerprints, canonical forms, sub-graph search."""
