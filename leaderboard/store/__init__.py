"""The state of a board: submissions, scores, events, and the rankings computed from them."""
