"""Git without a forge: nothing can be said there, but whoever serves it can say that something was pushed."""
