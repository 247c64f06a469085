"""The catalogue of findings and the conditions under which each is present."""
