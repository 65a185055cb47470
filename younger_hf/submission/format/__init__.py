"""What a submission consists of: its files, columns, fields and limits."""
