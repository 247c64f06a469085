"""The catalogue of metric families and the way from results to text."""
