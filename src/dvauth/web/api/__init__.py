"""The API for programs, ``/api/v1``: one module for each noun. They parse, call the administration, and answer."""
