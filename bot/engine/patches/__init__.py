"""The patches that `kubectl apply` and Argo CD send, made from three states of an object; nothing is sent here."""
