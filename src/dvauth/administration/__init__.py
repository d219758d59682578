"""What administrators do, whichever door they come by: page, command or API. One module for each noun."""
