"""`foresail app …`: the Applications of the kubeconfig's cluster, read and operated; the cluster does the syncing."""
