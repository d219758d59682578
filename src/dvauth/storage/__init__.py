"""Connections to SQL and Redis."""
