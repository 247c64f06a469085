"""From blackbox_exporter's and Prometheus' configuration to one of ours. Texts in, text and notes out."""
