"""Where targets come from besides the configuration itself."""
