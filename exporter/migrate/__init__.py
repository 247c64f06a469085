"""Convert the configuration of other exporters and Prometheus to tls-exporter's. Texts in, text and notes out."""
