"""Connections, names and limits: the only room that opens sockets."""
