"""A sync as a re-entrant machine: decide one step from what is recorded and what is live; acting is the caller's."""
