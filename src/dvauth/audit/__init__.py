"""What is recorded: the catalogue of events, the log, and the journal of revocations."""
