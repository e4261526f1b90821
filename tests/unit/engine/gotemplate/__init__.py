"""Go's templates without Go."""
