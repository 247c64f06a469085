"""Certificates in Kubernetes: Secrets, ConfigMaps, and the CA bundles of webhooks and API services, kept by a watch.

`objects` turns one object into what it holds and is pure. `watch` lists and watches one kind of objects. `cluster`
keeps what all watches of an entry of the configuration have found. Only `api` knows the client library, which is
the extra `kubernetes`.
"""
