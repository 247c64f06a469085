"""The recording rules: what the alerts and dashboards compute more than once. Written to rules.yaml."""

# ruff: noqa: INP001 - a folder of scripts, not a package

from words import POSTURE_FINDINGS

RULES = f"""\
# Recording rules: what the alerts and dashboards compute more than once. Written by mixin/generate.py.
# "held" means: kept over gaps, so that a flapping target or a restart of the exporter neither resolves an alert nor
# sends it again. Every range below expects a scrape interval of two minutes or less.
groups:
  - name: tls-exporter-recording
    rules:
      # The leaf's expiry, kept for an hour after the target was last seen.
      - record: target:tls_certificate_not_after_timestamp_seconds:held
        expr: max without (position) (last_over_time(tls_certificate_not_after_timestamp_seconds{{position="0"}}[1h]))

      - record: target:tls_certificate_not_before_timestamp_seconds:held
        expr: max without (position) (last_over_time(tls_certificate_not_before_timestamp_seconds{{position="0"}}[1h]))

      - record: target:tls_certificate_remaining_seconds:held
        expr: target:tls_certificate_not_after_timestamp_seconds:held - time()

      # 1 on the first day of the certificate's validity, 0 at its end, negative afterwards.
      - record: target:tls_certificate_remaining:ratio
        expr: |
          target:tls_certificate_remaining_seconds:held
            /
          (
              target:tls_certificate_not_after_timestamp_seconds:held
            -
              target:tls_certificate_not_before_timestamp_seconds:held
          )

      # A finding stays until an observation of the same kind no longer shows it: a completed probe for what a probe
      # sees, a determined posture for what the posture shows. Without either it is forgotten after 15 minutes, one
      # about the certificate after an hour: it does not get better while nobody looks.
      - record: target:tls_finding:held
        expr: |
          tls_finding
            or
          (
              last_over_time(tls_finding{{finding=~"certificate_.+"}}[1h])
            unless ignoring (finding, severity)
              (tls_probe_success == 1)
          )
            or
          (
              last_over_time(tls_finding{{finding!~"certificate_.+|{POSTURE_FINDINGS}"}}[15m])
            unless ignoring (finding, severity)
              (tls_probe_success == 1)
          )
            or
          (
              last_over_time(tls_finding{{finding=~"{POSTURE_FINDINGS}"}}[15m])
            unless ignoring (finding, severity)
              tls_posture_timestamp_seconds
          )

      # The fleet in few series, to keep for long.
      - record: job:tls_probe_success:avg
        expr: avg by (job) (tls_probe_success)

      - record: job_severity:tls_findings:sum
        expr: sum by (job, severity) (tls_findings)
"""
