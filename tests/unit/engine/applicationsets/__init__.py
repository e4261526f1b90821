"""ApplicationSets on facts that stand beside the tests."""
