"""Many files to one table: listed, scored by processes that may die, kept as they come, written at the end."""
