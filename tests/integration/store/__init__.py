"""Redis as it is: real servers, real scripts."""
