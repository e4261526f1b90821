"""How operations on Applications are begun, carried out, held and ended."""
