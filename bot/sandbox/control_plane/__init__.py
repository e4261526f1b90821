"""A real Kubernetes control plane on loopback, its nodes and pods simulated by kwok; never somebody else's cluster."""
