"""API servers: connection, discovery, objects, dry run and watch. Speaks Kubernetes; decides nothing about GitOps."""
