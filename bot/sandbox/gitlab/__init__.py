"""A GitLab on loopback: REST below a path, Git, webhooks; real repositories, made-up everything else."""
