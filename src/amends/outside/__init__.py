"""What lies beyond the desk and is no network: look-ups, webhooks, model endpoints, through the same driver."""
