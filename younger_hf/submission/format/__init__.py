"""The format of a submission: its files, columns, fields and limits."""
