"""Other forms of a Dag: Arrow, records, networkx, PyG, SVG, a summary."""
