"""Pages for administrators: one module for each noun."""
