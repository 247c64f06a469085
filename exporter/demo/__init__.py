"""A gallery of local TLS endpoints, good and broken in known ways."""
