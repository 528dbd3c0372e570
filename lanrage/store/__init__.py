"""What survives a restart: files, the journal, the databases behind it."""
