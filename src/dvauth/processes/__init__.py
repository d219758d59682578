"""Running dvauth: the supervisor and the programs it keeps alive."""
