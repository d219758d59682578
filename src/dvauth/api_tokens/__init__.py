"""What programs show where people log in: tokens that open some of the API, for some time."""
