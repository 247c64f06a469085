"""Certificates at rest: files, key stores and Kubernetes objects, before any server presents them.

`formats` turns the bytes of one file (and a password) into entries; it is pure. The other files do the I/O: they
find the files, read only those that changed, and watch a Kubernetes API. What they find is assessed and exposed by
the same packages as what an endpoint presents.
"""
