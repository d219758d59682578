"""Where the timeout policies live: in SQL. What they mean stands in ``dvauth.timeouts``."""
