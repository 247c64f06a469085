"""STARTTLS dialogues as pure generators, one protocol a file, one table."""
