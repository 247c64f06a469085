"""What real clients make of a chain, by rules that were measured on the programs themselves.

`details` reads what the rules need from each certificate, `paths` finds the ways to a trusted root, `constraints` and
`policies` judge a whole path, `rules` is the table of what which client refuses, and `assess` puts them together.
"""
