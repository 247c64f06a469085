"""The HTTP surface: routes, access, pages."""
