"""What lies beyond the desk and is no network: look-ups, webhooks, model endpoints, by the same driver."""
