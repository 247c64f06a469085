"""tls-exporter: a Prometheus exporter that probes TLS endpoints on each scrape."""

__version__ = "0.1.0"
