"""What a probe costs, beside blackbox_exporter and a C client, on one machine in one run. No part of the product."""
