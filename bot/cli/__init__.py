"""`foresail …`: the parts put together for one person; only `bot/cli/app` changes anything: Applications."""
