"""Figures that a person can hold us to: previews against the API server's own pace and kubectl's, webhooks, memory."""
