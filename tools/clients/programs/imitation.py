"""Asks localhost as a browser that curl_cffi imitates. Usage: python imitation.py PORT BROWSER."""

import sys

from curl_cffi import requests

try:
    requests.get(f"https://localhost:{sys.argv[1]}/", impersonate=sys.argv[2], verify=False, timeout=8)
except Exception as refused:  # noqa: BLE001 - whatever it raises, it is refused
    print("REFUSED", refused)
else:
    print("CONNECTED")
