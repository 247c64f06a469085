"""What an endpoint accepts and what it is vulnerable to: a dozen hand-made hellos over connections of their own."""
