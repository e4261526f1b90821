"""The operator's own health rules: evaluated in a confined child, within limits of time and memory."""
