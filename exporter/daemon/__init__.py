"""The process: start, reload, drain, stop."""
