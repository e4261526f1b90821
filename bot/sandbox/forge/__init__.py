"""What the stand-ins of all forges share: Git repositories, a clock, faults, webhooks, and the server they run in."""
