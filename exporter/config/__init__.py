"""The configuration: model, reader, problems, units. Reads YAML; opens no network."""
