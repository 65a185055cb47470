"""A Dag in other forms: Arrow, records, networkx, PyG, SVG, a summary."""
