"""What kubectl makes of YAML is what we make of it: a corpus in text files, and more at random."""
