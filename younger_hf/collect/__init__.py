"""From candidates to Dags: a workspace that survives anything, and processes that contain what they run."""
