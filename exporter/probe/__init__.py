"""One probe: from a target to what was seen. Judges nothing."""
