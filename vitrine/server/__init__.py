"""Joins the folders: configuration, one pipeline per broadcast, the command line."""
