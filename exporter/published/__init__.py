"""What is published about an endpoint outside of it: DANE, CAA and HTTPS records, MTA-STS, and ACME renewal windows.

`checker` is the way in. Files that read records and compare them with the endpoint are pure; `dns_client`, `lookup`
and the files named `..._lookup` do the I/O. Nothing here is waited for by a scrape.
"""
