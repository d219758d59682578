"""Who may log in: accounts, passwords and the throttle before them."""
