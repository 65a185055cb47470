"""Where models come from: one module per source, each of which lists candidates."""
