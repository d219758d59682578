"""What Redis knows about people who are logged in."""
