"""`foresail …`: the parts put together for one person in one checkout; neither that nor a cluster is changed."""
