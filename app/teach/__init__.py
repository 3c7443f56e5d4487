"""The workspace in which the model is taught the labels of a project."""
