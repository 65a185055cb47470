"""What the board keeps: submissions, scores, events, and the rankings made of them."""
