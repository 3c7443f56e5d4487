"""The workspace in which folders are scored: what goes in, how far it is, the rows as they come."""
