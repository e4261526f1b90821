"""Compare two states of an object and present the difference: pure, and it never hides one; redaction comes before."""
