"""Vendors' files from their own sites: which there are, and how they come whole."""
