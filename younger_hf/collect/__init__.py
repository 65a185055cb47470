"""From candidates to Dags: a workspace, and the engines that export its models."""
