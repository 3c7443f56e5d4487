"""The workspace in which sound is recorded, seen and heard by the model as it comes."""
