"""The panel in which clips of a project are labelled."""
